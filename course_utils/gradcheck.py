"""Check a gradient against central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A central difference has an error of about h^2 from the formula and eps/h from rounding; their sum is smallest near
# h = eps^(1/3).
STEP = float(np.finfo(np.float64).eps) ** (1 / 3)


def _central_differences(f: Callable[[Array], float], w: Array) -> Array:
    """Return the central differences of f at `w`, of `w`'s shape; the step is STEP, times the coordinate's size if that
    is over 1."""
    slopes = np.empty_like(w)
    for i in np.ndindex(w.shape):
        h = STEP * max(1.0, abs(float(w[i])))
        up, down = w.copy(), w.copy()
        up[i] += h
        down[i] -= h
        # Divide by the actual step, after rounding.
        slopes[i] = (f(up) - f(down)) / (up[i] - down[i])
    return slopes


def gradient_error(f: Callable[[Array], float], gradient: Callable[[Array], Array] | Array, w: Array) -> float:
    """Return the relative error of a gradient of `f` at `w`: `norm(a - n) / max(norm(a), norm(n))`.

    `a` is the gradient to check (`gradient` is a function of w, or its value at w) and `n` the central differences. `w`
    is an array of any shape; `f` returns one number. If `f` is smooth, the error of a correct gradient is below 1e-7,
    and that of a wrong one usually above 1e-3; if both gradients are zero, the error is 0. At a kink, such as that of
    `abs(w)` at 0, the error has no meaning. Raises ValueError if the gradient does not have the shape of `w`.
    """
    w = np.array(w, dtype=np.float64)
    a = np.asarray(gradient(w.copy()) if callable(gradient) else gradient)
    if a.shape != w.shape:
        raise ValueError(f"the gradient has shape {a.shape} and w has {w.shape}: they must be the same.")
    n = _central_differences(f, w)
    size = max(np.linalg.norm(a), np.linalg.norm(n))
    return float(np.linalg.norm(a - n) / size) if size > 0 else 0.0
