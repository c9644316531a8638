"""Lesson 05 against PyTorch, SciPy, and enumeration.

Where a convention differs from the course's, the test says how the one maps to the other.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.signal
import scipy.stats

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace

torch = pytest.importorskip("torch")

FOLDER = Path(__file__).parents[2] / "lessons" / "05_sgd_pathologies"
NAMES = namespace(read_lesson(FOLDER))
RATES = (0.3, 0.3, 0.1, 0.02, 0.2, 0.5, 0.05, 0.05)
EXACT: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-12}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def positive_definite(rng: np.random.Generator, dim: int) -> np.ndarray:
    A = rng.normal(size=(dim, dim))
    return A @ A.T + 0.1 * np.eye(dim)


@pytest.mark.parametrize(("n", "batch_size"), [(10, 4), (12, 3), (5, 8), (4, 1)])
def test_minibatches_have_the_sizes_of_pytorch(rng: np.random.Generator, n: int, batch_size: int) -> None:
    """PyTorch's DataLoader with shuffle=True; its default, drop_last=False, is ours."""
    X, y = rng.normal(size=(n, 3)), np.arange(n)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(y)), batch_size, shuffle=True
    )
    batches = list(NAMES["minibatches"](X, y, batch_size, rng))
    assert [Xb.shape for Xb, _ in batches] == [tuple(Xb.shape) for Xb, _ in loader]
    rows = np.concatenate([yb for _, yb in batches])
    assert sorted(rows) == sorted(int(label) for _, yb in loader for label in yb)
    np.testing.assert_array_equal(np.concatenate([Xb for Xb, _ in batches]), X[rows])


@pytest.mark.parametrize("batch_size", [1, 2, 4, 5])
def test_gradient_noise_is_the_variance_over_every_possible_batch(rng: np.random.Generator, batch_size: int) -> None:
    grads = rng.normal(size=(5, 3))
    for replace, batches in (
        (True, itertools.product(range(5), repeat=batch_size)),
        (False, itertools.combinations(range(5), batch_size)),
    ):
        means = np.array([grads[list(rows)].mean(axis=0) for rows in batches])
        np.testing.assert_allclose(NAMES["gradient_noise"](grads, batch_size, replace), means.var(axis=0), **EXACT)


def test_gradient_noise_rises_to_its_bound_with_the_training_set(rng: np.random.Generator) -> None:
    grads = rng.normal(size=(8, 2))
    larger = [NAMES["gradient_noise"](np.tile(grads, (times, 1)), 6, replace=False) for times in (1, 2, 4, 1000)]
    bound = NAMES["gradient_noise"](grads, 6, replace=True)
    assert np.all(np.diff(larger, axis=0) > 0)
    assert np.all(larger[-1] < bound)
    np.testing.assert_allclose(larger[-1], bound, rtol=1e-3)


def test_noise_scale_is_the_trace_of_the_covariance_over_the_squared_mean(rng: np.random.Generator) -> None:
    grads = rng.normal(0.5, 1, size=(7, 4))
    theirs = torch.tensor(grads)
    expected = torch.trace(torch.cov(theirs.T, correction=0)) / theirs.mean(0).square().sum()
    np.testing.assert_allclose(NAMES["noise_scale"](grads), float(expected), **EXACT)


def test_condition_number_is_pytorchs(rng: np.random.Generator) -> None:
    H = positive_definite(rng, 5)
    np.testing.assert_allclose(NAMES["condition_number"](H), float(torch.linalg.cond(torch.tensor(H), 2)), **EXACT)


def test_contraction_is_the_norm_of_the_iteration_matrix(rng: np.random.Generator) -> None:
    H = positive_definite(rng, 5)
    for lr in (0.01, 0.1, 0.5):
        norm = torch.linalg.matrix_norm(torch.eye(5, dtype=torch.float64) - lr * torch.tensor(H), 2)
        np.testing.assert_allclose(NAMES["contraction"](H, lr), float(norm), **EXACT)


def test_best_constant_rate_balances_the_outermost_directions(rng: np.random.Generator) -> None:
    H = positive_definite(rng, 5)
    values = scipy.linalg.eigh(H, eigvals_only=True)
    balance = scipy.optimize.brentq(lambda lr: (1 - lr * values[0]) + (1 - lr * values[-1]), 0, 10, xtol=1e-14)
    best = NAMES["best_constant_rate"](H)
    np.testing.assert_allclose(best, balance, **EXACT)
    others = best * np.linspace(0.5, 1.5, 201)
    assert NAMES["contraction"](H, best) <= min(NAMES["contraction"](H, lr) for lr in others) + 1e-12


def test_zigzag_count_counts_strict_local_extrema(rng: np.random.Generator) -> None:
    """Where no step is 0, a turn is a local extremum of the coordinate."""
    path = rng.normal(size=(50, 4))
    extrema = [
        sum(len(scipy.signal.argrelextrema(column, comparison)[0]) for comparison in (np.greater, np.less))
        for column in path.T
    ]
    np.testing.assert_array_equal(NAMES["zigzag_count"](path), extrema)


def test_classify_critical_point_agrees_with_sylvesters_law_of_inertia(rng: np.random.Generator) -> None:
    """LDL' has as many positive and negative pivots as H has eigenvalues of that sign."""
    kinds = set()
    for _ in range(200):
        A = rng.normal(size=(3, 3))
        H = A + A.T + rng.choice([-3, 0, 3]) * np.eye(3)
        _, D, _ = scipy.linalg.ldl(H)
        signs = set(np.sign(np.linalg.eigvals(D).real))
        expected = "saddle" if len(signs) == 2 else "minimum" if 1 in signs else "maximum"
        assert NAMES["classify_critical_point"](H) == expected
        kinds.add(expected)
    assert len(kinds) == 3


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_steps_are_pytorchs_while_the_rate_changes(rng: np.random.Generator, nesterov: bool) -> None:
    w, state, grads = rng.normal(size=(2, 3)), {}, rng.normal(size=(len(RATES), 2, 3))
    weights = torch.tensor(w, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=1.0, momentum=0.8, nesterov=nesterov)
    for lr, grad in zip(RATES, grads, strict=True):
        optimizer.param_groups[0]["lr"] = lr
        weights.grad = torch.tensor(grad)
        optimizer.step()
        w, state = NAMES["nesterov_step" if nesterov else "momentum_step"](w, grad, state, lr, momentum=0.8)
        np.testing.assert_allclose(w, weights.detach().numpy(), **EXACT)
        np.testing.assert_allclose(state["velocity"], optimizer.state[weights]["momentum_buffer"].numpy(), **EXACT)


def test_nesterov_step_stands_at_the_look_ahead_of_sutskevers_form(rng: np.random.Generator) -> None:
    """Sutskever et al. 2013 keep theta and u, and ask for the gradient at theta + m*u: that place is our w."""
    H, m, lr = positive_definite(rng, 3), 0.8, 0.02
    theta, u = rng.normal(size=3), np.zeros(3)
    w, state = theta.copy(), {}
    for _ in range(20):
        u = m * u - lr * H @ (theta + m * u)
        theta = theta + u
        w, state = NAMES["nesterov_step"](w, H @ w, state, lr, momentum=m)
        np.testing.assert_allclose(w, theta + m * u, **EXACT)
        np.testing.assert_allclose(-lr * state["velocity"], u, **EXACT)


def linear_map(step: Any, curvature: float, lr: float, momentum: float) -> np.ndarray:
    """The matrix that a step is in (w, v), on a bowl of this curvature."""
    columns = []
    for w, v in ((1.0, 0.0), (0.0, 1.0)):
        w_new, state = step(w, curvature * w, {"velocity": v}, lr, momentum=momentum)
        columns.append([w_new, state["velocity"]])
    return np.array(columns).T


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_variance_with_momentum_that_the_lesson_states(momentum: float) -> None:
    """The stationary covariance C solves C = A C A' + B B', where B is what the noise alone does in one step."""
    lr, h, s = 0.3, 1.7, 0.6
    A = linear_map(NAMES["momentum_step"], h, lr, momentum)
    moved, state = NAMES["momentum_step"](0.0, s, {}, lr, momentum=momentum)
    B = np.array([[moved], [state["velocity"]]])
    C = scipy.linalg.solve_discrete_lyapunov(A, B @ B.T)
    stated = lr * s**2 / h * (1 + momentum) / ((1 - momentum) * (2 * (1 + momentum) - lr * h))
    np.testing.assert_allclose(C[0, 0], stated, **EXACT)


@pytest.mark.parametrize(("name", "limit"), [("momentum_step", 2 * 1.9), ("nesterov_step", 2 * 1.9 / 2.8)])
def test_the_limits_of_stability_that_the_lesson_states(name: str, limit: float) -> None:
    for share, stable in ((0.999, True), (1.001, False)):
        A = linear_map(NAMES[name], 1.0, share * limit, 0.9)
        assert (np.abs(np.linalg.eigvals(A)).max() < 1) == stable


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_clip_by_global_norm_is_pytorchs_but_for_its_millionth(rng: np.random.Generator, max_norm: float) -> None:
    """PyTorch multiplies by min(1, max_norm/(norm + 1e-6)); ours divides by the norm itself."""
    grads = [rng.normal(size=shape) for shape in ((3, 4), (4,), (2, 2, 2))]
    parameters = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in grads]
    for parameter, g in zip(parameters, grads, strict=True):
        parameter.grad = torch.tensor(g)
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, max_norm))
    back = (norm + 1e-6) / norm if norm > max_norm else 1.0
    for clipped, parameter in zip(NAMES["clip_by_global_norm"](grads, max_norm), parameters, strict=True):
        assert parameter.grad is not None
        np.testing.assert_allclose(clipped, parameter.grad.numpy() * back, **EXACT)


def test_heavy_ball_parameters_have_the_smallest_spectral_radius(rng: np.random.Generator) -> None:
    mu, L = 0.4, 23.0

    def radius(lr: float, momentum: float) -> float:
        steps = (linear_map(NAMES["momentum_step"], h, lr, momentum) for h in np.linspace(mu, L, 30))
        return max(float(np.abs(np.linalg.eigvals(A)).max()) for A in steps)

    lr, momentum = NAMES["heavy_ball_parameters"](mu, L)
    # Double eigenvalues at both ends: their computed size is right to about the root of the rounding error.
    np.testing.assert_allclose(radius(lr, momentum), (np.sqrt(L / mu) - 1) / (np.sqrt(L / mu) + 1), rtol=1e-6)
    for other in rng.uniform(0.8, 1.2, size=(200, 2)):
        assert radius(lr * other[0], min(momentum * other[1], 0.999)) > radius(lr, momentum)
    # The two double roots hold exactly where the discriminant of each end is 0.
    for h in (mu, L):
        np.testing.assert_allclose((1 + momentum - lr * h) ** 2, 4 * momentum, **EXACT)


def test_perturbed_step_is_pytorchs_sgd_between_kicks(rng: np.random.Generator) -> None:
    H, w, state = np.diag([1.0, -0.5, 2.0]), np.array([1.0, 1.0, -1.0]), {}
    weights = torch.tensor(w, requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=0.1)
    for t in range(1, 20):
        weights.grad = torch.tensor(H) @ weights.detach()
        optimizer.step()
        w, state = NAMES["perturbed_step"](w, lambda w: H @ w, state, 0.1, rng)
        assert state == {"t": t, "last": None}
        np.testing.assert_allclose(w, weights.detach().numpy(), **EXACT)


def test_kicks_are_uniform_in_the_ball(rng: np.random.Generator) -> None:
    """Then (length/radius)^D and, by symmetry, the angle in any plane are uniform."""
    kicks = np.array(
        [NAMES["perturbed_step"](np.zeros(3), np.zeros_like, {}, 0.1, rng, radius=2.0)[0] for _ in range(2000)]
    )
    shares = (np.linalg.norm(kicks, axis=1) / 2.0) ** 3
    angles = np.arctan2(kicks[:, 0], kicks[:, 2]) / (2 * np.pi) + 0.5
    for values in (shares, angles):
        assert scipy.stats.kstest(values, "uniform").pvalue > 1e-3


def test_kicks_come_wait_steps_apart(rng: np.random.Generator) -> None:
    w, state, kicks = np.zeros(2), {}, []
    for t in range(1, 30):
        w, state = NAMES["perturbed_step"](w, np.zeros_like, state, 0.1, rng, wait=5)
        kicks += [t] if state["last"] == t else []
    assert kicks == [1, 7, 13, 19, 25]


def test_random_critical_points_have_the_shares_that_the_lesson_states(rng: np.random.Generator) -> None:
    """P(all eigenvalues positive) of the Gaussian orthogonal ensemble, by integrating over its entries in D = 2.

    Positive definite is a + c > 0 and a*c > b^2, for a, c ~ N(0, 1) and b ~ N(0, 1/2). With p = (a + c)/sqrt(2),
    q = (a - c)/sqrt(2) and r = sqrt(2)*b, three standard normals, it is p > sqrt(q^2 + r^2): a cone of half-angle 45
    degrees, whose share of the sphere is (1 - cos(45 degrees))/2.
    """
    np.testing.assert_allclose((2 - np.sqrt(2)) / 4, (1 - np.cos(np.pi / 4)) / 2, **EXACT)
    A = rng.normal(size=(20000, 3, 3))
    share = np.mean(np.linalg.eigvalsh(A + A.transpose(0, 2, 1))[:, 0] > 0)
    stated = (np.pi - 2 * np.sqrt(2)) / (4 * np.pi)
    # Four standard deviations of a share of 20000.
    assert abs(share - stated) < 4 * np.sqrt(stated / 20000)
