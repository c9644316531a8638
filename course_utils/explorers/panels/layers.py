"""Twenty layers, with and without batch normalization (lesson 04)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Bars, Line, Panel, Points, Scene

DEPTH, WIDTH, BATCH = 20, 64, 128
LOW, HIGH = 1e-6, 1e6


@explorer(
    "layers",
    "Twenty layers, with and without batch normalization",
    Control(
        "scale",
        "initial weight scale (1 keeps the variance)",
        (0.5, 0.7, 0.85, 1.0, 1.15, 1.4, 2.0),
        0.7,
    ),
    Control("layer", "layer", tuple(range(1, DEPTH + 1)), 10),
    Control("gamma", "gamma, the scale after normalizing", (0.5, 1.0, 2.0), 1.0),
    exercises=("batchnorm_forward",),
)
def layers(batchnorm_forward: Any, scale: float, layer: int, gamma: float) -> Scene:
    """Pass a batch through twenty ReLU layers, and show the distribution of one layer's inputs to the ReLU."""
    plain, normed = _relu_inputs(scale, None), _relu_inputs(scale, lambda z: _normalized(batchnorm_forward, z, gamma))
    spreads = [np.array([np.std(z) for z in one]) for one in (plain, normed)]
    bins = np.linspace(-4, 4, 41)
    counts = [np.histogram(one[layer - 1], bins)[0] / (BATCH * WIDTH) for one in (plain, normed)]
    inputs = Panel(
        f"Inputs to the ReLU of layer {layer}",
        [Bars(bins, counts[0], "without", 1), Bars(bins, counts[1], "with batch normalization", 0)],
        Axis("value", -4, 4),
        Axis("share of the values", 0, 0.4),
    )
    numbers = np.arange(1, DEPTH + 1)
    along = Panel(
        "Standard deviation of each layer",
        [
            Line(numbers, np.clip(spreads[0], LOW, HIGH), "without", 1, dashed=True, dots=True),
            Line(numbers, np.clip(spreads[1], LOW, HIGH), "with batch normalization", 0, dots=True),
            Points([layer, layer], [np.clip(s[layer - 1], LOW, HIGH) for s in spreads], "this layer", 4, "star", 14),
        ],
        Axis("layer", 1, DEPTH),
        Axis("standard deviation", LOW, HIGH, "log"),
    )
    return Scene(
        [inputs, along],
        f"In layer {layer} the standard deviation is {spreads[0][layer - 1]:.2g} without batch normalization and "
        f"{spreads[1][layer - 1]:.2g} with it.",
    )


def _relu_inputs(scale: float, norm: Any) -> list[Any]:
    """Return the inputs to the ReLU of each layer, `(BATCH, WIDTH)`."""
    draws = np.random.RandomState(3)
    a, seen = draws.randn(BATCH, WIDTH), []
    for _ in range(DEPTH):
        # With scale 1 this is He's initialization, which keeps the variance in ReLU networks.
        z = a @ (draws.randn(WIDTH, WIDTH) * scale * np.sqrt(2 / WIDTH))
        z = z if norm is None else norm(z)
        seen.append(z)
        a = np.maximum(z, 0)
    return seen


def _normalized(batchnorm_forward: Any, z: Any, gamma: float) -> Any:
    return batchnorm_forward(z, np.full(WIDTH, gamma), np.zeros(WIDTH))[0]
