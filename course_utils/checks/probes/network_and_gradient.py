"""Probes of lesson 00b.

The learner decides what a cache contains, so each backward function is tested with the cache that the learner's own
forward function returned. When gradients are compared, no input of a ReLU is exactly 0: as the slope there, both 0 and
1 are accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np

from course_utils.checks.answer_types import NumberWith, SubsetOf
from course_utils.checks.card import argument_text
from course_utils.checks.probe import Call, Recorder, probe, question
from course_utils.checks.statistics import (
    mean_tolerance,
    normal_mean_tolerance,
    pairings,
)

Function = Callable[..., Any]
Draw = np.random.RandomState
Array = np.ndarray
Params = dict[str, Array]

question("gradient_on_paper", NumberWith(-100.0, 100.0, 2))
question("true_of_networks", SubsetOf(("a", "b", "c", "d", "e", "f")))


def _away_from_zero(rng: Draw, *shape: int) -> Array:
    """Draw numbers of size 0.2 to 2 with either sign, so that no input of a ReLU is near 0."""
    return np.asarray((rng.uniform(0.2, 2.0, shape) * rng.choice([-1.0, 1.0], shape)).round(2))


def _backward(
    recorder: Recorder, says: str, forward: Function, backward: Function, args: tuple[Any, ...], *gradients: Array
) -> None:
    """Observe a forward pass, and the backward function for each of these gradients on the cache that it returned."""
    text = f"{says}({', '.join(map(argument_text, args))})"
    result = recorder.call(f"the output of your {says}", forward, *args, hide=1, shown=text)
    for dout in gradients:
        shown = f"{says.replace('forward', 'backward')}({argument_text(dout)}, {text}[1])"
        again = ", for another dout and the same cache" if dout is not gradients[0] else ""
        what = f"the backward pass for an input of shape {args[0].shape}{again}"
        recorder.ask(what, backward, dout, result[1], shown=shown)


def _layers(rng: Draw) -> dict[str, tuple[Array, Array, Array]]:
    """Draw x, W and b of several shapes. A square W comes first: with it, a forgotten transpose raises no error."""

    def layer(n: int, d_in: int, d_out: int) -> tuple[Array, Array, Array]:
        return _away_from_zero(rng, n, d_in), _away_from_zero(rng, d_in, d_out), _away_from_zero(rng, d_out)

    x, W, b = layer(8, 6, 6)
    return {
        "if all sizes are equal": layer(3, 3, 3),
        "for 4 examples, 3 inputs and 2 neurons": layer(4, 3, 2),
        "for 2 examples, 2 inputs and 5 neurons": layer(2, 2, 5),
        "for one example": layer(1, 3, 4),
        "for one input and one neuron": layer(3, 1, 1),
        "for views of larger arrays": (x[::2, ::2], W[::2, 1::2], b[::2]),
    }


@probe("affine_forward")
def probe_affine_forward(recorder: Recorder, rng: Draw, affine_forward: Function) -> None:
    for says, args in _layers(rng).items():
        recorder.ask(f"the output {says}", affine_forward, *args, hide=1)


@probe("affine_backward", needs=("affine_forward",))
def probe_affine_backward(recorder: Recorder, rng: Draw, backward: Function, forward: Function) -> None:
    for says, (x, W, b) in _layers(rng).items():
        # Transposed, so that the array is not contiguous.
        dout = _away_from_zero(rng, W.shape[1], len(x)).T
        douts = (dout, -2 * dout) if says == "for one example" else (dout,)
        _backward(recorder, "affine_forward", forward, backward, (x, W, b), *douts)


def _inputs(rng: Draw) -> list[Array]:
    return [
        _away_from_zero(rng, 4, 3),
        _away_from_zero(rng, 3, 3) * 5,
        _away_from_zero(rng, 1, 4),
        _away_from_zero(rng, 6, 6)[::2, ::3],
        -abs(_away_from_zero(rng, 2, 2)),
        abs(_away_from_zero(rng, 2, 3)),
    ]


@probe("relu_forward")
def probe_relu_forward(recorder: Recorder, rng: Draw, relu_forward: Function) -> None:
    for x in _inputs(rng):
        recorder.ask(f"the output for an array of shape {x.shape}", relu_forward, x, hide=1)
    zeros = np.array([[0.0, -0.5, 0.5]])
    recorder.ask("the output if an input is 0", relu_forward, zeros, hide=1)


@probe("relu_backward", needs=("relu_forward",))
def probe_relu_backward(recorder: Recorder, rng: Draw, backward: Function, forward: Function) -> None:
    for x in _inputs(rng):
        dout = _away_from_zero(rng, *x.shape)
        douts = (dout, -2 * dout) if len(x) == 1 else (dout,)
        _backward(recorder, "relu_forward", forward, backward, (x,), *douts)


@probe("softmax_cross_entropy")
def probe_softmax_cross_entropy(recorder: Recorder, rng: Draw, softmax_cross_entropy: Function) -> None:
    for n, classes in ((4, 3), (3, 3), (2, 5), (1, 4)):
        logits, y = _away_from_zero(rng, n, classes), rng.randint(classes, size=n)
        recorder.ask(f"loss and gradient for logits of shape {logits.shape}", softmax_cross_entropy, logits, y)
    view, y = _away_from_zero(rng, 6, 8)[::2, ::2], rng.randint(4, size=3)
    recorder.ask("loss and gradient for a view of a larger array", softmax_cross_entropy, view, y)
    recorder.ask("loss and gradient if all logits are equal", softmax_cross_entropy, np.full((2, 4), 0.7), y[:2])
    confident = _away_from_zero(rng, 3, 3)
    confident[0, 1] = confident[2, 0] = 800.0
    says = "loss and gradient for logits of 800, of which one is right and one is wrong"
    recorder.ask(says, softmax_cross_entropy, confident, np.array([1, 2, 1]))
    large = np.array([[1e4, 1e4 - 1, 1e4 - 3], [0.5, -0.2, 1.1]])
    recorder.ask("loss and gradient for logits near 1e4 and near 0", softmax_cross_entropy, large, np.array([1, 2]))
    recorder.ask("loss and gradient for logits near -1e4", softmax_cross_entropy, large[:1] - 2e4, np.array([2]))


@probe("he_weights")
def probe_he_weights(recorder: Recorder, rng: Draw, he_weights: Function) -> None:
    """False alarms: with each seed a mean of 7,500 weights or more and four shares of 3,750 pairs, 1e-11 each; for five
    seeds 3e-10. A mean square is rounded to a power of the root of 2, which is right if it is within 15 %: it is the
    mean of 7,500 squares, and further away with probability below 1e-17 (Laurent & Massart 2000, lemma 1). Of normal
    numbers, 4.6 % are beyond two standard deviations: that under 2 % of 7,500 are has probability below 1e-29 (Chernoff
    1952). Two rows or two columns are equal, or the next weights are the same, with probability 0."""
    # Even, so that both halves have the same number of weights.
    seed, fan_in = int(rng.randint(2**31)), 2 * int(rng.randint(25, 35))
    for shape in ((3, 5), (1, 1), (4, 2)):
        recorder.observe_shape(f"the shape for {shape}", he_weights, *shape, np.random.default_rng(seed))
    # Three times as many neurons as inputs: the two numbers, or their sum, give clearly different weights.
    shape = (fan_in, 3 * fan_in)
    shown = f"he_weights({fan_in}, {3 * fan_in}, np.random.default_rng({seed}))"
    call, draw = Call("he_weights", (), {}, shown), np.random.default_rng(seed)
    W = recorder.sample(f"the shape for {shape}", he_weights, *shape, draw, shown=shown)
    second = recorder.sample("the shape of the next weights", he_weights, *shape, draw)
    twin = recorder.sample("the shape from an equal generator", he_weights, *shape, np.random.default_rng(seed))
    mean_square = 2.0 ** (round(2 * np.log2(fan_in * np.mean(W**2))) / 2)
    says = f"the mean square of x @ W, {fan_in} inputs of mean square 1, rounded to a power of the root of 2"
    recorder.observe(says, mean_square, call=call)
    tolerance = normal_mean_tolerance(W.size, 0.2)
    recorder.observe(f"the mean of {W.size} weights, within {tolerance:.3f}", float(np.mean(W)), 0, tolerance, call)
    far = float(np.mean(np.abs(W) > 2 * np.sqrt(np.mean(W**2))))
    recorder.observe("more than 2 % of the weights are larger than two standard deviations", far > 0.02, call=call)
    for axis, weights in (("rows", W), ("columns", W.T)):
        for pairs, (one, other) in pairings(weights).items():
            share, tolerance = float(np.mean((one > 0) == (other > 0))), mean_tolerance(len(one), 1.0)
            says = f"the share of pairs ({pairs} along the {axis}) with the same sign, within {tolerance:.3f}"
            recorder.observe(says, share, 0, tolerance, call)
        recorder.observe(f"no two {axis} are equal", len(np.unique(weights, axis=0)) == len(weights), call=call)
    recorder.observe("the next weights from the same generator differ", not np.array_equal(W, second), call=call)
    recorder.observe("a generator in the same state gives the same weights", bool(np.array_equal(W, twin)), call=call)


def _network(rng: Draw, d: int, hidden: int, classes: int) -> Params:
    return {
        "W1": _away_from_zero(rng, d, hidden),
        "b1": _away_from_zero(rng, hidden),
        "W2": _away_from_zero(rng, hidden, classes),
        "b2": _away_from_zero(rng, classes),
    }


def _examples(rng: Draw, n: int, d: int, classes: int) -> tuple[Array, Array]:
    """Draw inputs, and labels that have every class if there are enough examples."""
    return _away_from_zero(rng, n, d), rng.permutation(np.arange(n) % classes)


@probe("two_layer_loss")
def probe_two_layer_loss(recorder: Recorder, rng: Draw, two_layer_loss: Function) -> None:
    # First all sizes equal: there, a wrong order of the factors raises no error.
    for n, d, hidden, classes in ((3, 3, 3, 3), (5, 3, 4, 2), (4, 2, 6, 3), (1, 3, 2, 4), (6, 2, 1, 2)):
        sizes = f"{n} examples, {d} inputs, {hidden} hidden units, {classes} classes"
        params = _network(rng, d, hidden, classes)
        X, y = _examples(rng, n, d, classes)
        recorder.ask(f"loss and gradients, {sizes}", two_layer_loss, params, X, y)
    dead = _network(rng, 2, 3, 2)
    dead["b1"] = np.array([-50.0, 0.3, -50.0])
    recorder.ask("loss and gradients if two of three hidden units are never active", two_layer_loss, dead, X, y)


def _trained(train_network: Function) -> Function:
    """Return train_network with its losses as an array: a learner may return a list or an array."""

    def trained(params: Params, X: Array, y: Array, lr: float, epochs: int, batch_size: int, draw: Any) -> Any:
        result = train_network(params, X, y, lr, epochs, batch_size, draw)
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], list | tuple):
            return result[0], np.array([float(loss) for loss in result[1]])
        return result

    trained.__name__ = "train_network"
    return trained


def _same(one: Params, other: Params) -> bool:
    return all(np.allclose(one[name], other[name], rtol=1e-9, atol=1e-11) for name in other)


@probe("train_network")
def probe_train_network(recorder: Recorder, rng: Draw, train_network: Function) -> None:
    """False alarms: nine batches of two of 18 examples are those in the order of the file with probability
    2**9/18! < 1e-13, and as probably equal to those of another epoch. All else is the same for any order."""
    train, seed, lr = _trained(train_network), int(rng.randint(2**31)), round(float(rng.uniform(0.1, 0.3)), 2)

    def draw() -> np.random.Generator:
        return np.random.default_rng(seed)

    params = _network(rng, 2, 3, 3)
    X, y = _examples(rng, 6, 2, 3)
    # One batch has all examples: no order plays a part.
    says = "parameters and losses if one batch holds all examples"
    recorder.ask(f"{says}, 1 epoch", train, params, X, y, lr, 1, 6, draw())
    recorder.ask(f"{says}, 3 epochs, batch size above N", train, params, X, y, lr, 3, 10, draw())
    # Equal examples: each batch has the same gradient. But the last one is smaller, and later batches have less loss.
    says = "parameters and losses for 5 equal examples, batches of 2, 2 and 1"
    recorder.ask(says, train, params, np.repeat(X[:1], 5, axis=0), np.repeat(y[:1], 5), lr, 2, 2, draw())
    says = "parameters and losses at rate 0, batches of one"
    recorder.ask(says, train, params, X, y, 0.0, 3, 1, draw())
    recorder.ask("parameters and losses at rate 0, batches of two", train, params, X, y, 0.0, 3, 2, draw())
    _observe_batches(recorder, train, params, X[:3], y[:3], lr, seed)
    X, y = _examples(rng, 18, 2, 3)
    _observe_order(recorder, train, params, X, y, lr, seed)


def _observe_batches(
    recorder: Recorder, train: Function, params: Params, X: Array, y: Array, lr: float, seed: int
) -> None:
    """Observe that an epoch is a step on two of three examples, and then one on the third, for some order of them."""
    found = recorder.sample(
        "the shapes for 3 examples, batches of 2 and 1", train, params, X, y, lr, 1, 2, np.random.default_rng(seed)
    )
    reached = []
    for last, *first in permutations(range(3)):
        if first == sorted(first):
            between = train(params, X[first], y[first], lr, 1, 2, np.random.default_rng(seed))[0]
            reached.append(train(between, X[[last]], y[[last]], lr, 1, 1, np.random.default_rng(seed))[0])
    says = "an epoch of 3 examples is a step on two of them, then a step on the third"
    recorder.observe(says, any(_same(found[0], one) for one in reached))


def _observe_order(
    recorder: Recorder, train: Function, params: Params, X: Array, y: Array, lr: float, seed: int
) -> None:
    """Observe that each epoch of 18 examples, in batches of 2, has an order of its own, which `rng` decides."""

    def run(start: Params, epochs: int, draw: np.random.Generator) -> Params:
        result: Params = train(start, X, y, lr, epochs, 2, draw)[0]
        return result

    draw = np.random.default_rng(seed)
    two_epochs = recorder.sample("the shapes for 18 examples, 2 epochs", train, params, X, y, lr, 2, 2, draw)[0]
    once = run(params, 1, np.random.default_rng(seed))
    in_file_order = params
    for start in range(0, len(X), 2):
        rows = slice(start, start + 2)
        in_file_order = train(in_file_order, X[rows], y[rows], lr, 1, 2, np.random.default_rng(seed))[0]
    recorder.observe("the examples are shuffled", not _same(once, in_file_order))
    twice = run(once, 1, np.random.default_rng(seed))
    recorder.observe("the next epoch has a different order", not _same(two_epochs, twice))
    other = run(params, 1, np.random.default_rng(seed + 1))
    recorder.observe("a generator in another state gives another order", not _same(once, other))
    twin = run(params, 1, np.random.default_rng(seed))
    recorder.observe("a generator in the same state gives the same order", _same(once, twin))
