"""Data sets, real and synthetic, as `Dataset`, which unpacks into inputs and targets: `X, y = digits()`."""

from course_utils.data.dataset import Dataset, split, standardize
from course_utils.data.made import noisy_curve, regression, sine, spirals
from course_utils.data.real import breast_cancer, diabetes, digits, mnist, photographs

__all__ = [
    "Dataset",
    "breast_cancer",
    "diabetes",
    "digits",
    "mnist",
    "noisy_curve",
    "photographs",
    "regression",
    "sine",
    "spirals",
    "split",
    "standardize",
]
