"""Dropout: one mask, and the mean of the outputs over many masks (lesson 03)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Bars, Line, Panel, Pixels, Scene

ROWS, COLUMNS, PASSES = 8, 16, 400


@explorer(
    "dropout",
    "Dropout: one mask, and many masks",
    Control("drop_prob", "probability that an entry is dropped", (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9), 0.5),
    Control("draw", "random seed", (1, 2, 3, 4, 5, 6), 1),
    Control("when", "mode", ("training", "test"), "training"),
    exercises=("dropout_forward",),
)
def dropout(dropout_forward: Any, drop_prob: float, draw: int, when: str) -> Scene:
    """Drop entries of a layer with 128 units: once to show the mask, and 400 times to show the spread of the mean."""
    x = np.abs(np.random.RandomState(7).randn(ROWS, COLUMNS))
    train = when == "training"
    out = np.asarray(dropout_forward(x, drop_prob, np.random.default_rng(draw), train)[0], dtype=float)
    rng = np.random.default_rng(1000 + draw)
    means = np.array([np.mean(dropout_forward(x, drop_prob, rng, train)[0]) for _ in range(PASSES)])
    heights, edges = np.histogram(means, bins=np.linspace(0, 2 * x.mean(), 49))
    layer = Panel("The layer's 128 outputs (black: 0)", [Pixels(out / max(4.0, out.max()))])
    spread = Panel(
        f"Mean of the outputs, over {PASSES} passes",
        [
            Bars(edges, heights, "passes"),
            Line([x.mean(), x.mean()], [0, 400], "mean of the inputs", 1, dashed=True),
        ],
        Axis("mean of the outputs", 0, float(edges[-1])),
        Axis("passes", 0, float(max(100, heights.max() * 1.1))),
    )
    zero = np.mean(out == 0)
    return Scene(
        [layer, spread],
        f"{zero:.0%} of the outputs are 0. The average over the passes is {means.mean():.2f}, with a standard "
        f"deviation of {means.std():.2f}; without dropout the mean is {x.mean():.2f}.",
    )
