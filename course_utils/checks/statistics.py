"""Tolerances for statistics of random results, from bounds that hold for every sample size.

Each function takes `alpha`, the false-alarm probability of one comparison, and returns a tolerance that the result of a
correct answer exceeds with at most this probability. Both sides of a comparison are random, the key's and the
learner's, so each bound is for the difference between two samples.
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
    """Return t such that, in two samples of n values, the shares below a threshold differ by more than t at any
    threshold with probability at most alpha (Dvoretzky, Kiefer and Wolfowitz 1956, with the constant of Massart
    1990)."""
    return 2 * math.sqrt(math.log(4 / alpha) / (2 * n))


def normal_mean_tolerance(n: int, std: float, alpha: float = ALPHA) -> float:
    """Return t such that the means of two samples of n normal values, of standard deviation at most `std`, differ by
    more than t with probability at most alpha.

    The difference is normal with variance at most `2*std**2/n`, and P(|Z| > z) is at most `2*exp(-z**2/2)`.
    """
    return 2 * std * math.sqrt(math.log(2 / alpha) / n)


def normal_variance_tolerance(n: int, alpha: float = ALPHA) -> float:
    """Return r such that the variances (ddof 0) of two samples of n normal values differ by more than r times either
    variance with probability at most alpha (Laurent & Massart 2000, lemma 1, for both tails of both samples)."""
    x, degrees = math.log(4 / alpha), n - 1
    low = degrees - 2 * math.sqrt(degrees * x)
    high = degrees + 2 * math.sqrt(degrees * x) + 2 * x
    return (high - low) / low


def empty_share_tolerance(n: int, cells: int, alpha: float = ALPHA) -> float:
    """Return t such that the shares of empty cells of two samples differ by more than t with probability at most alpha.

    A sample has n independent draws from a range divided into `cells` equal cells; a cell without a draw is empty. Each
    of the 2n draws changes one of the two shares by at most 1/cells (McDiarmid 1989, lemma 1.2).
    """
    return math.sqrt(n * math.log(2 / alpha)) / cells


def pairings(draws: Any) -> dict[str, tuple[Any, Any]]:
    """Return two ways to pair the draws, each as two arrays of equal length. Within each way, no draw is in two pairs.

    "neighbours" pairs each draw with the next one, "halves" the first half with the second. Statistics of these pairs
    show whether draws were sorted, repeated, mirrored or placed on a grid instead of drawn independently.
    """
    flat = np.asarray(draws).ravel()
    half = len(flat) // 2
    return {
        "neighbours": (flat[: 2 * half : 2], flat[1 : 2 * half : 2]),
        "halves": (flat[:half], flat[half : 2 * half]),
    }
