"""Four optimizers on the same landscape (lesson 06)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Mark, Panel, Scene
from course_utils.explorers.views import curve, seen_from_above
from course_utils.landscapes import Landscape, beale, ravine, rosenbrock
from course_utils.training import descend

STEPS = 150
FLOOR = 1e-8
PLACES = ("ravine along the axes", "ravine at 45 degrees", "Rosenbrock's valley", "Beale's plain")


@explorer(
    "race",
    "A race of optimizers, all with the same learning rate",
    Control("place", "landscape", PLACES, PLACES[0]),
    Control("lr", "learning rate", (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0), 0.03),
    exercises=("adagrad_step", "rmsprop_step", "adam_step"),
)
def race(adagrad_step: Any, rmsprop_step: Any, adam_step: Any, place: str, lr: float) -> Scene:
    """Run plain gradient descent and three adaptive optimizers on the same landscape from the same start."""
    landscape = _landscape(place)

    def plain(w: Any, grad: Any, state: Any, lr: float) -> Any:
        return w - lr * grad, state

    marks: list[Mark] = []
    losses: list[Mark] = []
    ends = {}
    racers = {"gradient descent": plain, "AdaGrad": adagrad_step, "RMSProp": rmsprop_step, "Adam": adam_step}
    for i, (name, step) in enumerate(racers.items()):
        path = np.clip(descend(_bounded(landscape), landscape.start, step, lr, STEPS), -1e6, 1e6)
        loss = landscape.value(path)
        marks.append(Line(path[:, 0], path[:, 1], name, i, dashed=i % 2 == 1, grows=True))
        losses.append(curve(loss, name, i, FLOOR, dashed=i % 2 == 1))
        ends[name] = loss[-1]
    side = Panel("Loss", losses, Axis("step", 0, STEPS), Axis("loss", FLOOR, 1e4, "log"))
    best = min(ends, key=lambda name: ends[name])
    note = f"After {STEPS} steps at rate {lr:g}, {best} has the lowest loss: {ends[best]:.2g}."
    return Scene([seen_from_above("The paths", landscape, marks), side], note)


def _landscape(place: str) -> Landscape:
    if place in PLACES[:2]:
        return ravine(50, np.pi / 4 * PLACES.index(place))
    return rosenbrock() if place == PLACES[2] else beale()


def _bounded(landscape: Landscape) -> Any:
    # A diverging path would overflow; clipped, it can still be drawn. This is called 600 times per scene, and np.clip
    # would take longer than everything else here.
    def gradient(w: Any) -> Any:
        near = np.minimum(np.maximum(w, -1e3), 1e3)
        return np.minimum(np.maximum(landscape.gradient(near), -1e6), 1e6)

    return gradient
