"""Lessons 07a and 07b against SciPy, PyTorch and scikit-learn; each test states how conventions map."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace

torch = pytest.importorskip("torch")
linalg = pytest.importorskip("scipy.linalg")
optimize = pytest.importorskip("scipy.optimize")

Array = NDArray[np.float64]
LESSONS = Path(__file__).parents[2] / "lessons"
CLOSE: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-10}
SIZE = 6


@pytest.fixture(scope="module")
def ours() -> SimpleNamespace:
    names = [namespace(read_lesson(LESSONS / name)) for name in ("07a_newton", "07b_quasi_newton")]
    return SimpleNamespace(**names[0], **{key: value for key, value in names[1].items() if key not in names[0]})


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def symmetric(rng: np.random.Generator, eigenvalues: Any) -> Array:
    Q = np.linalg.qr(rng.normal(size=(len(eigenvalues), len(eigenvalues))))[0]
    H: Array = (Q * eigenvalues) @ Q.T
    return (H + H.T) / 2


def torch_loss(w: Any) -> Any:
    """A smooth function of any number of weights, by PyTorch."""
    return torch.log(1 + torch.exp(w)).sum() + torch.sin(w[0] * w[-1]) + (w**3).mean()


def loss(w: Array) -> float:
    return float(torch_loss(torch.tensor(w)))


def gradient(w: Array) -> Array:
    v = torch.tensor(w, requires_grad=True)
    grad: Array = torch.autograd.grad(torch_loss(v), v)[0].numpy()
    return grad


def hessian(w: Array) -> Array:
    H: Array = torch.autograd.functional.hessian(torch_loss, torch.tensor(w)).numpy()
    return H


# 07a


def test_models_agree_with_the_function_to_their_order(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    w, d = rng.normal(size=(2, SIZE))
    errors = [
        [
            abs(loss(w + h * d) - ours.linear_model(loss(w), gradient(w), h * d)),
            abs(loss(w + h * d) - ours.quadratic_model(loss(w), gradient(w), hessian(w), h * d)),
        ]
        for h in (1e-2, 1e-3)
    ]
    line, parabola = np.log10(np.array(errors[0]) / errors[1])
    assert line == pytest.approx(2, abs=0.05)
    assert parabola == pytest.approx(3, abs=0.05)


def test_numerical_derivatives_agree_with_autograd(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # Differences are good to about eps^(2/3) and eps^(1/2), so that 1e-10 is out of reach.
    w = rng.normal(size=SIZE)
    np.testing.assert_allclose(ours.numerical_gradient(loss, w), gradient(w), rtol=0, atol=1e-8)
    np.testing.assert_allclose(ours.numerical_hessian(loss, w), hessian(w), rtol=0, atol=1e-6)


def test_newton_step_agrees_with_torch(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    w = rng.normal(size=SIZE)
    expected = w - torch.linalg.solve(torch.tensor(hessian(w)), torch.tensor(gradient(w))).numpy()
    np.testing.assert_allclose(ours.newton_step(w, gradient(w), hessian(w)), expected, **CLOSE)


def test_damped_newton_step_agrees_with_the_root_of_the_square(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # |H| is the positive root of H H.
    w, grad = rng.normal(size=(2, SIZE))
    H = symmetric(rng, [-3.0, -1.0, 0.5, 1.0, 2.0, 4.0])
    expected = w - linalg.solve(linalg.sqrtm(H @ H).real + 0.3 * np.eye(SIZE), grad)
    np.testing.assert_allclose(ours.damped_newton_step(w, grad, H, 0.3), expected, **CLOSE)


def test_gauss_newton_step_agrees_with_ridge(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # The step is minus the ridge regression of r on the columns of J; scikit-learn's alpha is the damping.
    from sklearn.linear_model import Ridge

    w, J, r = rng.normal(size=SIZE), rng.normal(size=(9, SIZE)), rng.normal(size=9)
    ridge = Ridge(alpha=0.7, fit_intercept=False, solver="svd").fit(J, r)
    np.testing.assert_allclose(ours.gauss_newton_step(w, J, r, 0.7), w - ridge.coef_, **CLOSE)


def test_hessian_bytes_agrees_with_torch(ours: SimpleNamespace) -> None:
    H = torch.zeros(37, 37, dtype=torch.float32)
    assert ours.hessian_bytes(37, 4) == H.element_size() * H.nelement()
    assert ours.hessian_bytes(37) == H.double().element_size() * H.nelement()


def test_fit_exponent_agrees_with_scipy(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    from scipy.stats import linregress

    sizes, times = rng.uniform(10, 1000, 8), rng.uniform(0.1, 10, 8)
    assert ours.fit_exponent(sizes, times) == pytest.approx(linregress(np.log(sizes), np.log(times)).slope, rel=1e-10)


def test_natural_gradient_step_agrees_with_torch_for_softmax(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # Scores by autograd of log p(label), the label drawn from the model; weights taken row by row.
    X, W = torch.tensor(rng.normal(size=(20, 3))), torch.tensor(rng.normal(size=(3, 4)))
    seeded = torch.Generator().manual_seed(0)
    labels = torch.multinomial(torch.softmax(X @ W, 1), 1, generator=seeded)[:, 0]
    scores = torch.autograd.functional.jacobian(lambda W: torch.log_softmax(X @ W, 1)[torch.arange(20), labels], W)
    grad = torch.tensor(rng.normal(size=12))
    F = torch.einsum("nij,nkl->ijkl", scores, scores).reshape(12, 12) / 20
    expected = W.ravel() - 0.3 * torch.linalg.solve(F + 1e-3 * torch.eye(12, dtype=torch.float64), grad)
    result = ours.natural_gradient_step(W.numpy().ravel(), grad.numpy(), scores.reshape(20, 12).numpy(), 0.3)
    np.testing.assert_allclose(result, expected.numpy(), **CLOSE)


# 07b


@pytest.mark.parametrize("best", [0.5, 0.3, 1.0])
def test_backtracking_agrees_with_scipys_armijo(ours: SimpleNamespace, best: float) -> None:
    # Both accept by the same inequality and begin at 1. SciPy's next rate is the lowest point of a parabola, ours is
    # `shrink`: they coincide where the loss along the direction is a parabola with its lowest point there.
    from scipy.optimize._linesearch import line_search_armijo

    def f(w: Array) -> float:
        return float((w[0] - best) ** 2)

    w, d, grad = np.zeros(1), np.ones(1), np.array([-2 * best])
    rate = line_search_armijo(f, w, d, grad, f(w), c1=0.2)[0]
    assert ours.backtracking(f, w, grad, d, shrink=best if best < 1 else 0.5, c=0.2) == pytest.approx(rate, rel=1e-10)


def test_backtracking_takes_the_first_rate_that_meets_scipys_condition(
    ours: SimpleNamespace, rng: np.random.Generator
) -> None:
    # SciPy's scalar search accepts a first rate as it is, if it may be accepted: so ask it for each of ours in turn.
    from scipy.optimize._linesearch import line_search_armijo

    for _ in range(20):
        w = 2 * rng.normal(size=SIZE)
        grad = gradient(w)
        rates = [0.7**k for k in range(50)]
        found = [line_search_armijo(loss, w, -5 * grad, grad, loss(w), c1=0.4, alpha0=t)[0] for t in rates]
        first = next(t for t, alpha in zip(rates, found, strict=True) if alpha == t)
        rate = ours.backtracking(loss, w, grad, -5 * grad, shrink=0.7, c=0.4)
        assert rate == pytest.approx(first, rel=1e-10)


def test_hessian_vector_product_agrees_with_autograd(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    w, v = rng.normal(size=(2, SIZE))
    exact = torch.autograd.functional.hvp(torch_loss, torch.tensor(w), torch.tensor(v))[1].numpy()
    np.testing.assert_allclose(ours.hessian_vector_product(gradient, w, v), exact, rtol=0, atol=1e-8)


@pytest.mark.parametrize("iterations", [1, 2, 4, 6])
def test_conjugate_gradient_agrees_with_scipy(ours: SimpleNamespace, rng: np.random.Generator, iterations: int) -> None:
    # SciPy's rtol is our tol.
    from scipy.sparse.linalg import cg

    H, b = symmetric(rng, np.geomspace(1, 20, SIZE)), rng.normal(size=SIZE)
    expected, _ = cg(H, b, rtol=1e-12, atol=0.0, maxiter=iterations)
    np.testing.assert_allclose(ours.conjugate_gradient(lambda v: H @ v, b, 1e-12, iterations), expected, **CLOSE)


@pytest.mark.parametrize("tol", [0.6, 0.3, 0.1, 1e-3])
def test_conjugate_gradient_stops_where_scipy_does(ours: SimpleNamespace, rng: np.random.Generator, tol: float) -> None:
    from scipy.sparse.linalg import cg

    H, b = symmetric(rng, np.geomspace(1, 20, SIZE)), 10 * rng.normal(size=SIZE)
    expected, _ = cg(H, b, rtol=tol, atol=0.0)
    np.testing.assert_allclose(ours.conjugate_gradient(lambda v: H @ v, b, tol, 100), expected, **CLOSE)


@pytest.mark.parametrize("eigenvalues", [(0.5, 1, 2, 3, 5, 9), (4, 3, 2, 1, -1, -0.5), (-1, -2, -3, -4, -5, -6)])
def test_newton_cg_direction_agrees_with_scipy(
    ours: SimpleNamespace, rng: np.random.Generator, eigenvalues: tuple[float, ...]
) -> None:
    # SciPy stops by the sum of absolute residuals, tol being min(1/2, root of that sum) for b: here our max_iter is the
    # number of its products. It goes on from its direction by a rate of its own, so that directions are compared. At
    # negative curvature in the first iteration it returns a multiple of b, which is the same direction.
    H, w = symmetric(rng, eigenvalues), 1e-4 * rng.normal(size=SIZE)
    calls, path = [], []

    def hessp(w: Array, v: Array) -> Array:
        calls.append(v)
        product: Array = H @ v
        return product

    def value(w: Array) -> float:
        return float(w @ H @ w) / 2 + 1e-2 * float(np.sum(w**4))

    def slope(w: Array) -> Array:
        by_w: Array = H @ w + 4e-2 * w**3
        return by_w

    optimize.minimize(
        value, w, jac=slope, hessp=hessp, method="Newton-CG", options={"maxiter": 1},
        callback=lambda w: path.append(w.copy()),
    )  # fmt: skip
    step = path[0] - w
    direction = ours.conjugate_gradient(lambda v: H @ v, -slope(w), 0.0, len(calls))
    assert len(calls) > (1 if eigenvalues[0] > 0 else 0)
    np.testing.assert_allclose(direction / np.linalg.norm(direction), step / np.linalg.norm(step), **CLOSE)


def test_bfgs_update_agrees_with_scipy(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # SciPy skips a pair with too little curvature too (`skip_update`), by a threshold a little over 0.
    theirs = optimize.BFGS(exception_strategy="skip_update", init_scale=1.0)
    theirs.initialize(SIZE, "inv_hess")
    H, H_inv = symmetric(rng, np.geomspace(1, 20, SIZE)), np.eye(SIZE)
    for sign in (1, 1, -1, 1, 1):
        s = rng.normal(size=SIZE)
        y = sign * H @ s
        theirs.update(s, y)
        H_inv = ours.bfgs_update(H_inv, s, y)
        np.testing.assert_allclose(H_inv, theirs.get_matrix(), **CLOSE)


def test_lbfgs_direction_agrees_with_scipy(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # SciPy's product begins with I where ours has gamma*I. Measuring weights in units of root(gamma) turns one into the
    # other: s / root(gamma) and root(gamma) * y give H / gamma.
    H, grad, s = symmetric(rng, np.geomspace(1, 20, SIZE)), rng.normal(size=SIZE), rng.normal(size=(4, SIZE))
    y = s @ H
    gamma = s[-1] @ y[-1] / (y[-1] @ y[-1])
    theirs = optimize.LbfgsInvHessProduct(s / math.sqrt(gamma), math.sqrt(gamma) * y)
    np.testing.assert_allclose(ours.lbfgs_direction(grad, list(s), list(y)), -gamma * (theirs @ grad), **CLOSE)


def test_lbfgs_direction_agrees_with_torch(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # PyTorch keeps y in `old_dirs` and s in `old_stps`. The direction that its last step took is in `d`, and
    # `prev_flat_grad` is the gradient that it was made from.
    w = torch.tensor(rng.normal(size=SIZE), requires_grad=True)
    H = torch.tensor(symmetric(rng, np.geomspace(1, 5, SIZE)))
    optimizer = torch.optim.LBFGS([w], lr=0.1, max_iter=1, history_size=4)

    def closure() -> Any:
        optimizer.zero_grad()
        value = w @ H @ w / 2 + (w**4).sum() / 10
        value.backward()
        return value

    for _ in range(7):
        optimizer.step(closure)
        state = optimizer.state[w]
        pairs = [[item.numpy() for item in state[name]] for name in ("old_stps", "old_dirs")]
        if len(pairs[0]):
            direction = ours.lbfgs_direction(state["prev_flat_grad"].numpy(), *pairs)
            np.testing.assert_allclose(direction, state["d"].numpy(), **CLOSE)
    assert len(pairs[0]) == 4


def test_newton_cg_and_lbfgs_find_scipys_minimum(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # Whole runs on a bowl, with the learner's line search; the minimum is one, whatever the way to it.
    H, c = symmetric(rng, np.geomspace(1, 50, SIZE)), rng.normal(size=SIZE)

    def value(w: Array) -> float:
        return float(w @ H @ w / 2 + c @ w + np.sum(w**4))

    def slope(w: Array) -> Array:
        by_w: Array = H @ w + c + 4 * w**3
        return by_w

    expected = optimize.minimize(
        value, np.zeros(SIZE), jac=slope, method="L-BFGS-B", options={"gtol": 1e-10, "ftol": 0}
    ).x

    w, s_list, y_list = np.zeros(SIZE), [], []
    for _ in range(60):
        grad = slope(w)
        if np.linalg.norm(grad) < 1e-7:
            break
        direction = ours.lbfgs_direction(grad, s_list[-5:], y_list[-5:])
        step = ours.backtracking(value, w, grad, direction) * direction
        s_list.append(step)
        y_list.append(slope(w + step) - grad)
        w = w + step
    np.testing.assert_allclose(w, expected, rtol=0, atol=1e-6)

    w = np.zeros(SIZE)
    for _ in range(20):
        grad = slope(w)
        if np.linalg.norm(grad) < 1e-7:
            break
        at = w
        direction = ours.conjugate_gradient(
            lambda v, at=at: ours.hessian_vector_product(slope, at, v), -grad, 1e-6, 50
        )  # fmt: skip
        w = w + ours.backtracking(value, w, grad, direction) * direction
    np.testing.assert_allclose(w, expected, rtol=0, atol=1e-6)


def test_kfac_factors_are_exact_for_one_example(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    # Gradients by autograd; PyTorch's weight is (out, in), so that ours is its transpose. Row by row: kron(A, G).
    a = torch.tensor(rng.normal(size=(1, 3)))
    layer = torch.nn.Linear(3, 2, bias=False).double()
    out = layer(a)
    out.retain_grad()
    torch.nn.functional.cross_entropy(out, torch.tensor([1])).backward()
    flat = layer.weight.grad.T.ravel()
    A, G = ours.kfac_factors(a.numpy(), out.grad.numpy())
    np.testing.assert_allclose(np.kron(A, G), torch.outer(flat, flat).numpy(), **CLOSE)


def test_kfac_factors_are_means_of_torchs_outer_products(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    a, g = torch.tensor(rng.normal(size=(9, 3))), torch.tensor(rng.normal(size=(9, 2)))
    for factor, rows in zip(ours.kfac_factors(a.numpy(), g.numpy()), (a, g), strict=True):
        np.testing.assert_allclose(factor, torch.vmap(torch.outer)(rows, rows).mean(0).numpy(), **CLOSE)


def test_kfac_preconditions_as_the_kronecker_product_does(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    A, G = ours.kfac_factors(rng.normal(size=(9, 3)), rng.normal(size=(9, 2)))
    dW = rng.normal(size=(3, 2))
    both = torch.linalg.solve(torch.kron(torch.tensor(A), torch.tensor(G)), torch.tensor(dW).ravel())
    np.testing.assert_allclose(np.linalg.inv(A) @ dW @ np.linalg.inv(G), both.reshape(3, 2).numpy(), **CLOSE)


def test_shampoo_step_agrees_with_scipys_matrix_power(ours: SimpleNamespace, rng: np.random.Generator) -> None:
    W, state, eps = rng.normal(size=(4, 3)), {}, 1e-2
    theirs, L, R = W.copy(), eps * np.eye(4), eps * np.eye(3)
    for _ in range(20):
        grad = rng.normal(size=(4, 3))
        W, state = ours.shampoo_step(W, grad, state, 0.1, eps)
        L, R = L + grad @ grad.T, R + grad.T @ grad
        left, right = (linalg.fractional_matrix_power(M, -0.25) for M in (L, R))
        theirs = theirs - 0.1 * left @ grad @ right
        np.testing.assert_allclose(W, theirs, **CLOSE)
