"""Probes of lesson 06."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks.answer_types import NumberWith, OrderingOf, SubsetOf
from course_utils.checks.probe import Recorder, probe, question
from course_utils.checks.remote_calls import loop_over

Function = Callable[..., Any]
Draw = np.random.RandomState

# Large enough to show whether eps is added inside the square root, outside it, or before the correction.
LARGE_EPS = 0.1


def _walk(step: Function, w: Any, grads: Any, state: dict[str, Any], lr: float, **settings: Any) -> Any:
    """Take one step for each row of `grads`, and return the last weights and state."""
    for grad in grads:
        w, state = step(w, grad, state, lr, **settings)
    return w, state


def _rate(rng: Draw) -> float:
    return round(0.2 + 0.3 * rng.rand(), 2)


def _slopes(rng: Draw, *shape: int, size: Any = 1.0) -> Any:
    """Draw gradients whose third decimal is 5: their weighted sum with an average is never 0, where only rounding would
    decide its sign."""
    return ((size * rng.randn(*shape)).round(2) + 0.005).round(3)


def _ask_many_steps(recorder: Recorder, rng: Draw, step: Function, name: str, **settings: Any) -> None:
    """Ask for twenty steps in a row, with gradients that shrink and grow."""
    w, lr = rng.randn(2).round(2), _rate(rng)
    grads = _slopes(rng, 20, 2, size=np.array([4.0, 2.0, 1.0, 0.3] * 5)[:, None])
    words = ", ".join(f"{key}={value}" for key, value in settings.items())
    text = (
        f"w, state = np.array({w.tolist()}), {{}}\n"
        f"for grad in np.array({grads.tolist()}):\n"
        f"    w, state = {name}(w, grad, state, {lr}{', ' + words if words else ''})\n"
        "w, state"
    )

    says = "weights and state after twenty steps in a row"
    recorder.ask(says, loop_over(_walk, step), w, grads, {}, lr, shown=text, **settings)


def _square(rng: Draw, *shape: int) -> Any:
    """Draw an average of squared gradients."""
    return (0.2 + 2 * rng.rand(*shape)).round(2)


def _ask_steps(
    recorder: Recorder,
    rng: Draw,
    step: Function,
    name: str,
    state: Callable[..., dict[str, Any]],
    has_eps: bool = True,
    **settings: Any,
) -> None:
    """Test what all steps have in common; `state(*shape)` draws a state in the middle of training."""
    lr = _rate(rng)
    w, grad = rng.randn(3).round(2), (np.array([0.02, -3.0, 0.5]) * (1 + rng.rand(3))).round(3)
    recorder.ask("the first step", step, w, grad, {}, lr)
    large: dict[str, Any] = {"eps": LARGE_EPS} if has_eps else {}
    if has_eps:
        recorder.ask("the first step with a large eps", step, w, grad, {}, lr, **large)
        tiny = np.array([2e-7, -3e-8, 5e-6])
        recorder.ask("the first step with tiny gradients", step, w, tiny, {}, lr)
    table, slopes = rng.randn(2, 3).round(2), _slopes(rng, 2, 3)
    recorder.ask("a step in the middle of training, shape (2, 3)", step, table, slopes, state(2, 3), lr, **large)
    if settings:
        recorder.ask("a step with other settings", step, table, slopes, state(2, 3), lr, **large, **settings)
    views = rng.randn(3, 4).round(2)[:, ::2], rng.randn(2, 3).round(2).T
    recorder.ask("a step from views of larger arrays", step, *views, {}, lr, **large)
    recorder.ask("the first step of one number", step, round(float(rng.randn()), 2), -0.7, {}, lr, **large)
    recorder.ask("a step with gradient 0", step, w, np.zeros(3), state(3), lr, **large)
    now: dict[str, Any] = {}
    for i in (1, 2, 3):
        # The gradient halves, so that a maximum and an average differ.
        slopes = _slopes(rng, 3, size=4.0 / 2**i)
        w, now = recorder.call(f"step {i} of three in a row", step, w, slopes, now, lr, **large)
    _ask_many_steps(recorder, rng, step, name, **large)


def _squares_state(rng: Draw) -> Callable[..., dict[str, Any]]:
    return lambda *shape: {"square": _square(rng, *shape)}


def _adam_state(rng: Draw, *more: str) -> Callable[..., dict[str, Any]]:
    """Return a function that draws states of the Adam family; `more` are keys in addition to "m", "v" and "t"."""

    def state(*shape: int) -> dict[str, Any]:
        v = _square(rng, *shape)
        drawn = {"m": rng.randn(*shape).round(2), "v": v, "t": int(rng.randint(3, 9))}
        # v_max is far above v in some entries and just above it in others, so that either side of the maximum can win.
        extra = {"v_max": (v + rng.choice([0.01, 3.0], size=shape)).round(2), "mu_product": 0.02}
        return drawn | {key: extra[key] for key in more}

    return state


@probe("adagrad_step")
def probe_adagrad_step(recorder: Recorder, rng: Draw, adagrad_step: Function) -> None:
    _ask_steps(recorder, rng, adagrad_step, "adagrad_step", _squares_state(rng))


@probe("rmsprop_step")
def probe_rmsprop_step(recorder: Recorder, rng: Draw, rmsprop_step: Function) -> None:
    _ask_steps(recorder, rng, rmsprop_step, "rmsprop_step", _squares_state(rng), decay=0.7)


@probe("adam_step_uncorrected")
def probe_adam_step_uncorrected(recorder: Recorder, rng: Draw, adam_step_uncorrected: Function) -> None:
    _ask_steps(recorder, rng, adam_step_uncorrected, "adam_step_uncorrected", _adam_state(rng), beta1=0.6, beta2=0.8)
    w, grad = rng.randn(2).round(2), rng.randn(2).round(2)
    recorder.ask("the first step with the default settings", adam_step_uncorrected, w, grad, {})


@probe("first_step_size")
def probe_first_step_size(recorder: Recorder, rng: Draw, first_step_size: Function) -> None:
    lr, beta1, beta2 = _rate(rng), round(0.5 + 0.2 * rng.rand(), 2), round(0.85 + 0.1 * rng.rand(), 2)
    for corrected in (False, True):
        says = "with correction" if corrected else "without correction"
        recorder.ask(f"the first step {says}, with the usual betas", first_step_size, 0.001, 0.9, 0.999, corrected)
        recorder.ask(f"the first step {says}, with other betas", first_step_size, lr, beta1, beta2, corrected)
        recorder.ask(f"the first step {says}, with beta1 = 0", first_step_size, lr, 0.0, beta2, corrected)


@probe("bias_correct")
def probe_bias_correct(recorder: Recorder, rng: Draw, bias_correct: Function) -> None:
    beta = round(0.6 + 0.3 * rng.rand(), 2)
    moment = rng.randn(2, 3).round(2)
    for t in (1, 2, 3, int(rng.randint(6, 20))):
        recorder.ask(f"the average after {t} steps", bias_correct, moment, beta, t)
    recorder.ask("an average that is one number", bias_correct, round(float(rng.randn()), 2), beta, 4)
    recorder.ask("the average after 2000 steps", bias_correct, moment, 0.999, 2000)
    recorder.ask("an average that is a view", bias_correct, moment.T[::2], 0.9, 5)
    recorder.ask("beta = 0, which keeps nothing of the past", bias_correct, moment, 0.0, 2)


@probe("bias_correct", part="arguments")
def probe_bias_correct_arguments(recorder: Recorder, rng: Draw, bias_correct: Function) -> None:
    moment = rng.randn(3).round(2)
    recorder.expect_error("t = 0", bias_correct, moment, 0.9, 0)
    recorder.expect_error("a negative t", bias_correct, moment, 0.9, -2)
    recorder.expect_error("t = 0 for an average that is 0", bias_correct, np.zeros(3), 0.9, 0)
    recorder.ask("t = 1, which is allowed", bias_correct, moment, 0.9, 1)


def _ask_adam(
    recorder: Recorder,
    rng: Draw,
    step: Function,
    name: str,
    state: Callable[..., dict[str, Any]],
    **settings: Any,
) -> None:
    """Test what the steps of the Adam family have in common."""
    _ask_steps(recorder, rng, step, name, state, beta1=0.6, beta2=0.8, **settings)
    w = rng.randn(3).round(2)
    recorder.ask("the first step with the default settings", step, w, rng.randn(3).round(2), {})


@probe("adam_step")
def probe_adam_step(recorder: Recorder, rng: Draw, adam_step: Function) -> None:
    _ask_adam(recorder, rng, adam_step, "adam_step", _adam_state(rng))


@probe("adamw_step")
def probe_adamw_step(recorder: Recorder, rng: Draw, adamw_step: Function) -> None:
    w = (2 + rng.rand(3)).round(2)
    # With gradient 0 only the decay acts, which distinguishes it from a penalty.
    decay: dict[str, Any] = {"weight_decay": round(0.2 + 0.5 * rng.rand(), 2)}
    recorder.ask("the first step with gradient 0", adamw_step, w, np.zeros(3), {}, 0.3, **decay)
    recorder.ask("the first step without decay", adamw_step, w, rng.randn(3).round(2), {}, 0.3, weight_decay=0.0)
    _ask_adam(recorder, rng, adamw_step, "adamw_step", _adam_state(rng), **decay)


@probe("amsgrad_step")
def probe_amsgrad_step(recorder: Recorder, rng: Draw, amsgrad_step: Function) -> None:
    # Python's `max` works for a single weight: an answer that uses it passes here, and one that always fails does not.
    w, grad = rng.randn(1).round(2), _slopes(rng, 1)
    recorder.ask("the first step of a single weight", amsgrad_step, w, grad, {}, 0.1)
    _ask_adam(recorder, rng, amsgrad_step, "amsgrad_step", _adam_state(rng, "v_max"))


@probe("nadam_step")
def probe_nadam_step(recorder: Recorder, rng: Draw, nadam_step: Function) -> None:
    # At the default 0.004 the warm-up of the momentum is too slow to show.
    _ask_adam(recorder, rng, nadam_step, "nadam_step", _adam_state(rng, "mu_product"), momentum_decay=0.9)


@probe("lion_step")
def probe_lion_step(recorder: Recorder, rng: Draw, lion_step: Function) -> None:
    def state(*shape: int) -> dict[str, Any]:
        return {"m": rng.randn(*shape).round(2)}

    decay = round(0.2 + 0.5 * rng.rand(), 2)
    _ask_steps(
        recorder, rng, lion_step, "lion_step", state, has_eps=False, beta1=0.55, beta2=0.7, weight_decay=decay
    )  # fmt: skip
    w = rng.randn(4).round(2)
    recorder.ask("the first step with the default settings", lion_step, w, rng.randn(4).round(2), {})
    recorder.ask("the first step with some gradients 0", lion_step, w, np.array([0.0, 0.4, 0.0, -2.0]), {}, 0.1)
    # The averages with beta1 and with beta2 have different signs here, so that a mix-up shows. The weights are large,
    # so that including the decay in the sign would flip it.
    w = (np.array([6.0, -6.0, -6.0, 6.0]) + rng.rand(4)).round(2)
    m = np.array([1.0, -1.0, 1.0, -1.0])
    grad = (np.array([-1.8, 1.3, -1.0, 4.0]) + _slopes(rng, 4, size=0.05)).round(3)
    settings: dict[str, Any] = {"beta1": 0.6, "beta2": 0.4, "weight_decay": 0.3}
    recorder.ask("a step with a gradient against the average", lion_step, w, grad, {"m": m}, 0.1, **settings)


@probe("newton_schulz")
def probe_newton_schulz(recorder: Recorder, rng: Draw, newton_schulz: Function) -> None:
    # Square matrices too: for them, a misplaced transpose raises no error.
    for shape in ((2, 4), (5, 3), (3, 3), (1, 3), (4, 1)):
        G = (3 * rng.randn(*shape)).round(2)
        recorder.ask(f"the default iterations for shape {shape}", newton_schulz, G)
        recorder.ask(f"one iteration for shape {shape}", newton_schulz, G, 1)
    recorder.ask("no iteration", newton_schulz, rng.randn(2, 3).round(2), 0)
    recorder.ask("two iterations for a view of a larger array", newton_schulz, rng.randn(4, 6).round(2)[::2, ::3], 2)
    recorder.ask("a matrix of zeros", newton_schulz, np.zeros((2, 3)))
    recorder.ask("a tiny matrix", newton_schulz, np.array([[2e-8, -1e-8], [3e-8, 1e-8]]))
    recorder.ask("a matrix whose norm is below eps", newton_schulz, rng.randn(3, 2).round(2), 3, eps=20.0)


@probe("muon_step")
def probe_muon_step(recorder: Recorder, rng: Draw, muon_step: Function) -> None:
    lr = _rate(rng)
    for shape in ((2, 3), (6, 2), (3, 3)):
        w, grad = rng.randn(*shape).round(2), rng.randn(*shape).round(2)
        recorder.ask(f"the first step for shape {shape}", muon_step, w, grad, {}, lr)
        state = {"velocity": rng.randn(*shape).round(2)}
        recorder.ask(f"a step in the middle of training, shape {shape}", muon_step, w, grad, state, lr)
        recorder.ask(
            f"a step with other settings, shape {shape}",
            muon_step, w, grad, state, lr, momentum=0.6, weight_decay=0.7, steps=2,
        )  # fmt: skip
    w = rng.randn(4, 2).round(2)
    now: dict[str, Any] = {}
    for i in (1, 2, 3):
        w, now = recorder.call(f"step {i} of three in a row", muon_step, w, rng.randn(4, 2).round(2), now, lr)
    recorder.ask("the first step with the default settings", muon_step, w, rng.randn(4, 2).round(2), {})
    views = rng.randn(3, 4).round(2)[:, ::2], rng.randn(2, 3).round(2).T
    recorder.ask("a step from views of larger arrays", muon_step, *views, {}, lr)


def _slope(rng: Draw, dim: int) -> Function:
    """Return the gradient of a function that is not quadratic; its name is code that a learner can paste."""
    H = rng.randn(dim, dim).round(1)
    H = (H + H.T).round(1)

    def gradient(w: Any) -> Any:
        return w @ H + 0.3 * w**3

    gradient.__name__ = f"lambda w: w @ np.array({H.tolist()}) + 0.3 * w**3"
    return gradient


@probe("sam_gradient")
def probe_sam_gradient(recorder: Recorder, rng: Draw, sam_gradient: Function) -> None:
    gradient = _slope(rng, 3)
    w = (2 * rng.randn(3)).round(2)
    recorder.ask("the gradient uphill at the default rho", sam_gradient, gradient, w)
    recorder.ask("the gradient uphill at a large rho", sam_gradient, gradient, w, 0.8)
    recorder.ask("the gradient at rho = 0", sam_gradient, gradient, w, rho=0.0)
    recorder.ask("the gradient uphill for a matrix", sam_gradient, gradient, rng.randn(2, 3).round(2), 0.6)
    recorder.ask("the gradient uphill for a square matrix", sam_gradient, gradient, rng.randn(3, 3).round(2), 0.6)
    recorder.ask("the gradient uphill from a view", sam_gradient, gradient, rng.randn(6).round(2)[::2], 0.6)
    recorder.ask("the result where the gradient is 0", sam_gradient, gradient, np.zeros(3), 0.6)
    recorder.ask("the gradient uphill from a point where it is small", sam_gradient, gradient, w / 1000, 0.6)
    # This gradient is the same everywhere: only the point at which it is evaluated can be wrong.
    places: list[Any] = []

    def plane(w: Any) -> Any:
        places.append(np.array(w))
        return np.array([3.0, -4.0, 0.0])

    plane.__name__ = "lambda w: np.array([3.0, -4.0, 0.0])"
    recorder.ask("the gradient of a plane", sam_gradient, plane, w, 0.5)
    recorder.observe("the last point at which the gradient is evaluated", places[-1] if places else None)


@probe("schedule_free_step")
def probe_schedule_free_step(recorder: Recorder, rng: Draw, schedule_free_step: Function) -> None:
    def state(*shape: int) -> dict[str, Any]:
        return {"z": rng.randn(*shape).round(2), "x": rng.randn(*shape).round(2), "t": int(rng.randint(2, 8))}

    _ask_steps(recorder, rng, schedule_free_step, "schedule_free_step", state, has_eps=False, beta=0.35)


question("rmsprop_first_step", NumberWith(0.0, 200.0, 1))
question("mended_by_scaling", SubsetOf(("a", "b", "c", "d", "e")))
question("longest_step_first", OrderingOf(("1", "12", "200", "1000", "5000")))
question("penalty_equals_decay", SubsetOf(("a", "b", "c", "d", "e")))
