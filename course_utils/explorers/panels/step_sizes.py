"""The length of Adam's steps, with and without bias correction (lesson 06)."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Axis, Panel, Scene
from course_utils.explorers.views import curve

STEPS = 60
KINDS = ("constant", "noisy", "rare", "alternating")


@explorer(
    "step_sizes",
    "The length of Adam's steps",
    Control("kind", "gradients", KINDS, "constant"),
    Control("beta1", "beta1, memory of the mean", (0.0, 0.5, 0.8, 0.9, 0.95, 0.99), 0.9),
    Control("beta2", "beta2, memory of the squares", (0.9, 0.95, 0.99, 0.999, 0.9999), 0.999),
    exercises=("adam_step_uncorrected", "adam_step"),
)
def step_sizes(adam_step_uncorrected: Any, adam_step: Any, kind: str, beta1: float, beta2: float) -> Scene:
    """Pass 60 gradients of one weight to both versions of Adam at rate 1, and measure the length of each step."""
    grads = _gradients(kind)
    corrected, plain = (_lengths(step, grads, beta1, beta2) for step in (adam_step, adam_step_uncorrected))
    top = float(max(2.0, 1.1 * max(corrected.max(), plain.max())))
    lengths = Panel(
        "Length of each step, in multiples of the learning rate",
        [curve(corrected, "with bias correction", first=1), curve(plain, "without", 1, dashed=True, first=1)],
        Axis("step", 0, STEPS),
        Axis("length of the step / learning rate", 0, top),
    )
    seen = Panel("The gradients", [curve(grads, low=-9, first=1)], Axis("step", 0, STEPS), Axis("gradient", -4, 4))
    return Scene(
        [lengths, seen],
        f"The first step is {corrected[0]:.2f} times the rate with bias correction, and {plain[0]:.2f} times without. "
        f"The longest step without it is {plain.max():.2f} times the rate, at step {1 + int(plain.argmax())}.",
    )


def _gradients(kind: str) -> Any:
    draws = np.random.RandomState(6)
    steps = np.arange(STEPS)
    return {
        "constant": np.ones(STEPS),
        "noisy": 1 + draws.randn(STEPS),
        "rare": np.where(steps % 15 == 0, 3.0, 0.0),
        "alternating": np.where(steps % 2 == 0, 1.5, -1.0),
    }[kind]


def _lengths(step: Any, grads: Any, beta1: float, beta2: float) -> Any:
    w = 0.0
    state: dict[str, Any] = {}
    lengths = []
    for grad in grads:
        moved, state = step(w, float(grad), state, lr=1.0, beta1=beta1, beta2=beta2)
        lengths.append(abs(moved - w))
        w = moved
    return np.array(lengths, dtype=float)
