"""Item statistics of an exercise: how hard it is, and how well it separates stronger from weaker students."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

# The 97.5 % point of the standard normal distribution.
Z = 1.959963984540054


def point_biserial(passed: ArrayLike, rest: ArrayLike) -> float | None:
    """Return the point-biserial correlation between passing an item and the score on all other items.

        r = (M1 - M0) / s * sqrt(p * (1 - p))

    passed: (n,) booleans. rest: (n,) scores without the item, because an item correlates with itself.
    M1 and M0 are the mean scores of those who passed and of the others, s is the standard deviation of all scores
    (ddof 0), and p is the share that passed. This is Pearson's correlation with passing coded as 0 and 1. Returns None
    if all or none passed, or if all scores are equal, because it is not defined then. Raises ValueError if the shapes
    differ.

    F. M. Lord and M. R. Novick, Statistical Theories of Mental Test Scores, 1968, section 15.5.
    """
    item, scores = np.asarray(passed, dtype=bool), np.asarray(rest, dtype=float)
    if item.shape != scores.shape:
        raise ValueError(f"passed has shape {item.shape}, but rest {scores.shape}: pass one score per student.")
    if item.all() or not item.any() or np.ptp(scores) == 0:
        return None
    p = item.mean()
    return float((scores[item].mean() - scores[~item].mean()) / scores.std() * math.sqrt(p * (1 - p)))


def interval(r: float, n: int) -> tuple[float, float] | None:
    """Return an approximate 95 % confidence interval for a correlation of n pairs, or None for n < 4.

    It uses Fisher's transformation: the standard error of artanh(r) is about 1 / sqrt(n - 3).
    """
    if n < 4:
        return None
    r = min(max(r, -1 + 1e-12), 1 - 1e-12)
    half = Z / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def histogram(shares: ArrayLike, bins: int = 10) -> list[int]:
    """Return how many shares, each from 0 to 1, are in each of `bins` equal intervals; 1 belongs to the last."""
    places = np.clip((np.asarray(shares, dtype=float) * bins + 1e-9).astype(int), 0, bins - 1)
    return [int(count) for count in np.bincount(places, minlength=bins)]
