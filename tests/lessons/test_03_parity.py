"""Lesson 03 against PyTorch, SciPy and scikit-learn.

Conventions: PyTorch's `p` is the share dropped, as ours, and its dropout is inverted; its weights are (out, in).
Stochastic depth scales at test time here and in Huang et al. (2016); torchvision's operator scales in training.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import torch
from sklearn.linear_model import Ridge

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace
from course_utils.checks.statistics import normal_mean_tolerance, normal_variance_tolerance
from course_utils.gradcheck import gradient_error
from course_utils.networks import MLP
from course_utils.networks.residual import ResidualClassifier

EXACT: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-12}


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    return namespace(read_lesson(Path(__file__).parents[2] / "lessons/03_dropout"))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.mark.parametrize("drop_prob", [0.0, 0.2, 0.5, 0.85])
def test_dropout_has_the_values_and_the_shares_of_pytorch(
    lesson: dict[str, Any], rng: np.random.Generator, drop_prob: float
) -> None:
    torch.manual_seed(0)
    theirs = torch.nn.functional.dropout(torch.ones(400, 500, dtype=torch.float64), drop_prob).numpy()
    ours = lesson["dropout_forward"](np.ones((400, 500)), drop_prob, rng)[0]
    np.testing.assert_allclose(np.unique(ours), np.unique(theirs), **EXACT)
    assert np.mean(ours == 0) == pytest.approx(np.mean(theirs == 0), abs=0.01)
    # Entries are independent: numbers of zeros in rows and columns vary as the binomial distribution says.
    for axis in (0, 1):
        variance = ours.shape[axis] * drop_prob * (1 - drop_prob)
        assert np.var(np.sum(ours == 0, axis=axis)) == pytest.approx(variance, rel=0.3)


def test_dropout_backward_is_autograd_through_pytorchs_own_mask(
    lesson: dict[str, Any], rng: np.random.Generator
) -> None:
    x = torch.tensor(rng.normal(size=(30, 20)), requires_grad=True)
    out = torch.nn.functional.dropout(x, 0.3)
    mask = (out / x).detach().numpy()
    dout = rng.normal(size=(30, 20))
    out.backward(torch.tensor(dout))
    assert x.grad is not None
    np.testing.assert_allclose(lesson["dropout_backward"](dout, mask), x.grad.numpy(), **EXACT)


def test_dropout_does_nothing_at_test_time_as_in_pytorch(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 4))
    out, mask = lesson["dropout_forward"](x, 0.4, None, train=False)
    theirs = torch.nn.Dropout(0.4).eval()(torch.tensor(x)).numpy()
    np.testing.assert_array_equal(out, theirs)
    assert mask is None
    np.testing.assert_array_equal(lesson["dropout_backward"](x, mask), x)


def test_classic_dropout_scales_the_outgoing_weights_as_the_paper_says(
    lesson: dict[str, Any], rng: np.random.Generator
) -> None:
    x, layer = torch.tensor(rng.normal(size=(5, 4))), torch.nn.Linear(4, 3, bias=False, dtype=torch.float64)
    scaled = torch.tensor(lesson["classic_dropout_predict"](x.numpy(), 0.3))
    theirs = torch.nn.functional.linear(x, layer.weight * 0.7)
    np.testing.assert_allclose(layer(scaled).detach(), theirs.detach(), **EXACT)


@pytest.mark.parametrize("drop_prob", [0.2, 0.7])
def test_exact_ensemble_is_the_mean_under_bernoulli_masks(
    lesson: dict[str, Any], rng: np.random.Generator, drop_prob: float
) -> None:
    x, W = rng.normal(size=6), rng.normal(size=(6, 4))
    masks = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 6)
    chance = torch.distributions.Bernoulli(torch.tensor(1 - drop_prob, dtype=torch.float64))
    weights = chance.log_prob(masks).sum(dim=1).exp()
    theirs = weights @ torch.relu((masks * torch.tensor(x)) @ torch.tensor(W))
    ours = lesson["exact_ensemble"](lambda x: np.maximum(x @ W, 0), x, drop_prob)
    np.testing.assert_allclose(ours, theirs, **EXACT)


def test_exact_ensemble_of_a_linear_model_is_one_scaled_pass(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    x, w = rng.normal(size=7), rng.normal(size=7)
    one_pass = lesson["classic_dropout_predict"](x, 0.3) @ w + 1.5
    assert lesson["exact_ensemble"](lambda x: x @ w + 1.5, x, 0.3) == pytest.approx(one_pass, rel=1e-10)


def test_mc_dropout_has_pytorchs_mean_and_uncorrected_std(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 3))
    mean, std = lesson["mc_dropout"](lambda x, rng: x * rng.random(x.shape), x, 9, np.random.default_rng(1))
    again = np.random.default_rng(1)
    passes = torch.stack([torch.tensor(x * again.random(x.shape)) for _ in range(9)])
    np.testing.assert_allclose(mean, passes.mean(dim=0), **EXACT)
    np.testing.assert_allclose(std, passes.std(dim=0, correction=0), **EXACT)


def test_survival_falls_on_a_straight_line_from_the_input_to_the_last_block(lesson: dict[str, Any]) -> None:
    layers = np.arange(1, 55)
    ours = [lesson["residual_survival"](layer, 54, 0.5) for layer in layers]
    np.testing.assert_allclose(ours, np.interp(layers, [0, 54], [1, 0.5]), **EXACT)
    assert lesson["expected_depth"] == pytest.approx(40.25)


def test_stochastic_depth_is_autograd_through_what_was_run(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    W = rng.normal(size=(4, 4))
    seen = set()
    for seed in range(8):
        x = torch.tensor(rng.normal(size=(3, 4)), requires_grad=True)
        generator = np.random.default_rng(seed)
        out, kept = lesson["stochastic_depth_forward"](
            x.detach().numpy(), lambda x: np.tanh(x @ W), 0.5, generator
        )  # fmt: skip
        theirs = x + float(kept) * torch.tanh(x @ torch.tensor(W))
        np.testing.assert_allclose(out, theirs.detach(), **EXACT)
        theirs.sum().backward()
        slope = 1 - np.tanh(x.detach().numpy() @ W) ** 2
        ours = lesson["stochastic_depth_backward"](np.ones((3, 4)), lambda dout, s=slope: (dout * s) @ W.T, kept)
        assert x.grad is not None
        np.testing.assert_allclose(ours, x.grad, **EXACT)
        seen.add(bool(kept))
    assert seen == {True, False}


def test_stochastic_depth_at_test_time_is_the_mean_of_training(lesson: dict[str, Any]) -> None:
    # torchvision divides by the survival in training, and so needs no factor at test time: another form, not ours.
    x, survival = np.array([[1.0, -2.0]]), 0.3
    out, kept = lesson["stochastic_depth_forward"](x, np.sin, survival, None, train=False)
    np.testing.assert_allclose(out, survival * (x + np.sin(x)) + (1 - survival) * x, **EXACT)
    assert kept is None


def test_dropout_penalty_is_what_all_masks_add_on_average(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    X, y, w, drop_prob = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=3), 0.3
    total = 0.0
    for bits in itertools.product((0, 1), repeat=6):
        mask = np.reshape(bits, (2, 3)) / 0.7
        total += math.prod(0.7 if bit else 0.3 for bit in bits) * np.sum((y - (mask * X) @ w) ** 2)
    plain = np.sum((y - X @ w) ** 2)
    assert lesson["dropout_penalty"](w, X, drop_prob) == pytest.approx(total - plain, rel=1e-10)


def test_dropout_penalty_on_standardized_features_is_ridge(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    # Then every diagonal entry of X'X is n, so that scikit-learn's alpha is n*p/(1 - p).
    X, drop_prob = rng.normal(size=(40, 3)), 0.25
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = X @ [1.0, -2.0, 0.5] + rng.normal(size=40)

    def objective(w: Any) -> float:
        return float(np.sum((y - X @ w) ** 2) + lesson["dropout_penalty"](w, X, drop_prob))

    found = scipy.optimize.minimize(objective, np.zeros(3), tol=1e-12, method="BFGS").x
    theirs = Ridge(alpha=40 * drop_prob / (1 - drop_prob), fit_intercept=False).fit(X, y).coef_
    np.testing.assert_allclose(found, theirs, rtol=1e-6)


def test_gaussian_dropout_is_normal_with_the_variance_of_the_inverted_mask(
    lesson: dict[str, Any], rng: np.random.Generator
) -> None:
    noise = lesson["gaussian_dropout"](np.ones(20_000), 0.6, rng)[1]
    mask = torch.nn.functional.dropout(torch.ones(10**6, dtype=torch.float64), 0.6)
    assert noise.var() == pytest.approx(mask.var().item(), rel=0.05)
    assert scipy.stats.kstest(noise, scipy.stats.norm(1, math.sqrt(1.5)).cdf).pvalue > 1e-3


def test_drop_connect_is_a_linear_layer_of_its_own_for_each_example(
    lesson: dict[str, Any], rng: np.random.Generator
) -> None:
    x, W, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
    out, mask = lesson["drop_connect"](x, W, b, 0.3, rng)
    for row, dropped, mine in zip(x, mask, out, strict=True):
        theirs = torch.nn.functional.linear(torch.tensor(row), torch.tensor((W * dropped).T), torch.tensor(b))
        np.testing.assert_allclose(mine, theirs, **EXACT)
    plain = torch.nn.functional.linear(torch.tensor(x), torch.tensor(W.T), torch.tensor(b))
    np.testing.assert_allclose(lesson["drop_connect"](x, W, b, 0.3, None, train=False)[0], plain, **EXACT)


def _worst_gradient_error(net: Any, params: dict[str, Any], X: Any, y: Any) -> float:
    """Return the largest error over the parameters, every pass drawing the same masks."""
    grads = net.loss_and_gradients(params, X, y, True, np.random.default_rng(5))[1]

    def error(name: str) -> float:
        def loss(w: Any) -> float:
            return float(net.loss_and_gradients(params | {name: w}, X, y, True, np.random.default_rng(5))[0])

        return gradient_error(loss, grads[name], params[name])

    return max(error(name) for name in grads)


def test_a_network_with_dropout_has_the_right_gradients(lesson: dict[str, Any], rng: np.random.Generator) -> None:
    pair = lesson["dropout_forward"], lesson["dropout_backward"]
    net = MLP((5, 6, 6, 3), activation="tanh", dropout=pair, drop_prob=0.3)
    X, y = rng.normal(size=(7, 5)), rng.integers(0, 3, 7)
    assert _worst_gradient_error(net, net.initialize(rng), X, y) < 1e-7


def test_a_residual_network_has_the_right_gradients_kept_or_skipped(
    lesson: dict[str, Any], rng: np.random.Generator
) -> None:
    pair = lesson["stochastic_depth_forward"], lesson["stochastic_depth_backward"]
    net = ResidualClassifier(5, 6, 3, (0.5,) * 6, pair)
    X, y = rng.normal(size=(7, 5)), rng.integers(0, 3, 7)
    params = net.initialize(rng)
    assert _worst_gradient_error(net, params, X, y) < 1e-6
    grads = net.loss_and_gradients(params, X, y, True, np.random.default_rng(5))[1]
    skipped = [not np.any(grads[f"V{i}"]) for i in net.blocks]
    assert any(skipped)
    assert not all(skipped)


@pytest.mark.parametrize(("n", "alpha"), [(1000, 1e-11), (90_000, 1e-11), (50, 1e-3)])
def test_bounds_for_normal_samples_hold_against_the_exact_distributions(n: int, alpha: float) -> None:
    tolerance = normal_mean_tolerance(n, 2.0, alpha)
    assert 2 * scipy.stats.norm.sf(tolerance / (2.0 * math.sqrt(2 / n))) <= alpha
    # Two variances, in the ratio F, differ by more than r times the smaller one or the larger.
    ratio = 1 + normal_variance_tolerance(n, alpha)
    assert 2 * scipy.stats.f.sf(ratio, n - 1, n - 1) <= alpha
