"""Tolerances for statistics of random answers, from bounds that hold for every sample size.

Each function takes the false-alarm probability `alpha` of one comparison and returns how far a right answer can be off
with that probability. Both sides of a comparison are random, the key's and the learner's, so each bound covers two
samples.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

ALPHA = 1e-11


def mean_tolerance(n: int, width: float, alpha: float = ALPHA) -> float:
    """Return t such that the means of two samples of n values, each in an interval of this width, differ by more than t
    with probability at most alpha (Hoeffding 1963, inequality 2.7, in both directions)."""
    return width * math.sqrt(math.log(2 / alpha) / n)


def fraction_tolerance(n: int, alpha: float = ALPHA) -> float:
    """Return t such that the shares of two samples of n below a threshold differ by more than t, at any threshold, with
    probability at most alpha (Dvoretzky, Kiefer and Wolfowitz 1956 with Massart's 1990 constant)."""
    return 2 * math.sqrt(math.log(4 / alpha) / (2 * n))


def normal_mean_tolerance(n: int, std: float, alpha: float = ALPHA) -> float:
    """Return t such that the means of two samples of n normal values, of standard deviation at most `std`, differ by
    more than t with probability at most alpha.

    The difference is normal with variance at most `2*std**2/n`, and P(|Z| > z) is at most `2*exp(-z**2/2)`.
    """
    return 2 * std * math.sqrt(math.log(2 / alpha) / n)


def normal_variance_tolerance(n: int, alpha: float = ALPHA) -> float:
    """Return r such that the variances (ddof 0) of two samples of n normal values differ by more than r times either
    of them with probability at most alpha (Laurent & Massart 2000, lemma 1, on each side of each sample)."""
    x, degrees = math.log(4 / alpha), n - 1
    low = degrees - 2 * math.sqrt(degrees * x)
    high = degrees + 2 * math.sqrt(degrees * x) + 2 * x
    return (high - low) / low


def empty_share_tolerance(n: int, cells: int, alpha: float = ALPHA) -> float:
    """Return t such that the shares of `cells` equal parts of a range in which none of n independent draws lies differ
    by more than t, between two samples, with probability at most alpha.

    Each of the 2n draws changes one of the shares by at most 1/cells (McDiarmid 1989, lemma 1.2).
    """
    return math.sqrt(n * math.log(2 / alpha)) / cells


def pairings(draws: Any) -> dict[str, tuple[Any, Any]]:
    """Return two ways to pair independent draws, none in two pairs of one way: each with the next one, and the first
    half with the second. In draws that were sorted, repeated, mirrored or laid out on a grid, they show it."""
    flat = np.asarray(draws).ravel()
    half = len(flat) // 2
    return {
        "neighbours": (flat[: 2 * half : 2], flat[1 : 2 * half : 2]),
        "halves": (flat[:half], flat[half : 2 * half]),
    }
