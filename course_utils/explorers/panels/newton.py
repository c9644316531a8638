"""Newton's quadratic model, and the step to its stationary point (lesson 07a)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Mark, Panel, Points, Scene, contour_lines
from course_utils.explorers.views import seen_from_above
from course_utils.landscapes import himmelblau

STARTS = {
    "near a minimum": (3.6, 2.6),
    "between two minima": (0.5, 2.2),
    "on the hill": (-0.6, -0.4),
    "far out": (-4.5, 4.2),
    "near a saddle": (0.3, 3.2),
}


@explorer(
    "newton",
    "Newton's quadratic model",
    Control("start", "starting point", tuple(STARTS), "near a minimum"),
    Control("damping", "damping", (0.0, 1.0, 5.0, 20.0, 100.0), 5.0),
    exercises=("quadratic_model", "newton_step", "damped_newton_step"),
)
def newton(quadratic_model: Any, newton_step: Any, damped_newton_step: Any, start: str, damping: float) -> Scene:
    """Draw Himmelblau's function, its quadratic model at a point, and the two Newton steps from there."""
    place, w = himmelblau(), np.array(STARTS[start])
    f0, g, H = float(place.value(w)), place.gradient(w), place.hessian(w)
    plain = np.asarray(newton_step(w.copy(), g, H), dtype=float)
    damped = np.asarray(damped_newton_step(w.copy(), g, H, damping), dtype=float)
    marks: list[Mark] = [
        *_model_lines(quadratic_model, f0, g, H, w, place.view),
        Line([w[0], plain[0]], [w[1], plain[1]], "Newton's step", 1, width=3),
        Line([w[0], damped[0]], [w[1], damped[1]], "damped step", 2, dashed=True, width=3),
        Points([w[0]], [w[1]], "starting point", 6, size=11),
    ]
    above = seen_from_above("The function (grey) and the model (pink)", place, marks)
    d = plain - w
    t = np.linspace(-0.5, 1.5, 41)
    values = place.value(w + t[:, None] * d)
    model = [quadratic_model(f0, g, H, one * d) for one in t]
    low, high = float(min(values.min(), min(model))), float(max(values.max(), max(model)))
    side = Panel(
        "Along Newton's step: from 0 (start) to 1 (end)",
        [Line(t, values, "function"), Line(t, model, "model", 3, dashed=True)],
        Axis("fraction of the step", -0.5, 1.5),
        Axis("value", low - 0.05 * (high - low), high + 0.05 * (high - low) + 1e-9),
    )
    return Scene([above, side], _note(place, w, plain, damped, H))


def _model_lines(quadratic_model: Any, f0: float, g: Any, H: Any, w: Any, view: Any) -> list[Mark]:
    x, y = (np.linspace(low, high, 30) for low, high in view)
    heights = np.array([[quadratic_model(f0, g, H, np.array([a, b]) - w) for a in x] for b in y])
    levels = np.quantile(heights, [0.1, 0.25, 0.4, 0.6, 0.8])
    lines = contour_lines(x, y, heights, np.unique(levels)).lines
    return [Line(a, b, "model" if i == 0 else "", 3, width=1.2) for i, (a, b) in enumerate(lines)]


def _note(place: Any, w: Any, plain: Any, damped: Any, H: Any) -> str:
    curvatures = np.linalg.eigvalsh(H)
    kind = "a bowl" if curvatures[0] > 0 else "a hill" if curvatures[-1] < 0 else "a saddle"
    before, after, after_damped = (float(place.value(point)) for point in (w, plain, damped))
    return (
        f"The model is {kind}. The value at the start is {before:.3g}; after Newton's step it is {after:.3g}, and "
        f"after the damped step {after_damped:.3g}."
    )
