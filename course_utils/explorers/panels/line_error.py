"""A line through points: the mean squared error of each slope (lesson 00)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Panel, Points, Scene

SLOPES = tuple(np.round(np.arange(-1.0, 3.01, 0.25), 2).tolist())


@explorer(
    "line_error",
    "A line and its mean squared error",
    Control("slope", "slope of the line", SLOPES, 0.0),
    Control("outlier", "move one point by", (0.0, 2.0, 4.0, 8.0), 0.0),
    exercises=("mean_squared_error",),
)
def line_error(mean_squared_error: Any, slope: float, outlier: float) -> Scene:
    """Draw twelve points, a line through 0 and the errors; and next to it the mean squared error of each slope."""
    draws = np.random.RandomState(4)
    x = np.linspace(-2, 2, 12)
    y = 1.2 * x + 0.5 * draws.randn(12)
    y[-2] += outlier
    errors = [mean_squared_error(s * x, y) for s in SLOPES]
    here = float(mean_squared_error(slope * x, y))
    gap_x = np.column_stack([x, x, np.full(12, np.nan)]).ravel()
    gap_y = np.column_stack([y, slope * x, np.full(12, np.nan)]).ravel()
    points = Panel(
        f"Slope {slope:g}",
        [
            Line(gap_x, gap_y, "error of a point", color=1, width=1.5, dashed=True),
            Line([-2.2, 2.2], [-2.2 * slope, 2.2 * slope], "prediction"),
            Points(x, y, "target", color=6),
        ],
        Axis("input", -2.2, 2.2),
        Axis("target and prediction", -6, 12),
    )
    bowl = Panel(
        "Mean squared error of each slope",
        [Line(SLOPES, errors, "all slopes"), Points([slope], [here], "this slope", color=1, size=11)],
        Axis("slope", SLOPES[0], SLOPES[-1]),
        Axis("mean squared error", 0, 20),
    )
    best = SLOPES[int(np.argmin(errors))]
    note = f"The mean squared error is {here:.2f}. The smallest error is at slope {best:g}."
    return Scene([points, bowl], note)
