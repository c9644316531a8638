"""The noise of mini-batches, for several batch sizes and learning rates (lesson 05)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from course_utils.data import diabetes
from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Panel, Points, Scene, contour_lines
from course_utils.explorers.views import curve

STEPS = 150
COLUMNS = (2, 3)


@explorer(
    "minibatch_noise",
    "The noise of mini-batches, on the diabetes data",
    Control("batch_size", "batch size", (1, 2, 4, 8, 16, 32, 64, 128, 442), 8),
    Control("lr", "learning rate", (0.01, 0.02, 0.05, 0.1, 0.2, 0.4), 0.1),
    Control("draw", "random seed", (1, 2, 3, 4), 1),
    exercises=("minibatches",),
)
def minibatch_noise(minibatches: Any, batch_size: int, lr: float, draw: int) -> Scene:
    """Fit two weights (for body mass index and blood pressure) by 150 steps of SGD on mini-batches."""
    X, y = _data()
    rng = np.random.default_rng(draw)
    w, path, used = np.array([-1.0, 1.6]), [np.array([-1.0, 1.6])], 0
    epochs = (minibatches(X, y, batch_size, rng) for _ in itertools.count())
    for Xb, yb in itertools.islice(itertools.chain.from_iterable(epochs), STEPS):
        w = w - lr * Xb.T @ (Xb @ w - yb) / len(yb)
        path.append(w)
        used += len(yb)
    walk = np.array(path)
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    distance = np.linalg.norm(walk - best, axis=1)
    above = Panel(
        f"{STEPS} steps with batches of {batch_size}",
        [
            _loss_lines(X, y),
            Line(walk[:, 0], walk[:, 1], "path", width=1.5, grows=True, dots=True),
            Points([best[0]], [best[1]], "minimum", 4, "star", 15),
        ],
        Axis("weight of the body mass index", -1.5, 2.0),
        Axis("weight of the blood pressure", -1.0, 2.0),
        equal=True,
    )
    side = Panel(
        "Distance to the minimum",
        [curve(distance, "distance", 0, 1e-3)],
        Axis("step", 0, STEPS),
        Axis("distance", 1e-3, 10.0, "log"),
    )
    last = float(np.sqrt(np.mean(distance[STEPS // 2 :] ** 2)))
    return Scene(
        [above, side],
        f"In the second half of the steps the root mean square distance is {last:.2g}. Gradients of single examples "
        f"that were computed: {used:,}.",
    )


def _data() -> tuple[Any, Any]:
    data = diabetes()
    target = (data.y - data.y.mean()) / data.y.std()
    return data.X[:, COLUMNS], target


def _loss_lines(X: Any, y: Any) -> Any:
    a, b = np.linspace(-1.5, 2.0, 36), np.linspace(-1.0, 2.0, 36)
    grid = np.stack(np.meshgrid(a, b))
    loss = np.mean((np.tensordot(X, grid, 1) - y[:, None, None]) ** 2, axis=0) / 2
    return contour_lines(a, b, loss, np.quantile(loss, np.linspace(0.02, 0.98, 12) ** 1.5))
