"""Probes of lesson 01."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks.answer_types import Labels, NumberWith, OrderingOf, SubsetOf
from course_utils.checks.probe import Call, Recorder, probe, question
from course_utils.checks.remote_calls import promise
from course_utils.checks.statistics import empty_share_tolerance, fraction_tolerance, mean_tolerance, pairings

Function = Callable[..., Any]
Draw = np.random.RandomState


def _rate(rng: Draw) -> float:
    """Draw an initial learning rate between 0.11 and 0.91."""
    return round(0.11 + 0.8 * rng.rand(), 2)


@probe("sgd_step")
def probe_sgd_step(recorder: Recorder, rng: Draw, sgd_step: Function) -> None:
    w, lr = rng.randn(5).round(2), _rate(rng)
    recorder.ask("the new weights of one step", sgd_step, w, rng.randn(5).round(2), lr)
    recorder.ask("the new weights, shape (2, 3)", sgd_step, rng.randn(2, 3).round(2), rng.randn(2, 3).round(2), lr)
    recorder.ask("the new weight, a single number", sgd_step, round(rng.randn(), 2), -0.7, lr)
    recorder.ask("the weights at a rate of 0", sgd_step, w, rng.randn(5).round(2), 0.0)
    columns, transposed = rng.randn(3, 4).round(2)[:, ::2], rng.randn(2, 3).round(2).T
    recorder.ask("the new weights from views of larger arrays", sgd_step, columns, transposed, lr)
    for step in (1, 2, 3):
        w = recorder.call(f"the weights after step {step} of 3", sgd_step, w, rng.randn(5).round(2), lr / step)


@probe("inverse_time_decay")
def probe_inverse_time_decay(recorder: Recorder, rng: Draw, inverse_time_decay: Function) -> None:
    for epoch in (1, 2, 3, 4):
        recorder.ask(f"the rate at epoch {epoch} of the worked table", inverse_time_decay, 0.2, epoch, 1.0)
    lr0, decay_rate = _rate(rng), round(0.2 + rng.rand(), 2)
    for epoch in (0, 3, int(rng.randint(8, 40))):
        recorder.ask(f"the rate at epoch {epoch}", inverse_time_decay, lr0, epoch, decay_rate)


@probe("inverse_time_decay", part="arguments")
def probe_inverse_time_decay_arguments(recorder: Recorder, rng: Draw, inverse_time_decay: Function) -> None:
    lr0 = _rate(rng)
    recorder.expect_error("a negative decay rate", inverse_time_decay, lr0, 5, -0.1)
    recorder.expect_error("a negative epoch", inverse_time_decay, lr0, -1, 0.5)
    recorder.expect_error("a negative first rate", inverse_time_decay, -lr0, 5, 0.5)
    recorder.ask("epoch 5, an ordinary one", inverse_time_decay, lr0, 5, 0.5)
    recorder.ask("a decay rate of 0, which is allowed", inverse_time_decay, lr0, 5, 0.0)


@probe("exponential_decay")
def probe_exponential_decay(recorder: Recorder, rng: Draw, exponential_decay: Function) -> None:
    lr0, gamma = _rate(rng), round(0.55 + 0.3 * rng.rand(), 2)
    for epoch in (0, 1, 2, int(rng.randint(7, 15))):
        recorder.ask(f"the rate at epoch {epoch}", exponential_decay, lr0, epoch, gamma)
    recorder.ask("the rate at epoch 3 with the default gamma", exponential_decay, lr0, 3)
    recorder.ask("the rate at epoch 30 with the default gamma", exponential_decay, lr0, 30)
    recorder.ask("the rate at epoch 6 with gamma 1", exponential_decay, lr0, 6, gamma=1.0)


@probe("inverse_sqrt_decay")
def probe_inverse_sqrt_decay(recorder: Recorder, rng: Draw, inverse_sqrt_decay: Function) -> None:
    lr0, k = _rate(rng), round(1.5 + rng.rand(), 2)
    # Step 2 first, so that an answer that fails only at step 1 differs from one that always fails.
    for t in (2, 1, 3, int(rng.randint(10, 99))):
        recorder.ask(f"the rate at step {t}, k = 1", inverse_sqrt_decay, lr0, t)
        recorder.ask(f"the rate at step {t}, k = {k}", inverse_sqrt_decay, lr0, t, k=k)


@probe("inverse_sqrt_decay", part="arguments")
def probe_inverse_sqrt_decay_arguments(recorder: Recorder, rng: Draw, inverse_sqrt_decay: Function) -> None:
    lr0 = _rate(rng)
    recorder.expect_error("step 0", inverse_sqrt_decay, lr0, 0)
    recorder.expect_error("a negative step", inverse_sqrt_decay, lr0, -3)
    recorder.ask("step 2, an ordinary one", inverse_sqrt_decay, lr0, 2)
    recorder.ask("step 1, the first", inverse_sqrt_decay, lr0, 1)


@probe("step_decay")
def probe_step_decay(recorder: Recorder, rng: Draw, step_decay: Function) -> None:
    lr0, factor, every = _rate(rng), round(0.3 + 0.4 * rng.rand(), 2), int(rng.randint(4, 8))
    # Both sides of the first two drops, and the middle of a stair.
    for epoch in (0, every - 1, every, every + 2, 2 * every - 1, 2 * every, 3 * every + 1):
        recorder.ask(f"the rate at epoch {epoch}, a drop every {every} epochs", step_decay, lr0, epoch, factor, every)
    for epoch in (9, 10, 37):
        recorder.ask(f"the rate at epoch {epoch} with the default drops", step_decay, lr0, epoch)


@probe("linear_decay")
def probe_linear_decay(recorder: Recorder, rng: Draw, linear_decay: Function) -> None:
    lr0, total = _rate(rng), int(rng.randint(7, 25))
    for epoch in (0, 1, 5, total - 1, total, total + 1, 3 * total):
        recorder.ask(f"the rate at epoch {epoch} of {total}", linear_decay, lr0, epoch, total)


@probe("linear_decay", part="arguments")
def probe_linear_decay_arguments(recorder: Recorder, rng: Draw, linear_decay: Function) -> None:
    lr0 = _rate(rng)
    recorder.expect_error("a total of 0", linear_decay, lr0, 0, 0)
    recorder.expect_error("a negative total", linear_decay, lr0, 2, -5)
    recorder.ask("a total of 1, which is allowed", linear_decay, lr0, 0, 1)


@probe("cosine_decay")
def probe_cosine_decay(recorder: Recorder, rng: Draw, cosine_decay: Function) -> None:
    lr0, total = _rate(rng), int(rng.randint(7, 25))
    lr_min = round(lr0 / 10, 3)
    for epoch in (0, 1, 4, total - 1, total, total + 3):
        recorder.ask(f"the rate at epoch {epoch} of {total}", cosine_decay, lr0, epoch, total)
        recorder.ask(
            f"the rate at epoch {epoch} of {total}, falling to {lr_min}", cosine_decay, lr0, epoch, total, lr_min=lr_min
        )


@probe("cosine_decay", part="arguments")
def probe_cosine_decay_arguments(recorder: Recorder, rng: Draw, cosine_decay: Function) -> None:
    lr0 = _rate(rng)
    recorder.expect_error("a total of 0", cosine_decay, lr0, 0, 0)
    recorder.expect_error("a negative total", cosine_decay, lr0, 2, -5)
    recorder.ask("a total of 1, which is allowed", cosine_decay, lr0, 0, 1)


def _schedule(rng: Draw) -> tuple[Function, str]:
    """Return a decreasing schedule, and the code of it."""
    low, span = round(0.05 + 0.1 * rng.rand(), 2), round(0.3 + 0.4 * rng.rand(), 2)

    def schedule(epoch: int) -> float:
        return low + span / (epoch + 2)

    promise(schedule, lambda: {epoch: schedule(epoch) for epoch in range(-1, 30)})
    schedule.__name__ = f"lambda epoch: {low} + {span} / (epoch + 2)"
    return schedule, schedule.__name__


@probe("with_warmup")
def probe_with_warmup(recorder: Recorder, rng: Draw, with_warmup: Function) -> None:
    schedule, text = _schedule(rng)
    warmed_by = {
        warmup: recorder.call(f"the result for {warmup} warm-up epochs", with_warmup, schedule, warmup)
        for warmup in (4, 1, 0)
    }
    for warmup, warmed in warmed_by.items():
        for epoch in (0, 1, 3, 4, 5, int(rng.randint(9, 30))):
            says = f"the rate at epoch {epoch} with {warmup} warm-up epochs"
            recorder.ask(says, warmed, epoch, shown=f"with_warmup({text}, {warmup})({epoch})")


@probe("with_warmup", part="arguments")
def probe_with_warmup_arguments(recorder: Recorder, rng: Draw, with_warmup: Function) -> None:
    schedule, text = _schedule(rng)
    recorder.expect_error("a negative number of warm-up epochs", with_warmup, schedule, -1)
    recorder.ask("3 warm-up epochs", with_warmup, schedule, 3)
    warmed = recorder.call("0 warm-up epochs, which are allowed", with_warmup, schedule, 0)
    recorder.ask("the rate at epoch 0 with 0 warm-up epochs", warmed, 0, shown=f"with_warmup({text}, 0)(0)")


@probe("plateau_decay")
def probe_plateau_decay(recorder: Recorder, rng: Draw, plateau_decay: Function) -> None:
    lr0 = _rate(rng)
    recorder.ask("the rate before any loss is known", plateau_decay, lr0, [])
    recorder.ask("the rate while every loss is a new best", plateau_decay, lr0, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    for count in (3, 4, 6, 7, 10):
        recorder.ask(f"the rate after {count} equal losses", plateau_decay, lr0, [0.5] * count)
    # After the cut the losses fall again, but never below the old best.
    recorder.ask("the rate after a rise and a slow fall", plateau_decay, lr0, [0.3, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    zigzag = [0.9, 0.95, 0.8, 0.85, 0.7, 0.75, 0.6, 0.65]
    recorder.ask("the rate if bad epochs alternate with new bests", plateau_decay, lr0, zigzag)
    for patience in (1, 2, 4):
        # Few different values, so that a loss often equals the best.
        losses = (rng.randint(1, 9, size=24) / 10).tolist()
        for length in (12, 24):
            says = f"the rate after {length} losses, patience {patience}"
            recorder.ask(says, plateau_decay, lr0, losses[:length], factor=0.7, patience=patience)
    recorder.ask("the rate for losses in an array", plateau_decay, lr0, np.array([0.4, 0.6, 0.5, 0.4, 0.3]), 0.1)


@probe("stationary_variance")
def probe_stationary_variance(recorder: Recorder, rng: Draw, stationary_variance: Function) -> None:
    for size in ("small", "medium", "large"):
        curvature, noise_std = round(0.5 + 3 * rng.rand(), 2), round(1.2 + rng.rand(), 2)
        share = {"small": 0.02, "medium": 0.8, "large": 1.9}[size]
        lr = round(share / curvature, 4)
        recorder.ask(f"the variance at a {size} rate", stationary_variance, lr, curvature, noise_std)
    recorder.ask("the variance without noise", stationary_variance, 0.3, 2.0, 0.0)


@probe("stationary_variance", part="arguments")
def probe_stationary_variance_arguments(recorder: Recorder, rng: Draw, stationary_variance: Function) -> None:
    curvature = 2.0 ** rng.randint(0, 3)
    recorder.expect_error(
        "a rate that is too high: lr*curvature above 2", stationary_variance, 2.5 / curvature, curvature, 1.0
    )
    recorder.expect_error("a rate at the limit: lr*curvature = 2", stationary_variance, 2.0 / curvature, curvature, 1.0)
    recorder.expect_error("a rate of 0", stationary_variance, 0.0, curvature, 1.0)
    recorder.expect_error("a negative rate", stationary_variance, -0.1, curvature, 1.0)
    recorder.expect_error("a curvature of 0", stationary_variance, 0.1, 0.0, 1.0)
    recorder.ask(
        "a rate just below the limit, which is allowed", stationary_variance, 1.96875 / curvature, curvature, 1.0
    )


def _losses_in_turn(losses: list[float]) -> tuple[Function, list[float]]:
    """Return a function whose calls return the losses one after another (the last one if there are no more), and the
    list of the rates that it is called with. The function's name is code for such a function."""
    rates: list[float] = []

    def loss_after_step(lr: float) -> float:
        rates.append(float(lr))
        return losses[min(len(rates), len(losses)) - 1]

    # Calls after the last of these losses are answered in this process.
    promise(loss_after_step, lambda: losses[len(rates) :])
    text = re.sub(r"\b(nan|inf)\b", r"np.\1", repr(losses))
    loss_after_step.__name__ = f"lambda lr, losses=iter({text}): next(losses)"
    return loss_after_step, rates


@probe("lr_range_test")
def probe_lr_range_test(recorder: Recorder, rng: Draw, lr_range_test: Function) -> None:
    falling = (2 - np.sort(rng.rand(6))).round(2).tolist()
    nan, inf = float("nan"), float("inf")
    cases = {
        "if every loss is finite": falling,
        "if the fourth loss is NaN": [*falling[:3], nan, 1.5, inf, 1.2],
        "if the fifth loss is infinite": [*falling[:4], inf, 1.5, nan, 1.2],
        "if the first loss is infinite": [inf, *falling],
        "if the last loss is NaN": [*falling, nan],
    }
    lr_min, lr_max = round(0.001 + 0.004 * rng.rand(), 4), round(0.5 + rng.rand(), 2)
    for says, losses in cases.items():
        loss_after_step, rates = _losses_in_turn(losses)
        recorder.ask(f"rates and losses {says}", lr_range_test, loss_after_step, lr_min, lr_max, len(losses))
        recorder.observe_later(f"the rates at which a step was taken {says}", functools.partial(np.array, rates))
    loss_after_step, _ = _losses_in_turn(falling)
    recorder.ask("rates and losses of two steps", lr_range_test, loss_after_step, lr_min, lr_max, 2)


@probe("lr_range_test", part="arguments")
def probe_lr_range_test_arguments(recorder: Recorder, rng: Draw, lr_range_test: Function) -> None:
    lr = _rate(rng)
    bad = {
        "a lowest rate of 0": (0.0, lr, 5),
        "a negative lowest rate": (-lr, lr, 5),
        "a lowest rate above the highest": (lr, lr / 2, 5),
        "a lowest rate equal to the highest": (lr, lr, 5),
        "a single step": (lr / 2, lr, 1),
    }
    for says, (lr_min, lr_max, steps) in bad.items():
        recorder.expect_error(says, lr_range_test, _losses_in_turn([0.5])[0], lr_min, lr_max, steps)
    recorder.ask("two steps, which are allowed", lr_range_test, _losses_in_turn([0.5])[0], lr / 2, lr, 2)


DRAWS, FEW = 20_000, 50


def _drawing(low: float, high: float, count: int, seed: int) -> Call:
    text = f"sample_log_uniform({low}, {high}, {count}, np.random.default_rng({seed}))"
    return Call("sample_log_uniform", (), {}, text)


@probe("sample_log_uniform")
def probe_sample_log_uniform(recorder: Recorder, rng: Draw, sample_log_uniform: Function) -> None:
    seed = int(rng.randint(10**6))
    low, high = round(10 ** rng.uniform(-5, -4), 7), round(10 ** rng.uniform(0.2, 1), 2)
    draw = np.random.default_rng(seed)
    drawn = np.asarray(recorder.sample(f"{DRAWS} values", sample_log_uniform, low, high, DRAWS, draw))
    call = _drawing(low, high, DRAWS, seed)
    # Rounding may move a value slightly beyond an end.
    inside = (drawn >= low * (1 - 1e-9)) & (drawn <= high * (1 + 1e-9))
    recorder.observe("every value lies between low and high", bool(inside.all()), call=call)
    # False alarms with each seed: four shares here and five statistics in `_observe_independence`, 1e-11 each, and
    # 2e-10 for `_are_all_new`; for five seeds below 1.5e-9.
    for edge in np.geomspace(low, high, 6)[1:-1]:
        says = f"the share of values below {edge:.3g}"
        recorder.observe(says, float(np.mean(drawn < edge)), rtol=0, atol=fraction_tolerance(DRAWS), call=call)
    _observe_independence(recorder, _logarithmic(np.clip(drawn, low, high), low, high), call)
    # A few values are enough to test the use of the generator: continuous draws repeat with probability 0.
    draw = np.random.default_rng(seed + 1)
    few = np.asarray(recorder.sample(f"{FEW} values", sample_log_uniform, low, high, FEW, draw))
    again = np.asarray(sample_log_uniform(low, high, FEW, draw))
    twin = np.asarray(sample_log_uniform(low, high, FEW, np.random.default_rng(seed + 1)))
    call = _drawing(low, high, FEW, seed + 1)
    recorder.observe("the next values from the same generator are new", bool(np.all(again != few)), call=call)
    both = _logarithmic(np.concatenate([few.ravel(), again.ravel()]), low, high)
    recorder.observe("in two calls no value repeats or mirrors another one", _are_all_new(both), call=call)
    recorder.observe("a generator in the same state gives the same values", bool(np.array_equal(twin, few)), call=call)
    recorder.observe_shape("a table of values, size (3, 2)", sample_log_uniform, low, high, (3, 2), draw)
    recorder.ask("three values if low equals high", sample_log_uniform, 0.25, 0.25, 3, draw)


def _logarithmic(values: Any, low: float, high: float) -> Any:
    """Return the position of values on the logarithmic scale from low (0) to high (1); NaN if not positive."""
    with np.errstate(all="ignore"):
        return np.log(np.asarray(values, dtype=float) / low) / np.log(high / low)


def _observe_independence(recorder: Recorder, places: Any, call: Call) -> None:
    """Observe statistics that distinguish independent draws from sorted, repeated, mirrored or evenly spaced ones."""
    count = len(places)
    for name, (one, other) in pairings(places).items():
        which = "the next one" if name == "neighbours" else f"the one {count // 2} places after it"
        says = f"the share of values that are smaller than {which}, {count // 2} pairs"
        recorder.observe(says, float(np.mean(one < other)), 0, mean_tolerance(count // 2, 1.0), call)
        # Each product lies between -1/4 and 1/4.
        says = f"the covariance of a value and {which}, on the logarithmic scale"
        recorder.observe(says, float(np.mean((one - 0.5) * (other - 0.5))), 0, mean_tolerance(count // 2, 0.5), call)
    cells = np.unique(np.floor(count * np.nan_to_num(np.minimum(places, 1 - 1e-12))))
    says = f"the share of {count} equal parts of the logarithmic scale without a value"
    recorder.observe(says, 1 - len(cells) / count, 0, empty_share_tolerance(count, count), call)


def _are_all_new(places: Any) -> bool:
    """Return whether all positions on the logarithmic scale differ, and no two of them mirror each other.

    Each of the 4,950 pairs of 100 independent draws is that close by chance with probability at most 4e-14; in total
    2e-10 per seed and 1e-9 for five seeds. Rounding moves a position by less than 1e-15.
    """
    ordered = np.sort(places)
    mirrored = np.sort(np.abs(places - 0.5))
    return not (np.any(np.diff(ordered) < 1e-14) or np.any(np.diff(mirrored) < 1e-14))


@probe("sample_log_uniform", part="arguments")
def probe_sample_log_uniform_arguments(recorder: Recorder, rng: Draw, sample_log_uniform: Function) -> None:
    draw, high = np.random.default_rng(0), _rate(rng)
    recorder.expect_error("a low end of 0", sample_log_uniform, 0.0, high, 3, draw)
    recorder.expect_error("a negative low end", sample_log_uniform, -high, high, 3, draw)
    recorder.expect_error("a low end above the high end", sample_log_uniform, 2 * high, high, 3, draw)
    recorder.observe_shape("a low end close to 0, which is allowed", sample_log_uniform, 1e-12, high, 3, draw)


@probe("one_cycle")
def probe_one_cycle(recorder: Recorder, rng: Draw, one_cycle: Function) -> None:
    lr_max, total = _rate(rng), int(rng.randint(16, 40))
    for epoch in (0, 1, 3, total // 2, total - 2, total - 1, total, total + 7):
        recorder.ask(f"the rate at epoch {epoch} of {total}", one_cycle, lr_max, epoch, total)
    for epoch in (0, 2, 7, 9, 14, 20):
        says = f"the rate at epoch {epoch} of 21 with other shares"
        recorder.ask(says, one_cycle, lr_max, epoch, 21, pct=0.4, div=7.0, final_div=50.0)


@probe("one_cycle", part="arguments")
def probe_one_cycle_arguments(recorder: Recorder, rng: Draw, one_cycle: Function) -> None:
    lr_max = _rate(rng)
    recorder.expect_error("a rise that ends at epoch 0: pct*total is 1", one_cycle, lr_max, 0, 4, pct=0.25)
    recorder.expect_error("a rise that ends before epoch 0", one_cycle, lr_max, 0, 3)
    recorder.ask("a rise of one epoch, which is allowed", one_cycle, lr_max, 1, 4, pct=0.5)


@probe("warmup_stable_decay")
def probe_warmup_stable_decay(recorder: Recorder, rng: Draw, warmup_stable_decay: Function) -> None:
    lr_max, warmup, decay = _rate(rng), int(rng.randint(3, 6)), int(rng.randint(6, 9))
    total = warmup + decay + 5
    edges = (0, 1, warmup - 1, warmup, total - decay - 1, total - decay, total - decay + 1, total - 1, total, total + 4)
    for epoch in edges:
        says = f"the rate at epoch {epoch} of {total}"
        recorder.ask(says, warmup_stable_decay, lr_max, epoch, total, warmup, decay)
    recorder.ask("the first rate without warm-up", warmup_stable_decay, lr_max, 0, total, 0, decay)
    recorder.ask("the last rate without decay", warmup_stable_decay, lr_max, total - 1, total, warmup, 0)
    recorder.ask("the rate after the end, without decay", warmup_stable_decay, lr_max, total, total, warmup, 0)


@probe("warmup_stable_decay", part="arguments")
def probe_warmup_stable_decay_arguments(recorder: Recorder, rng: Draw, warmup_stable_decay: Function) -> None:
    lr_max = _rate(rng)
    recorder.expect_error("a warm-up and a decay that together exceed total", warmup_stable_decay, lr_max, 0, 10, 5, 6)
    recorder.ask("a warm-up and a decay that are together below total", warmup_stable_decay, lr_max, 5, 10, 3, 4)
    recorder.ask("a warm-up and a decay that together equal total", warmup_stable_decay, lr_max, 7, 10, 4, 6)


@probe("cosine_restarts")
def probe_cosine_restarts(recorder: Recorder, rng: Draw, cosine_restarts: Function) -> None:
    lr0, first = _rate(rng), int(rng.randint(5, 8))
    lr_min = round(lr0 / 10, 3)
    for epoch in (0, 2, first - 1, first, first + 1, 2 * first, 3 * first + 2):
        recorder.ask(f"the rate at epoch {epoch}, {first} epochs a cycle", cosine_restarts, lr0, epoch, first)
    # With mult 3 the cycles begin at 0, first, 4*first and 13*first.
    for epoch in (1, first - 1, first, first + 2, 2 * first, 4 * first - 1, 4 * first, 7 * first, 13 * first):
        says = f"the rate at epoch {epoch}, first cycle {first} epochs, mult 3"
        recorder.ask(says, cosine_restarts, lr0, epoch, first, mult=3, lr_min=lr_min)


CURVES = ("a", "b", "c", "d", "e", "f")

question("rate_of_each_curve", Labels(CURVES, ("too high", "high", "good", "low")))
question("largest_rate_first", OrderingOf(("inverse time", "exponential", "step", "linear", "cosine")))
question("robbins_monro_schedules", SubsetOf(("a", "b", "c", "d", "e", "f", "g")))
question("share_of_variance_left", NumberWith(0.0, 10.0, 2))
