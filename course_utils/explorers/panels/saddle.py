"""A saddle: how long it slows down gradient descent (lesson 05)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Panel, Scene
from course_utils.explorers.views import curve, seen_from_above
from course_utils.landscapes import noisy_gradient
from course_utils.landscapes import saddle as landscape
from course_utils.text import plural
from course_utils.training import descend

STEPS = 120
ESCAPED = 0.5


@explorer(
    "saddle",
    "A saddle: what slows down the descent, and what helps",
    Control("offset", "distance of the start from the ridge", (0.0, 1e-8, 1e-6, 1e-4, 1e-2, 0.1), 1e-4),
    Control("momentum", "momentum", (0.0, 0.3, 0.5, 0.7, 0.9), 0.0),
    Control("noise", "noise of the gradient", (0.0, 1e-6, 1e-4, 1e-2, 0.1), 0.0),
    exercises=("momentum_step",),
)
def saddle(momentum_step: Any, offset: float, momentum: float, noise: float) -> Scene:
    """Descend to the saddle at 0 and away from it, at a constant rate of 0.1."""
    place = landscape()
    gradient = noisy_gradient(place, noise, np.random.default_rng(5)) if noise else place.gradient

    def step(w: Any, grad: Any, state: Any, lr: float) -> Any:
        return momentum_step(w, grad, state, lr, momentum=momentum)

    path = descend(gradient, [1.5, offset], step, 0.1, STEPS)
    aside = np.abs(path[:, 1])
    gone = np.flatnonzero(aside > ESCAPED)
    above = seen_from_above(
        "The path, from above", place, [Line(path[:, 0], path[:, 1], "path", grows=True, dots=True)]
    )
    side = Panel(
        "Distance from the ridge",
        [curve(aside, "distance from the ridge", 0, 1e-9), Line([0, STEPS], [ESCAPED] * 2, "off the saddle", 1, True)],
        Axis("step", 0, STEPS),
        Axis("distance", 1e-9, 10.0, "log"),
    )
    note = (
        f"The path leaves the saddle after {plural(int(gone[0]), 'step')}."
        if len(gone)
        else f"After {STEPS} steps the path is still at the saddle."
    )
    return Scene([above, side], note)
