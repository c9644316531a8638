"""Lesson 02a against scikit-learn, PyTorch and SciPy; each test states how conventions map."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace

torch = pytest.importorskip("torch")
linear_model = pytest.importorskip("sklearn.linear_model")
optimize = pytest.importorskip("scipy.optimize")
distance = pytest.importorskip("scipy.spatial.distance")

Array = NDArray[np.float64]
LESSON = Path(__file__).parents[2] / "lessons" / "02a_penalties_and_stopping"
CLOSE: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-10}


@pytest.fixture(scope="module")
def ours() -> SimpleNamespace:
    return SimpleNamespace(**namespace(read_lesson(LESSON)))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def centred(rng: np.random.Generator, n: int = 40, dim: int = 6) -> tuple[Array, Array]:
    X = rng.normal(size=(n, dim))
    y = X @ np.array([2.0, -1.0, 0.5, 0.0, 0.0, 0.1][:dim]) + rng.normal(size=n)
    return X - X.mean(axis=0), y - y.mean()


def descend(ours: SimpleNamespace, X: Array, y: Array, lam: float, l1_ratio: float, steps: int = 20000) -> Array:
    """Walk by the lesson's proximal step until it rests."""
    w = np.zeros(X.shape[1])
    lr = 1 / (np.linalg.eigvalsh(X.T @ X / len(y))[-1] + lam * (1 - l1_ratio))
    for _ in range(steps):
        new = ours.proximal_step(w, X, y, lam, l1_ratio, lr)
        if np.array_equal(new, w):
            break
        w = new
    return w


def test_samples_needed_counts_the_points_of_a_mesh(ours: SimpleNamespace) -> None:
    for per_axis, dim in ((3, 2), (2, 5), (4, 1)):
        assert ours.samples_needed(per_axis, dim) == np.meshgrid(*[np.arange(per_axis)] * dim)[0].size


def test_contrast_is_scipys_distances(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    points, query = rng.normal(size=(30, 5)), rng.normal(size=5)
    distances = distance.cdist(points, query[None])
    np.testing.assert_allclose(ours.distance_contrast(points, query), np.ptp(distances) / distances.min(), **CLOSE)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
def test_the_loss_by_torch_and_its_gradient_by_autograd(
    l1_ratio: float, ours: SimpleNamespace, rng: np.random.Generator
) -> None:
    # PyTorch's mse_loss is a mean without the half.
    X, y = centred(rng)
    w, lam = torch.tensor(rng.normal(size=6), requires_grad=True), 0.7
    l1, l2 = torch.linalg.vector_norm(w, 1), torch.linalg.vector_norm(w)
    squares = torch.nn.functional.mse_loss(torch.tensor(X) @ w, torch.tensor(y)) / 2
    loss = squares + lam * l1_ratio * l1 + lam * (1 - l1_ratio) * l2**2 / 2
    loss.backward()
    arguments = (w.detach().numpy(), X, y, lam, l1_ratio)
    np.testing.assert_allclose(ours.elastic_net_loss(*arguments), loss.item(), **CLOSE)
    np.testing.assert_allclose(ours.elastic_net_gradient(*arguments), w.grad.numpy(), **CLOSE)


def test_the_slope_at_zero_is_torchs(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    X, y = centred(rng)
    w = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    (((torch.tensor(X) @ w - torch.tensor(y)) ** 2).mean() / 2 + 0.4 * w.abs().sum()).backward()
    np.testing.assert_allclose(ours.elastic_net_gradient(np.zeros(6), X, y, 0.4, 1.0), w.grad.numpy(), **CLOSE)


@pytest.mark.parametrize(("n", "dim"), [(40, 6), (4, 6)])
def test_ridge_is_scikit_learns_with_n_times_lam(
    n: int, dim: int, ours: SimpleNamespace, rng: np.random.Generator
) -> None:
    X, y = centred(rng, n, dim)
    lam = 0.3
    theirs = linear_model.Ridge(alpha=n * lam, solver="svd", tol=1e-12).fit(X + 5.0, y - 3.0)
    # Scikit-learn centres by itself and does not penalize the intercept: moved data give the same weights.
    np.testing.assert_allclose(ours.ridge_closed_form(X, y, lam), theirs.coef_, **CLOSE)


def test_ridge_is_where_our_gradient_is_zero(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    X, y = centred(rng)
    w = ours.ridge_closed_form(X, y, 0.3)
    np.testing.assert_allclose(ours.elastic_net_gradient(w, X, y, 0.3, 0.0), 0.0, atol=1e-12)


def test_a_colleagues_lambda(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    X, y = centred(rng, 200)
    theirs = linear_model.Ridge(alpha=50, solver="svd").fit(X, y).coef_
    np.testing.assert_allclose(ours.ridge_closed_form(X, y, ours.lambda_of_colleague), theirs, **CLOSE)


def test_soft_threshold_is_torchs_softshrink(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    z = rng.normal(size=(20, 3))
    theirs = torch.nn.functional.softshrink(torch.tensor(z), 0.6).numpy()
    np.testing.assert_allclose(ours.soft_threshold(z, 0.6), theirs, **CLOSE)


def test_proximal_steps_rest_where_scikit_learns_lasso_does(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    X, y = centred(rng)
    theirs = linear_model.Lasso(alpha=0.2, fit_intercept=False, tol=1e-14, max_iter=100_000).fit(X, y).coef_
    found = descend(ours, X, y, 0.2, 1.0)
    np.testing.assert_allclose(found, theirs, **CLOSE)
    assert np.any(found == 0)
    assert np.any(found != 0)


@pytest.mark.parametrize("l1_ratio", [0.25, 0.8])
def test_proximal_steps_rest_where_scikit_learns_elastic_net_does(
    l1_ratio: float, ours: SimpleNamespace, rng: np.random.Generator
) -> None:
    X, y = centred(rng)
    model = linear_model.ElasticNet(alpha=0.3, l1_ratio=l1_ratio, fit_intercept=False, tol=1e-14, max_iter=100_000)
    np.testing.assert_allclose(descend(ours, X, y, 0.3, l1_ratio), model.fit(X, y).coef_, **CLOSE)


def test_two_lambdas_convert_as_the_text_says(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    X, y = centred(rng)
    w, lam, ratio, n = rng.normal(size=6), 0.4, 0.3, len(y)
    two = np.sum((X @ w - y) ** 2) + 2 * n * lam * ratio * np.abs(w).sum() + n * lam * (1 - ratio) * np.sum(w**2)
    np.testing.assert_allclose(2 * n * ours.elastic_net_loss(w, X, y, lam, ratio), two, **CLOSE)


@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
def test_weight_decay_is_torchs(optimizer: str, ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # Plain SGD's weight_decay is the penalty's gradient, which is the same there. AdamW decays first: a zero gradient
    # leaves its decay alone.
    w = rng.normal(size=5)
    parameter = torch.nn.Parameter(torch.tensor(w))
    steps = getattr(torch.optim, optimizer)([parameter], lr=0.1, weight_decay=0.3)
    for _ in range(5):
        grad = rng.normal(size=5) if optimizer == "SGD" else np.zeros(5)
        parameter.grad = torch.tensor(grad)
        steps.step()
        w = ours.weight_decay_step(w, grad, 0.1, 0.3)
    np.testing.assert_allclose(w, parameter.detach().numpy(), **CLOSE)


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_early_stopping_counts_like_torchs_plateau(
    patience: int, ours: SimpleNamespace, rng: np.random.Generator
) -> None:
    # ReduceLROnPlateau(threshold_mode="abs") has the same rule for an improvement; it cuts where the bad epochs in a
    # row exceed its own patience, which is ours less 1. Its first cut is our stop.
    for _ in range(20):
        losses = (rng.integers(1, 9, size=15) / 8).tolist()
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, patience=patience - 1, threshold=0.125, threshold_mode="abs"
        )
        stop = best = len(losses) - 1
        for epoch, loss in enumerate(losses):
            before = plateau.best
            plateau.step(loss)
            best = epoch if plateau.best != before else best
            if optimizer.param_groups[0]["lr"] < 1.0:
                stop = epoch
                break
        assert ours.early_stopping(losses, patience, 0.125) == (stop, best)


def test_projection_solves_the_quadratic_program(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # Theta by SciPy's root finder, on the equation that the projection must fulfil.
    for _ in range(10):
        v, radius = 2 * rng.normal(size=7), 1.5

        def surplus(theta: float, v: Array = v, radius: float = radius) -> float:
            return float(np.maximum(np.abs(v) - theta, 0).sum() - radius)

        theta = optimize.brentq(surplus, 0.0, np.abs(v).max(), xtol=1e-14)
        expected = torch.nn.functional.softshrink(torch.tensor(v), theta).numpy()
        np.testing.assert_allclose(ours.project_l1_ball(v, radius), expected, **CLOSE)


def test_no_point_of_the_ball_is_nearer_than_the_projection(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    v = 2 * rng.normal(size=4)
    u = ours.project_l1_ball(v, 1.0)
    corners = np.vstack([np.eye(4), -np.eye(4)])
    # The nearest point of a convex set makes an angle of at least 90 degrees with every corner of it.
    assert np.all((corners - u) @ (v - u) <= 1e-12)
    assert np.isclose(np.abs(u).sum(), 1.0)
