"""A race of optimizers (lesson 06)."""

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
    "A race of optimizers, all at one rate",
    Control("place", "landscape", PLACES, PLACES[0]),
    Control("lr", "learning rate", (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0), 0.03),
    exercises=("adagrad_step", "rmsprop_step", "adam_step"),
)
def race(adagrad_step: Any, rmsprop_step: Any, adam_step: Any, place: str, lr: float) -> Scene:
    """Let plain gradient descent and three adaptive steps descend one landscape from one start."""
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
    first = min(ends, key=lambda name: ends[name])
    told = f"After {STEPS} steps at rate {lr:g} the lowest loss is that of {first}, {ends[first]:.2g}."
    return Scene([seen_from_above("The paths", landscape, marks), side], told)


def _landscape(place: str) -> Landscape:
    if place in PLACES[:2]:
        return ravine(50, np.pi / 4 * PLACES.index(place))
    return rosenbrock() if place == PLACES[2] else beale()


def _bounded(landscape: Landscape) -> Any:
    # A walker that runs away overflows; kept finite, it can still be drawn.
    # Called 600 times between two pictures: np.clip would take longer than all else here.
    def gradient(w: Any) -> Any:
        near = np.minimum(np.maximum(w, -1e3), 1e3)
        return np.minimum(np.maximum(landscape.gradient(near), -1e6), 1e6)

    return gradient
