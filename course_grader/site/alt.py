"""What a figure shows, in words: for readers who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Under this name the text stands in the metadata of a notebook's output.
KEY = "alt"


def describe(figure: Figure) -> str:
    """Return the titles of a figure, the names of its axes, and the names of its curves."""
    heading = figure.get_suptitle()
    parts = [described for axes in figure.axes if (described := _axes(axes))]
    return (
        " ".join(_plain(part) for part in ([f"{heading}."] if heading else []) + parts) or "A figure without a title."
    )


def record() -> None:
    """Make this kernel note the description of each figure that it shows inline."""
    from matplotlib_inline import backend_inline

    known: Any = backend_inline._fetch_figure_metadata

    def described(figure: Figure) -> dict[str, Any]:
        return {**(known(figure) or {}), KEY: describe(figure)}

    backend_inline._fetch_figure_metadata = described


def _axes(axes: Axes) -> str:
    titles = (axes.get_title(loc=place) for place in ("left", "center", "right"))
    title = next((title for title in titles if title), "")
    labels = {"horizontal": axes.get_xlabel(), "vertical": axes.get_ylabel()}
    told = [f"{which} axis: {label}" for which, label in labels.items() if label]
    if legend := axes.get_legend():
        told.append("curves: " + ", ".join(text.get_text() for text in legend.get_texts()))
    if not told:
        return f"{title}." if title else ""
    return f"{title} ({'; '.join(told)})." if title else f"{'; '.join(told)}."


def _plain(text: str) -> str:
    return " ".join(text.replace("$", "").replace("\\", "").split())
