"""Probes of lesson 07b, curvature without the Hessian."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks.answer_types import Labels, NumberWith
from course_utils.checks.card import argument_text
from course_utils.checks.probe import Recorder, probe, question
from course_utils.checks.remote_calls import made

Array = NDArray[np.float64]
Rng = np.random.RandomState
Function = Callable[..., Any]

METHODS = ("gradient descent", "Newton", "Newton-CG", "BFGS", "L-BFGS")
question("cg_iterations", NumberWith(0, 1000, 0))
question("what_is_stored", Labels(METHODS, ("D", "m*D", "D*D")))


def _named(function: Function, name: str) -> Function:
    """Set a function's name to its code, so that a learner can paste a call with it."""
    function.__name__ = name
    return function


def _signed(rng: Rng, dim: int) -> Array:
    signed: Array = (rng.uniform(0.5, 1.5, dim) * rng.choice([-1.0, 1.0], dim)).round(2)
    return signed


def _basis(rng: Rng, dim: int) -> Array:
    """Draw a reflection: a symmetric matrix whose columns are orthonormal."""
    u = _signed(rng, dim)
    reflection: Array = np.eye(dim) - 2 * np.outer(u, u) / (u @ u)
    return reflection


def _symmetric(rng: Rng, *eigenvalues: float, basis: Array | None = None) -> Array:
    """Draw a symmetric matrix, rounded, that has about these eigenvalues and is not diagonal."""
    Q = _basis(rng, len(eigenvalues)) if basis is None else basis
    H: Array = (Q * eigenvalues) @ Q.T
    return ((H + H.T) / 2).round(3)


def _recorded(function: Function) -> tuple[Function, list[Array]]:
    """Return the function, and a list to which it adds each point at which it is evaluated."""
    points: list[Array] = []

    def recorded(w: Array) -> Any:
        points.append(np.array(w, dtype=float))
        return function(w)

    return _named(recorded, function.__name__), points


def _pairs(rng: Rng, count: int, dim: int) -> tuple[list[Array], list[Array]]:
    """Draw steps, and changes of the gradient that are close to those in a bowl."""
    H = _symmetric(rng, *np.linspace(0.5, 3, dim))
    s_list = [_signed(rng, dim) for _ in range(count)]
    return s_list, [(H @ s + 0.1 * rng.uniform(0, 1, dim) * s).round(2) for s in s_list]


def _quartic(rng: Rng, dim: int) -> tuple[Function, Array, Array]:
    """Draw a steep bowl, a point on its wall, and the gradient there."""
    a, b = rng.uniform(1, 2, dim).round(2), rng.uniform(1, 3, dim).round(2)
    w = _signed(rng, dim)
    f = made(f"lambda w: {argument_text(a)} @ w**4 + {argument_text(b)} @ w**2", _steep, a, b)
    return f, w, (4 * a * w**3 + 2 * b * w).round(2)


# The functions that make the losses for `backtracking`. They are called in the answer's process, which evaluates each
# loss hundreds of times.


def _steep(a: Array, b: Array) -> Function:
    return lambda w: float(a @ w**4 + b @ w**2)


def _one_valley(h: float) -> Function:
    return lambda w: float(w[0] ** 3 - h * w[0])


def _barrier(k: Array) -> Function:
    return lambda w: float(k @ w - np.sum(np.log(w)))


def _line(m: float) -> Function:
    return lambda w: m * w[0]


def _fall(edge: float) -> Function:
    return lambda w: float(-w[0]) if w[0] < edge else 5.0


def _ledge(far: float) -> Function:
    return lambda w: far if w[0] > 0.6 else float(-w[0])


def _climb(k: float) -> Function:
    return lambda w: float(k * np.log(w[0]))


def _ridge(k: float) -> Function:
    return lambda w: float(k * w[0] - w[1] ** 2)


def _low_around() -> Function:
    return lambda w: -1.0 if abs(w[0]) > 0.6 else 5.0


def _low_far() -> Function:
    return lambda w: -1.0 if w[0] > 0.6 else 5.0


def _lost() -> Function:
    return lambda w: 0.0 if w[0] == 0 else float("nan")


@probe("backtracking")
def probe_backtracking(recorder: Recorder, rng: Rng, backtracking: Function) -> None:
    h = round(float(rng.uniform(1, 2)), 2)
    cubic = made(f"lambda w: w[0]**3 - {h}*w[0]", _one_valley, h)
    # f is also low far behind 0: an answer that searches in the wrong direction finds a rate, and an answer that always
    # fails does not.
    recorder.ask("the rate for a cubic f", backtracking, cubic, np.zeros(1), np.array([-h]), np.array([3.0]))
    f, w, grad = _quartic(rng, 3)
    recorder.ask("the rate with the default settings", backtracking, f, w, grad, -grad)
    recorder.ask("the rate of a short step", backtracking, f, w, grad, (-0.02 * grad).round(3))
    # With a large c, a rule that accepts any decrease, or forgets t or c, stops at another rate.
    recorder.ask("the rate with c=0.5", backtracking, f, w, grad, -grad, shrink=0.8, c=0.5)
    recorder.ask("the rate with c=0.9", backtracking, f, w, grad, -grad, 0.8, 0.9)
    k = rng.uniform(1, 2, 2).round(2)
    barrier = made(f"lambda w: {argument_text(k)} @ w - np.sum(np.log(w))", _barrier, k)
    place = rng.uniform(2, 3, 2).round(2)
    slope = (k - 1 / place).round(2)
    recorder.ask("the rate if f is NaN for a long step", backtracking, barrier, place, slope, (-8 * slope).round(2))
    m = float(rng.randint(1, 9))
    line = made(f"lambda w: {m:g} * w[0]", _line, m)
    # Small integers are exact, so that both sides of the condition are equal.
    recorder.ask(
        "the rate if the bound is met exactly", backtracking, line, np.array([3.0]), np.array([m]),
        np.array([-1.0]), c=1.0,
    )  # fmt: skip
    edge = round(float(rng.uniform(0.27, 0.48)), 2)
    recorder.ask("the rate if it is found at the last try", backtracking, *_cliff(edge, str(edge)), max_iter=3)
    recorder.ask("the rate if it is found at the 50th try", backtracking, *_cliff(2**-48.5, "2**-48.5"))
    for far in (-1.5e-4, -0.7e-4):
        ledge = made(f"lambda w: {far} if w[0] > 0.6 else -w[0]", _ledge, far)
        says = "the rate if the full step decreases f by about the default c"
        recorder.ask(says, backtracking, ledge, np.zeros(1), np.array([-1.0]), np.array([1.0]))


def _cliff(edge: float, text: str) -> tuple[Function, Array, Array, Array]:
    """Return a loss that falls from 0 to an edge and is high beyond it, and its start, gradient and direction."""
    f = made(f"lambda w: -w[0] if w[0] < {text} else 5.0", _fall, edge)
    return f, np.zeros(1), np.array([-1.0]), np.array([1.0])


@probe("backtracking", part="arguments")
def probe_backtracking_arguments(recorder: Recorder, rng: Rng, backtracking: Function) -> None:
    k = round(float(rng.uniform(0.5, 2)), 2)
    climb = made(f"lambda w: {k} * np.log(w[0])", _climb, k)
    one = np.array([1.0])
    recorder.expect_error("an uphill direction", backtracking, climb, one, k * one, one, c=0.9)
    across = made(f"lambda w: {k} * w[0] - w[1]**2", _ridge, k)
    recorder.expect_error(
        "a direction perpendicular to the gradient", backtracking, across, np.zeros(2), np.array([k, 0.0]),
        np.array([0.0, 1.0]),
    )  # fmt: skip
    edge = round(float(rng.uniform(0.27, 0.48)), 2)
    recorder.expect_error("no rate found in max_iter tries", backtracking, *_cliff(edge, str(edge)), max_iter=2)
    recorder.expect_error("no rate found in 50 tries", backtracking, *_cliff(2**-49.5, "2**-49.5"))
    # f is also low behind 0, so that an answer that searches in the wrong direction differs from one that rejects
    # everything.
    around = made("lambda w: -1.0 if abs(w[0]) > 0.6 else 5.0", _low_around)
    recorder.ask("the rate 1 if f is low on both sides", backtracking, around, np.zeros(1), -one, one, max_iter=1)
    # Only the rate 1 passes here, so that a wrong first rate differs from too few tries.
    far = made("lambda w: -1.0 if w[0] > 0.6 else 5.0", _low_far)
    recorder.ask("the rate 1 with max_iter=1", backtracking, far, np.zeros(1), -one, one, max_iter=1)
    lost = made("lambda w: 0.0 if w[0] == 0 else np.nan", _lost)
    recorder.expect_error("a function that is NaN everywhere else", backtracking, lost, np.zeros(1), -one, one)


@probe("hessian_vector_product")
def probe_hessian_vector_product(recorder: Recorder, rng: Rng, hessian_vector_product: Function) -> None:
    for says, dim, options in (
        ("the product with the default h", 3, ()),
        # With a large h, the result shows at which points the gradient is evaluated.
        ("the product with a large h", 3, (0.5,)),
        ("the product in one dimension", 1, (0.25,)),
    ):
        k, w, v = _signed(rng, dim), rng.uniform(-1, 1, dim).round(2), (2 * _signed(rng, dim)).round(2)
        cubic = _named(
            lambda w, k=k: k * (k @ w) ** 3 + k**2 * w,
            f"lambda w: {argument_text(k)} * ({argument_text(k)} @ w)**3 + {argument_text(k)}**2 * w",
        )
        gradient, points = _recorded(cubic)
        recorder.ask(says, hessian_vector_product, gradient, w, v, *options, rtol=1e-6, atol=1e-7)
        recorder.observe("how often the gradient is evaluated", len(points))
        far = max((float(np.linalg.norm(point - w)) for point in points), default=0.0)
        recorder.observe("how far from w the gradient is evaluated", far, rtol=1e-3)
    recorder.ask("the product with the zero vector", hessian_vector_product, cubic, w, np.zeros(1))


@probe("conjugate_gradient")
def probe_conjugate_gradient(recorder: Recorder, rng: Rng, conjugate_gradient: Function) -> None:
    bowl, saddle = (0.5, 1.0, 2.0, 5.0, 12.0), (4.0, 3.0, -1.0)
    for says, eigenvalues, tol, max_iter in (
        ("the solution", bowl, 1e-10, 50),
        ("the result after one iteration", bowl, 1e-10, 1),
        ("the result after three iterations", bowl, 1e-10, 3),
        ("the result for tol = 0.33", bowl, 0.33, 50),
        ("the result if the first curvature is negative", (-0.1, -0.2, -0.3), 1e-10, 50),
        ("the result if a later curvature is negative", saddle, 1e-10, 50),
        ("the solution in one dimension", (2.5,), 1e-10, 50),
    ):
        Q = _basis(rng, len(eigenvalues))
        H = _symmetric(rng, *eigenvalues, basis=Q)
        # b has the same component along each eigenvector. So the speed of convergence, and the sign of the first
        # curvature on the saddle, do not depend on the seed.
        b = (Q @ np.ones(len(H))).round(2)
        product = _named(lambda v, H=H: H @ v, f"lambda v: {argument_text(H)} @ v")
        hvp, points = _recorded(product)
        recorder.ask(says, conjugate_gradient, hvp, b, tol, max_iter, rtol=1e-6, atol=1e-8)
        recorder.observe(f"how often hvp is called for {says}", len(points))
    # Integers, so that norms and curvatures are exact.
    k = float(rng.randint(1, 9))
    recorder.ask(
        "the result for tol = 1",
        conjugate_gradient,
        _named(lambda v: 2 * v, "lambda v: 2 * v"),
        np.array([3 * k, -4 * k]),
        1.0,
        50,
    )
    swap = _named(lambda v: v[::-1].copy(), "lambda v: v[::-1]")
    recorder.ask("the result if the first curvature is 0", conjugate_gradient, swap, np.array([k, 0.0]), 1e-10, 50)
    recorder.ask("the result for b = 0", conjugate_gradient, product, np.zeros(1), 1e-10, 50)


@probe("bfgs_update")
def probe_bfgs_update(recorder: Recorder, rng: Rng, bfgs_update: Function) -> None:
    H_inv = _symmetric(rng, 0.5, 1.0, 2.0)
    for count, s, y in zip(("first", "second", "third"), *_pairs(rng, 3, 3), strict=True):
        H_inv = recorder.call(f"the {count} of three updates in a row", bfgs_update, H_inv, s, y)
    H_inv, s = _symmetric(rng, 0.5, 1.0, 2.0), _signed(rng, 3)
    recorder.ask("an update that must be skipped", bfgs_update, H_inv, s, (-s + 0.1 * rng.uniform(0, 1, 3)).round(2))
    # Integers, so that the product is exactly 0.
    a, b = float(rng.randint(1, 5)), float(rng.randint(1, 5))
    recorder.ask(
        "an update with curvature 0", bfgs_update, np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([a, b]),
        np.array([-b, a]),
    )  # fmt: skip
    short = (0.1 * s).round(3)
    recorder.ask(
        "an update by a short step", bfgs_update, H_inv, short, (2.5 * short + 0.01 * _signed(rng, 3)).round(3)
    )
    recorder.ask("an update in one dimension", bfgs_update, np.array([[1.0]]), s[:1], 2 * s[:1])


@probe("lbfgs_direction")
def probe_lbfgs_direction(recorder: Recorder, rng: Rng, lbfgs_direction: Function) -> None:
    for count, dim in ((3, 4), (1, 3), (5, 3), (2, 1), (0, 3)):
        s_list, y_list = _pairs(rng, count, dim)
        recorder.ask(f"the direction from {count} pairs", lbfgs_direction, _signed(rng, dim), s_list, y_list)


@probe("kfac_factors")
def probe_kfac_factors(recorder: Recorder, rng: Rng, kfac_factors: Function) -> None:
    for n, d_in, d_out in ((5, 3, 2), (4, 3, 3), (3, 3, 3), (1, 2, 4)):
        a, g = rng.randn(n, d_in).round(2), rng.randn(n, d_out).round(2)
        recorder.ask(f"the factors from {n} examples, {d_in} inputs and {d_out} outputs", kfac_factors, a, g)


@probe("shampoo_step")
def probe_shampoo_step(recorder: Recorder, rng: Rng, shampoo_step: Function) -> None:
    for shape in ((3, 2), (3, 3)):
        W: Array = rng.randn(*shape).round(2)
        state: dict[str, Array] = {}
        for step in range(3):
            says = f"step {step + 1} of a {shape[0]} by {shape[1]} matrix"
            W, state = recorder.call(says, shampoo_step, W, rng.randn(*shape).round(2), state, 0.1, eps=0.5)
    state = {"L": _symmetric(rng, 1.0, 2.0), "R": _symmetric(rng, 0.5, 1.0, 3.0)}
    recorder.ask("a step from a given state", shampoo_step, rng.randn(2, 3).round(2), rng.randn(2, 3).round(2),
               state, 0.3)  # fmt: skip
    recorder.ask("the first step with the default eps", shampoo_step, rng.randn(2, 3).round(2),
               rng.randn(2, 3).round(2), {}, 0.3, rtol=1e-6)  # fmt: skip
    recorder.ask("a step with gradient 0", shampoo_step, rng.randn(2, 2).round(2), np.zeros((2, 2)), {}, 0.3)
