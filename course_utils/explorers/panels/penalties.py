"""Ridge, lasso and the elastic net: the penalty's contour, the best weights, and their path (lesson 02a)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Panel, Points, Scene, contour_lines

LAMBDAS = (0.0, 0.03, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5)
ROUNDS = 150
VIEW = np.linspace(-1.0, 2.5, 36)
# The learner's function is called at each of these points, so they are few. One of them is 0, where the l1 norm has a
# kink.
COARSE = np.linspace(-1.0, 2.5, 22)


@explorer(
    "penalties",
    "Ridge, lasso and the elastic net",
    Control("l1_ratio", "share of the l1 norm (0 ridge, 1 lasso)", (0.0, 0.25, 0.5, 0.75, 1.0), 1.0),
    Control("lam", "penalty strength lambda", LAMBDAS, 0.4),
    Control("correlation", "correlation of the two inputs", (-0.8, -0.4, 0.0, 0.4, 0.8), 0.4),
    exercises=("elastic_net_loss", "proximal_step"),
)
def penalties(elastic_net_loss: Any, proximal_step: Any, l1_ratio: float, lam: float, correlation: float) -> Scene:
    """Fit two weights for each lambda by proximal steps, and draw how the penalty's contour touches the loss's."""
    X, y = _data(correlation)
    path = np.array([_fit(proximal_step, X, y, one, l1_ratio) for one in LAMBDAS])
    best, free = path[LAMBDAS.index(lam)], path[0]
    # For this data set, the loss consists of the penalty only.
    nothing = np.zeros((1, 2)), np.zeros(1)
    penalty = np.array([[elastic_net_loss(np.array([a, b]), *nothing, 1.0, l1_ratio) for a in COARSE] for b in COARSE])
    at_best = float(elastic_net_loss(best, *nothing, 1.0, l1_ratio))
    marks = [_loss_lines(X, y)]
    if lam > 0 and at_best > 0:
        ball = contour_lines(COARSE, COARSE, penalty, [at_best])
        marks += [Line(x, y, "equal penalty" if i == 0 else "", 1) for i, (x, y) in enumerate(ball.lines)]
    above = Panel(
        "The penalty's contour touches the loss's",
        [
            *marks,
            Line(path[:, 0], path[:, 1], "best weights for each lambda", 2, dots=True),
            Points([free[0]], [free[1]], "without penalty", 6, "square", 10),
            Points([best[0]], [best[1]], "with this lambda", 4, "star", 16),
        ],
        Axis("w₁", VIEW[0], VIEW[-1]),
        Axis("w₂", VIEW[0], VIEW[-1]),
        equal=True,
    )
    side = Panel(
        "The weights as lambda grows",
        [
            Line(LAMBDAS, path[:, 0], "w₁", 0, dots=True),
            Line(LAMBDAS, path[:, 1], "w₂", 1, dashed=True, dots=True),
            Line([lam, lam], [-1, 2.5], "this lambda", 6, width=1.0, dashed=True),
        ],
        Axis("lambda", 0, LAMBDAS[-1]),
        Axis("weight", -1.0, 2.5),
    )
    zeros = int(np.sum(best == 0))
    note = f"The weights are {best[0]:.2f} and {best[1]:.2f}. Weights that are exactly 0: {zeros}."
    return Scene([above, side], note)


def _data(correlation: float) -> tuple[Any, Any]:
    draws = np.random.RandomState(2)
    first, second, noise = draws.randn(3, 60)
    X = np.column_stack([first, correlation * first + np.sqrt(1 - correlation**2) * second])
    return X, X @ np.array([1.8, 0.6]) + 0.5 * noise


def _fit(proximal_step: Any, X: Any, y: Any, lam: float, l1_ratio: float) -> Any:
    w = np.zeros(2)
    lr = 0.9 / (np.linalg.eigvalsh(X.T @ X / len(y))[-1] + (1 - l1_ratio) * lam)
    for _ in range(ROUNDS):
        before, w = w, proximal_step(w, X, y, lam, l1_ratio, lr)
        # The change is too small to be seen.
        if abs(w - before).max() < 1e-6:
            break
    return w


def _loss_lines(X: Any, y: Any) -> Any:
    a, b = np.meshgrid(VIEW, VIEW)
    errors = np.tensordot(X, np.stack([a, b]), 1) - y[:, None, None]
    squares = np.mean(errors**2, axis=0) / 2
    return contour_lines(VIEW, VIEW, squares, np.quantile(squares, np.linspace(0.02, 0.9, 10) ** 1.5))
