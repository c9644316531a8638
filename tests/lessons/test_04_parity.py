"""Lesson 04 against PyTorch in float64: its layers, its own derivatives, its fusion of a linear layer with batch norm.

Where conventions differ, the test states the mapping: PyTorch's momentum is the share of the new value, its running
variance is unbiased, its linear layers hold W transposed, and its images have the channels second.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional
from torch.nn.utils.fusion import fuse_linear_bn_eval

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import namespace
from course_utils.networks import MLP, Normalization
from course_utils.networks.renorm import RenormMLP

LESSON = SimpleNamespace(**namespace(read_lesson(Path(__file__).parents[2] / "lessons" / "04_batch_normalization")))
EPSILONS = (1e-5, 0.3)
close = partial(np.testing.assert_allclose, rtol=1e-10, atol=1e-10)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def tensor(array: Any, learn: bool = False) -> torch.Tensor:
    return torch.tensor(np.array(array), dtype=torch.float64, requires_grad=learn)


def layer(rng: np.random.Generator, n: int, d: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return x, gamma, beta and a gradient by the output."""
    x = rng.normal(size=(n, d)) * rng.uniform(0.5, 3, d) + rng.normal(size=d)
    return x, rng.uniform(0.5, 2, d), rng.normal(size=d), rng.normal(size=(n, d))


def channels_second(images: np.ndarray) -> torch.Tensor:
    return tensor(images).permute(0, 3, 1, 2)


def channels_last(images: torch.Tensor) -> np.ndarray:
    return images.permute(0, 2, 3, 1).numpy()


def holds_against(
    forward: Callable[..., Any], backward: Callable[..., Any], other: Callable[..., torch.Tensor],
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, dout: np.ndarray,
) -> None:  # fmt: skip
    """Compare output and gradients with what PyTorch's differentiation makes of `other(x, gamma, beta)`."""
    leaves = [tensor(array, learn=True) for array in (x, gamma, beta)]
    theirs = other(*leaves)
    out, cache = forward(x, gamma, beta)
    close(out, theirs.detach().numpy())
    for ours, grad in zip(backward(dout, cache), torch.autograd.grad(theirs, leaves, tensor(dout)), strict=True):
        close(ours, grad.numpy())


@pytest.mark.parametrize("eps", EPSILONS)
@pytest.mark.parametrize("n", [2, 7])
def test_batchnorm_and_its_gradient(rng: np.random.Generator, n: int, eps: float) -> None:
    def theirs(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
        return functional.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)

    forward = partial(LESSON.batchnorm_forward, eps=eps)
    holds_against(forward, LESSON.batchnorm_backward, theirs, *layer(rng, n, 4))


def test_running_statistics(rng: np.random.Generator) -> None:
    momentum, n = 0.83, 6
    norm = torch.nn.BatchNorm1d(3, momentum=1 - momentum, dtype=torch.float64)
    mean, var = np.zeros(3), np.ones(3)
    for _ in range(5):
        x = layer(rng, n, 3)[0]
        norm(tensor(x))
        mean = LESSON.update_running(mean, x.mean(axis=0), momentum)
        var = LESSON.update_running(var, x.var(axis=0) * n / (n - 1), momentum)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    close(mean, norm.running_mean.numpy())
    close(var, norm.running_var.numpy())


@pytest.mark.parametrize("eps", EPSILONS)
@pytest.mark.parametrize("n", [1, 5])
def test_prediction(rng: np.random.Generator, n: int, eps: float) -> None:
    x, gamma, beta, _ = layer(rng, n, 4)
    mean, var = rng.normal(size=4), rng.uniform(0.1, 3, 4)
    theirs = functional.batch_norm(
        tensor(x), tensor(mean), tensor(var), tensor(gamma), tensor(beta), training=False, eps=eps
    )
    close(LESSON.batchnorm_predict(x, gamma, beta, mean, var, eps), theirs.numpy())


@pytest.mark.parametrize("eps", EPSILONS)
@pytest.mark.parametrize("d_in", [3, 5])
def test_folding(rng: np.random.Generator, d_in: int, eps: float) -> None:
    W, gamma, beta, _ = layer(rng, d_in, 3)
    b, mean, var = rng.normal(size=3), rng.normal(size=3), rng.uniform(0.1, 3, 3)
    linear, norm = torch.nn.Linear(d_in, 3), torch.nn.BatchNorm1d(3, eps=eps)
    linear.weight.data, linear.bias.data = tensor(W.T), tensor(b)
    norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var = map(tensor, (gamma, beta, mean, var))
    fused = fuse_linear_bn_eval(linear.eval(), norm.eval())
    W_folded, b_folded = LESSON.fold_batchnorm(W, b, gamma, beta, mean, var, eps)
    close(W_folded, fused.weight.detach().numpy().T)
    close(b_folded, fused.bias.detach().numpy())
    x = rng.normal(size=(4, d_in))
    close(x @ W_folded + b_folded, LESSON.batchnorm_predict(x @ W + b, gamma, beta, mean, var, eps))


@pytest.mark.parametrize("eps", EPSILONS)
@pytest.mark.parametrize(("r_max", "d_max"), [(1.0, 0.0), (1.4, 0.6), (3.0, 5.0), (1e6, 1e6)])
def test_batch_renorm_and_its_gradient(rng: np.random.Generator, r_max: float, d_max: float, eps: float) -> None:
    mean, std = rng.normal(size=4), rng.uniform(0.5, 3, 4)

    def theirs(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
        m, s = x.mean(0), torch.sqrt(x.var(0, correction=0) + eps)
        # Ioffe's r and d are constants of the backward pass: detached.
        r = (s / tensor(std)).clamp(1 / r_max, r_max).detach()
        d = ((m - tensor(mean)) / tensor(std)).clamp(-d_max, d_max).detach()
        return functional.batch_norm(x, None, None, training=True, eps=eps).mul(r).add(d).mul(gamma).add(beta)

    forward = partial(LESSON.batch_renorm_forward, mean=mean, std=std, r_max=r_max, d_max=d_max, eps=eps)
    holds_against(forward, LESSON.batch_renorm_backward, theirs, *layer(rng, 6, 4))


def test_renorm_between_its_limits_is_batch_norm_and_prediction(rng: np.random.Generator) -> None:
    x, gamma, beta, _ = layer(rng, 6, 4)
    mean, var = rng.normal(size=4), rng.uniform(0.1, 3, 4)
    std = np.sqrt(var + 1e-5)
    tight = LESSON.batch_renorm_forward(x, gamma, beta, mean, std, 1.0, 0.0)[0]
    close(tight, LESSON.batchnorm_forward(x, gamma, beta)[0])
    loose = LESSON.batch_renorm_forward(x, gamma, beta, mean, std, 1e9, 1e9)[0]
    close(loose, LESSON.batchnorm_predict(x, gamma, beta, mean, var))


@pytest.mark.parametrize("eps", EPSILONS)
@pytest.mark.parametrize("n", [1, 4])
def test_layernorm_and_its_gradient(rng: np.random.Generator, n: int, eps: float) -> None:
    def theirs(x: torch.Tensor, gamma: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(x, (5,), gamma, beta, eps)

    forward = partial(LESSON.layernorm_forward, eps=eps)
    holds_against(forward, LESSON.layernorm_backward, theirs, *layer(rng, n, 5))


@pytest.mark.parametrize("eps", EPSILONS)
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_groupnorm(rng: np.random.Generator, groups: int, eps: float) -> None:
    images, gamma, beta = rng.normal(size=(2, 4, 3, 6)), rng.uniform(0.5, 2, 6), rng.normal(size=6)
    theirs = functional.group_norm(channels_second(images), groups, tensor(gamma), tensor(beta), eps)
    close(LESSON.groupnorm_forward(images, gamma, beta, groups, eps), channels_last(theirs))


@pytest.mark.parametrize("eps", EPSILONS)
def test_spatial_batchnorm(rng: np.random.Generator, eps: float) -> None:
    images, gamma, beta = rng.normal(size=(2, 4, 3, 5)), rng.uniform(0.5, 2, 5), rng.normal(size=5)
    theirs = functional.batch_norm(
        channels_second(images), None, None, tensor(gamma), tensor(beta), training=True, eps=eps
    )
    close(LESSON.spatial_batchnorm_forward(images, gamma, beta, eps)[0], channels_last(theirs))


@pytest.mark.parametrize("eps", EPSILONS)
@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
def test_rmsnorm(rng: np.random.Generator, shape: tuple[int, ...], eps: float) -> None:
    x, gamma = rng.normal(size=shape), rng.uniform(0.5, 2, 4)
    close(LESSON.rmsnorm_forward(x, gamma, eps), functional.rms_norm(tensor(x), (4,), tensor(gamma), eps).numpy())


def network(kind: type[MLP], forward: Callable[..., Any], backward: Callable[..., Any]) -> MLP:
    return kind(
        (5, 4, 3, 2), normalize=Normalization(forward, backward, LESSON.batchnorm_predict, LESSON.update_running)
    )


def test_the_renorm_network_with_tight_limits_is_the_batch_norm_network(rng: np.random.Generator) -> None:
    renorm = network(
        RenormMLP, partial(LESSON.batch_renorm_forward, r_max=1.0, d_max=0.0), LESSON.batch_renorm_backward
    )
    plain = network(MLP, LESSON.batchnorm_forward, LESSON.batchnorm_backward)
    start, X, y = plain.initialize(rng), rng.normal(size=(6, 5)), rng.integers(0, 2, 6)
    one, other = dict(start), dict(start)
    (loss, grads), (loss_too, grads_too) = renorm.loss_and_gradients(one, X, y), plain.loss_and_gradients(other, X, y)
    close(loss, loss_too)
    for name, grad in grads.items():
        close(grad, grads_too[name])
    # Training moved the running statistics of both alike, and test time uses them.
    assert np.any(one["mean1"] != start["mean1"])
    close(renorm.scores(one, X), plain.scores(other, X))


def test_the_renorm_network_with_loose_limits_trains_what_it_predicts(rng: np.random.Generator) -> None:
    renorm = network(
        RenormMLP, partial(LESSON.batch_renorm_forward, r_max=1e9, d_max=1e9), LESSON.batch_renorm_backward
    )
    params, X, y = renorm.initialize(rng), rng.normal(size=(6, 5)), rng.integers(0, 2, 6)
    for i in (1, 2):
        width = len(params[f"mean{i}"])
        params[f"mean{i}"], params[f"var{i}"] = rng.normal(size=width), rng.uniform(0.5, 2, width)
    before = dict(params)
    # The batch joins the statistics only after it was normalized by them.
    close(renorm.loss_and_gradients(params, X, y)[0], renorm.evaluate(before, X, y)[0])
