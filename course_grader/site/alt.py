"""Describes a figure in words (alt text), for readers who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The key of the text in the metadata of a notebook's output.
KEY = "alt"


def describe(figure: Figure) -> str:
    """Return the titles of a figure, the labels of its axes, and the names of its curves, as text."""
    heading = figure.get_suptitle()
    parts = [described for axes in figure.axes if (described := _axes(axes))]
    return (
        " ".join(_plain(part) for part in ([f"{heading}."] if heading else []) + parts) or "A figure without a title."
    )


def add_descriptions() -> None:
    """Make this kernel add the description of each inline figure to the metadata of its output."""
    from matplotlib_inline import backend_inline

    known: Any = backend_inline._fetch_figure_metadata

    def described(figure: Figure) -> dict[str, Any]:
        return {**(known(figure) or {}), KEY: describe(figure)}

    backend_inline._fetch_figure_metadata = described


def _axes(axes: Axes) -> str:
    titles = (axes.get_title(loc=place) for place in ("left", "center", "right"))
    title = next((title for title in titles if title), "")
    labels = {"horizontal": axes.get_xlabel(), "vertical": axes.get_ylabel()}
    parts = [f"{which} axis: {label}" for which, label in labels.items() if label]
    if legend := axes.get_legend():
        parts.append("curves: " + ", ".join(text.get_text() for text in legend.get_texts()))
    if not parts:
        return f"{title}." if title else ""
    return f"{title} ({'; '.join(parts)})." if title else f"{'; '.join(parts)}."


def _plain(text: str) -> str:
    return " ".join(text.replace("$", "").replace("\\", "").split())
