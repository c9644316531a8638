"""What an explorer shows, as plain data: panels with axes and marks. A browser draws it, or matplotlib.

Colours are counted as in `course_utils.plots`: 0 is the first of its colours.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Four digits are more than a screen shows.
DIGITS = 4
# Powers of ten as literals: `10.0**k` may be off in its last bit, and a number would then be written with 17 digits.
POWERS = np.array([float(f"1e{k}") for k in range(300)])


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`; the label names the unit."""

    label: str
    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"


@dataclass(frozen=True)
class Line:
    """Points `(T,)` and `(T,)`, joined. A line that `grows` is drawn step by step when the reader presses play.

    `dots` marks each point. NaN breaks the line.
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
    """Points `(N,)` and `(N,)`; a shape goes with the colour. `size` is a diameter in pixels."""

    x: ArrayLike
    y: ArrayLike
    label: str = ""
    color: int = 0
    shape: Literal["disc", "square", "star", "cross"] = "disc"
    size: float = 7.0


@dataclass(frozen=True)
class Bars:
    """A histogram: `(B+1,)` edges and `(B,)` heights."""

    edges: ArrayLike
    heights: ArrayLike
    label: str = ""
    color: int = 0


@dataclass(frozen=True)
class Contours:
    """Lines of equal height in the background, each `(x, y)`."""

    lines: Sequence[tuple[ArrayLike, ArrayLike]]


@dataclass(frozen=True)
class Pixels:
    """An image `(H, W)` or `(H, W, 3)` with values in [0, 1] that fills the panel, first row on top."""

    values: ArrayLike


Mark = Line | Points | Bars | Contours | Pixels


@dataclass(frozen=True)
class Panel:
    """One picture. Without axes it is an image alone; `equal` gives both axes one scale."""

    title: str
    marks: Sequence[Mark]
    x: Axis | None = None
    y: Axis | None = None
    equal: bool = False


@dataclass(frozen=True)
class Scene:
    """Panels side by side, and a sentence on what they show: it is read aloud where nothing can be seen."""

    panels: Sequence[Panel]
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain lists and numbers; what is not finite becomes None."""
        return {"panels": [_panel(panel) for panel in self.panels], "note": self.note}


def contour_lines(x: ArrayLike, y: ArrayLike, z: ArrayLike, levels: Iterable[float]) -> Contours:
    """Return the lines on which `z (H, W)`, over `x (W,)` and `y (H,)` or their grids, takes each of the levels."""
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
    """Return the pixels `(H, W)` or `(H, W, 3)`, 0 to 255, of an image as a scene holds it."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))


def _numbers(values: ArrayLike) -> list[float | None]:
    numbers = np.asarray(values, dtype=float).ravel()
    finite = np.isfinite(numbers)
    # Ten thousand numbers between two positions of a slider: rounded all at once, not one by one.
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
