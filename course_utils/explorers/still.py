"""A scene as a picture, for use without a browser."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.explorers.scene import pixels_of
from course_utils.explorers.session import Answer
from course_utils.plots.style import COLORS, DASHES, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHAPES = {"disc": "o", "square": "s", "star": "*", "cross": "x"}


class Still:
    """Displays the scene of an answer as a picture; its text form is the answer's message and the scene's note."""

    def __init__(self, answer: Answer, under: str = "") -> None:
        self.answer, self.under = answer, under

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        scene = self.answer.scene
        text = " ".join(filter(None, [self.answer.message, scene["note"] if scene else ""]))
        if scene is None:
            return {"text/plain": text}
        return {"text/plain": text, "image/png": base64.b64encode(picture(scene, self.under)).decode()}


@styled
def picture(scene: dict[str, Any], under: str = "") -> bytes:
    """Return a scene as a PNG, with the text `under` below it."""
    # Not with pyplot: a notebook would show the figure a second time.
    from matplotlib.figure import Figure

    panels = scene["panels"]
    figure = Figure(figsize=(5.2 * len(panels), 4.4), layout="constrained")
    # A subfigure for each panel, so that its legend does not overlap the axes.
    for part, panel in zip(figure.subfigures(1, len(panels), squeeze=False)[0], panels, strict=True):
        _draw(part.subplots(), panel)
        if any(mark.get("label") for mark in panel["marks"]):
            part.legend(loc="outside lower center", ncols=2, fontsize=10)
    figure.supxlabel(under, fontsize=10, x=0.01, ha="left", style="italic")
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _draw(axes: Axes, panel: dict[str, Any]) -> None:
    for mark in panel["marks"]:
        _MARKS[mark["mark"]](axes, mark)
    axes.set_title(panel["title"], fontsize=12)
    for name in "xy":
        if (axis := panel.get(name)) is None:
            axes.set_axis_off()
            continue
        axes.set(
            **{f"{name}label": axis["label"], f"{name}scale": axis["scale"], f"{name}lim": (axis["low"], axis["high"])}
        )
    if panel["equal"]:
        axes.set_aspect("equal")


def _array(values: list[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values])


def _line(axes: Axes, mark: dict[str, Any]) -> None:
    look: dict[str, Any] = {
        "color": COLORS[mark["color"] % len(COLORS)],
        "linestyle": DASHES[1 if mark["dashed"] else 0],
    }
    marker: dict[str, Any] = {"marker": "o", "markersize": 3} if mark["dots"] else {}
    axes.plot(_array(mark["x"]), _array(mark["y"]), label=mark["label"], linewidth=mark["width"], **look, **marker)


def _points(axes: Axes, mark: dict[str, Any]) -> None:
    look: dict[str, Any] = {"color": COLORS[mark["color"] % len(COLORS)], "marker": SHAPES[mark["shape"]]}
    axes.plot(
        _array(mark["x"]), _array(mark["y"]), linestyle="none", markersize=mark["size"], label=mark["label"], **look
    )


def _bars(axes: Axes, mark: dict[str, Any]) -> None:
    heights, edges, color = _array(mark["heights"]), _array(mark["edges"]), COLORS[mark["color"] % len(COLORS)]
    axes.stairs(heights, edges, fill=True, alpha=0.6, color=color, label=mark["label"])


def _contours(axes: Axes, mark: dict[str, Any]) -> None:
    for x, y in mark["lines"]:
        axes.plot(_array(x), _array(y), color="0.65", linewidth=0.7, linestyle="-")


def _pixels(axes: Axes, mark: dict[str, Any]) -> None:
    axes.imshow(pixels_of(mark["png"]), cmap="gray", vmin=0, vmax=255)


_MARKS = {"line": _line, "points": _points, "bars": _bars, "contours": _contours, "pixels": _pixels}
