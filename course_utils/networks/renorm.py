"""A network for batch renormalization, whose forward function also takes the running statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.networks.mlp import MLP, Normalization

Array = NDArray[np.float64]

EPS = 1e-5


class RenormMLP(MLP):
    """An `MLP` whose `normalize.forward` is `(x, gamma, beta, mean, std) -> (out, cache)`, as in Ioffe (2017).

    `mean` and `std` `(D,)` are the layer's running statistics before this batch; `normalize.update` includes the batch
    afterwards. `std` is the square root of the running variance plus 1e-5, as in `normalize.predict`, which is used at
    test time. All four functions of `normalize` are needed.
    """

    def _normalized(self, params: dict[str, Array], i: int, z: Array, train: bool) -> tuple[Array, Any]:
        assert isinstance(self.normalize, Normalization)
        forward, _, predict, update = self.normalize
        assert predict
        assert update
        gamma, beta = params[f"gamma{i}"], params[f"beta{i}"]
        mean, var = params[f"mean{i}"], params[f"var{i}"]
        if not train:
            return predict(z, gamma, beta, mean, var), None
        out, cache = forward(z, gamma, beta, mean, np.sqrt(var + EPS))
        params[f"mean{i}"] = update(mean, z.mean(axis=0))
        params[f"var{i}"] = update(var, z.var(axis=0))
        return out, cache
