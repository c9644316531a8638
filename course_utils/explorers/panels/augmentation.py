"""Augmentation on a photograph: what each method does, gently and strongly (lesson 02b)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.data import photographs
from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Panel, Pixels, Scene

METHODS = ("flip left and right", "crop at random", "rescale at random", "cut a square out", "change the light")
BLOCK = 7


@explorer(
    "augmentation",
    "Augmentation on a photograph",
    Control("method", "method", METHODS, "change the light"),
    Control("strength", "strength", (0.1, 0.25, 0.5, 0.75, 1.0), 0.5),
    Control("draw", "draw", (1, 2, 3, 4), 1),
    exercises=("horizontal_flip", "random_crop", "random_scale_crop", "cutout", "color_jitter"),
)
def augmentation(flip: Any, crop: Any, scale: Any, cutout: Any, jitter: Any, **moved: Any) -> Scene:
    """Show a photograph of 61 by 91 pixels, and two draws of one method."""
    strength, rng = moved["strength"], np.random.default_rng(moved["draw"])
    photo = _photograph()
    height = photo.shape[0]
    pad, size = round(0.5 * strength * height), round(0.7 * strength * height)
    changes: dict[str, Any] = {
        "flip left and right": lambda: flip(photo[None])[0],
        "crop at random": lambda: crop(photo[None], pad, rng)[0],
        "rescale at random": lambda: scale(photo[None], 1 - 0.6 * strength, 1 + strength, rng)[0],
        "cut a square out": lambda: cutout(photo[None], size, rng)[0],
        "change the light": lambda: jitter(photo, 0.4 * strength, 0.8 * strength, rng),
    }
    told = {
        "flip left and right": "There is nothing to draw: every flip is the same, at any strength.",
        "crop at random": f"{pad} rows and columns of zeros on each side, then a crop at a random place.",
        "rescale at random": f"A factor between {1 - 0.6 * strength:.2f} and {1 + strength:.2f}, about the centre.",
        "cut a square out": f"A square of {size} by {size} pixels; where it meets the border it is clipped.",
        "change the light": f"Lightness moved by up to {0.4 * strength:.2f}, contrast by up to {0.8 * strength:.0%}.",
    }[moved["method"]]
    panels = [Panel("As it is", [Pixels(photo)])]
    panels += [Panel(f"{place} draw", [Pixels(changes[moved["method"]]())]) for place in ("First", "Second")]
    return Scene(panels, told)


@functools.cache
def _photograph() -> Any:
    temple = photographs()[0]
    rows, columns = (length // BLOCK for length in temple.shape[:2])
    blocks = temple[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK, 3)
    return blocks.mean(axis=(1, 3))
