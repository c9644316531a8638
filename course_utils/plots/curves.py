"""Curves over time or over a hyperparameter: schedules, losses, sensitivity, bands."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.plots.style import COLORS, label, legend, line_look, marker_look, new_axes, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from course_utils.training import History

# Losses of a diverging run get this large; above it, the margins of a logarithmic axis would overflow.
TOO_LARGE = 1e100


def _moving_average(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return, for each value, the mean of it and up to `window - 1` values before it; same shape as `values`."""
    total = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return np.asarray((total[ends] - total[starts]) / (ends - starts))


def _drawable(values: ArrayLike) -> NDArray[np.float64]:
    """Return the values with NaN, which Matplotlib leaves out, in place of non-finite and too large ones."""
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.abs(values) < TOO_LARGE, values, np.nan)


def _log_losses(ax: Axes, losses: Mapping[str, ArrayLike]) -> None:
    """Make the y axis logarithmic, unless no loss is positive: Matplotlib would then warn and draw nothing."""
    if any(np.any(_drawable(values) > 0) for values in losses.values()):
        ax.set_yscale("log")


@styled
def plot_schedules(
    schedules: Mapping[str, Callable[[int], float]],
    epochs: int,
    ax: Axes | None = None,
    title: str = "Learning rate in each epoch",
) -> Axes:
    """Draw the learning rate over epochs 0 to `epochs - 1`; `schedules` maps a name to a function of the epoch."""
    ax = new_axes(ax)
    for i, (name, schedule) in enumerate(schedules.items()):
        rates = [float(schedule(epoch)) for epoch in range(epochs)]
        ax.plot(range(epochs), rates, label=name, **line_look(i), **marker_look(i, epochs))
    ax.set_ylim(bottom=0)
    label(ax, title, "epoch", "learning rate")
    legend(ax, list(schedules))
    return ax


@styled
def plot_losses(
    losses: Mapping[str, ArrayLike],
    ax: Axes | None = None,
    title: str = "Loss during training",
    x: str = "epoch",
    y: str = "loss",
    log: bool = True,
    smooth: int = 1,
) -> Axes:
    """Draw curves over epochs or steps, counted from 0; `losses` maps a name to its values `(T,)`.

    `log` makes the loss axis logarithmic. With `smooth > 1`, each curve is the moving average over `smooth` values, and
    the values themselves are drawn as a thin pale line. Values that are not finite, or above 1e100, are left out.
    """
    ax = new_axes(ax)
    for i, (name, values) in enumerate(losses.items()):
        values = _drawable(values)
        look = line_look(i)
        if smooth > 1:
            ax.plot(values, color=look["color"], linewidth=0.8, alpha=0.3, linestyle="-")
            values = _moving_average(values, smooth)
        ax.plot(values, label=name, **look, **marker_look(i, len(values)))
    if log:
        _log_losses(ax, losses)
    label(ax, title, x, y)
    legend(ax, list(losses))
    return ax


@styled
def plot_history(history: History, ax: Axes | None = None, title: str = "Loss during training") -> Axes:
    """Draw the training loss of each epoch and, if the history has them, the validation loss and its best epoch."""
    curves = {"training": history.train_losses}
    if history.validation_losses:
        curves["validation"] = history.validation_losses
    ax = plot_losses(curves, ax=ax, title=title)
    if history.best_epoch is not None:
        ax.axvline(history.best_epoch, color="0.4", linestyle=":", label=f"best, epoch {history.best_epoch}")
        legend(ax, ["best"])
    return ax


@styled
def plot_sensitivity(
    rates: ArrayLike,
    losses: Mapping[str, ArrayLike],
    ax: Axes | None = None,
    title: str = "How much the learning rate matters",
    x: str = "learning rate",
    y: str = "loss after training",
    log: bool = True,
    ceiling: float = np.inf,
) -> Axes:
    """Draw the loss reached with each learning rate: rates `(R,)` on a logarithmic axis, one line of losses `(R,)` per
    name.

    If a loss is not finite, or above 1e100 or `ceiling`, training diverged: it is a cross near the upper edge.
    """
    ax = new_axes(ax)
    rates = np.asarray(rates, dtype=np.float64)
    for i, (name, values) in enumerate(losses.items()):
        values = _drawable(values)
        fine = values <= ceiling
        ax.plot(rates, np.where(fine, values, np.nan), label=name, **line_look(i), **marker_look(i, len(rates), 20))
        # x in data coordinates, y as a fraction of the axes' height.
        crosses: dict[str, Any] = {
            "transform": ax.get_xaxis_transform(),
            "linestyle": "none",
            "marker": "x",
            "clip_on": False,
        }
        ax.plot(rates[~fine], np.full((~fine).sum(), 0.98 - 0.05 * i), color=COLORS[i % len(COLORS)], **crosses)
    ax.set_xscale("log")
    if log:
        _log_losses(ax, losses)
    label(ax, title, x, y)
    legend(ax, list(losses))
    return ax


@styled
def plot_band(
    x: ArrayLike,
    runs: Mapping[str, ArrayLike],
    expected: Mapping[str, ArrayLike] | None = None,
    ax: Axes | None = None,
    title: str = "",
    x_label: str = "epoch",
    y_label: str = "loss",
    log: bool = False,
) -> Axes:
    """Draw repeated runs: the median as a line, the middle 80 % of the runs as a band.

    `x` is `(T,)`. `runs` maps a name to values `(runs, T)`. `expected` maps a name to the values `(T,)` that theory
    predicts; they are drawn as a thin black line on top. `log` makes both axes logarithmic.
    """
    ax = new_axes(ax)
    x = np.asarray(x, dtype=np.float64)
    for i, (name, values) in enumerate(runs.items()):
        with warnings.catch_warnings():
            # If no run has a finite value at some x, the curve has a gap there; no warning is needed.
            warnings.filterwarnings("ignore", "All-NaN", RuntimeWarning)
            low, median, high = np.nanquantile(_drawable(values), [0.1, 0.5, 0.9], axis=0)
        look = line_look(i)
        ax.fill_between(x, low, high, color=look["color"], alpha=0.25, linewidth=0)
        ax.plot(x, median, label=name, **look, **marker_look(i, len(x)))
    for i, (name, line) in enumerate((expected or {}).items()):
        ax.plot(x, np.asarray(line), color="black", linewidth=1.4, linestyle=line_look(i + 1)["linestyle"], label=name)
    if log:
        ax.set_xscale("log")
        ax.set_yscale("log")
    label(ax, title, x_label, y_label)
    legend(ax, [*runs, *(expected or {})])
    return ax
