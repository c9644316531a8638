"""Layers, losses and the network against PyTorch in float64; hooks against central differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812 (its usual name)

from course_utils import networks
from course_utils.checks.probe import exercises
from course_utils.gradcheck import gradient_error
from course_utils.networks import MLP, Normalization, initial, layers, mlp, renorm, residual
from course_utils.networks.after import AfterMLP
from course_utils.networks.initial import he, xavier
from tests.course_utils import samples

TIGHT = {"rtol": 1e-10, "atol": 1e-12}
BATCHNORM = Normalization(samples.batchnorm, samples.batchnorm_back, samples.batchnorm_test, samples.update)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def leaf(x: Any) -> torch.Tensor:
    return torch.tensor(x, requires_grad=True)


def test_affine(rng: np.random.Generator) -> None:
    x, W, b, dout = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(5, 4))
    tx, tW, tb = leaf(x), leaf(W), leaf(b)
    out = F.linear(tx, tW.T, tb)
    out.backward(torch.tensor(dout))
    np.testing.assert_allclose(layers.affine(x, W, b), out.detach(), **TIGHT)
    for ours, theirs in zip(layers.affine_gradients(dout, x, W), (tx, tW, tb), strict=True):
        np.testing.assert_allclose(ours, theirs.grad, **TIGHT)


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_activations(name: str, rng: np.random.Generator) -> None:
    x, dout = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    x[0, 0] = 0.0
    tx = leaf(x)
    expected = getattr(torch, name)(tx)
    expected.backward(torch.tensor(dout))
    out = getattr(layers, name)(x)
    np.testing.assert_allclose(out, expected.detach(), **TIGHT)
    np.testing.assert_allclose(getattr(layers, f"{name}_gradient")(dout, out), tx.grad, **TIGHT)


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_softmax_and_cross_entropy(scale: float, rng: np.random.Generator) -> None:
    scores, labels = scale * rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    ts = leaf(scores)
    expected = F.cross_entropy(ts, torch.tensor(labels))
    expected.backward()
    loss, dscores = layers.cross_entropy(scores, labels)
    np.testing.assert_allclose(loss, expected.item(), **TIGHT)
    np.testing.assert_allclose(dscores, ts.grad, **TIGHT)
    np.testing.assert_allclose(layers.softmax(scores), torch.softmax(ts, 1).detach(), **TIGHT)


def test_mse(rng: np.random.Generator) -> None:
    prediction, target = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    tp = leaf(prediction)
    expected = F.mse_loss(tp, torch.tensor(target))
    expected.backward()
    loss, dprediction = layers.mse(prediction, target)
    np.testing.assert_allclose(loss, expected.item(), **TIGHT)
    np.testing.assert_allclose(dprediction, tp.grad, **TIGHT)
    flat, column = (layers.mse(prediction[:, :1], t) for t in (target[:, 0], target[:, :1]))
    assert flat[0] == column[0]
    np.testing.assert_array_equal(flat[1], column[1])
    with pytest.raises(ValueError, match=r"\(5, 2\) and target has \(5, 1\)"):
        layers.mse(prediction, target[:, 0])


def test_no_function_changes_its_arguments(rng: np.random.Generator) -> None:
    x, W, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
    for array in (x, W, b):
        array.flags.writeable = False
    out = layers.relu(layers.affine(x, W, b))
    layers.relu_gradient(out, out)
    layers.tanh_gradient(layers.tanh(x), x)
    layers.softmax(x)
    layers.cross_entropy(x, np.zeros(5, dtype=int))
    layers.mse(x, x)
    layers.affine_gradients(out, x, W)


def test_no_public_name_is_that_of_an_exercise() -> None:
    # A notebook that imports it would replace the learner's own function.
    modules = (networks, layers, initial, mlp, residual, renorm)
    public = {name for module in modules for name in vars(module) if not name.startswith("_")}
    assert not public & set(exercises())


def test_older_notebooks_find_the_names_before_lesson_00b() -> None:
    from course_utils.networks import affine_backward, relu_backward, tanh_backward  # type: ignore[attr-defined]

    assert affine_backward is layers.affine_gradients
    assert (relu_backward, tanh_backward) == (layers.relu_gradient, layers.tanh_gradient)
    assert not {"affine_backward", "relu_backward", "tanh_backward"} & set(networks.__all__)
    with pytest.raises(AttributeError, match="no attribute 'sigmoid'"):
        networks.sigmoid  # noqa: B018 (asking for it is the test)


def test_first_weights_keep_the_variance(rng: np.random.Generator) -> None:
    assert he(400, 300, rng).std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert xavier(400, 300, rng).std() == pytest.approx(np.sqrt(2 / 700), rel=0.02)
    scaled = MLP((400, 300, 2)).initialize(rng, scale=0.1)["W1"]
    assert scaled.std() == pytest.approx(0.1 * np.sqrt(2 / 400), rel=0.02)


def torch_forward(net: MLP, params: dict[str, torch.Tensor], X: torch.Tensor) -> torch.Tensor:
    activate = {"relu": torch.relu, "tanh": torch.tanh, "linear": lambda z: z}[net.activation]
    x = X
    for i in range(1, len(net.sizes) - 1):
        z = x @ params[f"W{i}"] + params[f"b{i}"]
        if f"gamma{i}" in params:
            z = F.batch_norm(z, None, None, params[f"gamma{i}"], params[f"beta{i}"], training=True)
        a = activate(z)
        x = x + a if net.residual and i > 1 and net.sizes[i - 1] == net.sizes[i] else a
    last = len(net.sizes) - 1
    return x @ params[f"W{last}"] + params[f"b{last}"]


NETWORKS = {
    "softmax regression": MLP((6, 4)),
    "one layer": MLP((6, 5, 4)),
    "deep tanh": MLP((6, 5, 7, 5, 4), activation="tanh"),
    "linear": MLP((6, 5, 5, 4), activation="linear"),
    "regression": MLP((6, 5, 1), loss="mse"),
    "residual": MLP((6, 6, 6, 5, 5, 4), residual=True),
    "batch norm": MLP((6, 5, 5, 4), normalize=BATCHNORM),
    "batch norm, residual": MLP((6, 5, 5, 4), activation="tanh", normalize=BATCHNORM, residual=True),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_loss_and_gradients_agree_with_autograd(name: str, rng: np.random.Generator) -> None:
    net = NETWORKS[name]
    params = {name: w + 0.1 * rng.normal(size=w.shape) for name, w in net.initialize(rng).items()}
    X = rng.normal(size=(8, 6))
    y: Any = rng.normal(size=8) if net.loss == "mse" else rng.integers(0, 4, 8)
    theirs = {name: leaf(w) for name, w in params.items()}
    scores = torch_forward(net, theirs, torch.tensor(X))
    expected = (
        F.mse_loss(scores[:, 0], torch.tensor(y)) if net.loss == "mse" else F.cross_entropy(scores, torch.tensor(y))
    )
    expected.backward()
    loss, grads = net.loss_and_gradients(params, X, y, train=True, rng=rng)
    np.testing.assert_allclose(loss, expected.item(), **TIGHT)
    assert set(grads) == {name for name in params if not name.startswith(("mean", "var"))}
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, theirs[name].grad, err_msg=name, **TIGHT)


HOOKED = {
    "dropout": MLP((6, 5, 5, 4), activation="tanh", dropout=(samples.drop, samples.drop_back), drop_prob=0.3),
    "everything": MLP(
        (6, 5, 5, 5, 4),
        activation="tanh",
        normalize=BATCHNORM,
        dropout=(samples.drop, samples.drop_back),
        stochastic_depth=(samples.depth, samples.depth_back),
        survival=(1.0, 0.5, 0.5),
    ),
}


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("name", HOOKED)
def test_gradients_through_random_hooks_agree_with_central_differences(name: str, seed: int) -> None:
    net, rng = HOOKED[name], np.random.default_rng(5)
    params, X, y = net.initialize(rng), rng.normal(size=(8, 6)), rng.integers(0, 4, 8)
    _, grads = net.loss_and_gradients(params, X, y, True, np.random.default_rng(seed))
    for key, grad in grads.items():
        if key.startswith("b") and not key.startswith("beta") and net.normalize and key != "b4":
            # Batch norm subtracts the bias again: both gradients are only rounding errors.
            np.testing.assert_allclose(grad, 0.0, atol=1e-15)
            continue

        def loss(w: Any, key: str = key) -> float:
            return net.loss_and_gradients({**params, key: w}, X, y, True, np.random.default_rng(seed))[0]

        assert gradient_error(loss, grad, params[key]) < 1e-6, key


def test_a_skipped_block_has_zero_gradients_and_is_not_run(rng: np.random.Generator) -> None:
    net = MLP((6, 5, 5, 4), stochastic_depth=(samples.depth, samples.depth_back), survival=(1.0, 0.0))
    params = net.initialize(rng)
    params["W2"] = np.full((5, 5), np.nan)
    loss, grads = net.loss_and_gradients(params, rng.normal(size=(8, 6)), rng.integers(0, 4, 8), True, rng)
    assert np.isfinite(loss)
    assert not grads["W2"].any()
    assert grads["W1"].any()


def test_running_statistics_follow_the_batches_and_serve_at_test_time(rng: np.random.Generator) -> None:
    net = MLP((3, 4, 2), normalize=BATCHNORM)
    params, X, y = net.initialize(rng), rng.normal(size=(10, 3)), rng.integers(0, 2, 10)
    z = X @ params["W1"] + params["b1"]
    before = dict(params)
    net.activations(params, X, train=True, rng=rng)
    net.scores(params, X)
    assert params["mean1"] is before["mean1"]
    net.loss_and_gradients(params, X, y, True, rng)
    np.testing.assert_allclose(params["mean1"], 0.1 * z.mean(axis=0), **TIGHT)
    np.testing.assert_allclose(params["var1"], 0.9 + 0.1 * z.var(axis=0), **TIGHT)
    np.testing.assert_array_equal(before["mean1"], 0.0)
    norm = torch.nn.functional.batch_norm(
        torch.tensor(z), torch.tensor(params["mean1"]), torch.tensor(params["var1"]), training=False
    )
    np.testing.assert_allclose(net.activations(params, X)[0], torch.relu(norm), **TIGHT)
    # One example at a time has the same result as in a batch: the other examples have no influence.
    np.testing.assert_allclose(net.scores(params, X), [net.scores(params, x[None])[0] for x in X], **TIGHT)


def test_dropout_is_off_at_test_time_and_the_seed_decides_in_training(rng: np.random.Generator) -> None:
    net = HOOKED["dropout"]
    params, X = net.initialize(rng), rng.normal(size=(8, 6))
    plain = MLP(net.sizes, activation="tanh")
    np.testing.assert_array_equal(net.scores(params, X), plain.scores(params, X))
    one, two = (net.activations(params, X, True, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])
    assert [a.shape for a in one] == [(8, 5), (8, 5)]
    assert 0.05 < np.mean(one[0] == 0) < 0.6


def test_predict_evaluate_and_accuracy_agree(rng: np.random.Generator) -> None:
    net, X = MLP((6, 5, 4)), rng.normal(size=(9, 6))
    params, y = net.initialize(rng), rng.integers(0, 4, 9)
    labels = net.predict(params, X)
    np.testing.assert_array_equal(labels, net.scores(params, X).argmax(axis=1))
    assert net.accuracy(params, X, y) == np.mean(labels == y)
    assert net.evaluate(params, X, y)[0] == net.loss_and_gradients(params, X, y)[0]
    line = MLP((6, 1), loss="mse")
    weights = line.initialize(rng)
    assert line.predict(weights, X).shape == (9,)
    assert np.isnan(line.accuracy(weights, X, rng.normal(size=9)))
    assert MLP((6, 2), loss="mse").predict(MLP((6, 2)).initialize(rng), X).shape == (9, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sizes": (6,)}, "width of the input"),
        ({"sizes": (6, 0, 2)}, "width of the input"),
        ({"sizes": (6, 2), "activation": "sigmoid"}, "choose from relu, tanh, linear"),
        ({"sizes": (6, 2), "loss": "hinge"}, "choose from cross_entropy, mse"),
        (
            {"sizes": (6, 5, 2), "stochastic_depth": (samples.depth, samples.depth_back)},
            "0 numbers for 1 hidden layers",
        ),
    ],
)
def test_bad_networks_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MLP(**arguments)


def test_images_are_refused_with_the_shape_that_would_do(rng: np.random.Generator) -> None:
    net = MLP((64, 10))
    with pytest.raises(ValueError, match=r"X has shape \(2, 8, 8, 1\): this network takes \(N, 64\)"):
        net.scores(net.initialize(rng), np.zeros((2, 8, 8, 1)))


def test_normalizing_after_the_activation(rng: np.random.Generator) -> None:
    net = AfterMLP((6, 5, 5, 4), normalize=BATCHNORM)
    params, X, y = net.initialize(rng), rng.normal(size=(7, 6)), rng.integers(0, 4, 7)
    tensors = {name: leaf(w) for name, w in params.items()}
    x = torch.from_numpy(X)
    for i in (1, 2):
        x = torch.relu(x @ tensors[f"W{i}"] + tensors[f"b{i}"])
        x = F.batch_norm(x, None, None, tensors[f"gamma{i}"], tensors[f"beta{i}"], training=True)
    expected = F.cross_entropy(x @ tensors["W3"] + tensors["b3"], torch.from_numpy(y))
    expected.backward()
    loss, grads = net.loss_and_gradients(params, X, y)
    assert loss == pytest.approx(expected.item())
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, tensors[name].grad, atol=1e-10)
    # At test time a running mean is that of the activations, which are never negative.
    assert all(np.all(params[f"mean{i}"] >= 0) for i in (1, 2))
    assert net.scores(params, X[:1]).shape == (1, 4)
