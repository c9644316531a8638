"""Weight initialization: random, scaled so that the signal keeps its variance from layer to layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def he(d_in: int, d_out: int, rng: np.random.Generator) -> Array:
    """Draw W `(d_in, d_out)` from N(0, 2/d_in), for ReLU, which halves the mean square. Source: He et al. (2015)."""
    return rng.normal(scale=np.sqrt(2.0 / d_in), size=(d_in, d_out))


def xavier(d_in: int, d_out: int, rng: np.random.Generator) -> Array:
    """Draw W `(d_in, d_out)` from N(0, 2/(d_in + d_out)), for tanh. Source: Glorot & Bengio (2010)."""
    return rng.normal(scale=np.sqrt(2.0 / (d_in + d_out)), size=(d_in, d_out))
