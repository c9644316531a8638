"""Layers, losses and a small network in plain NumPy; each forward function is followed by its backward function."""

from course_utils.networks.initial import he, xavier
from course_utils.networks.layers import (
    affine,
    affine_backward,
    cross_entropy,
    mse,
    relu,
    relu_backward,
    softmax,
    tanh,
    tanh_backward,
)
from course_utils.networks.mlp import MLP, Normalization

__all__ = [
    "MLP",
    "Normalization",
    "affine",
    "affine_backward",
    "cross_entropy",
    "he",
    "mse",
    "relu",
    "relu_backward",
    "softmax",
    "tanh",
    "tanh_backward",
    "xavier",
]
