"""Tolerances: two samples of the same law stay within them as often as is said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from course_utils.checks.statistics import fraction_tolerance, mean_tolerance


@pytest.mark.parametrize("alpha", [1e-2, 1e-6, 1e-11])
@pytest.mark.parametrize("share", [0.5, 0.75, 0.9])
@pytest.mark.parametrize("n", [40, 800])
def test_two_shares_of_one_law_stay_within_the_tolerance(n: int, share: float, alpha: float) -> None:
    """The probability is summed exactly over all pairs of counts, so that nothing here hangs on chance."""
    counts = np.arange(n + 1)
    weights = binom.pmf(counts, n, share)
    off = np.abs(counts[:, None] - counts) / n
    for tolerance in (mean_tolerance(n, 1.0, alpha), fraction_tolerance(n, alpha)):
        assert float((weights[:, None] * weights)[off > tolerance].sum()) <= alpha


def test_a_wider_interval_has_a_wider_tolerance() -> None:
    assert mean_tolerance(100, 5.0) == 5 * mean_tolerance(100, 1.0)
    assert mean_tolerance(400, 1.0) == mean_tolerance(100, 1.0) / 2
