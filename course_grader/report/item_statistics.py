"""What an exercise tells of a class: how hard it was, and whether it separates those who know from those who do not."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

# The 97.5 % point of the standard normal distribution.
Z = 1.959963984540054


def point_biserial(passed: ArrayLike, rest: ArrayLike) -> float | None:
    """Return the correlation between passing an item and the score on everything else.

        r = (M1 - M0) / s * sqrt(p * (1 - p))

    passed: (n,) booleans. rest: (n,) scores without the item, or the item would correlate with itself.
    M1 and M0 are the mean scores of those who passed and of the others, s is the standard deviation of all (ddof 0), p
    the share that passed. It equals Pearson's correlation with 0 and 1. None where all or none passed, or where all
    scores are equal: then there is nothing to separate.

    F. M. Lord and M. R. Novick, Statistical Theories of Mental Test Scores, 1968, section 15.5.
    """
    item, scores = np.asarray(passed, dtype=bool), np.asarray(rest, dtype=float)
    if item.shape != scores.shape:
        raise ValueError(f"passed has shape {item.shape}, rest {scores.shape}: there is one score for each student.")
    if item.all() or not item.any() or np.ptp(scores) == 0:
        return None
    p = item.mean()
    return float((scores[item].mean() - scores[~item].mean()) / scores.std() * math.sqrt(p * (1 - p)))


def interval(r: float, n: int) -> tuple[float, float] | None:
    """Return the limits between which a correlation of n pairs lies with 95 % confidence, about, or None for n < 4.

    Fisher's transformation: artanh(r) has about the standard error 1 / sqrt(n - 3).
    """
    if n < 4:
        return None
    r = min(max(r, -1 + 1e-12), 1 - 1e-12)
    half = Z / math.sqrt(n - 3)
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def histogram(shares: ArrayLike, bins: int = 10) -> list[int]:
    """Return how many shares, each from 0 to 1, fall into each of `bins` equal parts; 1 belongs to the last one."""
    places = np.clip((np.asarray(shares, dtype=float) * bins + 1e-9).astype(int), 0, bins - 1)
    return [int(count) for count in np.bincount(places, minlength=bins)]
