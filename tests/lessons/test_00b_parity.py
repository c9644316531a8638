"""Lesson 00b against PyTorch in float64, SciPy and scikit-learn; and what its text says of its experiments, on other
seeds than it shows.

If conventions differ, the test states the mapping: PyTorch's linear layers hold W transposed, its cross-entropy takes
scores, and He's rule is `kaiming_normal_` with the fan of the inputs.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.special
import torch
from sklearn.neural_network import MLPClassifier
from torch.nn import functional

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace
from course_utils.data import digits, split

LESSON = SimpleNamespace(**namespace(read_lesson(Path(__file__).parents[2] / "lessons" / "00b_network_and_gradient")))
close = partial(np.testing.assert_allclose, rtol=1e-10, atol=1e-10)
Params = dict[str, np.ndarray]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def leaf(array: Any) -> torch.Tensor:
    return torch.tensor(np.array(array), dtype=torch.float64, requires_grad=True)


def first_params(rng: np.random.Generator, d: int, hidden: int, classes: int, scale: float = 1.0) -> Params:
    return {
        "W1": scale * LESSON.he_weights(d, hidden, rng), "b1": np.zeros(hidden),
        "W2": scale * LESSON.he_weights(hidden, classes, rng), "b2": np.zeros(classes),
    }  # fmt: skip


def network_of(params: Params) -> torch.nn.Sequential:
    """Return PyTorch's network with the same parameters; a linear layer holds W as `(out, in)`."""
    (d, hidden), classes = params["W1"].shape, len(params["b2"])
    net = torch.nn.Sequential(torch.nn.Linear(d, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, classes)).double()
    with torch.no_grad():
        for layer, i in ((net[0], 1), (net[2], 2)):
            layer.weight.copy_(torch.tensor(params[f"W{i}"].T))
            layer.bias.copy_(torch.tensor(params[f"b{i}"]))
    return net


@pytest.mark.parametrize("n", [1, 6])
def test_an_affine_layer_and_its_gradients(rng: np.random.Generator, n: int) -> None:
    x, W, b, dout = rng.normal(size=(n, 3)), rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(n, 5))
    leaves = [leaf(x), leaf(W.T), leaf(b)]
    theirs = functional.linear(*leaves)
    out, cache = LESSON.affine_forward(x, W, b)
    close(out, theirs.detach())
    dx, dW, db = torch.autograd.grad(theirs, leaves, torch.tensor(dout))
    for ours, other in zip(LESSON.affine_backward(dout, cache), (dx, dW.T, db), strict=True):
        close(ours, other)


def test_relu_and_its_gradient(rng: np.random.Generator) -> None:
    x, dout = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    # PyTorch uses the slope 0 at 0, as the reference does; the checks accept 1, too.
    x[0, 0] = 0.0
    inputs = leaf(x)
    theirs = torch.relu(inputs)
    out, cache = LESSON.relu_forward(x)
    close(out, theirs.detach())
    close(LESSON.relu_backward(dout, cache), *torch.autograd.grad(theirs, inputs, torch.tensor(dout)))


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
def test_softmax_cross_entropy_and_its_gradient(rng: np.random.Generator, scale: float) -> None:
    logits, y = scale * rng.normal(size=(6, 4)), rng.integers(4, size=6)
    scores = leaf(logits)
    theirs = torch.nn.CrossEntropyLoss()(scores, torch.tensor(y))
    loss, dlogits = LESSON.softmax_cross_entropy(logits, y)
    close(loss, theirs.item())
    close(dlogits, *torch.autograd.grad(theirs, scores))
    close(loss, -scipy.special.log_softmax(logits, axis=1)[np.arange(6), y].mean())
    close(dlogits, (scipy.special.softmax(logits, axis=1) - np.eye(4)[y]) / 6)


def test_he_weights_have_the_spread_of_kaiming_normal(rng: np.random.Generator) -> None:
    theirs = torch.empty(300, 700, dtype=torch.float64)
    # `fan_in` of a linear layer is its second axis there.
    torch.nn.init.kaiming_normal_(theirs, mode="fan_in", nonlinearity="relu", generator=torch.manual_seed(0))
    ours = LESSON.he_weights(700, 300, rng)
    assert ours.shape == (700, 300)
    # Each is within 1 % of the true one with probability over 1 - 1e-10: 210,000 weights.
    assert ours.std() == pytest.approx(theirs.std().item(), rel=0.02)
    assert ours.std() == pytest.approx(np.sqrt(2 / 700), rel=0.01)


def test_the_network_and_its_gradients(rng: np.random.Generator) -> None:
    params = first_params(rng, 5, 7, 3)
    X, y = rng.normal(size=(9, 5)), rng.integers(3, size=9)
    net = network_of(params)
    theirs = functional.cross_entropy(net(torch.tensor(X)), torch.tensor(y))
    theirs.backward()
    loss, grads = LESSON.two_layer_loss(params, X, y)
    close(loss, theirs.item())
    for i, layer in ((1, net[0]), (2, net[2])):
        close(grads[f"W{i}"], layer.weight.grad.T)
        close(grads[f"b{i}"], layer.bias.grad)


def test_the_gradients_are_those_of_scikit_learn(rng: np.random.Generator) -> None:
    params, (X, y) = first_params(rng, 5, 7, 3), (rng.normal(size=(12, 5)), np.arange(12) % 3)
    model = MLPClassifier((7,), solver="sgd", alpha=0.0, momentum=0.0, learning_rate_init=0.1, batch_size=12)
    # The first call makes the arrays, and draws weights of its own; then they are replaced.
    model.partial_fit(X, y, classes=np.arange(3))
    model.coefs_[:] = [params["W1"].copy(), params["W2"].copy()]
    model.intercepts_[:] = [params["b1"].copy(), params["b2"].copy()]
    model._optimizer.params = model.coefs_ + model.intercepts_
    model._optimizer.velocities = [np.zeros_like(one) for one in model._optimizer.params]
    model.partial_fit(X, y)
    after, losses = LESSON.train_network(params, X, y, 0.1, 1, 12, rng)
    close(model.loss_, losses[0])
    for name, theirs in zip(("W1", "W2", "b1", "b2"), model.coefs_ + model.intercepts_, strict=True):
        close(after[name], theirs)


def test_training_on_the_same_batches(rng: np.random.Generator) -> None:
    params, (X, y) = first_params(rng, 4, 6, 3), (rng.normal(size=(11, 4)), rng.integers(3, size=11))
    net = network_of(params)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
    ours, losses = LESSON.train_network(params, X, y, 0.3, 3, 4, np.random.default_rng(8))
    order, theirs = np.random.default_rng(8), []
    for _ in range(3):
        batches = torch.tensor(order.permutation(11)).split(4)
        found = []
        for rows in batches:
            optimizer.zero_grad()
            loss = functional.cross_entropy(net(torch.tensor(X)[rows]), torch.tensor(y)[rows])
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        theirs.append(np.mean(found))
    close(losses, theirs)
    for i, layer in ((1, net[0]), (2, net[2])):
        close(ours[f"W{i}"], layer.weight.detach().T)
        close(ours[f"b{i}"], layer.bias.detach())


def accuracy(params: Params, X: np.ndarray, y: np.ndarray) -> float:
    hidden = LESSON.relu_forward(LESSON.affine_forward(X, params["W1"], params["b1"])[0])[0]
    return float(np.mean(LESSON.affine_forward(hidden, params["W2"], params["b2"])[0].argmax(axis=1) == y))


def single_layer(training: Any, validation: Any, rng: np.random.Generator) -> float:
    """Return the accuracy of ten neurons, trained as the network is."""
    W, b = LESSON.he_weights(64, 10, rng), np.zeros(10)
    for _ in range(30):
        for rows in np.split(rng.permutation(len(training)), np.arange(32, len(training), 32)):
            logits, cache = LESSON.affine_forward(training.X[rows], W, b)
            _, dW, db = LESSON.affine_backward(LESSON.softmax_cross_entropy(logits, training.y[rows])[1], cache)
            W, b = W - 0.1 * dW, b - 0.1 * db
    scores = LESSON.affine_forward(validation.X, W, b)[0]
    return float(np.mean(scores.argmax(axis=1) == validation.y))


@pytest.fixture(scope="module")
def data() -> Any:
    return split(*digits(), (0.7, 0.3), np.random.default_rng(0))


def test_a_trained_network_beats_what_the_text_compares_it_with(data: Any) -> None:
    training, validation = data
    found = []
    for seed in (31, 32, 33, 34):
        rng = np.random.default_rng(seed)
        params, losses = LESSON.train_network(first_params(rng, 64, 32, 10), *training, 0.1, 30, 32, rng)
        # Even the first epoch's mean is below that of a network that knows nothing.
        assert losses[0] < np.log(10)
        found.append(accuracy(params, *validation))
    assert np.median(found) == pytest.approx(0.97, abs=0.01), found
    assert min(found) > 0.94
    single = [single_layer(training, validation, np.random.default_rng(seed)) for seed in (35, 36)]
    assert max(single) < np.median(found), (single, found)
    means = np.stack([training.X[training.y == k].mean(axis=0) for k in range(10)], axis=1)
    scores = LESSON.affine_forward(validation.X, means, -0.5 * (means**2).sum(axis=0))[0]
    assert np.mean(scores.argmax(axis=1) == validation.y) == pytest.approx(0.90, abs=0.005)


def test_he_weights_are_the_best_of_the_four_after_five_epochs(data: Any) -> None:
    for seed in (41, 42, 43):
        curves = {}
        for scale in (0.0, 0.01, 1.0, 10.0):
            rng = np.random.default_rng(seed)
            params = first_params(rng, 64, 32, 10, scale)
            curves[scale] = LESSON.train_network(params, *data[0], 0.3, 5, 32, rng)[1]
        assert min(curves, key=lambda scale: curves[scale][-1]) == 1.0
        close(curves[0.0], np.log(10), rtol=0.01)
        assert curves[0.01][0] == pytest.approx(np.log(10), rel=0.01)
        assert curves[10.0][0] > 2 * np.log(10)
