"""Probes of lesson 07a, Newton's method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.checks.answer_types import Labels, SubsetOf
from course_utils.checks.card import argument_text
from course_utils.checks.probe import Recorder, probe, question
from course_utils.checks.remote_calls import made

Array = NDArray[np.float64]
Rng = np.random.RandomState
Function = Callable[..., Any]

question("where_newton_ends", Labels(("a", "b", "c", "d", "e"), ("saddle", "upper minimum", "lower minimum")))
question("true_of_newton", SubsetOf(("a", "b", "c", "d", "e", "f")))


def _number(rng: Rng, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 2)


def _symmetric(rng: Rng, *eigenvalues: float) -> Array:
    """Draw a symmetric matrix, rounded, that has about these eigenvalues and is not diagonal."""
    u = rng.uniform(0.5, 1.5, len(eigenvalues)) * rng.choice([-1.0, 1.0], len(eigenvalues))
    reflection = np.eye(len(u)) - 2 * np.outer(u, u) / (u @ u)
    H: Array = (reflection * eigenvalues) @ reflection
    return ((H + H.T) / 2).round(3)


def _cubic(rng: Rng, dim: int) -> Function:
    """Draw a polynomial of degree three; its name is code that a learner can paste."""
    a, k = rng.uniform(-2, 2, dim).round(2), (rng.uniform(0.5, 1.5, dim) * rng.choice([-1.0, 1.0], dim)).round(2)
    name = f"{argument_text(k)} @ w"
    return made(f"lambda w: {argument_text(a)} @ w + ({name})**2 + ({name})**3", _cubic_of, a, k)


def _cubic_of(a: Array, k: Array) -> Function:
    return lambda w: float(a @ w + (k @ w) ** 2 + (k @ w) ** 3)


def _recorded(f: Function) -> tuple[Function, list[Array]]:
    """Return the function, and a list to which it adds each point at which it is evaluated."""
    points: list[Array] = []

    def recorded(w: Array) -> Any:
        points.append(np.array(w, dtype=float))
        return f(w)

    recorded.__name__ = f.__name__
    return recorded, points


def _farthest(points: list[Array], w: Array) -> float:
    return max((float(np.linalg.norm(point - w)) for point in points), default=0.0)


@probe("linear_model")
def probe_linear_model(recorder: Recorder, rng: Rng, linear_model: Function) -> None:
    for dim in (3, 1, 4):
        g, d = rng.uniform(-3, 3, dim).round(2), rng.uniform(-1, 1, dim).round(2)
        recorder.ask(f"the model for a step in {dim} dimensions", linear_model, _number(rng, 1, 5), g, d)
    recorder.ask("the model for the step 0", linear_model, _number(rng, 1, 5), g, np.zeros(4))


@probe("quadratic_model")
def probe_quadratic_model(recorder: Recorder, rng: Rng, quadratic_model: Function) -> None:
    for eigenvalues in ((1.0, 2.0, 4.0), (3.0,), (-2.0, 1.0)):
        dim = len(eigenvalues)
        g, d = rng.uniform(-3, 3, dim).round(2), rng.uniform(0.5, 2, dim).round(2)
        H = _symmetric(rng, *eigenvalues)
        recorder.ask(f"the model for a step in {dim} dimensions", quadratic_model, _number(rng, 1, 5), g, H, d)
    recorder.ask("the model with gradient 0", quadratic_model, _number(rng, 1, 5), np.zeros(2), H, d)


@probe("numerical_gradient")
def probe_numerical_gradient(recorder: Recorder, rng: Rng, numerical_gradient: Function) -> None:
    f, w = _cubic(rng, 3), rng.uniform(-1, 1, 3).round(2)
    f_recorded, points = _recorded(f)
    recorder.ask("the gradient with the default h", numerical_gradient, f_recorded, w, rtol=1e-6, atol=1e-7)
    recorder.observe("how far from w f is evaluated, with the default h", _farthest(points, w), rtol=1e-3)
    # With a large h, the result shows at which points f is evaluated.
    recorder.ask("the gradient with a large h", numerical_gradient, f, w, 0.5)
    recorder.ask("the gradient with another large h", numerical_gradient, f, w, h=0.25)
    recorder.ask("the gradient in one dimension", numerical_gradient, _cubic(rng, 1), w[:1], h=0.5)


@probe("numerical_hessian")
def probe_numerical_hessian(recorder: Recorder, rng: Rng, numerical_hessian: Function) -> None:
    f, w = _cubic(rng, 3), rng.uniform(-1, 1, 3).round(2)
    # Every central formula is exact for a cubic, so that any of them passes; one-sided ones have an error of order h.
    recorder.ask("the Hessian with a large h", numerical_hessian, f, w, 0.5)
    f_recorded, points = _recorded(f)
    recorder.ask("the Hessian with the default h", numerical_hessian, f_recorded, w, rtol=1e-4, atol=1e-4)
    # A central formula moves two weights by h each, or one by 2h.
    near = 1.2e-4 < _farthest(points, w) < 2.2e-4
    recorder.observe("f is evaluated at a distance between h and 2h from w, with the default h", near)
    recorder.ask("the Hessian with h=0.25", numerical_hessian, f, w, h=0.25)
    recorder.ask("the Hessian in one dimension", numerical_hessian, _cubic(rng, 1), w[:1], h=0.5)


@probe("newton_step")
def probe_newton_step(recorder: Recorder, rng: Rng, newton_step: Function) -> None:
    cases = {"in a bowl": (1.0, 2.0, 4.0), "on a saddle": (-2.0, 1.0, 3.0), "in one dimension": (2.5,)}
    for says, eigenvalues in cases.items():
        w, grad = rng.randn(2, len(eigenvalues)).round(2)
        recorder.ask(f"the step {says}", newton_step, w, grad, _symmetric(rng, *eigenvalues))
    recorder.ask("the step with gradient 0", newton_step, w, np.zeros(1), np.array([[2.0]]))


@probe("damped_newton_step")
def probe_damped_newton_step(recorder: Recorder, rng: Rng, damped_newton_step: Function) -> None:
    cases = {
        "on a saddle": (-2.0, 1.0, 3.0),
        "in a bowl": (1.0, 2.0, 4.0),
        "on a hill": (-1.0, -3.0),
        "in one dimension": (-2.5,),
    }
    for says, eigenvalues in cases.items():
        w = rng.randn(len(eigenvalues)).round(2)
        grad = (rng.uniform(0.5, 2, len(w)) * rng.choice([-1.0, 1.0], len(w))).round(2)
        H = _symmetric(rng, *eigenvalues)
        recorder.ask(f"the step {says}", damped_newton_step, w, grad, H, _number(rng, 0.3, 0.8))
    flat = np.array([[1.0, 1.0], [1.0, 1.0]])
    recorder.ask("the step with a curvature of 0", damped_newton_step, rng.randn(2).round(2), np.ones(2), flat, 0.5)
    recorder.ask("the step on a hill without damping", damped_newton_step, w, grad, H, 0.0)


@probe("gauss_newton_step")
def probe_gauss_newton_step(recorder: Recorder, rng: Rng, gauss_newton_step: Function) -> None:
    # At least as many residuals as weights: otherwise J'J is singular, and the result could depend on rounding.
    for n, dim in ((5, 3), (3, 3), (6, 4), (4, 1)):
        J, r, w = rng.randn(n, dim).round(2), rng.randn(n).round(2), rng.randn(dim).round(2)
        says = f"the step for {n} residuals and {dim} weights"
        recorder.ask(says, gauss_newton_step, w, J, r, _number(rng, 0.4, 1.5))
    J = np.vstack([np.eye(2), rng.uniform(0.5, 2, (2, 2)).round(2)])
    recorder.ask("the step without damping", gauss_newton_step, rng.randn(2).round(2), J, rng.randn(4).round(2), 0.0)


@probe("hessian_bytes")
def probe_hessian_bytes(recorder: Recorder, rng: Rng, hessian_bytes: Function) -> None:
    recorder.ask("the bytes for a small network", hessian_bytes, int(rng.randint(10, 1000)))
    recorder.ask("the bytes in single precision", hessian_bytes, int(rng.randint(1000, 10**6)), 4)
    # Needs more than 64 bits; Python's own integers do not overflow.
    recorder.ask("the bytes for a language model", hessian_bytes, int(rng.randint(50, 200)) * 10**9, itemsize=2)


@probe("fit_exponent")
def probe_fit_exponent(recorder: Recorder, rng: Rng, fit_exponent: Function) -> None:
    for says, count in (("five measured times", 5), ("eight measured times", 8), ("two measured times", 2)):
        sizes = np.sort(rng.choice(np.arange(20, 900, 10), count, replace=False)).astype(float)
        times = 0.003 * sizes ** rng.uniform(1.5, 3) * rng.uniform(0.6, 1.7, count)
        recorder.ask(f"the exponent from {says}", fit_exponent, sizes, times.round(2))


@probe("natural_gradient_step")
def probe_natural_gradient_step(recorder: Recorder, rng: Rng, natural_gradient_step: Function) -> None:
    # At least as many scores as weights, for the same reason as in the Gauss-Newton step.
    for n, dim, damping in ((6, 3, 0.5), (3, 3, 0.8), (7, 4, 0.3), (1, 1, 0.5)):
        w, grad = rng.randn(2, dim).round(2)
        scores, lr = rng.randn(n, dim).round(2), _number(rng, 0.2, 0.7)
        says = f"the step from {n} scores of {dim} weights"
        recorder.ask(says, natural_gradient_step, w, grad, scores, lr, damping=damping)
    scores = np.vstack([np.eye(2), rng.uniform(0.5, 1, (1, 2)).round(2)])
    w, grad = rng.randn(2, 2).round(2)
    recorder.ask("the step with the default damping", natural_gradient_step, w, grad, scores, 0.5)
