"""Synthetic data, for which the truth is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from course_utils.data.dataset import Dataset


def regression(n: int, dim: int, noise: float, rng: np.random.Generator, informative: int | None = None) -> Dataset:
    """Return data with `y = X @ weights + noise * N(0, 1)`; `data.weights` `(dim,)` are the true weights.

    `X` is `(n, dim)`, standard normal. The first `informative` weights (all by default) have a size uniform in [1, 3]
    and a random sign; the others are 0. Raises ValueError if `informative` is not in 0 to `dim`.
    """
    used = dim if informative is None else informative
    if not 0 <= used <= dim:
        raise ValueError(f"informative is {used}: it counts columns, of which there are {dim}.")
    weights = np.zeros(dim)
    weights[:used] = rng.uniform(1.0, 3.0, used) * rng.choice([-1.0, 1.0], used)
    X = rng.normal(size=(n, dim))
    return Dataset(X, X @ weights + noise * rng.normal(size=n), weights=weights)


def spirals(n: int, classes: int, noise: float, rng: np.random.Generator) -> Dataset:
    """Return `n` points on each of `classes` spiral arms around 0: `X` `(n*classes, 2)`, and the arm as label.

    An arm makes about two thirds of a turn while its radius grows from 0.1 to 1. `noise` is the standard deviation of
    the noise in both coordinates. No straight line separates the arms; a small network does.
    """
    radius = np.linspace(0.1, 1.0, n)
    turn = 0.75 * radius + np.arange(classes)[:, None] / classes
    arms = radius[:, None] * np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)], axis=-1)
    X = arms.reshape(-1, 2) + noise * rng.normal(size=(n * classes, 2))
    return Dataset(X, np.repeat(np.arange(classes), n))


def sine(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `sin(2*pi*x)`: one period over [0, 1]. It is the default truth of `noisy_curve`."""
    return np.sin(2 * np.pi * x)


def noisy_curve(
    n: int,
    noise: float,
    rng: np.random.Generator,
    truth: Callable[[NDArray[np.float64]], NDArray[np.float64]] = sine,
    low: float = 0.0,
    high: float = 1.0,
) -> Dataset:
    """Return data with `y = truth(x) + noise * N(0, 1)`, for n sorted values x, uniform in [low, high]; X is `(n, 1)`.

    `truth` takes and returns an array `(n,)`; for a polynomial, use `numpy.polynomial.Polynomial([c0, c1, c2])`.
    """
    x = np.sort(rng.uniform(low, high, n))
    return Dataset(x[:, None], truth(x) + noise * rng.normal(size=n))
