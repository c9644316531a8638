"""Figures for questions. Their parameters are kept here, so that the notebook's cell does not reveal the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from course_utils.landscapes import noisy_gradient, quadratic
from course_utils.plots.style import COLORS, styled
from course_utils.training import descend, stateless

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STEPS = 400
CURVATURES = np.geomspace(0.05, 1.0, 8)
# The loss grows if the rate is above 2 divided by the largest curvature, which is 1 here.
RATES = {"a": 0.012, "b": 2.03, "c": 0.12, "d": 1.7, "e": 0.0015, "f": 2.3}


def six_runs() -> dict[str, NDArray[np.float64]]:
    """Return the losses `(STEPS + 1,)` of six runs that differ only in their constant rate: same bowl, same noise."""
    bowl = quadratic(np.diag(CURVATURES))
    step = stateless(lambda w, grad, lr: w - lr * grad)
    runs = {}
    for name, lr in RATES.items():
        noisy = noisy_gradient(bowl, 0.3, np.random.default_rng(4))
        with np.errstate(over="ignore"):
            runs[name] = bowl.value(descend(noisy, np.full(8, 4.0), step, lr, STEPS))
    return runs


@styled
def plot_six_runs() -> Figure:
    """Draw the losses of the six runs in panels with shared axes; a dashed line shows the best run's final level."""
    import matplotlib.pyplot as plt

    runs = six_runs()
    best = min(float(np.mean(losses[-50:])) for losses in runs.values())
    figure, axes = plt.subplots(2, 3, figsize=(9.0, 5.0), sharex=True, sharey=True)
    for ax, (name, losses) in zip(axes.flat, runs.items(), strict=True):
        ax.semilogy(losses, color=COLORS[0], linewidth=1.5)
        ax.axhline(best, color="0.3", linestyle="--", linewidth=1.2)
        ax.set(ylim=(best / 3, 1e5), title=name)
    figure.suptitle("One problem, six constant rates: which curve belongs to which rate?")
    figure.supxlabel("step")
    figure.supylabel("loss")
    return figure
