"""The one style of all figures. Matplotlib is imported where a figure is drawn, not before."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

P = ParamSpec("P")
R = TypeVar("R")

# Okabe & Ito (2008): told apart with any kind of colour vision. Without their yellow, too faint for a line on white.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

RC: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.labelsize": 13,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 14,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "figure.figsize": (7.5, 4.2),
    "font.size": 12,
    "grid.color": "#dddddd",
    "image.cmap": "cividis",
    "image.interpolation": "nearest",
    "legend.fontsize": 12,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 2.2,
    "lines.markersize": 7,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
}


def style() -> AbstractContextManager[None]:
    """Use the course's style for figures made inside: `with style(): plt.plot(...)`. Outside, nothing changes."""
    import matplotlib as mpl
    from cycler import cycler

    # A line style goes with each colour, so that colour is never the only sign.
    cycle = cycler(color=COLORS) + cycler(linestyle=DASHES)
    rc: Any = RC | {"axes.prop_cycle": cycle}
    return mpl.rc_context(rc)


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a plotting function draw in the course's style."""

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with style():
            return draw(*args, **kwargs)

    return wrapper


def new_axes(
    ax: Axes | None = None,
    figsize: tuple[float, float] | None = None,
    layout: Literal["constrained", "compressed"] = "constrained",
) -> Axes:
    """Return `ax`, or the axes of a new figure; `figsize` in inches."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figsize, layout=layout)[1] if ax is None else ax


def label(ax: Axes, title: str, x: str, y: str) -> None:
    """Title the figure and name both axes."""
    ax.set_title(title)
    ax.set_xlabel(x)
    ax.set_ylabel(y)


def legend(ax: Axes, names: Sequence[str]) -> None:
    """Put the legend beside the axes, where it covers nothing; one line needs none if it has no name."""
    if any(names):
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), borderaxespad=0.4)


def line_look(i: int) -> dict[str, Any]:
    """Return colour and dashes of the i-th line, counted from 0."""
    return {"color": COLORS[i % len(COLORS)], "linestyle": DASHES[i % len(DASHES)]}


def marker_look(i: int, points: int, wanted: int = 8) -> dict[str, Any]:
    """Return marker and spacing of the i-th line, so that about `wanted` of its `points` are marked."""
    every = max(1, points // wanted)
    # Shifted from line to line, or markers of equal curves would hide each other.
    return {"marker": MARKERS[i % len(MARKERS)], "markevery": (i % 4 * every // 4, every)}
