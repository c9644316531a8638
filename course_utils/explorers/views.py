"""Panels and lines that several explorers use."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.scene import Axis, Contours, Line, Mark, Panel, Points, contour_lines
from course_utils.landscapes import Landscape

GRID = 36
LEVELS = 12


def height_lines(landscape: Landscape) -> Contours:
    """Return contour lines of the landscape's view, dense near the bottom."""
    x, y, z = landscape.grid(GRID)
    return contour_lines(x, y, z, np.unique(np.quantile(z, np.linspace(0.02, 0.98, LEVELS) ** 1.5)))


def seen_from_above(title: str, landscape: Landscape, marks: list[Mark]) -> Panel:
    """Return a panel with the landscape's contour lines, these marks, and a star on each minimum."""
    known = [] if landscape.minimum is None else [landscape.minimum]
    minima = np.array([*known, *landscape.others]).reshape(-1, 2)
    stars = [Points(minima[:, 0], minima[:, 1], "minimum", color=4, shape="star", size=15)] if len(minima) else []
    (low_x, high_x), (low_y, high_y) = landscape.view
    axes = Axis("w₁", low_x, high_x), Axis("w₂", low_y, high_y)
    return Panel(title, [height_lines(landscape), *marks, *stars], *axes, equal=True)


def steps_panel(title: str, label: str, low: float, high: float, lines: list[Mark], steps: int) -> Panel:
    """Return a panel with these lines over the steps, on a logarithmic y axis from low to high."""
    return Panel(title, lines, Axis("step", 0, steps), Axis(label, low, high, "log"))


def curve(
    values: Any, name: str = "", color: int = 0, low: float = 0.0, dashed: bool = False, first: int = 0
) -> Line:  # fmt: skip
    """Return a growing line through values `(T,)`, one per step from step `first` on; values below `low` are drawn at
    `low`."""
    numbers = np.asarray(values, dtype=float)
    return Line(first + np.arange(len(numbers)), np.maximum(numbers, low), name, color, dashed, grows=True)
