"""A network that normalizes after the activation instead of before it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.networks.mlp import ACTIVATIONS, MLP, Normalization, Params, Rng

Array = NDArray[np.float64]


class AfterMLP(MLP):
    """An `MLP` with hidden layers affine -> activation -> normalize -> dropout; `normalize` is needed."""

    def _block_forward(self, params: Params, i: int, x: Array, train: bool, rng: Rng | None) -> tuple[Array, Any]:
        a = ACTIVATIONS[self.activation][0](x @ params[f"W{i}"] + params[f"b{i}"])
        out, normal = self._normalized(params, i, a, train)
        mask = None
        if self.dropout is not None:
            out, mask = self.dropout[0](out, self.drop_prob, rng, train)
        return out, (x, normal, a, mask)

    def _block_backward(self, params: Params, grads: Params, i: int, dout: Array, cache: Any) -> Array:
        assert isinstance(self.normalize, Normalization)
        x, normal, a, mask = cache
        if self.dropout is not None:
            dout = self.dropout[1](dout, mask)
        dout, grads[f"gamma{i}"], grads[f"beta{i}"] = self.normalize.backward(dout, normal)
        return self._affine_backward(params, grads, i, ACTIVATIONS[self.activation][1](dout, a), x)
