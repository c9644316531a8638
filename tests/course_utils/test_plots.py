"""Each figure shows its data, with labelled axes, and without warnings for any numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from course_utils import plots
from course_utils.landscapes import himmelblau, quadratic, ravine, rosenbrock
from course_utils.training import History

BOWL = ravine(10)
PATHS = {"short": np.array([BOWL.start, [-5.0, 1.0]]), "long": np.linspace([-10.0, 2.0], [0.0, 0.0], 9)}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    mpl.rcdefaults()
    mpl.use("agg")
    yield
    plt.close("all")


def drawn(figure: Any) -> Any:
    """Draw the figure completely, since some warnings appear only then."""
    figure.canvas.draw()
    return figure


def names(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def line(ax: Any, name: str) -> Any:
    return next(line for line in ax.lines if line.get_label() == name)


def test_schedules_are_drawn_epoch_by_epoch() -> None:
    ax = plots.plot_schedules({"flat": lambda _: 0.1, "halved": lambda epoch: 0.5**epoch}, 4)
    np.testing.assert_array_equal(line(ax, "halved").get_xydata(), [[0, 1], [1, 0.5], [2, 0.25], [3, 0.125]])
    assert names(ax) == ["flat", "halved"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "learning rate")


def test_losses_are_drawn_smoothed_over_the_values_before() -> None:
    ax = plots.plot_losses({"run": [4.0, 2.0, 3.0, 1.0]}, smooth=2, x="step")
    np.testing.assert_allclose(line(ax, "run").get_ydata(), [4.0, 3.0, 2.5, 2.0])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [4.0, 2.0, 3.0, 1.0])
    assert ax.get_yscale() == "log"
    assert plots.plot_losses({"run": [1.0]}, log=False).get_yscale() == "linear"


def test_a_history_shows_its_best_epoch() -> None:
    history = History({}, train_losses=[3.0, 2.0, 1.0], validation_losses=[3.0, 2.0, 2.5], best_epoch=1)
    assert names(plots.plot_history(history)) == ["training", "validation", "best, epoch 1"]
    assert names(plots.plot_history(History({}, train_losses=[1.0]))) == ["training"]


def test_rates_that_diverged_are_crosses_and_not_part_of_the_line() -> None:
    ax = plots.plot_sensitivity([0.1, 1.0, 10.0, 100.0], {"sgd": [2.0, 1.0, 50.0, np.nan]}, ceiling=10.0)
    np.testing.assert_array_equal(line(ax, "sgd").get_ydata(), [2.0, 1.0, np.nan, np.nan])
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), [10.0, 100.0])
    assert ax.get_xscale() == "log"


def test_a_band_is_the_median_and_the_middle_of_the_runs() -> None:
    runs = np.arange(11.0)[:, None] + np.array([0.0, 100.0])
    ax = plots.plot_band([1, 2], {"runs": runs}, {"theory": [5.0, 100.0]})
    np.testing.assert_allclose(line(ax, "runs").get_ydata(), [5.0, 105.0])
    edges = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert (edges.min(), edges.max()) == (1.0, 109.0)
    assert names(ax) == ["runs", "theory"]


def test_paths_keep_their_points_and_both_axes_one_scale() -> None:
    ax = plots.plot_paths(BOWL, PATHS)
    np.testing.assert_array_equal(line(ax, "long").get_xydata(), PATHS["long"])
    assert ax.get_aspect() == 1.0
    assert (ax.get_xlim(), ax.get_ylim()) == BOWL.view
    assert ax.get_title(loc="left") == BOWL.name


def test_every_minimum_has_a_star() -> None:
    def stars(landscape: Any) -> int:
        return sum(len(line.get_xdata()) for line in plots.plot_contours(landscape).lines if line.get_marker() == "*")

    assert stars(himmelblau()) == 4
    assert stars(quadratic([[1.0, 0.0], [0.0, -1.0]])) == 0


def test_an_animation_plays_the_paths_and_leaves_no_figure_open() -> None:
    shown = plots.animate_path(BOWL, PATHS, frames=4)
    gif = Image.open(io.BytesIO(shown.data))
    assert gif.n_frames == 4
    assert gif.info["loop"] == 2
    assert shown.alt == "Paths on ravine, condition number 10: short, long"
    assert not plt.get_fignums()
    level = {name: np.stack([path[:, 0], np.full(len(path), 2.0)], axis=1) for name, path in PATHS.items()}
    other = Image.open(io.BytesIO(plots.animate_path(BOWL, level, frames=4).data))
    assert apart(gif, other, frame=0) < 100
    assert apart(gif, other, frame=3) > 200


def test_images_are_in_rows_and_are_clipped() -> None:
    images = np.linspace(-1, 2, 7 * 4 * 4).reshape(7, 4, 4, 1)
    figure = drawn(plots.plot_images(images, titles=np.arange(7), columns=3, title="seven"))
    shown = [ax for ax in figure.axes if ax.images]
    assert len(figure.axes) == 9
    assert [ax.get_title() for ax in shown] == list("0123456")
    assert (shown[0].images[0].get_array().min(), shown[-1].images[0].get_array().max()) == (0.0, 1.0)
    drawn(plots.plot_images([np.zeros((4, 6, 3)), np.zeros((8, 8, 3))]))


def test_a_mean_that_is_zero_up_to_rounding_is_shown_as_zero() -> None:
    figure = drawn(plots.plot_histograms({"a": np.array([-1.0, 1.0, -5e-16]), "b": np.array([1e-16, 3e-16])}))
    first, second = (ax.get_title(loc="left") for ax in figure.axes)
    assert "mean 0, " in first
    assert "mean 2e-16" in second


def test_histograms_share_their_scale_and_count_everything() -> None:
    figure = drawn(plots.plot_histograms({"a": np.arange(10.0), "b": [[np.inf, 5.0]]}, limits=(2.0, 8.0), bins=6))
    a, b = figure.axes
    assert sum(bar.get_height() for bar in a.patches) == pytest.approx(1.0)
    assert a.patches[0].get_height() == pytest.approx(0.3)
    assert sum(bar.get_height() for bar in b.patches) == pytest.approx(1.0)
    assert a.get_title(loc="left") == "a\nmean 4.5, std 2.9"
    assert a.get_xlim() == b.get_xlim()


def apart(one: Any, two: Any, frame: int) -> float:
    """Return the largest difference between two pictures of animations, from 0 to 255."""
    for gif in (one, two):
        gif.seek(frame)
    first, second = (np.asarray(gif.convert("RGB"), dtype=float) for gif in (one, two))
    return float(np.abs(first - second).max())


NAN, HUGE = float("nan"), 1e300
HARD = {
    "no values": lambda: plots.plot_losses({"a": []}),
    "only zeros": lambda: plots.plot_losses({"a": [0.0, 0.0]}),
    "diverged": lambda: plots.plot_losses({"a": [1.0, 1e90, HUGE, np.inf, NAN]}, smooth=2),
    "all rates diverged": lambda: plots.plot_sensitivity([1.0, 2.0], {"a": [NAN, np.inf]}),
    "all runs lost": lambda: plots.plot_band([1, 2], {"a": [[1.0, NAN], [2.0, NAN]]}),
    "path leaves": lambda: plots.plot_paths(rosenbrock(), {"a": np.array([[0, 0], [HUGE, -HUGE], [NAN, NAN]])}),
    "constant histogram": lambda: plots.plot_histograms({"a": np.zeros(5), "b": [NAN]}),
    "nothing to count": lambda: plots.plot_histograms({"a": [NAN]}),
    "surface": lambda: plots.plot_surface(himmelblau()),
    "many lines": lambda: plots.plot_losses({str(i): [1.0, 2.0] for i in range(20)}),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_cases_are_drawn_without_a_warning(name: str) -> None:
    shown = HARD[name]()
    drawn(getattr(shown, "figure", shown))


def test_the_style_is_used_and_then_gone() -> None:
    before = mpl.rcParams.copy()
    ax = plots.plot_losses({"a": [1.0, 2.0]})
    assert ax.xaxis.label.get_fontsize() == 13
    assert line(ax, "a").get_color() == plots.COLORS[0]
    assert mpl.rcParams == before
    with plots.style():
        first, second = plt.plot([0, 1], np.eye(2))
    assert (first.get_color(), second.get_color()) == plots.COLORS[:2]
    assert first.get_linestyle() != second.get_linestyle()
    assert mpl.rcParams == before


def test_a_figure_goes_into_the_axes_that_are_given() -> None:
    _, axes = plt.subplots(1, 2)
    assert plots.plot_losses({"a": [1.0, 2.0]}, ax=axes[0]) is axes[0]
    assert plots.plot_paths(BOWL, PATHS, ax=axes[1]) is axes[1]
    assert len(plt.get_fignums()) == 1
