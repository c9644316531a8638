"""Grids of images and of histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_utils.plots.style import COLORS, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def plot_images(
    images: Sequence[NDArray[np.float64]] | NDArray[np.float64],
    titles: Sequence[object] | NDArray[Any] = (),
    columns: int = 5,
    title: str = "",
    width: float = 8.0,
) -> Figure:
    """Show images `(N, H, W, C)`, or a list of `(H, W, C)` of any sizes, in rows of `columns`; values in [0, 1].

    Images with one channel are shown in grey; values outside [0, 1] are clipped. Each of `titles` is printed above its
    image. `width` is the figure's width in inches.
    """
    import matplotlib.pyplot as plt

    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    image_height, image_width = images[0].shape[:2]
    row = width / columns * image_height / image_width + (0.35 if len(titles) else 0.05)
    figsize = (width, rows * row + (0.45 if title else 0.0))
    figure, axes = plt.subplots(rows, columns, figsize=figsize, squeeze=False)
    for i, ax in enumerate(axes.flat):
        ax.axis("off")
        if i < len(images):
            ax.imshow(np.clip(images[i], 0.0, 1.0), cmap="gray", vmin=0.0, vmax=1.0)
        if i < len(titles):
            ax.set_title(str(titles[i]), loc="center", fontsize=12)
    if title:
        figure.suptitle(title, fontsize=14)
    return figure


def _finite(array: ArrayLike) -> NDArray[np.float64]:
    flat = np.ravel(np.asarray(array, dtype=np.float64))
    return flat[np.isfinite(flat)]


@styled
def plot_histograms(
    values: Mapping[str, ArrayLike],
    title: str = "",
    x: str = "activation",
    bins: int = 40,
    columns: int = 4,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw a histogram for each name, all with the same axes, with its mean and standard deviation in the title.

    Arrays of any shape are flattened. `limits` are the ends of the x axis; by default the 0.5 % and 99.5 % quantiles of
    all values. Values beyond the limits are counted in the outermost bars; values that are not finite are left out.
    """
    import matplotlib.pyplot as plt

    flat = {name: _finite(array) for name, array in values.items()}
    everything = np.concatenate(list(flat.values()))
    low, high = limits or (np.quantile(everything, [0.005, 0.995]) if len(everything) else (0.0, 1.0))
    edges = np.linspace(low, high, bins + 1) if high > low else np.linspace(low - 0.5, low + 0.5, bins + 1)
    columns = min(columns, len(flat))
    rows = -(-len(flat) // columns)
    share: dict[str, Any] = {"sharex": True, "sharey": True, "squeeze": False}
    figure: Figure
    figure, axes = plt.subplots(rows, columns, figsize=(2.6 * columns + 0.6, 2.4 * rows + 0.5), **share)
    for ax in list(axes.flat)[len(flat) :]:
        ax.axis("off")
    for ax, (name, array) in zip(axes.flat, flat.items(), strict=False):
        if not len(array):
            ax.set_title(f"{name}\nnothing finite", fontsize=12)
            continue
        shares = np.full(len(array), 1 / len(array))
        ax.hist(np.clip(array, edges[0], edges[-1]), bins=edges, weights=shares, color=COLORS[0])
        mean, std = array.mean(), array.std()
        # A mean of 1e-16 is 0 up to rounding errors.
        mean = 0.0 if abs(mean) < 1e-9 * std else mean
        ax.set_title(f"{name}\nmean {mean:.2g}, std {std:.2g}", fontsize=12)
    figure.supxlabel(x, fontsize=13)
    figure.supylabel("share", fontsize=13)
    if title:
        figure.suptitle(title, fontsize=14)
    return figure
