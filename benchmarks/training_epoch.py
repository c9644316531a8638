"""A training epoch of the network on the digits against PyTorch eager and scikit-learn: same shape, one thread.

Shape 64-64-10, ReLU, batches of 32, plain SGD, float64 for all three.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
from sklearn.neural_network import MLPClassifier

from course_utils.data import digits
from course_utils.networks import MLP
from course_utils.training import stateless, train

EPOCHS, BATCH, RATE, ROUNDS = 10, 32, 0.1, 7


def ours(X: np.ndarray, y: np.ndarray) -> None:
    network, rng = MLP((64, 64, 10)), np.random.default_rng(0)
    step = stateless(lambda w, grad, lr: w - lr * grad)
    train(network, network.initialize(rng), (X, y), step, RATE, EPOCHS, BATCH, rng, evaluate=False, progress=False)


def pytorch(X: np.ndarray, y: np.ndarray) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10)).double()
    optimizer = torch.optim.SGD(network.parameters(), RATE)
    inputs, targets = torch.from_numpy(X), torch.from_numpy(y)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(X)).split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(inputs[batch]), targets[batch]).backward()
            optimizer.step()


def scikit_learn(X: np.ndarray, y: np.ndarray) -> None:
    with warnings.catch_warnings():
        # It warns that ten epochs are few, but we only measure their time.
        warnings.simplefilter("ignore")
        MLPClassifier(
            (64,),
            solver="sgd",
            batch_size=BATCH,
            learning_rate_init=RATE,
            momentum=0,
            max_iter=EPOCHS,
            alpha=0,
            n_iter_no_change=EPOCHS,
        ).fit(X, y)


def milliseconds(run: Callable[[np.ndarray, np.ndarray], None], X: np.ndarray, y: np.ndarray) -> float:
    begin = time.perf_counter()
    run(X, y)
    return 1000 * (time.perf_counter() - begin) / EPOCHS


def main() -> None:
    torch.set_num_threads(1)
    X, y = digits()
    sides = {"ours": ours, "PyTorch eager": pytorch, "scikit-learn": scikit_learn}
    # In turns, so that a busy moment of the machine affects all of them.
    rounds = [{name: milliseconds(run, X, y) for name, run in sides.items()} for _ in range(ROUNDS)]
    took = {name: statistics.median(one[name] for one in rounds) for name in sides}
    for name, each in took.items():
        print(f"{name:<14} {each:6.1f} ms per epoch; ours takes {took['ours'] / each:.2f} of it")


if __name__ == "__main__":
    main()
