"""Is a gradient right? Hold it against central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The error of a central difference is about h^2 from the formula and eps/h from rounding: least near eps^(1/3).
STEP = float(np.finfo(np.float64).eps) ** (1 / 3)


def _central_differences(f: Callable[[Array], float], w: Array) -> Array:
    """Move each coordinate of `w` both ways by a step of its own size; of `w`'s shape."""
    slopes = np.empty_like(w)
    for i in np.ndindex(w.shape):
        h = STEP * max(1.0, abs(float(w[i])))
        up, down = w.copy(), w.copy()
        up[i] += h
        down[i] -= h
        # The step that the numbers really make, after rounding.
        slopes[i] = (f(up) - f(down)) / (up[i] - down[i])
    return slopes


def gradient_error(f: Callable[[Array], float], gradient: Callable[[Array], Array] | Array, w: Array) -> float:
    """Return the relative error of a gradient of `f` at `w`: `norm(a - n) / max(norm(a), norm(n))`.

    `a` is the gradient in question, a function of w or its value, and `n` the central differences; `w` is an array
    of any shape and `f` returns one number. A right gradient of a smooth `f` comes out under 1e-7, a wrong one
    usually over 1e-3; two zero gradients give 0. At a kink, as that of `abs(w)` at 0, the figure means nothing.
    Raises ValueError where the gradient has not the shape of `w`.
    """
    w = np.array(w, dtype=np.float64)
    a = np.asarray(gradient(w.copy()) if callable(gradient) else gradient)
    if a.shape != w.shape:
        raise ValueError(f"the gradient has shape {a.shape} and w has {w.shape}: they must be the same.")
    n = _central_differences(f, w)
    size = max(np.linalg.norm(a), np.linalg.norm(n))
    return float(np.linalg.norm(a - n) / size) if size > 0 else 0.0
