"""Probes of lesson 04."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks.answer_types import Labels, NumberWith, SubsetOf
from course_utils.checks.card import argument_text
from course_utils.checks.probe import Recorder, probe, question

Function = Callable[..., Any]
Draw = np.random.RandomState
Array = np.ndarray

# Large compared with the variances, so that it shows where epsilon is added.
LARGE_EPS = 0.5


def _batch(rng: Draw, *shape: int) -> Array:
    """Draw values whose columns differ in mean and standard deviation."""
    spread, mean = rng.uniform(0.5, 3.0, shape[-1]), rng.uniform(-2.0, 2.0, shape[-1])
    return np.asarray((rng.randn(*shape) * spread + mean).round(2))


def _scale(rng: Draw, width: int) -> Array:
    """Draw scales between 0.3 and 2.5, used as gamma or as a variance: it shows if one is forgotten."""
    return np.asarray(rng.uniform(0.3, 2.5, width).round(2))


def _shift(rng: Draw, width: int) -> Array:
    return np.asarray(rng.uniform(-2.0, 2.0, width).round(2))


def _affine(rng: Draw, width: int) -> tuple[Array, Array]:
    """Draw gamma, with one negative entry, and beta."""
    gamma = _scale(rng, width)
    gamma[-1] *= -1
    return gamma, _shift(rng, width)


def _call_text(name: str, *args: Any) -> str:
    return f"{name}({', '.join(argument_text(value) for value in args)})"


def _gradients(
    recorder: Recorder, layer: str, backward: Function, forward: Function, cases: dict[str, tuple[Any, ...]], rng: Draw
) -> None:
    """Test a backward function on the caches of the learner's own forward function; on the last cache twice."""
    for says, args in cases.items():
        text = _call_text(f"{layer}_forward", *args)
        result = recorder.call(f"the output of your {layer}_forward, {says}", forward, *args, hide=1, shown=text)
        n, d = args[0].shape
        # Transposed, so that the array is not contiguous.
        dout = _batch(rng, d, n).T
        shown = f"{layer}_backward({argument_text(dout)}, {text}[1])"
        recorder.ask(f"the gradients dx, dgamma and dbeta, {says}", backward, dout, result[1], shown=shown)
    shown = f"{layer}_backward({argument_text(-2 * dout)}, {text}[1])"
    recorder.ask("the gradients for another dout and the same cache", backward, -2 * dout, result[1], shown=shown)


@probe("batchnorm_forward")
def probe_batchnorm_forward(recorder: Recorder, rng: Draw, batchnorm_forward: Function) -> None:
    gamma, beta = _affine(rng, 3)
    recorder.ask("the output for a batch of 5", batchnorm_forward, _batch(rng, 5, 3), gamma, beta, hide=1)
    recorder.ask(
        "the output with a large eps", batchnorm_forward, _batch(rng, 4, 3), gamma, beta, eps=LARGE_EPS, hide=1
    )
    recorder.ask("the output for a batch of 2", batchnorm_forward, _batch(rng, 2, 3), gamma, beta, hide=1)
    recorder.ask("the output for a batch of 1", batchnorm_forward, _batch(rng, 1, 3), gamma, beta, hide=1)
    constant = _batch(rng, 4, 3)
    constant[:, 1] = 0.37
    recorder.ask("the output with a constant column", batchnorm_forward, constant, gamma, beta, hide=1)
    square = _batch(rng, 3, 3)
    recorder.ask("the output if N equals D", batchnorm_forward, square, gamma, beta, hide=1)
    recorder.ask("the output without scale and shift", batchnorm_forward, square, np.ones(3), np.zeros(3), hide=1)
    view = _batch(rng, 8, 6)[::2, ::2]
    recorder.ask("the output for a view of a larger array", batchnorm_forward, view, gamma, beta, 0.1, hide=1)


@probe("update_running")
def probe_update_running(recorder: Recorder, rng: Draw, update_running: Function) -> None:
    running = _shift(rng, 3)
    for step in (1, 2, 3):
        running = recorder.call(f"the running mean after batch {step} of 3", update_running, running, _shift(rng, 3))
    share = round(float(rng.uniform(0.55, 0.8)), 2)
    for step in (1, 2):
        says = f"the running variance after batch {step} of 2, momentum {share}"
        running = recorder.call(says, update_running, abs(running), _scale(rng, 3), momentum=share)
    recorder.ask("the running mean as a single number", update_running, 1.3, -0.4, 0.99)
    recorder.ask("momentum 0, which keeps nothing of the past", update_running, _shift(rng, 2), _shift(rng, 2), 0.0)
    recorder.ask("momentum 1, which never moves", update_running, _shift(rng, 2), _shift(rng, 2), 1.0)


@probe("batchnorm_predict")
def probe_batchnorm_predict(recorder: Recorder, rng: Draw, batchnorm_predict: Function) -> None:
    (gamma, beta), mean, var = _affine(rng, 3), _shift(rng, 3), _scale(rng, 3)
    predict: tuple[Array, ...] = (gamma, beta, mean, var)
    recorder.ask("the output for one example", batchnorm_predict, _batch(rng, 1, 3), *predict)
    recorder.ask("the output for 4 examples", batchnorm_predict, _batch(rng, 4, 3), *predict)
    recorder.ask("the output if N equals D", batchnorm_predict, _batch(rng, 3, 3), *predict)
    recorder.ask("the output with a large eps", batchnorm_predict, _batch(rng, 3, 3), *predict, eps=LARGE_EPS)
    recorder.ask("the output with running variances of 0", batchnorm_predict, _batch(rng, 2, 3), *predict[:3], var * 0)
    recorder.ask("the output for a view of a larger array", batchnorm_predict, _batch(rng, 6, 6)[1::2, ::2], *predict)


@probe("batchnorm_backward", needs=("batchnorm_forward",))
def probe_batchnorm_backward(recorder: Recorder, rng: Draw, backward: Function, forward: Function) -> None:
    gamma, beta = _affine(rng, 3)
    constant = _batch(rng, 4, 3)
    constant[:, 0] = -1.25
    cases: dict[str, tuple[Any, ...]] = {
        "for a batch of 5": (_batch(rng, 5, 3), gamma, beta),
        "with a large eps": (_batch(rng, 4, 3), gamma, beta, LARGE_EPS),
        "for a batch of 2": (_batch(rng, 2, 3), gamma, beta, 0.01),
        "for a batch of 1": (_batch(rng, 1, 3), gamma, beta),
        "with a constant column": (constant, gamma, beta),
        "if N equals D": (_batch(rng, 3, 3), gamma, beta),
        "for views of larger arrays": (_batch(rng, 8, 6)[::2, ::2], gamma, beta),
    }
    _gradients(recorder, "batchnorm", backward, forward, cases, rng)


@probe("fold_batchnorm")
def probe_fold_batchnorm(recorder: Recorder, rng: Draw, fold_batchnorm: Function) -> None:
    def layer(d_in: int, d_out: int) -> tuple[Array, ...]:
        gamma, beta = _affine(rng, d_out)
        return _batch(rng, d_in, d_out), _shift(rng, d_out), gamma, beta, _shift(rng, d_out), _scale(rng, d_out)

    recorder.ask("the folded weights and bias, W square", fold_batchnorm, *layer(3, 3))
    recorder.ask("the folded weights and bias, W (4, 2)", fold_batchnorm, *layer(4, 2))
    recorder.ask("the folded weights and bias, W (2, 3)", fold_batchnorm, *layer(2, 3))
    recorder.ask("the folded weights and bias with a large eps", fold_batchnorm, *layer(2, 3), eps=LARGE_EPS)
    W, *others = layer(3, 3)
    recorder.ask("the folded weights and bias, W a transposed view", fold_batchnorm, W.T, *others)


def _renorm_batch(rng: Draw, n: int) -> tuple[Array, Array, Array]:
    """Draw a batch with four features, and running means and standard deviations, some of them far from the batch's."""
    x = (rng.randn(n, 4) * [1.0, 2.0, 1.5, 0.8]).round(2)
    mean = rng.uniform(-0.6, 0.6, 4) + np.array([0.0, 9.0, -9.0, 0.0])
    std = rng.uniform(0.8, 1.2, 4) * np.array([1.0, 0.3, 5.0, 1.0])
    return x, mean.round(2), std.round(2)


def _renorm_cases(rng: Draw) -> dict[str, tuple[Any, ...]]:
    cases: dict[str, tuple[Any, ...]] = {}
    settings = {
        "if some features are clipped": (6, 1.8, 1.3),
        "if r is clipped to 1 and d to 0, which is batch norm": (4, 1.0, 0.0),
        "if nothing is clipped": (5, 1000.0, 1000.0),
        "if only r is clipped": (4, 1.1, 1000.0),
        "if only d is clipped": (4, 1000.0, 0.2),
        "for a batch of 2": (2, 3.0, 2.0),
    }
    for says, (n, r_max, d_max) in settings.items():
        (gamma, beta), (x, mean, std) = _affine(rng, 4), _renorm_batch(rng, n)
        cases[says] = (x, gamma, beta, mean, std, r_max, d_max)
    (gamma, beta), (x, mean, std) = _affine(rng, 4), _renorm_batch(rng, 4)
    cases["with a large eps"] = (x, gamma, beta, mean, std, 2.0, 1.5, LARGE_EPS)
    (gamma, beta), (x, mean, std) = _affine(rng, 4), _renorm_batch(rng, 8)
    cases["for a view of a larger array"] = (x[::2], gamma, beta, mean, std, 2.0, 1.5)
    return cases


@probe("batch_renorm_forward")
def probe_batch_renorm_forward(recorder: Recorder, rng: Draw, batch_renorm_forward: Function) -> None:
    for says, args in _renorm_cases(rng).items():
        recorder.ask(f"the output {says}", batch_renorm_forward, *args, hide=1)


@probe("batch_renorm_backward", needs=("batch_renorm_forward",))
def probe_batch_renorm_backward(recorder: Recorder, rng: Draw, backward: Function, forward: Function) -> None:
    _gradients(recorder, "batch_renorm", backward, forward, _renorm_cases(rng), rng)


def _layernorm_cases(rng: Draw) -> dict[str, tuple[Any, ...]]:
    def case(n: int, d: int, *eps: float) -> tuple[Any, ...]:
        return (_batch(rng, n, d), *_affine(rng, d), *eps)

    constant, *others = case(3, 4)
    constant[1] = 0.37
    return {
        # First, since here one number per row also broadcasts along the columns: an answer that forgets keepdims gets a
        # wrong result here, and an answer that always fails gets none.
        "if N equals D": case(3, 3),
        "for 4 examples of 3 features": case(4, 3),
        "with a large eps": case(3, 5, LARGE_EPS),
        "for one example": case(1, 4),
        "for 2 features": case(3, 2, 0.01),
        "with a constant row": (constant, *others),
        "for a view of a larger array": (_batch(rng, 6, 8)[::2, ::2], *_affine(rng, 4)),
    }


@probe("layernorm_forward")
def probe_layernorm_forward(recorder: Recorder, rng: Draw, layernorm_forward: Function) -> None:
    for says, args in _layernorm_cases(rng).items():
        recorder.ask(f"the output {says}", layernorm_forward, *args, hide=1)


@probe("layernorm_backward", needs=("layernorm_forward",))
def probe_layernorm_backward(recorder: Recorder, rng: Draw, backward: Function, forward: Function) -> None:
    _gradients(recorder, "layernorm", backward, forward, _layernorm_cases(rng), rng)


@probe("groupnorm_forward")
def probe_groupnorm_forward(recorder: Recorder, rng: Draw, groupnorm_forward: Function) -> None:
    for says, (groups, channels) in {
        "6 channels in 2 groups": (2, 6),
        "6 channels in 3 groups": (3, 6),
        "4 channels in 1 group": (1, 4),
        "3 channels in 3 groups": (3, 3),
    }.items():
        images = _batch(rng, 2, 2, 3, channels)
        recorder.ask(f"the output, {says}", groupnorm_forward, images, *_affine(rng, channels), groups)
    images = _batch(rng, 1, 2, 2, 4)
    recorder.ask("the output with a large eps", groupnorm_forward, images, *_affine(rng, 4), 2, eps=LARGE_EPS)
    view = _batch(rng, 2, 4, 2, 4).transpose(0, 2, 1, 3)[:, :, ::2]
    recorder.ask("the output for a view of a larger array", groupnorm_forward, view, *_affine(rng, 4), 2)


@probe("groupnorm_forward", part="arguments")
def probe_groupnorm_forward_arguments(recorder: Recorder, rng: Draw, groupnorm_forward: Function) -> None:
    images, gamma, beta = _batch(rng, 2, 2, 2, 6), *_affine(rng, 6)
    recorder.expect_error("6 channels in 4 groups", groupnorm_forward, images, gamma, beta, 4)
    recorder.expect_error("6 channels in 12 groups", groupnorm_forward, images, gamma, beta, 12)
    recorder.ask("6 channels in 3 groups, which is allowed", groupnorm_forward, images, gamma, beta, 3)
    recorder.ask("6 channels in 6 groups, which is allowed", groupnorm_forward, images, gamma, beta, 6)


@probe("rmsnorm_forward")
def probe_rmsnorm_forward(recorder: Recorder, rng: Draw, rmsnorm_forward: Function) -> None:
    recorder.ask("the output for 4 examples of 3 features", rmsnorm_forward, _batch(rng, 4, 3), _scale(rng, 3))
    recorder.ask("the output with a large eps", rmsnorm_forward, _batch(rng, 3, 5), _scale(rng, 5), eps=LARGE_EPS)
    recorder.ask("the output if N equals D", rmsnorm_forward, _batch(rng, 3, 3), _scale(rng, 3))
    recorder.ask("the output for one vector, shape (4,)", rmsnorm_forward, _batch(rng, 4), _scale(rng, 4))
    recorder.ask("the output for shape (2, 2, 3)", rmsnorm_forward, _batch(rng, 2, 2, 3), _scale(rng, 3))
    recorder.ask("the output for a row of zeros", rmsnorm_forward, np.zeros((1, 3)), _scale(rng, 3))
    recorder.ask("the output for a view", rmsnorm_forward, _batch(rng, 6, 8)[::2, ::2], _scale(rng, 4))


@probe("spatial_batchnorm_forward")
def probe_spatial_batchnorm_forward(recorder: Recorder, rng: Draw, spatial_batchnorm_forward: Function) -> None:
    gamma, beta = _affine(rng, 3)
    # Images of one pixel first: a mean per pixel is correct for them, so that this mistake differs from answers that
    # always fail.
    for says, shape in {
        "for images of one pixel": (4, 1, 1, 3),
        "for 2 images of 2 by 3 pixels": (2, 2, 3, 3),
        "for one image": (1, 3, 2, 3),
        "if all four sizes are equal": (3, 3, 3, 3),
    }.items():
        recorder.ask(f"the output {says}", spatial_batchnorm_forward, _batch(rng, *shape), gamma, beta, hide=1)
    images = _batch(rng, 2, 2, 2, 3)
    recorder.ask("the output with a large eps", spatial_batchnorm_forward, images, gamma, beta, eps=LARGE_EPS, hide=1)
    view = _batch(rng, 2, 4, 2, 3).transpose(0, 2, 1, 3)[:, :, ::2]
    recorder.ask("the output for a view of a larger array", spatial_batchnorm_forward, view, gamma, beta, hide=1)


question("first_of_two", NumberWith(-5.0, 5.0, 2))
question("leaves_training_output", SubsetOf(("a", "b", "c", "d", "e", "f")))
question("true_of_batchnorm", SubsetOf(("a", "b", "c", "d", "e", "f")))
question("which_norm", Labels(("a", "b", "c", "d", "e", "f"), ("batch norm", "layer norm", "both", "neither")))
