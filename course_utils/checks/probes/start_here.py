"""Probes of lesson 00."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks.probe import Recorder, probe


@probe("mean_squared_error")
def probe_mean_squared_error(recorder: Recorder, rng: np.random.RandomState, error: Callable[..., Any]) -> None:
    prediction, target = rng.randn(5).round(2), rng.randn(5).round(2)
    recorder.ask("the error of five predictions", error, prediction, target)
    recorder.ask("the error if prediction and target are equal", error, prediction, prediction.copy())
    # Two columns reveal a mean over only one axis, and a division by len().
    recorder.ask(
        "the error of a table of three rows and two columns", error, rng.randn(3, 2).round(2), rng.randn(3, 2).round(2)
    )
    recorder.ask("the error of one prediction", error, rng.randn(1).round(2), rng.randn(1).round(2))
