"""Probes of lesson TITLE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks.probe import Trial, probe


@probe("EXERCISE")
def probe_EXERCISE(trial: Trial, rng: np.random.RandomState, answer: Callable[..., Any]) -> None:
    x = rng.randn(3, 2).round(2)
    trial.call("the result for three rows", answer, x, round(float(rng.uniform(2, 3)), 2))
    trial.call("the result for an array that is not contiguous", answer, x.T, 0.5)


@probe("EXERCISE", part="arguments")
def probe_EXERCISE_arguments(trial: Trial, rng: np.random.RandomState, answer: Callable[..., Any]) -> None:
    trial.rejects("a negative factor", answer, np.ones((2, 2)), -round(float(rng.uniform(0.1, 1)), 2))
