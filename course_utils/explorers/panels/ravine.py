"""A ravine: how the condition number, the rate and the momentum shape the path."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Panel, Points, Scene, contour_lines
from course_utils.landscapes import ravine as landscape
from course_utils.training import descend

STEPS = 60
FLOOR = 1e-6


@explorer(
    "ravine",
    "A ravine: rate and momentum",
    Control("condition", "condition number", (1, 2, 5, 10, 20, 50, 100), 20),
    Control("share", "rate, as a share of the largest stable one", (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0), 0.9),
    Control("momentum", "momentum", (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99), 0.0),
    exercises=("momentum_step",),
)
def ravine(momentum_step: Any, condition: float, share: float, momentum: float) -> Scene:
    """Descend with `momentum_step` at `share` of the largest rate at which this momentum is stable, 2(1+m)/L."""
    valley = landscape(condition)
    assert valley.start is not None
    curvatures = np.linalg.eigvalsh(valley.hessian(valley.start))
    lr = share * 2 * (1 + momentum) / curvatures[-1]

    def step(w: Any, grad: Any, state: Any, lr: float) -> Any:
        return momentum_step(w, grad, state, lr, momentum)

    path = descend(valley.gradient, valley.start, step, lr, STEPS)
    distance = np.linalg.norm(path, axis=1) / np.linalg.norm(path[0])
    (low_x, high_x), (low_y, high_y) = valley.view
    x, y, z = valley.grid(36)
    levels = np.quantile(z, np.linspace(0.02, 0.98, 12) ** 1.5)
    above = Panel(
        f"The path on a ravine of condition number {condition}",
        [
            contour_lines(x, y, z, levels),
            Line(path[:, 0], path[:, 1], "path", grows=True, dots=True),
            Points([0.0], [0.0], "minimum", color=4, shape="star", size=15),
        ],
        Axis("w₁, along the ravine", low_x, high_x),
        Axis("w₂, across it", low_y, high_y),
        equal=True,
    )
    steps = np.arange(STEPS + 1)
    side = Panel(
        "Distance to the minimum",
        [Line(steps, np.maximum(distance, FLOOR), "distance", grows=True)],
        Axis("step", 0, STEPS),
        Axis("distance, as a share of the first", FLOOR, 10.0, "log"),
    )
    turns = int(np.sum(np.diff(np.sign(np.diff(path[:, 1]))) != 0))
    left = f"{distance[-1]:.2g} of the distance is left" if distance[-1] < 10 else "the path runs away"
    return Scene([above, side], f"Rate {lr:.3g}: after {STEPS} steps {left}; {turns} turns across the ravine.")
