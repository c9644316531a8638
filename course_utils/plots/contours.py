"""Contour plots and surfaces of landscapes, and paths on them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from course_utils.landscapes import Landscape
from course_utils.plots.style import label, legend, line_look, marker_look, new_axes, styled

if TYPE_CHECKING:
    from IPython.display import Image
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from PIL.Image import Image as Picture

Array = NDArray[np.float64]


def _levels(z: Array, count: int = 20) -> Array:
    """Return increasing contour levels, at most `count + 1`: quantiles of the values, dense near the bottom.

    With evenly spaced levels, the floor of a steep valley would have no line at all.
    """
    return np.unique(np.quantile(z, np.linspace(0.0, 1.0, count + 1) ** 1.5))


def _figsize(landscape: Landscape) -> tuple[float, float]:
    """Return a figure size in inches for axes of equal scale with a legend next to them."""
    (low_x, high_x), (low_y, high_y) = landscape.view
    return 7.5, float(np.clip(5.2 * (high_y - low_y) / (high_x - low_x) + 0.9, 2.8, 4.8))


@styled
def plot_contours(landscape: Landscape, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw contour lines (lighter is lower) and a star on each known minimum.

    Both axes have the same scale, so that gradients are perpendicular to the contour lines.
    """
    # The "compressed" layout supports axes with a fixed aspect ratio; "constrained" may cut off the legend.
    ax = new_axes(ax, _figsize(landscape), layout="compressed")
    x, y, z = landscape.grid()
    levels = _levels(z)
    shades = [str(shade) for shade in np.linspace(1.0, 0.72, len(levels) - 1)]
    ax.contourf(x, y, z, levels=levels, colors=shades)
    ax.contour(x, y, z, levels=levels, colors="0.55", linewidths=0.6, linestyles="solid")
    lowest = [] if landscape.minimum is None else [landscape.minimum]
    minima = np.array([*lowest, *landscape.others])
    if len(minima):
        # Above the paths, which would otherwise hide the star where they end.
        ax.plot(minima[:, 0], minima[:, 1], "*", color="#F0E442", markeredgecolor="black", markersize=17, zorder=3)
    ax.set(xlim=landscape.view[0], ylim=landscape.view[1], aspect="equal")
    ax.grid(False)
    label(ax, landscape.name if title is None else title, "$w_1$", "$w_2$")
    return ax


def _path_lines(ax: Axes, paths: Mapping[str, Array]) -> list[Line2D]:
    lines = []
    for i, (name, path) in enumerate(paths.items()):
        look = {**line_look(i), **marker_look(i, len(path), 12), "markersize": 6, "markeredgecolor": "white"}
        lines += ax.plot(path[:, 0], path[:, 1], label=name, **look)
    return lines


@styled
def plot_paths(
    landscape: Landscape, paths: Mapping[str, Array], ax: Axes | None = None, title: str | None = None
) -> Axes:
    """Draw paths `(T+1, D)`, by name, over the contours, with a dot at each start; D is at least 2.

    Only the first two coordinates are drawn. Parts of a path outside the view are cut off.
    """
    ax = plot_contours(landscape, ax=ax, title=title)
    _path_lines(ax, paths)
    for path in paths.values():
        ax.plot(*path[0, :2], "o", color="black", markersize=8)
    legend(ax, list(paths))
    return ax


@styled
def plot_surface(landscape: Landscape, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw the landscape as a surface in three dimensions; `ax`, if given, must have `projection="3d"`."""
    import matplotlib.pyplot as plt

    axes: Any = plt.figure(figsize=(6.5, 5.0)).add_subplot(projection="3d") if ax is None else ax
    x, y, z = landscape.grid(80)
    axes.plot_surface(x, y, z, cmap="cividis", linewidth=0, antialiased=True)
    label(axes, landscape.name if title is None else title, "$w_1$", "$w_2$")
    axes.set_zlabel("value", labelpad=10)
    axes.set_box_aspect(None, zoom=0.88)
    drawn: Axes = axes
    return drawn


@styled
def animate_path(
    landscape: Landscape,
    paths: Mapping[str, Array],
    title: str | None = None,
    frames: int = 50,
    seconds: float = 4.0,
) -> Image:
    """Return a GIF in which paths `(T+1, D)` grow over the contours, all at the same number of steps per frame.

    About `frames` frames take about `seconds` seconds. The animation plays three times and pauses on the last frame.
    """
    import matplotlib.pyplot as plt
    from IPython.display import Image

    ax = plot_contours(landscape, title=title)
    lines = _path_lines(ax, paths)
    legend(ax, list(paths))
    longest = max(len(path) for path in paths.values())
    pictures = []
    for end in np.unique(np.linspace(1, longest, min(frames, longest)).astype(int)):
        for line, path in zip(lines, paths.values(), strict=True):
            line.set_data(path[:end, 0], path[:end, 1])
        pictures.append(_render(ax.figure))
    plt.close(ax.get_figure(root=True))
    duration = round(1000 * seconds / len(pictures))
    show: Any = Image
    gif: Image = show(_gif(pictures, duration), format="gif", alt=f"Paths on {landscape.name}: {', '.join(paths)}")
    return gif


def _render(figure: Any) -> Picture:
    """Draw the figure with Agg, whichever backend is selected, and return the image."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image as Pictures

    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return Pictures.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _gif(pictures: list[Picture], duration: int) -> bytes:
    """Return a GIF of these frames: `duration` milliseconds each, two seconds for the last, played three times."""
    from PIL.Image import Dither

    # All frames share the palette of the last one, which shows every path: separate palettes make the colours flicker.
    palette = pictures[-1].quantize(255)
    indexed = [picture.quantize(palette=palette, dither=Dither.NONE) for picture in pictures]
    file = io.BytesIO()
    durations = [duration] * (len(indexed) - 1) + [2000]
    indexed[0].save(file, "GIF", save_all=True, append_images=indexed[1:], duration=durations, loop=2)
    return file.getvalue()
