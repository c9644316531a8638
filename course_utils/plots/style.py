"""The style that all figures share. Matplotlib is imported only when a figure is drawn."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

P = ParamSpec("P")
R = TypeVar("R")

# The palette of Okabe & Ito (2008), which can be told apart with any kind of colour vision; without its yellow, which
# is too pale for a line on white.
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
    """Return a context manager in which figures have the course's style: `with style(): plt.plot(...)`."""
    import matplotlib as mpl
    from cycler import cycler

    # Each colour has its own line style, so that colour is never the only difference.
    cycle = cycler(color=COLORS) + cycler(linestyle=DASHES)
    rc: Any = RC | {"axes.prop_cycle": cycle}
    return mpl.rc_context(rc)


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Decorate a plotting function so that it draws in the course's style."""

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
    """Return `ax`, or the axes of a new figure if it is None; `figsize` is in inches."""
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figsize, layout=layout)[1] if ax is None else ax


def label(ax: Axes, title: str, x: str, y: str) -> None:
    """Set the title and both axis labels."""
    ax.set_title(title)
    ax.set_xlabel(x)
    ax.set_ylabel(y)


def legend(ax: Axes, names: Sequence[str]) -> None:
    """Put a legend to the right of the axes, where it covers nothing; none if all names are empty."""
    if any(names):
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.02), borderaxespad=0.4)


def line_look(i: int) -> dict[str, Any]:
    """Return the colour and line style of the i-th line, counted from 0."""
    return {"color": COLORS[i % len(COLORS)], "linestyle": DASHES[i % len(DASHES)]}


def marker_look(i: int, points: int, wanted: int = 8) -> dict[str, Any]:
    """Return the marker of the i-th line, and the spacing at which about `wanted` of the `points` points have one."""
    every = max(1, points // wanted)
    # Each line starts its markers elsewhere: otherwise the markers of equal curves would hide each other.
    return {"marker": MARKERS[i % len(MARKERS)], "markevery": (i % 4 * every // 4, every)}
