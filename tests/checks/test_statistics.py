"""Tolerances: two samples from the same distribution exceed them with at most the stated probability."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from course_utils.checks.statistics import empty_share_tolerance, fraction_tolerance, mean_tolerance, pairings


@pytest.mark.parametrize("alpha", [1e-2, 1e-6, 1e-11])
@pytest.mark.parametrize("share", [0.5, 0.75, 0.9])
@pytest.mark.parametrize("n", [40, 800])
def test_two_shares_of_one_law_stay_within_the_tolerance(n: int, share: float, alpha: float) -> None:
    """The probability is summed exactly over all pairs of counts, so that the test does not depend on chance."""
    counts = np.arange(n + 1)
    weights = binom.pmf(counts, n, share)
    off = np.abs(counts[:, None] - counts) / n
    for tolerance in (mean_tolerance(n, 1.0, alpha), fraction_tolerance(n, alpha)):
        assert float((weights[:, None] * weights)[off > tolerance].sum()) <= alpha


def test_a_wider_interval_has_a_wider_tolerance() -> None:
    assert mean_tolerance(100, 5.0) == 5 * mean_tolerance(100, 1.0)
    assert mean_tolerance(400, 1.0) == mean_tolerance(100, 1.0) / 2


@pytest.mark.parametrize("alpha", [1e-1, 1e-2])
@pytest.mark.parametrize(("n", "cells"), [(200, 200), (300, 50)])
def test_the_shares_of_empty_cells_stay_within_the_tolerance(n: int, cells: int, alpha: float) -> None:
    """By simulation: of 4,000 pairs of samples, far fewer than alpha are outside, since the bound is wide."""
    rng = np.random.default_rng(0)
    draws = rng.integers(cells, size=(2, 4000, n))
    empty = np.array([[cells - len(np.unique(sample)) for sample in samples] for samples in draws]) / cells
    assert np.mean(np.abs(empty[0] - empty[1]) > empty_share_tolerance(n, cells, alpha)) <= alpha
    # The bound is not so wide that a grid without empty cells would pass, at the size and alpha of the checks.
    assert empty_share_tolerance(20_000, 20_000) < 0.95 * np.exp(-1) / 2 < np.exp(-1)


def test_no_draw_is_in_two_pairs_of_one_pairing() -> None:
    for count in (2, 7, 10):
        for one, other in pairings(np.arange(count)).values():
            assert len(one) == len(other) == count // 2
            assert len({*one.tolist(), *other.tolist()}) == 2 * (count // 2)
