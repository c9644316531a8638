"""Functions as a learner would write them, for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sgd(w: Array, grad: Array, lr: float) -> Array:
    return w - lr * grad


def momentum(w: Array, grad: Array, state: dict[str, Any], lr: float, mu: float = 0.9) -> tuple[Array, dict[str, Any]]:
    v = mu * state.get("velocity", 0.0) + grad
    return w - lr * v, {"velocity": v}


def batchnorm(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> tuple[Array, Any]:
    std = np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)


def batchnorm_back(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    x_hat, std, gamma = cache
    d = dout * gamma
    dx = (d - d.mean(axis=0) - x_hat * (d * x_hat).mean(axis=0)) / std
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def batchnorm_test(x: Array, gamma: Array, beta: Array, mean: Array, var: Array, eps: float = 1e-5) -> Array:
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def update(running: Array, batch: Array, momentum: float = 0.9) -> Array:
    return momentum * running + (1 - momentum) * batch


def drop(x: Array, drop_prob: float, rng: np.random.Generator, train: bool = True) -> tuple[Array, Array | None]:
    if not train:
        return x, None
    mask = (rng.random(x.shape) >= drop_prob) / (1 - drop_prob)
    return x * mask, mask


def drop_back(dout: Array, mask: Array | None) -> Array:
    return dout if mask is None else dout * mask


def depth(
    x: Array, block: Callable[[Array], Array], survival: float, rng: np.random.Generator, train: bool = True
) -> tuple[Array, bool | None]:
    if not train:
        return x + survival * block(x), None
    kept = bool(rng.random() < survival)
    return (x + block(x) if kept else x), kept


def depth_back(dout: Array, block_backward: Callable[[Array], Array], kept: bool) -> Array:
    return dout + block_backward(dout) if kept else dout
