"""Layers, losses and a small network in plain NumPy, as a learner writes them in lesson 00b.

No function here has the name of an exercise, so that an import never replaces a learner's own function.
"""

from typing import Any

from course_utils.networks.initial import he, xavier
from course_utils.networks.layers import (
    affine,
    affine_gradients,
    cross_entropy,
    mse,
    relu,
    relu_gradient,
    softmax,
    tanh,
    tanh_gradient,
)
from course_utils.networks.mlp import MLP, Normalization

__all__ = [
    "MLP",
    "Normalization",
    "affine",
    "affine_gradients",
    "cross_entropy",
    "he",
    "mse",
    "relu",
    "relu_gradient",
    "softmax",
    "tanh",
    "tanh_gradient",
    "xavier",
]

# The names before lesson 00b, whose exercises now have them. Importing one still works, for older notebooks.
_OLD_NAMES = {"affine_backward": affine_gradients, "relu_backward": relu_gradient, "tanh_backward": tanh_gradient}


def __getattr__(name: str) -> Any:
    if name in _OLD_NAMES:
        return _OLD_NAMES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
