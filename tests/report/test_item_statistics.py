"""Compares the report's statistics with SciPy, NumPy and a simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from course_grader.report.item_statistics import histogram, interval, point_biserial

PAIRS = st.lists(st.tuples(st.booleans(), st.integers(0, 40)), min_size=4, max_size=60)


@given(PAIRS)
def test_point_biserial_is_scipys(pairs: list[tuple[bool, int]]) -> None:
    passed, rest = (np.array(column) for column in zip(*pairs, strict=True))
    assume(0 < passed.sum() < len(passed) and np.ptp(rest) > 0)
    r = point_biserial(passed, rest)
    assert r == pytest.approx(stats.pointbiserialr(passed, rest).statistic, abs=1e-12)
    assert r == pytest.approx(np.corrcoef(passed, rest)[0, 1], abs=1e-12)


@pytest.mark.parametrize(
    ("passed", "rest"), [([True] * 5, range(5)), ([False] * 5, range(5)), ([True, False, True], [2.0] * 3)]
)
def test_nothing_to_separate(passed: list[bool], rest: list[float]) -> None:
    assert point_biserial(passed, list(rest)) is None


def test_shapes_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="one score per student"):
        point_biserial([True, False], [1.0])


@given(st.floats(-0.99, 0.99), st.integers(4, 3000))
def test_the_interval_is_scipys(r: float, n: int) -> None:
    rng = np.random.default_rng(n)
    x = rng.standard_normal(n)
    noise = rng.standard_normal(n)
    # Any pairs will do, since SciPy computes the interval of the correlation that it finds.
    found = stats.pearsonr(x, r * x + noise)
    low, high = found.confidence_interval(0.95)
    assert interval(float(found.statistic), n) == pytest.approx((low, high), abs=1e-9)


def test_the_interval_holds_the_truth_19_times_of_20() -> None:
    rng, n, rho, rounds = np.random.default_rng(0), 60, 0.4, 2000
    x = rng.standard_normal((rounds, n))
    y = rho * x + np.sqrt(1 - rho**2) * rng.standard_normal((rounds, n))
    limits = [interval(float(np.corrcoef(a, b)[0, 1]), n) for a, b in zip(x, y, strict=True)]
    hits = np.mean([found is not None and found[0] <= rho <= found[1] for found in limits])
    # Three and a half standard errors for 2,000 rounds.
    assert abs(hits - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / rounds)


def test_too_few_for_an_interval() -> None:
    assert interval(0.5, 3) is None


@given(st.lists(st.integers(0, 50), min_size=1, max_size=80))
def test_the_histogram_is_numpys(points: list[int]) -> None:
    expected, _ = np.histogram(points, bins=10, range=(0, 50))
    assert histogram(np.array(points) / 50) == expected.tolist()
