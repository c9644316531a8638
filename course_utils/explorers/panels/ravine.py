"""A ravine: how the condition number, the rate and the momentum shape the path (lesson 05)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Line, Scene
from course_utils.explorers.views import curve, seen_from_above, steps_panel
from course_utils.landscapes import ravine as landscape
from course_utils.text import plural
from course_utils.training import descend

STEPS = 60
FLOOR = 1e-6


@explorer(
    "ravine",
    "A ravine: learning rate and momentum",
    Control("condition", "condition number", (1, 2, 5, 10, 20, 50, 100), 20),
    Control(
        "share", "learning rate, relative to the largest stable one", (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0), 0.9
    ),
    Control("momentum", "momentum", (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99), 0.0),
    exercises=("momentum_step",),
)
def ravine(momentum_step: Any, condition: float, share: float, momentum: float) -> Scene:
    """Descend with `momentum_step`; the rate is `share` times the largest stable rate, 2(1+momentum)/L."""
    valley = landscape(condition)
    largest = np.linalg.eigvalsh(valley.hessian(valley.start))[-1]
    lr = share * 2 * (1 + momentum) / largest

    def step(w: Any, grad: Any, state: Any, lr: float) -> Any:
        return momentum_step(w, grad, state, lr, momentum=momentum)

    path = descend(valley.gradient, valley.start, step, lr, STEPS)
    distance = np.linalg.norm(path, axis=1) / np.linalg.norm(path[0])
    above = seen_from_above(
        f"The path; condition number {condition}",
        valley,
        [Line(path[:, 0], path[:, 1], "path; w₁ is along the ravine", grows=True, dots=True)],
    )
    side = steps_panel(
        "Distance to the minimum", "distance / distance at the start", FLOOR, 10.0, [curve(distance, low=FLOOR)], STEPS
    )
    return Scene([above, side], _note(lr, path, distance))


def _note(lr: float, path: Any, distance: Any) -> str:
    if not distance[-1] < 10:
        return f"Rate {lr:.3g}: the path diverges."
    moves = np.diff(path[:, 1])
    turns = int(np.sum(moves[1:] * moves[:-1] < 0))
    factor = distance[-1] ** (1 / STEPS)
    return (
        f"Rate {lr:.3g}: on average, each step multiplies the distance by {factor:.2f}. The path turns across the "
        f"ravine {plural(turns, 'time')}."
    )
