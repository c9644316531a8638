"""What the capstone's marks rest on: the reference against plain SGD at its best fixed rate, over 20 seeds.

Plain SGD is the reference's network with nothing of the course around it, on inputs scaled pixel by pixel; each of the
rates is tried on all seeds, and SGD is given its best rate for each seed apart.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import alternative, namespace
from course_utils.checks.probes.capstone import STEP_2
from course_utils.data.served import ServedDigits
from course_utils.networks import MLP

SEEDS = range(20)
RATES = (0.01, 0.02, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.5)
LESSON = Path(__file__).parents[1] / "lessons" / "08_capstone"


def accuracies(train: Callable[..., Any]) -> np.ndarray:
    """Return the test accuracy of `train` at each seed."""
    found = []
    for seed in SEEDS:
        task = ServedDigits(seed)
        with np.errstate(all="ignore"):
            found.append(task.accuracy(train(task.X, task.y, task.next_batch, np.random.default_rng(seed))))
    return np.array(found)


def plain_sgd(rate: float, even: Callable[..., np.ndarray] | None = None) -> Callable[..., Any]:
    """Return a `train` by SGD at a fixed rate; `even` takes the place of the scaling by pixel."""

    def train(X: np.ndarray, y: np.ndarray, next_batch: Callable[[], Any], rng: np.random.Generator) -> Any:
        mean, std = X.mean(axis=0), X.std(axis=0)
        scaled = even or (lambda X: (X - mean) / std)
        network = MLP((64, 128, 10))
        params = network.initialize(rng)
        while (batch := next_batch()) is not None:
            _, grads = network.loss_and_gradients(params, scaled(batch[0]), batch[1])
            params = {name: params[name] - rate * grads[name] for name in params}
        return lambda X: network.predict(params, scaled(X))

    return train


def neighbours(X: np.ndarray, y: np.ndarray, next_batch: Callable[[], Any], rng: np.random.Generator) -> Any:
    """Remember every image served, and look up the five nearest."""
    from sklearn.neighbors import KNeighborsClassifier

    images, labels = zip(*iter(next_batch, None), strict=True)
    return KNeighborsClassifier(5).fit(np.concatenate(images), np.concatenate(labels)).predict


def show(name: str, found: np.ndarray) -> None:
    error = found.std(ddof=1) / np.sqrt(len(found))
    full = int(np.sum(found >= STEP_2))
    print(
        f"{name:34} mean {found.mean():.4f}, standard error {error:.4f}, from {found.min():.4f} to {found.max():.4f}; "
        f"full marks on {full} of {len(found)} seeds"
    )


def main() -> None:
    lesson = read_lesson(LESSON)
    names = namespace(lesson)
    reference = accuracies(names["train"])
    show("reference", reference)
    for other in lesson.alternatives:
        show(f"alternative {other.id}"[:34], accuracies(alternative(lesson, names, other)))

    def even(X: np.ndarray) -> np.ndarray:
        return np.asarray(names["layernorm_forward"](X, np.ones(64), np.zeros(64))[0])

    by_rate = np.array([accuracies(plain_sgd(rate)) for rate in RATES])
    best = int(by_rate.mean(axis=1).argmax())
    show(f"plain SGD, rate {RATES[best]:g}", by_rate[best])
    show("plain SGD, best rate of each seed", by_rate.max(axis=0))
    evened = np.array([accuracies(plain_sgd(rate, even)) for rate in RATES])
    best = int(evened.mean(axis=1).argmax())
    show(f"SGD on evened images, rate {RATES[best]:g}", evened[best])
    show("five nearest neighbours", accuracies(neighbours))
    error = reference.std(ddof=1) / np.sqrt(len(reference))
    print(f"Full marks from {STEP_2}: {(reference.mean() - STEP_2) / error:.1f} standard errors under the reference.")


if __name__ == "__main__":
    main()
