"""L-BFGS with several numbers of stored pairs (lesson 07b)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Panel, Scene
from course_utils.explorers.views import curve, seen_from_above
from course_utils.landscapes import Landscape, beale, ravine, rosenbrock
from course_utils.text import plural

STEPS = 40
FLOOR = 1e-12
PLACES = ("ravine at 45 degrees", "Rosenbrock's valley", "Beale's plain")


@explorer(
    "quasi_newton",
    "L-BFGS: the effect of a little memory",
    Control("place", "landscape", PLACES, PLACES[1]),
    Control("memory", "number of pairs stored", (0, 1, 2, 3, 5, 10), 5),
    exercises=("backtracking", "lbfgs_direction"),
)
def quasi_newton(backtracking: Any, lbfgs_direction: Any, place: str, memory: int) -> Scene:
    """Use L-BFGS directions with a backtracking line search; without stored pairs this is gradient descent."""
    landscape = _landscape(place)
    paths = {kept: _descend(landscape, backtracking, lbfgs_direction, kept) for kept in dict.fromkeys((0, memory))}
    names = {memory: plural(memory, "pair"), 0: "gradient descent (no pairs)"}
    marks, losses = [], []
    for kept, path in paths.items():
        look: dict[str, Any] = {"color": 1 if kept == 0 else 0, "dashed": kept == 0}
        loss = landscape.value(path)
        marks.append(Line(path[:, 0], path[:, 1], names[kept], grows=True, dots=True, **look))
        losses.append(curve(loss, names[kept], low=FLOOR, **look))
    above = seen_from_above("The paths", landscape, [*marks])
    side = Panel("Loss", [*losses], Axis("step", 0, STEPS), Axis("loss", FLOOR, 1e3, "log"))
    end = float(landscape.value(paths[memory][-1]))
    return Scene([above, side], f"With {plural(memory, 'pair')} the loss after {STEPS} steps is {end:.2g}.")


def _landscape(place: str) -> Landscape:
    if place == PLACES[0]:
        return ravine(50, np.pi / 4)
    return rosenbrock() if place == PLACES[1] else beale()


def _descend(landscape: Landscape, backtracking: Any, lbfgs_direction: Any, memory: int) -> Any:
    w = np.array(landscape.start, dtype=float)
    path = [w]
    steps: list[Any] = []
    changes: list[Any] = []
    for _ in range(STEPS):
        grad = landscape.gradient(w)
        if np.linalg.norm(grad) < 1e-9:
            path.append(w)
            continue
        direction = lbfgs_direction(grad, steps, changes) if steps else -grad
        t = backtracking(lambda v: float(landscape.value(v)), w, grad, direction)
        w_new = w + t * direction
        s, y = w_new - w, landscape.gradient(w_new) - grad
        if memory and s @ y > 0:
            steps, changes = [*steps, s][-memory:], [*changes, y][-memory:]
        else:
            # With negative curvature along the step, the stored pairs do not fit here: start again with the gradient.
            steps, changes = [], []
        w = w_new
        path.append(w)
    return np.array(path)
