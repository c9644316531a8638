"""Figures in one style, one idea each: readable in print, at half size, and without colour vision.

The functions return the axes that they drew into, or the figure if they make several axes. Those with an `ax` parameter
draw into it, and into a new figure if it is None.
"""

from course_utils.plots.contours import animate_path, plot_contours, plot_paths, plot_surface
from course_utils.plots.curves import plot_band, plot_history, plot_losses, plot_schedules, plot_sensitivity
from course_utils.plots.pictures import plot_histograms, plot_images
from course_utils.plots.style import COLORS, style

__all__ = [
    "COLORS",
    "animate_path",
    "plot_band",
    "plot_contours",
    "plot_histograms",
    "plot_history",
    "plot_images",
    "plot_losses",
    "plot_paths",
    "plot_schedules",
    "plot_sensitivity",
    "plot_surface",
    "style",
]
