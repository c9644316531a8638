"""Probes of lesson 02a, penalties and early stopping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks.answer_types import Labels, NumberWith, OrderingOf, SubsetOf
from course_utils.checks.probe import Recorder, probe, question

Array = NDArray[np.float64]
Rng = np.random.RandomState
Function = Callable[..., Any]

question("fit_of_each_model", Labels(("a", "b", "c", "d", "e"), ("underfits", "fits", "overfits")))
question("contrast_order", OrderingOf(("a", "b", "c", "d")))
question("lambda_of_colleague", NumberWith(0.0, 20000.0, 4))
question("true_of_penalties", SubsetOf(("a", "b", "c", "d", "e", "f", "g")))


def _number(rng: Rng, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 2)


def _away_from_zero(rng: Rng, *shape: int) -> Array:
    """Draw numbers of either sign, with sizes from 0.5 to 2."""
    sizes: Array = (rng.uniform(0.5, 2, shape) * rng.choice([-1.0, 1.0], shape)).round(2)
    return sizes


def _centred(rng: Rng, n: int, dim: int) -> tuple[Array, Array]:
    """Draw X `(n, dim)` and y `(n,)` whose columns sum to 0, so that centring them again changes nothing."""
    table = rng.randn(n - 1, dim + 1).round(2)
    table = np.vstack([table, -table.sum(axis=0).round(2)])
    return table[:, :dim].copy(), table[:, dim].copy()


@probe("samples_needed")
def probe_samples_needed(recorder: Recorder, rng: Rng, samples_needed: Function) -> None:
    per_axis = int(rng.randint(5, 9))
    recorder.ask("the points on one axis", samples_needed, per_axis, 1)
    recorder.ask("the points for three axes", samples_needed, per_axis, 3)
    recorder.ask("the points for four axes, two values on each", samples_needed, 2, int(rng.randint(5, 9)))
    # Needs more than 64 bits; Python's own integers do not overflow.
    recorder.ask("the points for the 64 pixels of a digit", samples_needed, int(rng.randint(10, 20)), 64)
    recorder.ask("the points for seven axes, one value on each", samples_needed, 1, 7)


@probe("distance_contrast")
def probe_distance_contrast(recorder: Recorder, rng: Rng, distance_contrast: Function) -> None:
    for n, dim in ((6, 2), (4, 4), (3, 7), (5, 1)):
        points, query = rng.randn(n, dim).round(2), (3 + rng.rand(dim)).round(2)
        recorder.ask(f"the contrast of {n} points in {dim} dimensions", distance_contrast, points, query)
    points = rng.randn(6, 8).round(2)[::2, ::2]
    recorder.ask("the contrast of a view of a larger array", distance_contrast, points, points.mean(axis=0).round(3))
    # The distances are 5 and 10, whatever the seed.
    recorder.ask(
        "the contrast of distances 5 and 10", distance_contrast, np.array([[3.0, 4.0], [6.0, 8.0]]), np.zeros(2)
    )
    recorder.ask(
        "the contrast of a single point", distance_contrast, rng.randn(1, 3).round(2), 4 + rng.rand(3).round(2)
    )


@probe("distance_contrast", part="arguments")
def probe_distance_contrast_arguments(recorder: Recorder, rng: Rng, distance_contrast: Function) -> None:
    points = rng.randn(5, 3).round(2)
    place = int(rng.randint(5))
    recorder.expect_error(
        "a query that is one of the points: the smallest distance is 0", distance_contrast, points, points[place]
    )
    recorder.ask("a query near a point, which is allowed", distance_contrast, points, points[place] + 0.125)


def _problem(rng: Rng, n: int, dim: int) -> tuple[Array, Array, Array]:
    """Draw w, X and y; no weight is 0."""
    return _away_from_zero(rng, dim), rng.randn(n, dim).round(2), rng.randn(n).round(2)


# Shapes that reveal a transpose or a wrong n: tall, square, wide, a single example, a single weight.
SHAPES = ((6, 3), (3, 3), (2, 4), (1, 3), (5, 1))


@probe("elastic_net_loss")
def probe_elastic_net_loss(recorder: Recorder, rng: Rng, elastic_net_loss: Function) -> None:
    for n, dim in SHAPES:
        lam, ratio = _number(rng, 0.5, 3), _number(rng, 0.15, 0.4)
        recorder.ask(
            f"the loss of {n} examples and {dim} weights", elastic_net_loss, *_problem(rng, n, dim), lam, ratio
        )
    w, X, y = _problem(rng, 6, 3)
    recorder.ask("the loss without a penalty", elastic_net_loss, w, X, y, 0.0, 0.5)
    recorder.ask("the ridge loss", elastic_net_loss, w, X, y, _number(rng, 0.5, 3), 0.0)
    recorder.ask("the lasso loss", elastic_net_loss, w, X, y, _number(rng, 0.5, 3), 1.0)
    recorder.ask("the loss with all weights 0", elastic_net_loss, np.zeros(3), X, y, 0.7, 0.3)


@probe("elastic_net_loss", part="arguments")
def probe_elastic_net_loss_arguments(recorder: Recorder, rng: Rng, elastic_net_loss: Function) -> None:
    w, X, y = _problem(rng, 5, 3)
    recorder.expect_error("a negative lam", elastic_net_loss, w, X, y, -0.1, 0.5)
    recorder.expect_error("an l1_ratio above 1", elastic_net_loss, w, X, y, 0.1, 1.5)
    recorder.expect_error("a negative l1_ratio", elastic_net_loss, w, X, y, 0.1, -0.25)
    recorder.expect_error("one target for five examples", elastic_net_loss, w, X, y[:1], 0.1, 0.5)
    recorder.expect_error("five targets for one example", elastic_net_loss, w, X[:1], y, 0.1, 0.5)
    recorder.expect_error("targets as a column, of shape (5, 1)", elastic_net_loss, w, X, y[:, None], 0.1, 0.5)
    recorder.expect_error("two weights for three columns", elastic_net_loss, w[:2], X, y, 0.1, 0.5)
    recorder.ask("lam = 0 and l1_ratio = 1, which are allowed", elastic_net_loss, w, X, y, 0.0, 1.0)


@probe("elastic_net_gradient")
def probe_elastic_net_gradient(recorder: Recorder, rng: Rng, elastic_net_gradient: Function) -> None:
    # A square X first: using X instead of X.T gives a result for it, although a wrong one, so that this mistake differs
    # from answers that always fail.
    for n, dim in sorted(SHAPES, key=lambda shape: shape[0] != shape[1]):
        lam, ratio = _number(rng, 0.5, 3), _number(rng, 0.15, 0.4)
        says = f"the gradient for {n} examples and {dim} weights"
        recorder.ask(says, elastic_net_gradient, *_problem(rng, n, dim), lam, ratio)
    w, X, y = _problem(rng, 6, 3)
    recorder.ask("the gradient without a penalty", elastic_net_gradient, w, X, y, 0.0, 0.5)
    recorder.ask("the ridge gradient", elastic_net_gradient, w, X, y, _number(rng, 0.5, 3), 0.0)
    recorder.ask("the lasso gradient", elastic_net_gradient, w, X, y, _number(rng, 0.5, 3), 1.0)
    w = np.array([w[0], 0.0, w[2]])
    recorder.ask("the gradient with one weight 0", elastic_net_gradient, w, X, y, 1.5, 0.75)


@probe("ridge_closed_form")
def probe_ridge_closed_form(recorder: Recorder, rng: Rng, ridge_closed_form: Function) -> None:
    # The centred columns of a square or wide X are linearly dependent: without a penalty the result would depend on
    # rounding. With some more rows than columns, it is well determined with every seed.
    for n, dim in ((7, 3), (8, 1), (10, 5)):
        says = f"the weights for {n} examples and {dim} columns"
        recorder.ask(says, ridge_closed_form, *_centred(rng, n, dim), _number(rng, 0.3, 2))
    recorder.ask("the weights without a penalty", ridge_closed_form, *_centred(rng, 9, 2), 0.0)
    recorder.ask("the weights with a large penalty", ridge_closed_form, *_centred(rng, 6, 3), 1000.0, atol=1e-12)


@probe("soft_threshold")
def probe_soft_threshold(recorder: Recorder, rng: Rng, soft_threshold: Function) -> None:
    t = _number(rng, 0.3, 0.7)
    z = np.append(_away_from_zero(rng, 3) + 0.0, [t / 2, -t / 2, 1.7, -1.9, 0.0]).round(3)
    recorder.ask("the numbers after the threshold", soft_threshold, z, t)
    recorder.ask("the numbers with the threshold 0", soft_threshold, z, 0.0)
    recorder.ask("numbers as large as the threshold", soft_threshold, np.array([0.5, -0.5, 1.5]), 0.5)
    recorder.ask("the numbers, shape (2, 3)", soft_threshold, (2 * rng.randn(3, 2)).round(2).T, t)
    recorder.ask("one number", soft_threshold, -round(1 + rng.rand(), 2), t)
    recorder.ask("one small number", soft_threshold, 0.125, t)


@probe("proximal_step")
def probe_proximal_step(recorder: Recorder, rng: Rng, proximal_step: Function) -> None:
    for n, dim in SHAPES:
        # The threshold is small, so that some weights survive; the rate is large, so that it shows where it is used.
        lam, ratio, lr = _number(rng, 0.8, 1.6), _number(rng, 0.2, 0.5), _number(rng, 0.3, 0.6)
        w, X, y = _problem(rng, n, dim)
        says = f"the step for {n} examples and {dim} weights"
        recorder.ask(says, proximal_step, w + np.sign(w), X, y, lam, ratio, lr)
    w, X, y = _problem(rng, 6, 4)
    recorder.ask("a step with a penalty so large that all weights become 0", proximal_step, w, X, y, 50.0, 1.0, 0.5)
    recorder.ask("the ridge step", proximal_step, w, X, y, 0.9, 0.0, 0.3)
    recorder.ask("the step without a penalty", proximal_step, w, X, y, 0.0, 0.5, 0.3)
    w = np.zeros(4)
    for step in (1, 2, 3):
        w = recorder.call(f"the lasso weights after step {step} of 3 from 0", proximal_step, w, X, y, 0.05, 1.0, 0.4)


@probe("weight_decay_step")
def probe_weight_decay_step(recorder: Recorder, rng: Rng, weight_decay_step: Function) -> None:
    w, lr, decay = _away_from_zero(rng, 4), _number(rng, 0.2, 0.6), _number(rng, 0.3, 0.8)
    recorder.ask("the new weights", weight_decay_step, w, _away_from_zero(rng, 4), lr, decay)
    recorder.ask("the weights with gradient 0", weight_decay_step, w, np.zeros(4), lr, decay)
    recorder.ask("the weights without decay", weight_decay_step, w, _away_from_zero(rng, 4), lr, 0.0)
    recorder.ask("the weights at a rate of 0", weight_decay_step, w, _away_from_zero(rng, 4), 0.0, decay)
    square, transposed = _away_from_zero(rng, 2, 2), _away_from_zero(rng, 2, 2).T
    recorder.ask("the weights, shape (2, 2)", weight_decay_step, square, transposed, lr, decay)
    for step in (1, 2, 3):
        w = recorder.call(
            f"the weights after step {step} of 3", weight_decay_step, w, _away_from_zero(rng, 4), lr, decay
        )


@probe("early_stopping")
def probe_early_stopping(recorder: Recorder, rng: Rng, early_stopping: Function) -> None:
    recorder.ask("a loss that falls to the end", early_stopping, [0.9, 0.7, 0.6, 0.5], 2)
    recorder.ask("a loss that rises from the start", early_stopping, [0.5, 0.6, 0.7, 0.8, 0.9], 3)
    # A rise, then a slow fall that never reaches the old best.
    recorder.ask("a loss that falls again but stays above its best", early_stopping, [0.3, 0.9, 0.8, 0.7, 0.6, 0.5], 4)
    recorder.ask("a better loss after the stop", early_stopping, [0.5, 0.6, 0.7, 0.1, 0.2], 2)
    recorder.ask("bad epochs that alternate with new bests", early_stopping, [0.9, 0.95, 0.8, 0.85, 0.7, 0.75], 2)
    recorder.ask("a loss that equals the best", early_stopping, [0.5, 0.5, 0.5, 0.4], 2)
    recorder.ask("a single epoch", early_stopping, [0.7], 1)
    recorder.ask("patience that runs out at the last epoch", early_stopping, [0.6, 0.7, 0.5, 0.6, 0.8], 2)
    # Multiples of 1/8 are exact in binary: best - min_delta must not depend on rounding.
    slow = [1.0, 0.875, 0.75, 0.625, 0.5, 0.375]
    recorder.ask("gains of exactly min_delta", early_stopping, slow, 3, 0.125)
    recorder.ask("small gains that add up to a large one", early_stopping, slow, 3, min_delta=0.25)
    for patience, min_delta in ((1, 0.0), (2, 0.125), (3, 0.0), (3, 0.25), (5, 0.125)):
        losses = (rng.randint(1, 9, size=14) / 8 + np.linspace(1, 0, 14).round(1) // 0.25 / 8).tolist()
        says = f"random losses, patience {patience}, min_delta {min_delta}"
        recorder.ask(says, early_stopping, losses, patience, min_delta)
    recorder.ask("losses in an array", early_stopping, np.array([0.4, 0.3, 0.5, 0.4, 0.6]), 3)


@probe("early_stopping", part="arguments")
def probe_early_stopping_arguments(recorder: Recorder, rng: Rng, early_stopping: Function) -> None:
    losses = rng.randint(1, 9, size=5) / 8
    recorder.expect_error("no loss at all", early_stopping, [], 3)
    recorder.expect_error("an empty array of losses", early_stopping, losses[:0], 3)
    recorder.expect_error("a patience of 0", early_stopping, losses.tolist(), 0)
    recorder.expect_error("a negative patience", early_stopping, losses.tolist(), -2)
    recorder.ask("a patience of 1, which is allowed", early_stopping, losses.tolist(), 1)


@probe("project_l1_ball")
def probe_project_l1_ball(recorder: Recorder, rng: Rng, project_l1_ball: Function) -> None:
    radius = _number(rng, 1.2, 2)
    recorder.ask("a point far outside the ball", project_l1_ball, (3 * _away_from_zero(rng, 5)).round(2), radius)
    spread = np.array([2.5, -1.6, 0.4, -0.05, 0.9]) + rng.uniform(-0.04, 0.04, 5).round(3)
    recorder.ask("a point whose small entries become 0", project_l1_ball, spread)
    inside = rng.uniform(-0.15, 0.15, 5).round(2)
    recorder.ask("a point inside the ball, which stays", project_l1_ball, inside)
    recorder.ask("the centre of the ball", project_l1_ball, np.zeros(3), radius)
    recorder.ask("a point on the surface of the ball", project_l1_ball, np.array([0.5, -0.25, 0.25]))
    recorder.ask("a point with equal entries", project_l1_ball, np.full(4, round(1 + rng.rand(), 2)), radius)
    recorder.ask("two large entries of opposite signs, one zero", project_l1_ball, np.array([2.0, -2.0, 0.0]), radius)
    recorder.ask("one dimension", project_l1_ball, np.array([-round(3 + rng.rand(), 2)]), radius)
    recorder.ask("many dimensions", project_l1_ball, rng.randn(30).round(2), 3.0)
    recorder.ask("a view of a larger array", project_l1_ball, (2 * rng.randn(10)).round(2)[::2], 1.5)
