"""Augmentation of a photograph: what each method does, at several strengths (lesson 02b)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.data import photographs
from course_utils.explorers.catalogue import Control, explorer
from course_utils.explorers.scene import Panel, Pixels, Scene

METHODS = ("horizontal flip", "random crop", "random rescaling", "cutout", "colour jitter")
BLOCK = 7


@explorer(
    "augmentation",
    "Augmentation of a photograph",
    Control("method", "method", METHODS, "colour jitter"),
    Control("strength", "strength", (0.1, 0.25, 0.5, 0.75, 1.0), 0.5),
    Control("draw", "random seed", (1, 2, 3, 4), 1),
    exercises=("horizontal_flip", "random_crop", "random_scale_crop", "cutout", "color_jitter"),
)
def augmentation(flip: Any, crop: Any, scale: Any, cutout: Any, jitter: Any, **moved: Any) -> Scene:
    """Show a photograph of 61 by 91 pixels, and two random results of one method."""
    strength, rng = moved["strength"], np.random.default_rng(moved["draw"])
    photo = _photograph()
    height = photo.shape[0]
    pad, size = round(0.5 * strength * height), round(0.7 * strength * height)
    changes: dict[str, Any] = {
        "horizontal flip": lambda: flip(photo[None])[0],
        "random crop": lambda: crop(photo[None], pad, rng)[0],
        "random rescaling": lambda: scale(photo[None], 1 - 0.6 * strength, 1 + strength, rng)[0],
        "cutout": lambda: cutout(photo[None], size, rng)[0],
        "colour jitter": lambda: jitter(photo, 0.4 * strength, 0.8 * strength, rng),
    }
    note = {
        "horizontal flip": "A flip is not random: seed and strength make no difference.",
        "random crop": f"{pad} rows and columns of zeros are added on each side, then a random part is cropped.",
        "random rescaling": f"The factor is between {1 - 0.6 * strength:.2f} and {1 + strength:.2f}.",
        "cutout": f"A square of {size} by {size} pixels is set to 0; it is clipped at the border.",
        "colour jitter": f"Lightness changes by up to {0.4 * strength:.2f}, contrast by up to {0.8 * strength:.0%}.",
    }[moved["method"]]
    panels = [Panel("Original", [Pixels(photo)])]
    panels += [Panel(f"{place} draw", [Pixels(changes[moved["method"]]())]) for place in ("First", "Second")]
    return Scene(panels, note)


@functools.cache
def _photograph() -> Any:
    temple = photographs()[0]
    rows, columns = (length // BLOCK for length in temple.shape[:2])
    blocks = temple[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK, 3)
    return blocks.mean(axis=(1, 3))
