"""Lesson 06 against PyTorch, and against derivations that share no line with the lesson.

Where PyTorch's convention differs from the course's, the test says how the one maps to the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace

torch = pytest.importorskip("torch")

FOLDER = Path(__file__).parents[2] / "lessons" / "06_adaptive_optimizers"
NAMES = namespace(read_lesson(FOLDER))
STEPS = 60
BETAS = (0.8, 0.95)
EPS = 1e-2

Gradients = np.ndarray


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    """PyTorch keeps NAdam's product in its default dtype, whatever that of the weights."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture
def start() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(3, 4))


@pytest.fixture
def grads() -> Gradients:
    """Gradients whose size changes much, as in training: a maximum and an average part."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(STEPS, 3, 4)) * 10 ** rng.uniform(-2, 1, size=(STEPS, 1, 1))


def ours(name: str, w: np.ndarray, grads: Gradients, **settings: Any) -> np.ndarray:
    state: dict[str, Any] = {}
    path = []
    for grad in grads:
        w, state = NAMES[name](w, grad, state, **settings)
        path.append(w)
    return np.array(path)


def theirs(make: Callable[..., Any], w: np.ndarray, grads: Gradients, **settings: Any) -> np.ndarray:
    parameter = torch.nn.Parameter(torch.tensor(w, dtype=torch.float64))
    optimizer = make([parameter], **settings)
    path = []
    for grad in grads:
        parameter.grad = torch.tensor(grad, dtype=torch.float64)
        optimizer.step()
        path.append(parameter.detach().numpy().copy())
    return np.array(path)


# Name, PyTorch's optimizer, the course's settings, PyTorch's settings for the same. PyTorch's `betas` are ours as a
# pair, and its `alpha` is our `decay`; its AdaGrad has another default eps, so that all are given here.
PAIRS = {
    "adagrad_step": ("Adagrad", {"lr": 0.3, "eps": EPS}, {"lr": 0.3, "eps": EPS}),
    "rmsprop_step": ("RMSprop", {"lr": 0.1, "decay": 0.9, "eps": EPS}, {"lr": 0.1, "alpha": 0.9, "eps": EPS}),
    "adam_step": (
        "Adam",
        {"lr": 0.1, "beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS},
        {"lr": 0.1, "betas": BETAS, "eps": EPS},
    ),
    "adamw_step": (
        "AdamW",
        {"lr": 0.1, "beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS, "weight_decay": 0.3},
        {"lr": 0.1, "betas": BETAS, "eps": EPS, "weight_decay": 0.3},
    ),
    "amsgrad_step": (
        "Adam",
        {"lr": 0.1, "beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS},
        {"lr": 0.1, "betas": BETAS, "eps": EPS, "amsgrad": True},
    ),
    "nadam_step": (
        "NAdam",
        {"lr": 0.1, "beta1": BETAS[0], "beta2": BETAS[1], "eps": EPS, "momentum_decay": 0.3},
        {"lr": 0.1, "betas": BETAS, "eps": EPS, "momentum_decay": 0.3},
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_each_step_is_pytorchs(name: str, start: np.ndarray, grads: Gradients) -> None:
    peer, settings, settings_there = PAIRS[name]
    there = theirs(getattr(torch.optim, peer), start, grads, **settings_there)
    np.testing.assert_allclose(ours(name, start, grads, **settings), there, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["adam_step", "adamw_step", "amsgrad_step", "nadam_step"])
def test_defaults_are_pytorchs(name: str, start: np.ndarray, grads: Gradients) -> None:
    there = theirs(getattr(torch.optim, PAIRS[name][0]), start, grads, **({"amsgrad": True} if "ams" in name else {}))
    np.testing.assert_allclose(ours(name, start, grads), there, rtol=1e-10, atol=1e-12)


def test_uncorrected_adam_is_a_weighted_sum(start: np.ndarray, grads: Gradients) -> None:
    """The averages written out as sums over all past gradients; no library leaves the correction out."""
    b1, b2 = BETAS
    w = start.copy()
    path = ours("adam_step_uncorrected", start, grads, lr=0.1, beta1=b1, beta2=b2, eps=EPS)
    for t in range(STEPS):
        ages = np.arange(t, -1, -1)
        m = np.tensordot((1 - b1) * b1**ages, grads[: t + 1], axes=1)
        v = np.tensordot((1 - b2) * b2**ages, grads[: t + 1] ** 2, axes=1)
        w = w - 0.1 * m / (np.sqrt(v) + EPS)
        np.testing.assert_allclose(path[t], w, rtol=1e-10, atol=1e-12)


def test_the_corrected_average_of_equal_numbers_is_that_number() -> None:
    for beta in (0.0, 0.5, 0.9, 0.999):
        for t in (1, 2, 7, 300):
            average = 0.0
            for _ in range(t):
                average += (1 - beta) * (2.5 - average)
            assert NAMES["bias_correct"](average, beta, t) == pytest.approx(2.5, rel=1e-10)


@pytest.mark.parametrize("gradient", [3.0, -0.02])
def test_first_step_sizes_are_those_of_pytorch(gradient: float) -> None:
    grads = np.full((1, 1), gradient)
    there = theirs(torch.optim.Adam, np.zeros(1), grads, lr=0.01, betas=BETAS, eps=0.0)
    assert NAMES["first_step_size"](0.01, *BETAS, True) == pytest.approx(abs(there[0, 0]), rel=1e-10)
    # PyTorch's RMSprop does not correct: with beta1 = 0 it is uncorrected Adam.
    there = theirs(torch.optim.RMSprop, np.zeros(1), grads, lr=0.01, alpha=BETAS[1], eps=0.0)
    assert NAMES["first_step_size"](0.01, 0.0, BETAS[1], False) == pytest.approx(abs(there[0, 0]), rel=1e-10)


def test_what_the_text_says_of_first_steps() -> None:
    assert NAMES["first_step_size"](1.0, 0.9, 0.999, False) == pytest.approx(math.sqrt(10), rel=1e-10)
    lengths = np.abs(np.diff(ours("adam_step_uncorrected", np.zeros(1), np.ones((5000, 1)), lr=1.0)[:, 0], prepend=0))
    assert np.argmax(lengths) + 1 == 12
    assert round(float(lengths.max()), 2) == 6.57
    order = sorted((1, 12, 200, 1000, 5000), key=lambda t: -lengths[t - 1])
    assert NAMES["longest_step_first"] == [str(t) for t in order]
    first = theirs(torch.optim.RMSprop, np.zeros(1), np.ones((1, 1)), lr=1.0, alpha=0.99, eps=0.0)
    assert NAMES["rmsprop_first_step"] == pytest.approx(abs(first[0, 0]), rel=1e-10)


def test_penalty_and_decay_are_one_for_plain_sgd_only(start: np.ndarray, grads: Gradients) -> None:
    """A penalty is PyTorch's `weight_decay`; the decay is done by hand. The first steps of all but SGD differ."""

    def decayed(make: Callable[..., Any], lam: float, **settings: Any) -> np.ndarray:
        parameter = torch.nn.Parameter(torch.tensor(start))
        optimizer = make([parameter], lr=0.1, **settings)
        for grad in grads[:8]:
            parameter.grad = torch.tensor(grad)
            old = parameter.detach().clone()
            optimizer.step()
            with torch.no_grad():
                parameter -= 0.1 * lam * old
        return parameter.detach().numpy().copy()

    makes = {
        "a": (torch.optim.SGD, {}),
        "b": (torch.optim.SGD, {"momentum": 0.9}),
        "c": (torch.optim.Adagrad, {}),
        "d": (torch.optim.RMSprop, {}),
        "e": (torch.optim.Adam, {}),
    }
    same = set()
    for letter, (make, settings) in makes.items():
        penalty = theirs(make, start, grads[:8], lr=0.1, weight_decay=0.3, **settings)[-1]
        # Any one lambda is allowed for the decay.
        gaps = [np.max(np.abs(penalty - decayed(make, lam, **settings))) for lam in np.linspace(0, 3, 301)]
        same |= {letter} if min(gaps) < 1e-12 else set()
    assert same == NAMES["penalty_equals_decay"]


def scalar_lion(w: float, grads: list[float], lr: float, b1: float, b2: float, decay: float) -> float:
    """Algorithm 2 of Chen et al. (2023) for one weight."""
    m = 0.0
    for g in grads:
        c = b1 * m + (1 - b1) * g
        direction = math.copysign(1.0, c) if c else 0.0
        w -= lr * (direction + decay * w)
        m = b2 * m + (1 - b2) * g
    return w


def test_lion_is_the_papers_algorithm(start: np.ndarray, grads: Gradients) -> None:
    path = ours("lion_step", start, grads, lr=0.01, beta1=0.85, beta2=0.97, weight_decay=0.2)
    for i in np.ndindex(start.shape):
        there = scalar_lion(float(start[i]), grads[(slice(None), *i)].tolist(), 0.01, 0.85, 0.97, 0.2)
        assert path[-1][i] == pytest.approx(there, rel=1e-10)


def by_singular_values(G: np.ndarray, steps: int) -> np.ndarray:
    """The iteration as what it does to each singular value alone."""
    U, s, Vh = torch.linalg.svd(torch.tensor(G), full_matrices=False)
    s = s / torch.linalg.vector_norm(s)
    for _ in range(steps):
        s = s * (3.4445 + s**2 * (-4.7750 + 2.0315 * s**2))
    return (U * s @ Vh).numpy()


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (1, 6)])
def test_newton_schulz_is_a_polynomial_of_the_singular_values(shape: tuple[int, int]) -> None:
    G = np.random.default_rng(2).normal(size=shape)
    for steps in (0, 1, 5):
        np.testing.assert_allclose(
            NAMES["newton_schulz"](G, steps), by_singular_values(G, steps), rtol=1e-10, atol=1e-10
        )
    values = np.linalg.svd(NAMES["newton_schulz"](G), compute_uv=False)
    assert values.min() > 0.3
    assert values.max() < 1.6


@pytest.mark.parametrize("shape", [(3, 5), (6, 3)])
def test_muon_is_pytorchs(shape: tuple[int, int]) -> None:
    """Rows are rows on both sides: PyTorch calls them `out`, the course's layers call them `in`.

    PyTorch iterates in bfloat16, which has 8 bits: a step of length 1 is held to 1e-2 of the weights' size.
    """
    rng = np.random.default_rng(3)
    w, grads = rng.normal(size=shape), rng.normal(size=(12, *shape))
    settings = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3}
    here, there = ours("muon_step", w, grads, **settings), theirs(torch.optim.Muon, w, grads, **settings)
    assert np.linalg.norm(here[-1] - w) > 0.5
    assert np.all(np.linalg.norm(here - there, axis=(1, 2)) < 1e-2 * np.linalg.norm(there, axis=(1, 2)))


@pytest.mark.parametrize("shape", [(3, 5), (6, 3)])
def test_muon_in_float64(shape: tuple[int, int]) -> None:
    """The average as a weighted sum of all gradients, the direction by singular values."""
    rng = np.random.default_rng(4)
    w, grads = rng.normal(size=shape), rng.normal(size=(12, *shape))
    path = ours("muon_step", w, grads, lr=0.1, momentum=0.9, weight_decay=0.3, steps=4)
    for t in range(12):
        weights = 0.1 * 0.9 ** np.arange(t, -1, -1)
        velocity = np.tensordot(weights, grads[: t + 1], axes=1)
        direction = by_singular_values(0.1 * grads[t] + 0.9 * velocity, 4)
        w = w - 0.1 * 0.3 * w - 0.1 * max(1.0, shape[0] / shape[1]) ** 0.5 * direction
        np.testing.assert_allclose(path[t], w, rtol=1e-10, atol=1e-10)


def test_sam_on_a_quadratic_is_two_products_with_its_matrix() -> None:
    """The gradient is A w, so that SAM's is (I + rho * A / |A w|) A w."""
    rng = np.random.default_rng(5)
    A = rng.normal(size=(4, 4))
    A = A @ A.T
    w = rng.normal(size=4)
    there = (np.eye(4) + 0.3 * A / math.sqrt(float(w @ A @ A @ w))) @ A @ w
    np.testing.assert_allclose(NAMES["sam_gradient"](lambda w: A @ w, w, 0.3), there, rtol=1e-10)


def test_schedule_free_is_the_plain_mean_of_all_points(start: np.ndarray, grads: Gradients) -> None:
    """z is a plain sum of gradients, x the mean of all z from the start on, y between them."""
    z = start - 0.05 * np.concatenate([np.zeros((1, 3, 4)), np.cumsum(grads, axis=0)])
    there = [0.3 * z[t] + 0.7 * z[: t + 1].mean(axis=0) for t in range(1, STEPS + 1)]
    np.testing.assert_allclose(
        ours("schedule_free_step", start, grads, lr=0.05, beta=0.7), there, rtol=1e-10, atol=1e-12
    )
