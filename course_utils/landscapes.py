"""Test functions for optimizers, with gradient and Hessian. Most have two coordinates, some any number.

The last axis of an array of points has the coordinates, so that the same formula works for one point `(D,)` and for a
grid `(n, m, D)`: `value` returns `(...)`, `gradient` `(..., D)`, `hessian` `(..., D, D)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
View = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Landscape:
    """A function to minimize, and known facts about it.

    `minimum` `(D,)` is a global minimum, or None if the function has none; `others` `(K, D)` are further minima, global
    or local. `start` `(D,)` is a usual starting point. `view` is the region of the first two coordinates to draw:
    `((x_low, x_high), (y_low, y_high))`.
    """

    name: str
    value: Callable[[Array], Array]
    gradient: Callable[[Array], Array]
    hessian: Callable[[Array], Array]
    minimum: Array | None
    start: Array
    view: View
    others: Array = field(default_factory=lambda: np.empty((0, 2)))

    def grid(self, points: int = 200) -> tuple[Array, Array, Array]:
        """Return `(x, y, z)`, each `(points, points)`, for Matplotlib's `contour`: a grid of the view and the
        values."""
        x, y = np.meshgrid(*(np.linspace(low, high, points) for low, high in self.view))
        return x, y, self.value(np.stack([x, y], axis=-1))


def _plane(
    name: str,
    value: Callable[[Array, Array], Array],
    gradient: Callable[[Array, Array], tuple[Array, Array]],
    hessian: Callable[[Array, Array], tuple[Array, Array, Array]],
    minimum: tuple[float, float],
    start: tuple[float, float],
    view: View,
    others: Sequence[tuple[float, float]] = (),
) -> Landscape:
    """Return a landscape from formulas in x and y; `hessian` returns the entries xx, xy and yy."""

    def coordinates(w: Array) -> Array:
        return np.moveaxis(np.asarray(w, dtype=np.float64), -1, 0)

    def matrix(w: Array) -> Array:
        xx, xy, yy = np.broadcast_arrays(*hessian(*coordinates(w)))
        return np.stack([np.stack([xx, xy], axis=-1), np.stack([xy, yy], axis=-1)], axis=-2)

    return Landscape(
        name=name,
        value=lambda w: value(*coordinates(w)),
        gradient=lambda w: np.stack(gradient(*coordinates(w)), axis=-1),
        hessian=matrix,
        minimum=np.array(minimum),
        start=np.array(start),
        view=view,
        others=np.reshape(np.array(others, dtype=np.float64), (-1, 2)),
    )


def quadratic(H: ArrayLike, center: ArrayLike | None = None, name: str = "quadratic") -> Landscape:
    """Return `(w - center)' H (w - center) / 2`, for a symmetric `H` `(D, D)`; `center` `(D,)` is 0 by default.

    If H is positive definite, its `minimum` is `center`; otherwise it is None. Raises ValueError if H is not a
    symmetric matrix.
    """
    H = np.array(H, dtype=np.float64)
    if H.ndim != 2 or H.shape[0] != H.shape[1] or not np.allclose(H, H.T):
        raise ValueError(f"H has shape {H.shape}: it must be square and symmetric.")
    c = np.zeros(len(H)) if center is None else np.array(center, dtype=np.float64)

    def value(w: Array) -> Array:
        d = np.asarray(w) - c
        return np.asarray(0.5 * np.sum(d @ H * d, axis=-1))

    def gradient(w: Array) -> Array:
        return np.asarray((np.asarray(w) - c) @ H)

    def hessian(w: Array) -> Array:
        return np.broadcast_to(H, (*np.shape(w)[:-1], *H.shape)).copy()

    definite = bool(np.all(np.linalg.eigvalsh(H) > 0))
    x, y = np.resize(c, 2)
    view = ((x - 3.0, x + 3.0), (y - 3.0, y + 3.0))
    return Landscape(name, value, gradient, hessian, c if definite else None, c + 2.0, view)


def ravine(condition_number: float, angle: float = 0.0) -> Landscape:
    """Return a long valley: `(x^2 + condition_number * y^2) / 2`, rotated counterclockwise by `angle` radians.

    The curvature is 1 along the valley and `condition_number` across it. Raises ValueError if it is below 1.
    """
    if condition_number < 1:
        raise ValueError(f"condition_number is {condition_number}: it is largest over smallest curvature, at least 1.")
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    H = turn @ np.diag([1.0, condition_number]) @ turn.T
    bowl = quadratic((H + H.T) / 2, name=f"ravine, condition number {condition_number:g}")
    start = turn @ np.array([-10.0, 2.0])
    # A rotated valley needs a higher view.
    height = max(4.0, 12.0 * abs(np.sin(angle)))
    view = ((-12.0, 12.0), (-height, height))
    return Landscape(bowl.name, bowl.value, bowl.gradient, bowl.hessian, bowl.minimum, start, view)


def saddle() -> Landscape:
    """Return `x^2/2 - y^2/2 + y^4/4`: a saddle at 0 between two minima at (0, 1) and (0, -1), of value -1/4.

    The start is very close to the line y = 0, which gradient descent never leaves.
    """
    return _plane(
        "saddle",
        value=lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
        gradient=lambda x, y: (x, y**3 - y),
        hessian=lambda x, y: (np.ones_like(x), np.zeros_like(x), 3 * y**2 - 1),
        minimum=(0.0, 1.0),
        others=[(0.0, -1.0)],
        start=(1.5, 1e-3),
        view=((-2.0, 2.0), (-1.6, 1.6)),
    )


def rosenbrock(dim: int = 2) -> Landscape:
    """Return `sum_i 100*(w[i+1] - w[i]^2)^2 + (1 - w[i])^2`: a curved valley whose floor is almost flat.

    Source: Rosenbrock (1960); the sum over neighbours is the usual extension. Raises ValueError for `dim < 2`.
    """
    if dim < 2:
        raise ValueError(f"dim is {dim}: Rosenbrock's function needs at least two coordinates.")

    def value(w: Array) -> Array:
        a, b = np.asarray(w)[..., :-1], np.asarray(w)[..., 1:]
        return np.asarray(np.sum(100 * (b - a**2) ** 2 + (1 - a) ** 2, axis=-1))

    def gradient(w: Array) -> Array:
        a, b = np.asarray(w)[..., :-1], np.asarray(w)[..., 1:]
        grad = np.zeros(np.shape(w))
        grad[..., :-1] = -400 * a * (b - a**2) - 2 * (1 - a)
        grad[..., 1:] += 200 * (b - a**2)
        return grad

    def hessian(w: Array) -> Array:
        a, b = np.asarray(w)[..., :-1], np.asarray(w)[..., 1:]
        H = np.zeros((*np.shape(w), dim))
        i = np.arange(dim - 1)
        H[..., i, i] = 1200 * a**2 - 400 * b + 2
        H[..., i + 1, i + 1] += 200
        H[..., i, i + 1] = H[..., i + 1, i] = -400 * a
        return H

    # With four or more coordinates there is a second, higher minimum near (-1, 1, ..., 1); `others` does not have it.
    start = np.resize([-1.2, 1.0], dim)
    view = ((-2.0, 2.0), (-1.0, 3.0))
    return Landscape("Rosenbrock", value, gradient, hessian, np.ones(dim), start, view, np.empty((0, dim)))


def beale() -> Landscape:
    """Return Beale's function, `sum_k (c_k - x + x*y^k)^2` for k = 1, 2, 3, with c = 1.5, 2.25, 2.625: a plain with
    steep corners.

    Its minimum is 0 at (3, 0.5). Source: Beale (1958), in Moré, Garbow & Hillstrom (1981), problem 5.
    """
    k = np.array([1, 2, 3])
    c = np.array([1.5, 2.25, 2.625])

    def residuals(x: Array, y: Array) -> tuple[Array, Array, Array, Array, Array]:
        """Return the residuals `(..., 3)`, and their derivatives with respect to x, y, xy and yy."""
        x, y = x[..., None], y[..., None]
        by_xy = k * y ** (k - 1)
        return c - x + x * y**k, y**k - 1, x * by_xy, by_xy, x * k * (k - 1) * y ** np.maximum(k - 2, 0)

    def gradient(x: Array, y: Array) -> tuple[Array, Array]:
        r, r_x, r_y, _, _ = residuals(x, y)
        return (2 * r * r_x).sum(-1), (2 * r * r_y).sum(-1)

    def hessian(x: Array, y: Array) -> tuple[Array, Array, Array]:
        r, r_x, r_y, r_xy, r_yy = residuals(x, y)
        return (
            (2 * r_x**2).sum(-1),
            (2 * (r_x * r_y + r * r_xy)).sum(-1),
            (2 * (r_y**2 + r * r_yy)).sum(-1),
        )

    return _plane(
        "Beale",
        value=lambda x, y: (residuals(x, y)[0] ** 2).sum(-1),
        gradient=gradient,
        hessian=hessian,
        minimum=(3.0, 0.5),
        start=(1.0, 1.5),
        view=((-1.0, 4.5), (-1.5, 2.0)),
    )


def himmelblau() -> Landscape:
    """Return `(x^2 + y - 11)^2 + (x + y^2 - 7)^2`: four minima, all of value 0. Source: Himmelblau (1972)."""

    def gradient(x: Array, y: Array) -> tuple[Array, Array]:
        p, q = x**2 + y - 11, x + y**2 - 7
        return 4 * x * p + 2 * q, 2 * p + 4 * y * q

    return _plane(
        "Himmelblau",
        value=lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
        gradient=gradient,
        hessian=lambda x, y: (12 * x**2 + 4 * y - 42, 4 * (x + y), 12 * y**2 + 4 * x - 26),
        minimum=(3.0, 2.0),
        others=[
            (-2.805118086952745, 3.131312518250573),
            (-3.779310253377747, -3.283185991286170),
            (3.584428340330492, -1.848126526964404),
        ],
        start=(-0.5, -0.5),
        view=((-5.5, 5.5), (-5.5, 5.5)),
    )


def double_well(tilt: float = 0.3) -> Landscape:
    """Return `x^4/4 - x^2/2 + tilt*x + y^2/2`: a deep minimum on the left, a shallow one on the right.

    From the start on the far right, plain gradient descent ends in the shallow one; momentum can roll through it.
    Raises ValueError unless `0 < tilt < 2/(3*sqrt(3))` (about 0.385): otherwise there are not two wells of different
    depth.
    """
    if not 0 < tilt < 2 / (3 * np.sqrt(3)):
        raise ValueError(f"tilt is {tilt}: it must be between 0 and 0.385, for two wells of different depth.")
    deep, _, shallow = np.sort(np.roots([1.0, 0.0, -1.0, tilt]).real)
    return _plane(
        "double well",
        value=lambda x, y: x**4 / 4 - x**2 / 2 + tilt * x + y**2 / 2,
        gradient=lambda x, y: (x**3 - x + tilt, y),
        hessian=lambda x, y: (3 * x**2 - 1, np.zeros_like(x), np.ones_like(x)),
        minimum=(deep, 0.0),
        others=[(shallow, 0.0)],
        start=(1.8, 1.0),
        view=((-2.0, 2.0), (-1.5, 1.5)),
    )


def noisy_gradient(landscape: Landscape, std: float, rng: np.random.Generator) -> Callable[[Array], Array]:
    """Return a gradient function with noise, as with mini-batches: the true gradient plus `std * N(0, 1)` in each
    coordinate.

    Each call draws new noise. Two of these functions whose generators have the same seed return the same sequence of
    noise, so that two methods can be compared on the same noise.
    """
    return lambda w: landscape.gradient(w) + std * rng.normal(size=np.shape(w))
