"""Schedules: the learning rate of each epoch, and its effect on gradient descent with noise (lesson 01)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Line, Panel, Scene
from course_utils.explorers.views import curve

EPOCHS = 100
WALKS = 300
SHAPES = ("constant", "inverse time", "exponential", "steps", "linear", "cosine")


@explorer(
    "schedules",
    "A learning rate schedule on noisy gradients",
    Control("shape", "schedule", SHAPES, "constant"),
    Control("lr0", "first rate", (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 1.9, 2.05), 0.2),
    Control("noise", "noise of the gradient", (0.0, 0.1, 0.3, 1.0, 3.0), 1.0),
    exercises=(
        "sgd_step",
        "inverse_time_decay",
        "exponential_decay",
        "step_decay",
        "linear_decay",
        "cosine_decay",
    ),
)
def schedules(
    sgd_step: Any, inverse: Any, exponential: Any, steps: Any, linear: Any, cosine: Any, **moved: Any
) -> Scene:
    """Run gradient descent on the parabola w²/2 from w = 10, 300 times with different noise, one step per epoch."""
    lr0, noise = moved["lr0"], moved["noise"]
    shapes: dict[str, Any] = {
        "constant": lambda epoch: lr0,
        "inverse time": lambda epoch: inverse(lr0, epoch, 0.1),
        "exponential": lambda epoch: exponential(lr0, epoch, 0.95),
        "steps": lambda epoch: steps(lr0, epoch, 0.3, 25),
        "linear": lambda epoch: linear(lr0, epoch, EPOCHS),
        "cosine": lambda epoch: cosine(lr0, epoch, EPOCHS),
    }
    rate = shapes[moved["shape"]]
    rates = np.array([rate(epoch) for epoch in range(EPOCHS)], dtype=float)
    draws = np.random.RandomState(1)
    positions = [np.full(WALKS, 10.0)]
    for lr in rates:
        noisy = positions[-1] + noise * draws.randn(WALKS)
        positions.append(np.clip(sgd_step(positions[-1], noisy, lr), -1e9, 1e9))
    walks = np.array(positions)
    typical = np.sqrt(np.mean(walks**2, axis=1))
    above = Panel(
        "Learning rate",
        [curve(rates)],
        Axis("epoch", 0, EPOCHS),
        Axis("learning rate", 0, float(max(rates.max(), lr0)) * 1.1),
    )
    low = 1e-4
    below = Panel(
        "Distance to the minimum",
        [
            Line(np.arange(EPOCHS + 1), np.maximum(np.abs(walks[:, 0]), low), "one run", 5, width=1.2, grows=True),
            curve(typical, "root mean square of 300 runs", 1, low),
        ],
        Axis("epoch", 0, EPOCHS),
        Axis("distance", low, 100.0, "log"),
    )
    end = f"is {typical[-1]:.2g} at the end" if typical[-1] < 100 else "diverges"
    return Scene([above, below], f"The root mean square distance is 10 at the start, and {end}.")
