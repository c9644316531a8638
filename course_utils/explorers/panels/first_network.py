"""A network with one hidden layer on points in a plane: its border, and the loss of its training (lesson 00b)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.data import spirals
from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Mark, Panel, Points, Scene, contour_lines

ARMS, POINTS, EPOCHS, BATCH = 2, 40, 30, 20
SIDE, GRID = 1.2, 31
LOW, HIGH = 0.01, 10.0


@explorer(
    "first_network",
    "A network with one hidden layer, trained on two spiral arms",
    Control("hidden", "hidden units", (1, 2, 4, 8, 16, 32), 8),
    Control("scale", "initial weights: He's rule times", (0.0, 0.1, 1.0, 3.0, 10.0), 1.0),
    Control("lr", "learning rate", (0.01, 0.1, 0.3, 1.0, 3.0, 10.0), 1.0),
    Control("seed", "random seed", (1, 2, 3, 4), 1),
    exercises=("affine_forward", "relu_forward", "he_weights", "train_network"),
)
def first_network(
    affine_forward: Any, relu_forward: Any, he_weights: Any, train_network: Any,
    hidden: int, scale: float, lr: float, seed: int,
) -> Scene:  # fmt: skip
    """Train for 30 epochs in mini-batches of 20, and draw the border between the network's answers."""
    X, y = _arms()
    rng = np.random.default_rng(seed)
    params = {
        "W1": scale * he_weights(2, hidden, rng),
        "b1": np.zeros(hidden),
        "W2": scale * he_weights(hidden, ARMS, rng),
        "b2": np.zeros(ARMS),
    }
    with np.errstate(all="ignore"):
        params, losses = train_network(params, X, y, lr, EPOCHS, BATCH, rng)

    def scores(inputs: Any) -> Any:
        h, _ = relu_forward(affine_forward(inputs, params["W1"], params["b1"])[0])
        return affine_forward(h, params["W2"], params["b2"])[0]

    right = float(np.mean(np.argmax(scores(X), axis=1) == y))
    ticks = np.linspace(-SIDE, SIDE, GRID)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    arms = [
        Points(X[y == 0, 0], X[y == 0, 1], "arm 0", 0, "disc"),
        Points(X[y == 1, 0], X[y == 1, 1], "arm 1", 1, "square"),
    ]
    plane = Panel(
        f"{hidden} hidden {'unit' if hidden == 1 else 'units'}: {right:.0%} of the points are right",
        [*_border(ticks, np.asarray(scores(grid))), *arms],
        Axis("first input", -SIDE, SIDE),
        Axis("second input", -SIDE, SIDE),
        equal=True,
    )
    shown = np.clip(np.nan_to_num(np.asarray(losses, dtype=float), nan=HIGH), LOW, HIGH)
    guess = np.log(ARMS)
    course = Panel(
        "The loss of each epoch",
        [
            Line([0, EPOCHS - 1], [guess, guess], "a network that knows nothing", 1, dashed=True, width=1.5),
            Line(np.arange(EPOCHS), shown, "training", 0, grows=True),
        ],
        Axis("epoch", 0, EPOCHS - 1),
        Axis("loss", LOW, HIGH, "log"),
    )
    return Scene(
        [plane, course],
        f"After {EPOCHS} epochs {right:.0%} of the points are on the right side of the border. The loss of the last "
        f"epoch is {losses[-1]:.2g}; a network that knows nothing has {guess:.2g}.",
    )


@functools.cache
def _arms() -> tuple[Any, Any]:
    data = spirals(POINTS, ARMS, 0.04, np.random.default_rng(7))
    return data.X, data.y


def _border(ticks: Any, scores: Any) -> list[Mark]:
    """Return a line through the points at which both scores are equal; none if a score is not finite."""
    lines = contour_lines(ticks, ticks, (scores[:, 1] - scores[:, 0]).reshape(GRID, GRID), [0.0]).lines
    if not lines or not np.all(np.isfinite(scores)):
        return []
    x, y = (np.concatenate([part for line in lines for part in (line[i], [np.nan])]) for i in (0, 1))
    return [Line(x, y, "border between the answers", 6, width=1.5)]
