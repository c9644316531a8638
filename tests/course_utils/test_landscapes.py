"""Gradients and Hessians against PyTorch's automatic differentiation, minima against the gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from course_utils import landscapes
from course_utils.gradcheck import gradient_error
from course_utils.landscapes import Landscape

H3 = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -0.2], [0.5, -0.2, 2.0]])
C3 = np.array([1.0, -2.0, 0.5])
ANGLE = 0.4


def torch_ravine(w: Any) -> Any:
    along = np.cos(ANGLE) * w[0] + np.sin(ANGLE) * w[1]
    across = -np.sin(ANGLE) * w[0] + np.cos(ANGLE) * w[1]
    return (along**2 + 30 * across**2) / 2


# The formulas again, as printed in their sources.
CASES: dict[str, tuple[Landscape, Callable[[Any], Any]]] = {
    "quadratic": (
        landscapes.quadratic(H3, C3),
        lambda w: (w - torch.tensor(C3)) @ torch.tensor(H3) @ (w - torch.tensor(C3)) / 2,
    ),
    "ravine": (landscapes.ravine(30), lambda w: w[0] ** 2 / 2 + 15 * w[1] ** 2),
    "turned ravine": (landscapes.ravine(30, ANGLE), torch_ravine),
    "saddle": (landscapes.saddle(), lambda w: w[0] ** 2 / 2 - w[1] ** 2 / 2 + w[1] ** 4 / 4),
    "rosenbrock": (landscapes.rosenbrock(), lambda w: 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2),
    "rosenbrock 5": (
        landscapes.rosenbrock(5),
        lambda w: sum(100 * (w[i + 1] - w[i] ** 2) ** 2 + (1 - w[i]) ** 2 for i in range(4)),
    ),
    "beale": (
        landscapes.beale(),
        lambda w: (
            (1.5 - w[0] * (1 - w[1])) ** 2
            + (2.25 - w[0] * (1 - w[1] ** 2)) ** 2
            + (2.625 - w[0] * (1 - w[1] ** 3)) ** 2
        ),
    ),
    "himmelblau": (landscapes.himmelblau(), lambda w: (w[0] ** 2 + w[1] - 11) ** 2 + (w[0] + w[1] ** 2 - 7) ** 2),
    "double well": (landscapes.double_well(0.2), lambda w: w[0] ** 4 / 4 - w[0] ** 2 / 2 + 0.2 * w[0] + w[1] ** 2 / 2),
}
each_landscape = pytest.mark.parametrize("name", CASES)


def points(landscape: Landscape) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.random.default_rng(0).uniform(-2, 2, (6, len(landscape.start)))


@each_landscape
def test_value_gradient_and_hessian_agree_with_autograd(name: str) -> None:
    landscape, formula = CASES[name]
    for w in points(landscape):
        t = torch.tensor(w, requires_grad=True)
        (gradient,) = torch.autograd.grad(formula(t), t)
        hessian = torch.autograd.functional.hessian(formula, t)
        np.testing.assert_allclose(landscape.value(w), formula(t).item(), rtol=1e-10)
        np.testing.assert_allclose(landscape.gradient(w), gradient, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(landscape.hessian(w), hessian, rtol=1e-10, atol=1e-10)


@each_landscape
def test_gradient_and_hessian_agree_with_central_differences(name: str) -> None:
    landscape, _ = CASES[name]
    for w in points(landscape):
        assert gradient_error(lambda v: float(landscape.value(v)), landscape.gradient, w) < 1e-7
        for i in range(len(w)):
            assert gradient_error(lambda v, i=i: float(landscape.gradient(v)[i]), landscape.hessian(w)[i], w) < 1e-6


@each_landscape
def test_a_grid_of_points_gives_what_each_point_gives(name: str) -> None:
    landscape, _ = CASES[name]
    w = points(landscape)
    grid = w.reshape(2, 3, -1)
    dim = w.shape[1]
    for function, shape in ((landscape.value, ()), (landscape.gradient, (dim,)), (landscape.hessian, (dim, dim))):
        together = function(grid)
        assert together.shape == (2, 3, *shape)
        np.testing.assert_allclose(together.reshape(6, *shape), [function(v) for v in w], rtol=1e-12)


@each_landscape
def test_minima_are_minima_and_the_named_one_is_lowest(name: str) -> None:
    landscape, _ = CASES[name]
    assert landscape.minimum is not None
    for w in (landscape.minimum, *landscape.others):
        np.testing.assert_allclose(landscape.gradient(w), 0.0, atol=1e-12)
        assert np.linalg.eigvalsh(landscape.hessian(w)).min() > 0
        assert landscape.value(w) >= landscape.value(landscape.minimum) - 1e-12


@each_landscape
def test_the_view_shows_start_and_minima(name: str) -> None:
    landscape, _ = CASES[name]
    low, high = np.transpose(landscape.view)
    for w in (landscape.start, landscape.minimum, *landscape.others):
        assert w is not None
        assert np.all((low <= w[:2]) & (w[:2] <= high))


def test_the_contour_grid_holds_the_values_at_its_places() -> None:
    x, y, z = landscapes.rosenbrock().grid(7)
    assert x.shape == y.shape == z.shape == (7, 7)
    assert z[2, 5] == landscapes.rosenbrock().value(np.array([x[2, 5], y[2, 5]]))
    assert (x[0, 0], x[0, -1], y[0, 0], y[-1, 0]) == (-2.0, 2.0, -1.0, 3.0)


def test_the_ravine_has_the_condition_number_asked_for() -> None:
    eigenvalues = np.linalg.eigvalsh(landscapes.ravine(80, 1.1).hessian(np.zeros(2)))
    assert eigenvalues[1] / eigenvalues[0] == pytest.approx(80)


def test_an_indefinite_quadratic_has_no_minimum() -> None:
    assert landscapes.quadratic([[1.0, 0.0], [0.0, -2.0]]).minimum is None


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: landscapes.quadratic([[1.0, 2.0], [0.0, 1.0]]), "square and symmetric"),
        (lambda: landscapes.quadratic([[1.0, 2.0]]), "square and symmetric"),
        (lambda: landscapes.ravine(0.5), "condition_number is 0.5"),
        (lambda: landscapes.rosenbrock(1), "dim is 1"),
        (lambda: landscapes.double_well(0.39), "tilt is 0.39"),
        (lambda: landscapes.double_well(0.0), "tilt is 0.0"),
    ],
)
def test_bad_arguments_are_refused(make: Callable[[], Landscape], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_noise_is_about_the_gradient_and_the_same_for_the_same_seed() -> None:
    bowl, w = landscapes.ravine(4), np.array([1.0, 2.0])
    noisy = landscapes.noisy_gradient(bowl, 0.5, np.random.default_rng(1))
    draws = np.array([noisy(w) for _ in range(4000)])
    np.testing.assert_allclose(draws.mean(axis=0), bowl.gradient(w), atol=0.05)
    np.testing.assert_allclose(draws.std(axis=0), 0.5, atol=0.05)
    np.testing.assert_array_equal(landscapes.noisy_gradient(bowl, 0.5, np.random.default_rng(1))(w), draws[0])
