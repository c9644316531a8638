"""Layers and losses as pure functions: each layer is followed by the function that computes its gradients.

A batch is `(N, D)`. That function takes `dout`, the gradient of the loss with respect to the layer's output, and
returns the gradients with respect to the layer's inputs. A loss function returns the mean loss over the batch and its
gradient with respect to the scores.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def affine(x: Array, W: Array, b: Array) -> Array:
    """Return `x @ W + b`: x `(N, D_in)`, W `(D_in, D_out)`, b `(D_out,)`."""
    out = x @ W
    out += b
    return out


def affine_gradients(dout: Array, x: Array, W: Array) -> tuple[Array, Array, Array]:
    """Return the gradients with respect to x, W and b, each of the same shape; `dout` is `(N, D_out)`."""
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


def relu(x: Array) -> Array:
    """Return `max(x, 0)`, element by element."""
    return np.maximum(x, 0.0)


def relu_gradient(dout: Array, out: Array) -> Array:
    """Return the gradient with respect to x, of x's shape; `out` is what `relu` returned. The slope at 0 is 0."""
    return dout * (out > 0.0)


def tanh(x: Array) -> Array:
    """Return `tanh(x)`, element by element."""
    return np.asarray(np.tanh(x))


def tanh_gradient(dout: Array, out: Array) -> Array:
    """Return the gradient with respect to x, of x's shape. `out` is what `tanh` returned: the slope is `1 - out^2`."""
    return dout * (1.0 - out * out)


def softmax(scores: Array) -> Array:
    """Return the softmax of each row of `scores` `(N, classes)`: probabilities of the same shape."""
    # Subtracting the largest score of a row does not change the result, and keeps exp from overflowing.
    p = scores - scores.max(axis=1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    return np.asarray(p)


def cross_entropy(scores: Array, labels: NDArray[np.integer]) -> tuple[float, Array]:
    """Return the mean of `-log softmax(scores)[label]` and its gradient with respect to the scores `(N, classes)`.

    `labels` `(N,)` are integers from 0. The loss is finite for any finite scores: the logarithm is taken of a sum that
    is at least 1, not of a probability that may round to 0.
    """
    rows = np.arange(len(scores))
    shifted = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(shifted)
    total = p.sum(axis=1, keepdims=True)
    loss = (np.log(total).sum() - shifted[rows, labels].sum()) / len(scores)
    p /= total
    p[rows, labels] -= 1.0
    p /= len(scores)
    return float(loss), p


def mse(prediction: Array, target: Array) -> tuple[float, Array]:
    """Return the mean of `(prediction - target)^2` and its gradient with respect to the prediction.

    Both are `(N, K)`; a target `(N,)` is treated as `(N, 1)`. Raises ValueError if the shapes differ.
    """
    target = target.reshape(-1, 1) if target.ndim == 1 else target
    if prediction.shape != target.shape:
        raise ValueError(f"prediction has shape {prediction.shape} and target has {target.shape}: they must be equal.")
    error = prediction - target
    return float(np.mean(error * error)), error * (2.0 / error.size)
