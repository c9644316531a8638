"""A deep network of residual blocks, which the learner's stochastic depth can skip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_utils.networks.initial import he, xavier
from course_utils.networks.layers import affine, affine_gradients, cross_entropy, relu, relu_gradient

Array = NDArray[np.float64]
Params = dict[str, Array]
Rng = np.random.Generator


@dataclass
class ResidualClassifier:
    """A classifier: an affine layer with ReLU to `width`, then `len(survival)` residual blocks, then an affine layer to
    `classes`; its loss is cross-entropy.

    A block computes `affine(relu(affine(x)))` and has a shortcut around it (He et al. 2016, without normalization).
    `stochastic_depth` is the pair `(forward(x, block, survival, rng, train) -> (out, kept),
    backward(dout, block_backward, kept) -> dx)`; `survival` has one probability per block. `runs` counts how many
    blocks were run, in training and at test time.
    """

    inputs: int
    width: int
    classes: int
    survival: tuple[float, ...]
    stochastic_depth: tuple[Callable[..., Any], Callable[..., Any]]
    runs: int = field(default=0, init=False)

    @property
    def blocks(self) -> range:
        """The numbers of the blocks, from 1."""
        return range(1, len(self.survival) + 1)

    def initialize(self, rng: Rng, scale: float = 1.0) -> Params:
        """Return initial parameters; `scale` multiplies the weights of each block's second layer; biases are 0."""
        params = {"W0": he(self.inputs, self.width, rng), "b0": np.zeros(self.width)}
        for i in self.blocks:
            params[f"U{i}"], params[f"c{i}"] = he(self.width, self.width, rng), np.zeros(self.width)
            params[f"V{i}"], params[f"d{i}"] = scale * xavier(self.width, self.width, rng), np.zeros(self.width)
            # Xavier's variance 2/(in + out) is 1/width for a square layer, which keeps the mean square of its input.
        params["W"], params["b"] = xavier(self.width, self.classes, rng), np.zeros(self.classes)
        return params

    def loss_and_gradients(
        self, params: Params, X: Array, y: NDArray[Any], train: bool = True, rng: Rng | None = None
    ) -> tuple[float, Params]:
        """Return the mean loss over the batch, and a dict with its gradient for each parameter; 0 if the block was
        skipped. X is `(N, inputs)`, y `(N,)` labels."""
        scores, outs, caches, flags = self._forward(params, X, train, rng)
        loss, dout = cross_entropy(scores, y)
        grads = {name: np.zeros_like(w) for name, w in params.items()}
        dout, grads["W"], grads["b"] = affine_gradients(dout, outs[-1], params["W"])
        for i in reversed(self.blocks):
            dout = self._block_backward(params, grads, i, dout, caches.get(i), flags[i - 1])
        _, grads["W0"], grads["b0"] = affine_gradients(relu_gradient(dout, outs[0]), X, params["W0"])
        return loss, grads

    def evaluate(self, params: Params, X: Array, y: NDArray[Any]) -> tuple[float, float]:
        """Return `(loss, accuracy)`, computed as at test time."""
        scores = self._forward(params, X, False, None)[0]
        return cross_entropy(scores, y)[0], float(np.mean(scores.argmax(axis=1) == y))

    def _forward(
        self, params: Params, X: Array, train: bool, rng: Rng | None
    ) -> tuple[Array, list[Array], dict[int, tuple[Array, Array]], list[Any]]:
        outs, flags = [relu(affine(X, params["W0"], params["b0"]))], []
        caches: dict[int, tuple[Array, Array]] = {}
        for i in self.blocks:

            def block(x: Array, i: int = i) -> Array:
                self.runs += 1
                hidden = relu(affine(x, params[f"U{i}"], params[f"c{i}"]))
                caches[i] = x, hidden
                return affine(hidden, params[f"V{i}"], params[f"d{i}"])

            out, kept = self.stochastic_depth[0](outs[-1], block, self.survival[i - 1], rng, train)
            outs.append(out)
            flags.append(kept)
        return affine(outs[-1], params["W"], params["b"]), outs, caches, flags

    def _block_backward(
        self, params: Params, grads: Params, i: int, dout: Array, cache: tuple[Array, Array] | None, kept: Any
    ) -> Array:
        def block_backward(dout: Array) -> Array:
            assert cache is not None
            x, hidden = cache
            dhidden, grads[f"V{i}"], grads[f"d{i}"] = affine_gradients(dout, hidden, params[f"V{i}"])
            dx, grads[f"U{i}"], grads[f"c{i}"] = affine_gradients(relu_gradient(dhidden, hidden), x, params[f"U{i}"])
            return dx

        dx: Array = self.stochastic_depth[1](dout, block_backward, kept)
        return dx
