"""Data that is drawn, so that the truth behind it is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from course_utils.data.dataset import Dataset


def regression(n: int, dim: int, noise: float, rng: np.random.Generator, informative: int | None = None) -> Dataset:
    """Draw `y = X @ weights + noise * N(0, 1)`; the truth stands in `data.weights` `(dim,)`.

    `X` is `(n, dim)`, standard normal. The first `informative` weights (all, unless told) have a size uniform in
    [1, 3] and a random sign, the others are 0. Raises ValueError for an `informative` outside 0 to `dim`.
    """
    used = dim if informative is None else informative
    if not 0 <= used <= dim:
        raise ValueError(f"informative is {used}: it counts columns, of which there are {dim}.")
    weights = np.zeros(dim)
    weights[:used] = rng.uniform(1.0, 3.0, used) * rng.choice([-1.0, 1.0], used)
    X = rng.normal(size=(n, dim))
    return Dataset(X, X @ weights + noise * rng.normal(size=n), weights=weights)


def spirals(n: int, classes: int, noise: float, rng: np.random.Generator) -> Dataset:
    """Draw `n` points on each of `classes` spiral arms around 0: `X` `(n*classes, 2)`, labels in order of the arms.

    An arm makes three quarters of a turn while its radius grows from 0.1 to 1; `noise` is the standard deviation
    added to both coordinates. No straight line separates the arms, a small network does.
    """
    radius = np.linspace(0.1, 1.0, n)
    turn = 0.75 * radius + np.arange(classes)[:, None] / classes
    arms = radius[:, None] * np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)], axis=-1)
    X = arms.reshape(-1, 2) + noise * rng.normal(size=(n * classes, 2))
    return Dataset(X, np.repeat(np.arange(classes), n))


def sine(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """One period of a sine over [0, 1], the truth behind `noisy_curve` unless another is given."""
    return np.sin(2 * np.pi * x)


def noisy_curve(
    n: int,
    noise: float,
    rng: np.random.Generator,
    truth: Callable[[NDArray[np.float64]], NDArray[np.float64]] = sine,
    low: float = 0.0,
    high: float = 1.0,
) -> Dataset:
    """Draw `y = truth(x) + noise * N(0, 1)` at `n` places uniform in [low, high], in rising order; `X` is `(n, 1)`.

    `truth` takes and returns an array `(n,)`; a polynomial is `numpy.polynomial.Polynomial([c0, c1, c2])`.
    """
    x = np.sort(rng.uniform(low, high, n))
    return Dataset(x[:, None], truth(x) + noise * rng.normal(size=n))
