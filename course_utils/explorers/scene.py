"""What an explorer shows, as plain data: panels with axes and marks, which a browser or Matplotlib draws.

Colours are indices into `course_utils.plots.COLORS`.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Significant digits: four are more than can be seen on a screen.
DIGITS = 4
# Powers of ten from literals: `10.0**k` can be wrong in its last bit, so that a number would be written with 17 digits.
POWERS = np.array([float(f"1e{k}") for k in range(300)])


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`; the label includes the unit."""

    label: str
    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"


@dataclass(frozen=True)
class Line:
    """A line through points with coordinates `(T,)` and `(T,)`. NaN breaks the line.

    With `grows`, it is drawn step by step when the reader presses Play. With `dots`, each point has a dot.
    """

    x: ArrayLike
    y: ArrayLike
    label: str = ""
    color: int = 0
    dashed: bool = False
    width: float = 2.0
    grows: bool = False
    dots: bool = False


@dataclass(frozen=True)
class Points:
    """Points with coordinates `(N,)` and `(N,)`. `size` is the diameter in pixels."""

    x: ArrayLike
    y: ArrayLike
    label: str = ""
    color: int = 0
    shape: Literal["disc", "square", "star", "cross"] = "disc"
    size: float = 7.0


@dataclass(frozen=True)
class Bars:
    """A histogram with edges `(B+1,)` and heights `(B,)`."""

    edges: ArrayLike
    heights: ArrayLike
    label: str = ""
    color: int = 0


@dataclass(frozen=True)
class Contours:
    """Contour lines in the background, each a pair of coordinates `(x, y)`."""

    lines: Sequence[tuple[ArrayLike, ArrayLike]]


@dataclass(frozen=True)
class Pixels:
    """An image `(H, W)` or `(H, W, 3)` with values in [0, 1], which fills the panel; the first row is at the top."""

    values: ArrayLike


Mark = Line | Points | Bars | Contours | Pixels


@dataclass(frozen=True)
class Panel:
    """One picture. Without axes it is only an image; with `equal`, both axes have the same scale."""

    title: str
    marks: Sequence[Mark]
    x: Axis | None = None
    y: Axis | None = None
    equal: bool = False


@dataclass(frozen=True)
class Scene:
    """Panels side by side, and a sentence that says what they show, also for screen readers."""

    panels: Sequence[Panel]
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the scene as values for JSON; numbers that are not finite become None."""
        return {"panels": [_panel(panel) for panel in self.panels], "note": self.note}


def contour_lines(x: ArrayLike, y: ArrayLike, z: ArrayLike, levels: Iterable[float]) -> Contours:
    """Return the contour lines of `z` `(H, W)` at these levels; x and y are `(W,)` and `(H,)`, or grids `(H, W)`."""
    from contourpy import contour_generator

    generator = contour_generator(x, y, z)
    lines = [np.asarray(line) for level in levels for line in generator.lines(level)]
    return Contours([(line[:, 0], line[:, 1]) for line in lines])


def _png(values: ArrayLike) -> str:
    from PIL import Image

    levels = np.clip(np.round(np.asarray(values, dtype=float) * 255), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, format="PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def pixels_of(png: str) -> NDArray[np.uint8]:
    """Return the pixels `(H, W)` or `(H, W, 3)`, 0 to 255, of an image in a scene, which is a PNG in base64."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))


def _numbers(values: ArrayLike) -> list[float | None]:
    numbers = np.asarray(values, dtype=float).ravel()
    finite = np.isfinite(numbers)
    # A move of a slider may need ten thousand numbers: round them all at once.
    seen = np.where(finite & (numbers != 0), numbers, 1.0)
    places = DIGITS - 1 - np.floor(np.log10(np.abs(seen))).astype(int)
    up, down = POWERS[np.clip(places, 0, 299)], POWERS[np.clip(-places, 0, 299)]
    rounded = np.where(numbers == 0, 0.0, np.round(seen * up / down) / up * down)
    return [number if real else None for number, real in zip(rounded.tolist(), finite.tolist(), strict=True)]


def _panel(panel: Panel) -> dict[str, Any]:
    axes = {name: vars(axis) for name, axis in (("x", panel.x), ("y", panel.y)) if axis is not None}
    return {"title": panel.title, "marks": [_mark(mark) for mark in panel.marks], "equal": panel.equal, **axes}


def _mark(mark: Mark) -> dict[str, Any]:
    kind = type(mark).__name__.lower()
    match mark:
        case Contours(lines=lines):
            return {"mark": kind, "lines": [[_numbers(x), _numbers(y)] for x, y in lines]}
        case Pixels(values=values):
            return {"mark": kind, "png": _png(values)}
        case _:
            arrays = ("x", "y", "edges", "heights")
            return {"mark": kind} | {
                name: _numbers(value) if name in arrays else value for name, value in vars(mark).items()
            }
