"""A multilayer perceptron that can use the learner's own normalization, dropout and stochastic depth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from course_utils.networks.initial import he, xavier
from course_utils.networks.layers import (
    affine,
    affine_gradients,
    cross_entropy,
    mse,
    relu,
    relu_gradient,
    tanh,
    tanh_gradient,
)

Array = NDArray[np.float64]
Params = dict[str, Array]
Rng = np.random.Generator

# Name of an activation -> (forward, backward, weight initialization).
ACTIVATIONS: dict[str, tuple[Callable[..., Array], Callable[..., Array], Callable[..., Array]]] = {
    "relu": (relu, relu_gradient, he),
    "tanh": (tanh, tanh_gradient, xavier),
    "linear": (lambda x: x, lambda dout, out: dout, xavier),
}
LOSSES: dict[str, Callable[..., tuple[float, Array]]] = {"cross_entropy": cross_entropy, "mse": mse}


class Normalization(NamedTuple):
    """The learner's functions for a normalization layer, with the signatures of the exercises.

    `forward(x, gamma, beta) -> (out, cache)` and `backward(dout, cache) -> (dx, dgamma, dbeta)` are enough for a layer
    that normalizes each example on its own. Batch normalization also needs `predict(x, gamma, beta, mean, var) -> out`
    for test time and `update(running, batch) -> running`, which returns the new running mean or variance.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    predict: Callable[..., Any] | None = None
    update: Callable[..., Any] | None = None


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron: hidden layers affine -> normalize -> activation -> dropout, then one affine layer.

    `sizes` are the widths from input to output: `(64, 32, 10)` has one hidden layer; `(64, 10)` has none and, with
    `cross_entropy`, is softmax regression. The network itself holds no parameters: `initialize` returns them as a dict
    with `W1`, `b1` and so on, counted from 1. With `normalize` it also has `gamma1`, `beta1` and, if there is a
    `predict`, the running `mean1` and `var1`, which have no gradient.

    `dropout` is the pair `(forward(x, drop_prob, rng, train) -> (out, mask), backward(dout, mask) -> dx)`.
    `residual` adds a hidden layer's input to its output if the hidden layer before it has the same width.
    `stochastic_depth` is the pair `(forward(x, block, survival, rng, train) -> (out, kept),
    backward(dout, block_backward, kept) -> dx)`; it replaces that sum. `survival` has one probability per hidden layer
    (those of layers without a shortcut are not used).

    Raises ValueError for fewer than two sizes, a size below 1, an unknown activation or loss, and a `survival` of the
    wrong length.
    """

    sizes: tuple[int, ...]
    activation: Literal["relu", "tanh", "linear"] = "relu"
    loss: Literal["cross_entropy", "mse"] = "cross_entropy"
    normalize: Normalization | tuple[Callable[..., Any], ...] | None = None
    dropout: tuple[Callable[..., Any], Callable[..., Any]] | None = None
    drop_prob: float = 0.5
    residual: bool = False
    stochastic_depth: tuple[Callable[..., Any], Callable[..., Any]] | None = None
    survival: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"sizes are {self.sizes}: give the width of the input, of each layer, and of the output.")
        for name, value, known in (("activation", self.activation, ACTIVATIONS), ("loss", self.loss, LOSSES)):
            if value not in known:
                raise ValueError(f"{name} is {value!r}: choose from {', '.join(known)}.")
        if self.stochastic_depth and len(self.survival) != self.hidden:
            raise ValueError(f"survival has {len(self.survival)} numbers for {self.hidden} hidden layers.")
        if self.normalize is not None:
            object.__setattr__(self, "normalize", Normalization(*self.normalize))

    @property
    def hidden(self) -> int:
        """The number of hidden layers."""
        return len(self.sizes) - 2

    def initialize(self, rng: Rng, scale: float = 1.0) -> Params:
        """Return initial parameters: He weights for ReLU, else Xavier, times `scale`; biases 0, gamma 1, beta 0."""
        draw = ACTIVATIONS[self.activation][2]
        params: Params = {}
        for i, (d_in, d_out) in enumerate(pairwise(self.sizes), 1):
            params[f"W{i}"] = scale * draw(d_in, d_out, rng)
            params[f"b{i}"] = np.zeros(d_out)
            if isinstance(self.normalize, Normalization) and i <= self.hidden:
                params[f"gamma{i}"], params[f"beta{i}"] = np.ones(d_out), np.zeros(d_out)
                if self.normalize.predict:
                    params[f"mean{i}"], params[f"var{i}"] = np.zeros(d_out), np.ones(d_out)
        return params

    def loss_and_gradients(
        self, params: Params, X: Array, y: NDArray[Any], train: bool = True, rng: Rng | None = None
    ) -> tuple[float, Params]:
        """Return the mean loss over the batch, and a dict with its gradient for each trained parameter.

        X is `(N, D)`; y is labels `(N,)`, or targets `(N,)` or `(N, K)` for `mse`. With `train`, dropout and stochastic
        depth draw from `rng`, and the entries of `params` for running means and variances are replaced by new arrays.
        Nothing else in `params` changes, and no array is modified in place. Raises ValueError if X has the wrong shape.
        """
        *hidden, out = self._forward(params, X, train, rng)
        loss, dout = LOSSES[self.loss](out[0], y)
        grads: Params = {}
        dx = self._affine_backward(params, grads, len(self.sizes) - 1, dout, out[1])
        for i in range(self.hidden, 0, -1):
            dx = self._hidden_backward(params, grads, i, dx, hidden[i - 1][1])
        return loss, grads

    def scores(self, params: Params, X: Array) -> Array:
        """Return the last layer's output `(N, K)`, computed as at test time."""
        scores: Array = self._forward(params, X, False, None)[-1][0]
        return scores

    def activations(self, params: Params, X: Array, train: bool = False, rng: Rng | None = None) -> list[Array]:
        """Return the output of each hidden layer, first to last, each `(N, width)`. `params` stays as it is."""
        return [out for out, _ in self._forward(dict(params), X, train, rng)[:-1]]

    def predict(self, params: Params, X: Array) -> NDArray[Any]:
        """Return labels `(N,)`; with `mse`, the output itself: `(N, K)`, or `(N,)` if K is 1."""
        scores = self.scores(params, X)
        if self.loss == "cross_entropy":
            return np.asarray(scores.argmax(axis=1))
        return scores[:, 0] if scores.shape[1] == 1 else scores

    def accuracy(self, params: Params, X: Array, y: NDArray[Any]) -> float:
        """Return the share of correct labels, computed as at test time; NaN with `mse`."""
        return float(np.mean(self.predict(params, X) == y)) if self.loss == "cross_entropy" else np.nan

    def evaluate(self, params: Params, X: Array, y: NDArray[Any]) -> tuple[float, float]:
        """Return `(loss, accuracy)`, computed as at test time in one pass; the accuracy is NaN with `mse`."""
        scores = self.scores(params, X)
        loss = LOSSES[self.loss](scores, y)[0]
        return loss, float(np.mean(scores.argmax(axis=1) == y)) if self.loss == "cross_entropy" else np.nan

    # A forward pass is a list with one pair for each layer: its output, and what its backward function needs.

    def _forward(self, params: Params, X: Array, train: bool, rng: Rng | None) -> list[tuple[Array, Any]]:
        if X.ndim != 2 or X.shape[1] != self.sizes[0]:
            raise ValueError(f"X has shape {X.shape}: this network takes (N, {self.sizes[0]}).")
        x, layers = X, []
        for i in range(1, self.hidden + 1):
            layers.append(self._hidden_forward(params, i, x, train, rng))
            x = layers[-1][0]
        last = len(self.sizes) - 1
        return [*layers, (affine(x, params[f"W{last}"], params[f"b{last}"]), x)]

    def _has_shortcut(self, i: int) -> bool:
        """Return whether hidden layer `i` adds its input to its output; the first does not: its input is the data."""
        wanted = self.residual or self.stochastic_depth is not None
        return wanted and i > 1 and self.sizes[i - 1] == self.sizes[i]

    def _hidden_forward(self, params: Params, i: int, x: Array, train: bool, rng: Rng | None) -> tuple[Array, Any]:
        if not self._has_shortcut(i):
            out, cache = self._block_forward(params, i, x, train, rng)
            return out, (cache, None)
        caches: list[Any] = []

        def block(x: Array) -> Array:
            out, cache = self._block_forward(params, i, x, train, rng)
            caches.append(cache)
            return out

        if self.stochastic_depth:
            out, kept = self.stochastic_depth[0](x, block, self.survival[i - 1], rng, train)
        else:
            out, kept = x + block(x), True
        return out, (caches[0] if caches else None, kept)

    def _block_forward(self, params: Params, i: int, x: Array, train: bool, rng: Rng | None) -> tuple[Array, Any]:
        z, normal, mask = affine(x, params[f"W{i}"], params[f"b{i}"]), None, None
        if self.normalize is not None:
            z, normal = self._normalized(params, i, z, train)
        a = out = ACTIVATIONS[self.activation][0](z)
        if self.dropout is not None:
            out, mask = self.dropout[0](a, self.drop_prob, rng, train)
        return out, (x, normal, a, mask)

    def _normalized(self, params: Params, i: int, z: Array, train: bool) -> tuple[Array, Any]:
        assert isinstance(self.normalize, Normalization)
        forward, _, predict, update = self.normalize
        gamma, beta = params[f"gamma{i}"], params[f"beta{i}"]
        if predict and not train:
            return predict(z, gamma, beta, params[f"mean{i}"], params[f"var{i}"]), None
        if predict and update:
            params[f"mean{i}"] = update(params[f"mean{i}"], z.mean(axis=0))
            params[f"var{i}"] = update(params[f"var{i}"], z.var(axis=0))
        out, cache = forward(z, gamma, beta)
        return out, cache

    def _hidden_backward(self, params: Params, grads: Params, i: int, dout: Array, layer: Any) -> Array:
        cache, kept = layer

        def block_backward(dout: Array) -> Array:
            return self._block_backward(params, grads, i, dout, cache)

        if not self._has_shortcut(i):
            return block_backward(dout)
        if not self.stochastic_depth:
            return dout + block_backward(dout)
        dx: Array = self.stochastic_depth[1](dout, block_backward, kept)
        # A skipped block has no influence on the loss: its gradients are 0.
        for name in (f"W{i}", f"b{i}", f"gamma{i}", f"beta{i}"):
            if name in params:
                grads.setdefault(name, np.zeros_like(params[name]))
        return dx

    def _block_backward(self, params: Params, grads: Params, i: int, dout: Array, cache: Any) -> Array:
        x, normal, a, mask = cache
        if self.dropout is not None:
            dout = self.dropout[1](dout, mask)
        dout = ACTIVATIONS[self.activation][1](dout, a)
        if isinstance(self.normalize, Normalization):
            dout, grads[f"gamma{i}"], grads[f"beta{i}"] = self.normalize.backward(dout, normal)
        return self._affine_backward(params, grads, i, dout, x)

    def _affine_backward(self, params: Params, grads: Params, i: int, dout: Array, x: Array) -> Array:
        if i == 1:
            # The gradient with respect to the data is not needed.
            grads["W1"], grads["b1"] = x.T @ dout, dout.sum(axis=0)
            return dout
        dx, grads[f"W{i}"], grads[f"b{i}"] = affine_gradients(dout, x, params[f"W{i}"])
        return dx
