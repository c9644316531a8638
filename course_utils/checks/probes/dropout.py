"""Probes of lesson 03.

For a random function, a probe observes the types and shapes of the result, properties that always hold, and statistics.
The tolerances of the statistics come from `statistics.py`; each fails by chance with probability at most 1e-11. A few
other properties can fail by chance too, with the far smaller probabilities in the comments. A check runs a probe with
three published or five hidden seeds, so the probability of a false alarm is at most five times the sum of the
probabilities in the probe.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks.answer_types import NumberWith, SubsetOf
from course_utils.checks.probe import Call, Recorder, probe, question
from course_utils.checks.remote_calls import loop_over, made, promise
from course_utils.checks.statistics import (
    mean_tolerance,
    normal_mean_tolerance,
    normal_variance_tolerance,
    pairings,
)

Function = Callable[..., Any]
Draw = np.random.RandomState

SIDE = 170


def _low(rng: Draw) -> float:
    """Draw a probability well below 1/2, so that it differs clearly from its complement."""
    return round(0.15 + 0.15 * rng.rand(), 2)


def _high(rng: Draw) -> float:
    return round(0.7 + 0.1 * rng.rand(), 2)


def _table(rng: Draw, *shape: int) -> NDArray[np.float64]:
    """Draw values of size 0.2 to 2 with either sign; none is 0, so that dropped entries can be recognised."""
    return np.asarray((rng.uniform(0.2, 2.0, shape) * rng.choice([-1.0, 1.0], shape)).round(2))


def _generator(rng: Draw) -> tuple[np.random.Generator, int]:
    seed = int(rng.randint(10**6))
    return np.random.default_rng(seed), seed


def _all_rows_differ(table: NDArray[np.float64]) -> bool:
    # Comparing bytes is a hundred times faster than np.unique over rows.
    return len({row.tobytes() for row in np.ascontiguousarray(table)}) == len(table)


@probe("dropout_forward")
def probe_dropout_forward(recorder: Recorder, rng: Draw, dropout_forward: Function) -> None:
    """False alarms: with each seed four statistics for each of two drop_probs, 1e-11 each; for five seeds 4e-10."""
    draw, seed = _generator(rng)
    for drop_prob in (_low(rng), _high(rng)):
        x = _table(rng, 4, 5)
        says = f"out and mask of a small batch, drop_prob {drop_prob}"
        out, mask = recorder.sample(says, dropout_forward, x, drop_prob, draw)
        recorder.observe("out is x times the mask, entry by entry", bool(np.allclose(out, x * mask)))
        _observe_large_mask(recorder, dropout_forward, drop_prob, seed)
    _observe_fresh_draws(recorder, dropout_forward, _low(rng), draw)
    images = _table(rng, 2, 8, 8, 3)
    out, mask = recorder.sample("out and mask of a batch of images", dropout_forward, images, _low(rng), draw)
    # Each of three pairs of channels, with 128 entries, is equal by chance with probability below 0.75**128 = 1e-16.
    channels = np.moveaxis(mask, -1, 0).reshape(3, -1)
    recorder.observe("each channel of an image has its own zeros", _all_rows_differ(channels))
    view = _table(rng, 6, 8)[::2, ::2].T
    out, mask = recorder.sample("out and mask of a view of a larger array", dropout_forward, view, _low(rng), draw)
    recorder.observe("out is x times the mask if x is a view", bool(np.allclose(out, view * mask)))
    recorder.sample("out and mask of a batch of one example", dropout_forward, _table(rng, 1, 6), 0.5, draw)
    x = _table(rng, 3, 4)
    recorder.ask("out and mask at drop_prob 0", dropout_forward, x, 0.0, draw)
    recorder.ask("the result at test time", dropout_forward, x, _high(rng), draw, train=False)
    recorder.ask("the result at test time, with rng=None", dropout_forward, x, _low(rng), None, False)


def _observe_large_mask(recorder: Recorder, dropout_forward: Function, drop_prob: float, seed: int) -> None:
    """Observe statistics of a mask with 28,900 entries.

    False alarms: two statistics here and two shares in `_observe_order`, at most 1e-11 each; two equal rows or two
    equal columns of 170 entries, below 14,365 * 0.75**170 = 8.3e-18 each. A mask with a single value, or the same mask
    again, is even less likely.
    """
    ones, draw = np.ones((SIDE, SIDE)), np.random.default_rng(seed)
    shown = f"dropout_forward(np.ones(({SIDE}, {SIDE})), {drop_prob}, np.random.default_rng({seed}))"
    call = Call("dropout_forward", (), {}, shown)
    out, mask = recorder.results(dropout_forward, [(ones, drop_prob, draw)])[0]
    calls = [(ones, drop_prob, draw), (ones, drop_prob, np.random.default_rng(seed))]
    again, twin = recorder.results(loop_over(_mask_of, dropout_forward), calls)
    where = f"{ones.size} entries at drop_prob {drop_prob}"
    recorder.observe(f"the different values in the mask, {where}", np.unique(np.round(mask, 9)), call=call)
    tolerance = mean_tolerance(ones.size, 1.0)
    says = f"the share of zeros in the mask, {where}, within {tolerance:.2f}"
    recorder.observe(says, float(np.mean(mask == 0)), 0, tolerance, call)
    # The largest scale, at drop_prob 0.8, is 5.
    tolerance = mean_tolerance(ones.size, 5.0)
    says = f"the mean of out if x is 1, {where}, within {tolerance:.2f}"
    recorder.observe(says, float(np.mean(out)), 0, tolerance, call)
    _observe_order(recorder, "both dropped or both kept", mask == 0, call)
    recorder.observe("each example of the batch has its own mask", _all_rows_differ(mask), call=call)
    recorder.observe("each feature has its own mask", _all_rows_differ(mask.T), call=call)
    recorder.observe("the next mask from the same generator is new", not np.array_equal(again, mask))
    recorder.observe("a generator in the same state gives the same mask", bool(np.array_equal(twin, mask)), call=call)


def _mask_of(forward: Function, *args: Any) -> Any:
    """Return only the second of two results, so that the first is not sent from the answer's process to this one."""
    _, mask = forward(*args)
    return mask


def _observe_order(recorder: Recorder, alike: str, side: Any, call: Call) -> None:
    """Observe how often two entries have the same value in `side`: for pairs of neighbours, and for pairs of one entry
    of the first half and one of the second. Sorted, repeated or mirrored draws change these shares.

    False alarms: two shares, 1e-11 each.
    """
    for name, (one, other) in pairings(side).items():
        which = "neighbours" if name == "neighbours" else "entries half the batch apart"
        tolerance = mean_tolerance(len(one), 1.0)
        says = f"the share of {which} that are {alike}, within {tolerance:.2f}"
        recorder.observe(says, float(np.mean(one == other)), 0, tolerance, call)


def _observe_fresh_draws(
    recorder: Recorder, dropout_forward: Function, drop_prob: float, draw: np.random.Generator
) -> None:  # fmt: skip
    """Observe that the number of dropped entries varies.

    False alarms: all of 40 calls drop the same number of 10 entries with probability at most 0.35**39 = 2e-18, since
    each number has a probability of at most 0.35.
    """
    results = recorder.results(dropout_forward, [(np.ones(10), drop_prob, draw)] * 40)
    counts = {int(np.sum(mask == 0)) for _, mask in results}
    recorder.observe("how many of 10 entries are dropped varies from call to call", len(counts) > 1)


@probe("dropout_forward", part="arguments")
def probe_dropout_forward_arguments(recorder: Recorder, rng: Draw, dropout_forward: Function) -> None:
    x, (draw, _) = _table(rng, 2, 3), _generator(rng)
    recorder.expect_error("a drop_prob of 1, which keeps nothing", dropout_forward, x, 1.0, draw)
    recorder.expect_error("a drop_prob above 1", dropout_forward, x, 1.25, draw)
    recorder.expect_error("a negative drop_prob", dropout_forward, x, -0.1, draw)
    # `expect_error` also observes the form of a result; the other part of the exercise checks its values.
    recorder.expect_error("a drop_prob of 0, which is allowed", dropout_forward, x, 0.0, draw)
    recorder.expect_error("a drop_prob close to 1, which is allowed", dropout_forward, x, 0.99, draw)


def _mask(rng: Draw, *shape: int) -> NDArray[np.float64]:
    """Return a mask that contains 0 and one other value."""
    scale = round(1.2 + 2 * rng.rand(), 2)
    flat = scale * (rng.rand(int(np.prod(shape))) < 0.5)
    flat[:2] = 0.0, scale
    return np.asarray(rng.permutation(flat).reshape(shape))


@probe("dropout_backward")
def probe_dropout_backward(recorder: Recorder, rng: Draw, dropout_backward: Function) -> None:
    for shape in ((4, 5), (3, 3), (2, 4, 4, 3), (1, 6)):
        recorder.ask(f"the gradient, shape {shape}", dropout_backward, _table(rng, *shape), _mask(rng, *shape))
    recorder.ask("the gradient from views", dropout_backward, _table(rng, 4, 6).T[::2], _mask(rng, 3, 8)[:, ::2])
    recorder.ask("the gradient if nothing was dropped", dropout_backward, _table(rng, 2, 3), np.ones((2, 3)))
    recorder.ask("the gradient if everything was dropped", dropout_backward, _table(rng, 2, 3), np.zeros((2, 3)))
    recorder.ask("the gradient at test time, with mask None", dropout_backward, _table(rng, 3, 2), None)


@probe("classic_dropout_predict")
def probe_classic_dropout_predict(recorder: Recorder, rng: Draw, classic_dropout_predict: Function) -> None:
    for drop_prob in (_low(rng), _high(rng), 0.5, 0.0):
        x = _table(rng, 3, 4)
        recorder.ask(f"the output at drop_prob {drop_prob}", classic_dropout_predict, x, drop_prob)
    recorder.ask("the output for images", classic_dropout_predict, _table(rng, 2, 3, 3, 2), _low(rng))
    recorder.ask("the output for a view", classic_dropout_predict, _table(rng, 4, 6)[:, ::3], _low(rng))


def _linear(rng: Draw, dim: int) -> Function:
    w, b = _table(rng, dim), round(rng.rand(), 2)
    return made(f"lambda x: x @ np.array({w.tolist()}) + {b}", _linear_of, w, b)


def _linear_of(w: Any, b: float) -> Function:
    return lambda x: x @ w + b


def _always(value: float) -> Function:
    return lambda x: value


def _kinked(rng: Draw, dim: int) -> Function:
    W = _table(rng, dim, 3)
    return made(f"lambda x: np.maximum(x @ np.array({W.tolist()}), 0)", _kinked_of, W)


def _kinked_of(W: Any) -> Function:
    return lambda x: np.maximum(x @ W, 0)


def _named(function: Function, text: str) -> Function:
    # A card shows a callable argument by its name. This name is code, so that the call can be pasted.
    function.__name__ = text
    return function


@probe("exact_ensemble")
def probe_exact_ensemble(recorder: Recorder, rng: Draw, exact_ensemble: Function) -> None:
    for dim, drop_prob in ((1, _low(rng)), (3, _high(rng)), (5, _low(rng))):
        x, says = _table(rng, dim), f"of {2**dim} masks at drop_prob {drop_prob}"
        recorder.ask(f"the mean {says}, linear predict", exact_ensemble, _linear(rng, dim), x, drop_prob)
        recorder.ask(f"the mean {says}, predict with a ReLU", exact_ensemble, _kinked(rng, dim), x, drop_prob)
    x = _table(rng, 4)
    constant = made("lambda x: 1.0", _always, 1.0)
    recorder.ask("the mean of a predict that always returns 1", exact_ensemble, constant, x, _low(rng))
    recorder.ask("the mean at drop_prob 0", exact_ensemble, _kinked(rng, 4), x, 0.0)


def _in_turn(values: NDArray[np.float64]) -> tuple[Function, list[float]]:
    """Return a `predict` whose i-th call returns x times the i-th value (the last value if there are no more), and the
    list of the numbers that it draws from its rng."""
    draws: list[float] = []

    def predict(x: Any, rng: np.random.Generator) -> Any:
        draws.append(float(rng.random()))
        return x * values[min(len(draws), len(values)) - 1]

    return predict, draws


@probe("mc_dropout")
def probe_mc_dropout(recorder: Recorder, rng: Draw, mc_dropout: Function) -> None:
    for passes, shape in ((5, (4, 3)), (2, (3,)), (3, (3, 3)), (1, (2, 2))):
        values, x, (draw, seed) = _table(rng, passes), _table(rng, *shape), _generator(rng)
        predict, draws = _in_turn(values)
        shown = (
            f"values = iter({values.tolist()}); x = np.array({x.tolist()})\n"
            f"mc_dropout(lambda x, rng: x * next(values), x, {passes}, np.random.default_rng({seed}))"
        )
        says = f"mean and standard deviation over {passes} passes, output of shape {shape}"
        recorder.ask(says, mc_dropout, predict, x, passes, draw, shown=shown)
        recorder.observe(f"the number of calls of predict for {passes} passes", len(draws))
        # Doubles have 53 random bits: two in 10 pairs are equal with probability below 1e-14.
        recorder.observe("each pass draws new numbers", len(set(draws)) == len(draws))
        predict, again = _in_turn(values)
        mc_dropout(predict, x, passes, np.random.default_rng(seed))
        recorder.observe("a generator in the same state leads to the same draws", again == draws)
        predict, others = _in_turn(values)
        mc_dropout(predict, x, passes, np.random.default_rng(seed + 1))
        recorder.observe("a generator in another state leads to different draws", others != draws)
    recorder.ask("mean and standard deviation of one number", mc_dropout, _in_turn(_table(rng, 4))[0], 1.5, 4, draw)


@probe("residual_survival")
def probe_residual_survival(recorder: Recorder, rng: Draw, residual_survival: Function) -> None:
    layers, last = int(rng.randint(6, 20)), round(0.3 + 0.3 * rng.rand(), 2)
    for layer in (1, 2, layers // 2, layers - 1, layers):
        recorder.ask(f"the survival of layer {layer} of {layers}", residual_survival, layer, layers, last)
    recorder.ask("the survival of the only layer", residual_survival, 1, 1, last)
    recorder.ask("the survival of a layer if last is 1", residual_survival, 3, layers, 1.0)
    recorder.ask("the survival of the last layer if last is 0", residual_survival, layers, layers, 0.0)


def _block(rng: Draw) -> tuple[Function, list[int]]:
    """Return a block, and a list that gets one more entry each time the block runs."""
    a, b, runs = round(0.3 + rng.rand(), 2), round(0.2 + rng.rand(), 2), []

    def block(x: Any) -> Any:
        runs.append(1)
        return a * np.maximum(x, 0) - b

    return _named(block, f"lambda x: {a} * np.maximum(x, 0) - {b}"), runs


SURVIVALS = 1000


@probe("stochastic_depth_forward")
def probe_stochastic_depth_forward(recorder: Recorder, rng: Draw, stochastic_depth_forward: Function) -> None:
    block, (draw, seed) = _block(rng)[0], _generator(rng)
    x, survival = _table(rng, 4, 3), _high(rng)
    recorder.sample("the output in training", stochastic_depth_forward, x, block, survival, draw, hide=1)
    _observe_both_ways(recorder, rng, stochastic_depth_forward, draw)
    _observe_survivals(recorder, stochastic_depth_forward, _high(rng), draw, seed)
    recorder.ask("the output at survival 1", stochastic_depth_forward, x, block, 1.0, draw, hide=1)
    for survival in (_low(rng), _high(rng)):
        recorder.ask("the result at test time", stochastic_depth_forward, x, block, survival, draw, train=False)
    view = _table(rng, 4, 6)[:, ::2].T
    says = "the result at test time, with rng=None"
    recorder.ask(says, stochastic_depth_forward, view, block, 0.4, None, False)


def _constant(values: NDArray[np.float64], text: str) -> tuple[Function, list[Any]]:
    """Return a block that returns these values whatever its x is, and the list of the x of each of its runs."""
    runs: list[Any] = []

    def block(x: Any) -> Any:
        runs.append(copy.deepcopy(x))
        return values.copy()

    promise(block, lambda: [values.copy()])
    return _named(block, f"lambda x: {text}"), runs


def _observe_both_ways(
    recorder: Recorder, rng: Draw, stochastic_depth_forward: Function, draw: np.random.Generator
) -> None:  # fmt: skip
    """Observe the output when the block is kept and when it is skipped, and how often the block runs.

    False alarms: in all of 80 calls the block is kept, or in all skipped, with probability at most 0.65**80 = 1e-15.
    """
    x, survival, branch = _table(rng, 2, 2), round(0.55 + 0.1 * rng.rand(), 2), _table(rng, 2, 2)
    blocks = [_constant(branch, f"np.array({branch.tolist()})") for _ in range(80)]
    # Each call gets its own copy of x, so that a call that changes x does not affect the others.
    results = recorder.results(stochastic_depth_forward, [(x.copy(), block, survival, draw) for block, _ in blocks])
    flags = [kept for _, kept in results]
    single = all(np.ndim(kept) == 0 and kept in (True, False) for kept in flags)
    recorder.observe("kept is a single True or False", single)
    call = Call("stochastic_depth_forward", (x, blocks[0][0], survival, draw), {})
    for way, word in ((True, "kept"), (False, "skipped")):
        places = [place for place, kept in enumerate(flags) if bool(np.all(kept)) == way]
        out = results[places[-1]][0] if places else None
        recorder.observe(f"the output in training when the block is {word}", out, call=call)
        counts = {len(blocks[place][1]) for place in places}
        recorder.observe(f"how often the block runs when it is {word}", sorted(counts))
    given = [runs[0] for _, runs in blocks if runs]
    recorder.observe("the input of the block in training", given[-1] if given else None, call=call)


def _observe_survivals(
    recorder: Recorder, stochastic_depth_forward: Function, survival: float, draw: np.random.Generator, seed: int
) -> None:
    """Observe how often blocks survive.

    False alarms: the share is wrong with probability 1e-11, for five seeds 5e-11. The others are far less likely: an
    event of probability 0.1 happens in 75 or more of 150 calls with probability at most (2 * sqrt(0.1 * 0.9))**150 =
    5e-34 (Chernoff).
    """
    x, block = np.ones(1), _named(lambda x: np.ones(1), "lambda x: np.ones(1)")
    # The result is known, so that the block need not run in this process; `_observe_both_ways` counts the runs.
    promise(block, lambda: {None: np.ones(1)})

    def flags(survival: float, calls: int, draw: np.random.Generator) -> list[Any]:
        results = recorder.results(stochastic_depth_forward, [(x, block, survival, draw)] * calls)
        return [kept for _, kept in results]

    share = float(np.mean(flags(survival, SURVIVALS, draw)))
    tolerance = mean_tolerance(SURVIVALS, 1.0)
    says = f"the share of blocks kept in {SURVIVALS} calls at survival {survival}, within {tolerance:.2f}"
    recorder.observe(says, share, 0, tolerance)
    recorder.observe("most blocks are kept at survival 0.9", float(np.mean(flags(0.9, 150, draw))) > 0.5)
    recorder.observe("most blocks are skipped at survival 0.1", float(np.mean(flags(0.1, 150, draw))) < 0.5)
    # 60 fair draws are all equal with probability 2**-59.
    first, twin = (flags(0.5, 60, np.random.default_rng(seed)) for _ in range(2))
    recorder.observe("a generator in the same state keeps the same blocks", first == twin)
    recorder.observe("kept varies from call to call", len(set(first)) == 2)


@probe("stochastic_depth_backward")
def probe_stochastic_depth_backward(recorder: Recorder, rng: Draw, stochastic_depth_backward: Function) -> None:
    for shape in ((4, 3), (2, 2), (1, 5), (2, 3, 3, 2)):
        for kept, word in ((True, "kept"), (False, "skipped")):
            (block_backward, runs), dout = _block(rng), _table(rng, *shape)
            says = f"the gradient when the block was {word}, shape {shape}"
            recorder.ask(says, stochastic_depth_backward, dout, block_backward, kept)
            recorder.observe(f"how often block_backward runs when the block was {word}", len(runs))
    recorder.ask("the gradient of a view", stochastic_depth_backward, _table(rng, 4, 6).T[::2], _block(rng)[0], True)


@probe("dropout_penalty")
def probe_dropout_penalty(recorder: Recorder, rng: Draw, dropout_penalty: Function) -> None:
    # Includes a square X, for which mixing up rows and columns raises no error.
    for n, dim in ((6, 3), (4, 4), (1, 3)):
        for drop_prob in (_low(rng), _high(rng)):
            says = f"the penalty for X of shape ({n}, {dim}) at drop_prob {drop_prob}"
            recorder.ask(says, dropout_penalty, _table(rng, dim), _table(rng, n, dim), drop_prob)
    recorder.ask("the penalty at drop_prob 0", dropout_penalty, _table(rng, 3), _table(rng, 5, 3), 0.0)
    recorder.ask("the penalty for a view", dropout_penalty, _table(rng, 6)[::2], _table(rng, 3, 5).T, _low(rng))


NORMAL = 300


@probe("gaussian_dropout")
def probe_gaussian_dropout(recorder: Recorder, rng: Draw, gaussian_dropout: Function) -> None:
    """False alarms: with each seed two statistics of 90,000 draws and eight shares, 1e-11 each, and the zeros below: in
    total 1.1e-10, for five seeds 6e-10. Another generator leads to the same noise with probability 0."""
    draw, seed = _generator(rng)
    x, drop_prob = _table(rng, 4, 5), _high(rng)
    out, noise = recorder.sample("out and noise of a small batch", gaussian_dropout, x, drop_prob, draw)
    recorder.observe("out is x times the noise, entry by entry", bool(np.allclose(out, x * noise)))
    ones = np.ones((NORMAL, NORMAL))
    shown = f"gaussian_dropout(np.ones(({NORMAL}, {NORMAL})), {drop_prob}, np.random.default_rng({seed}))"
    call = Call("gaussian_dropout", (), {}, shown)
    draws = [np.random.default_rng(one) for one in (seed, seed, seed + 1)]
    calls = [(ones, drop_prob, one) for one in draws]
    noise, twin, other = recorder.results(loop_over(_mask_of, gaussian_dropout), calls)
    where = f"{noise.size} entries at drop_prob {drop_prob}"
    # At drop_prob 0.8 the standard deviation is 2.
    tolerance = normal_mean_tolerance(noise.size, 2.0)
    says = f"the mean of the noise, {where}, within {tolerance:.2f}"
    recorder.observe(says, float(np.mean(noise)), 0, tolerance, call)
    tolerance = normal_variance_tolerance(noise.size)
    says = f"the variance of the noise, {where}, within {tolerance:.0%}"
    recorder.observe(says, float(np.var(noise)), tolerance, 0, call)
    tolerance = mean_tolerance(noise.size, 1.0)
    for level in (-1.0, 0.0, 0.5, 1.5, 2.0, 3.0):
        says = f"the share of noise below {level}, {where}, within {tolerance:.2f}"
        recorder.observe(says, float(np.mean(noise < level)), 0, tolerance, call)
    # Each of the 90,000 doubles is exactly 0 with probability below 1e-16; equal rows are even less likely.
    recorder.observe("no noise is exactly 0", bool(np.all(noise != 0)), call=call)
    recorder.observe("each example of the batch has its own noise", _all_rows_differ(noise), call=call)
    recorder.observe("each feature has its own noise", _all_rows_differ(noise.T), call=call)
    _observe_order(recorder, "both above 1 or both below", noise > 1, call)
    recorder.observe("a generator in the same state gives the same noise", bool(np.array_equal(twin, noise)), call=call)
    different = not np.array_equal(other, noise)
    recorder.observe("a generator in another state gives different noise", different, call=call)
    recorder.ask("out and noise at drop_prob 0", gaussian_dropout, x, 0.0, draw)
    recorder.ask("the result at test time", gaussian_dropout, x, drop_prob, draw, train=False)
    recorder.ask("the result at test time, with rng=None", gaussian_dropout, x, _low(rng), None, False)


@probe("drop_connect")
def probe_drop_connect(recorder: Recorder, rng: Draw, drop_connect: Function) -> None:
    """False alarms: with each seed six shares of 32,768 entries, 1e-11 each; for five seeds 3e-10. Two examples, inputs
    or outputs, with 1024 entries each, have equal masks with probability below 0.75**1024."""
    draw, seed = _generator(rng)
    for n, d_in, d_out in ((3, 4, 2), (3, 3, 3), (1, 2, 5)):
        x, W, b = _table(rng, n, d_in), _table(rng, d_in, d_out), _table(rng, d_out)
        says = f"out and mask, x of shape {x.shape} and W of shape {W.shape}"
        out, mask = recorder.sample(says, drop_connect, x, W, b, _low(rng), draw)
        one_by_one = np.array([x[i] @ (W * mask[i]) + b for i in range(n)])
        recorder.observe("each example is multiplied by W times its own mask", bool(np.allclose(out, one_by_one)))
        recorder.ask("out and mask at drop_prob 0", drop_connect, x, W, b, 0.0, draw)
        recorder.ask("the result at test time", drop_connect, x, W, b, _high(rng), None, train=False)
    for drop_prob in (_low(rng), _high(rng)):
        layer = np.ones((32, 32)), np.ones((32, 32)), np.zeros(32)
        text = "np.ones((32, 32)), np.ones((32, 32)), np.zeros(32)"
        call = Call("drop_connect", (), {}, f"drop_connect({text}, {drop_prob}, np.random.default_rng({seed}))")
        draws = [np.random.default_rng(one) for one in (seed, seed, seed + 1)]
        calls = [(*layer, drop_prob, one) for one in draws]
        (_, mask), (_, twin), (_, other) = recorder.results(drop_connect, calls)
        values = np.unique(np.round(mask, 9))
        recorder.observe(f"the different values in the mask at drop_prob {drop_prob}", values, call=call)
        tolerance = mean_tolerance(mask.size, 1.0)
        says = f"the share of zeros in the mask at drop_prob {drop_prob}, within {tolerance:.2f}"
        recorder.observe(says, float(np.mean(mask == 0)), 0, tolerance, call)
        for axis, what in enumerate(("example", "input", "output")):
            slices = np.moveaxis(mask, axis, 0).reshape(32, -1)
            recorder.observe(f"each {what} has its own mask", _all_rows_differ(slices), call=call)
        _observe_order(recorder, "both dropped or both kept", mask == 0, call)
        different, equal = not np.array_equal(other, mask), bool(np.array_equal(twin, mask))
        recorder.observe("a generator in another state gives a different mask", different, call=call)
        recorder.observe("a generator in the same state gives the same mask", equal, call=call)


question("share_left_after_five", NumberWith(0.0, 10.0, 2))
question("drops_a_fifth", SubsetOf(("a", "b", "c", "d", "e", "f")))
question("true_of_dropout", SubsetOf(("a", "b", "c", "d", "e", "f")))
question("expected_depth", NumberWith(0.0, 60.0, 2))
