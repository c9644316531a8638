"""The reason for the capstone's thresholds: the reference against simpler trainings, over 20 seeds and 50 secrets.

Plain SGD trains the reference's network without any other method of the course, on inputs scaled pixel by pixel. Each
rate is tried with all seeds, and SGD gets its best rate for each seed separately.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from course_grader.authoring.build_keys import hidden_seeds
from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import alternative, namespace
from course_utils.checks.probes.capstone import STEP_2, STEP_3, TESTS
from course_utils.data.served import ServedDigits
from course_utils.networks import MLP

SEEDS = range(20)
SECRETS = [f"secret {i}" for i in range(50)]
RATES = (0.01, 0.02, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
LESSON = Path(__file__).parents[1] / "lessons" / "08_capstone"


Draw = tuple[int, int]


def draws_of_secrets() -> list[Draw]:
    """Return the seeds of task and training for each secret, drawn as in the probe."""
    found = []
    for secret in SECRETS:
        rng = np.random.RandomState(hidden_seeds(secret, "train", 1)[0])
        found.append((int(rng.randint(2**31 - 1)), int(rng.randint(2**31 - 1))))
    return found


def accuracies(train: Callable[..., Any], draws: Iterable[Draw] | None = None) -> np.ndarray:
    """Return the test accuracy of `train` for each seed, or for each of the `draws`."""
    found = []
    for seed, own in draws or zip(SEEDS, SEEDS, strict=True):
        task = ServedDigits(seed, TESTS)
        with np.errstate(all="ignore"):
            found.append(task.accuracy(train(task.X, task.y, task.next_batch, np.random.default_rng(own))))
    return np.array(found)


def plain_sgd(rate: float, even: Callable[..., np.ndarray] | None = None) -> Callable[..., Any]:
    """Return a `train` that uses SGD with a fixed rate; `even` replaces the scaling by pixel."""

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
    """Store every image, and predict by the five nearest."""
    from sklearn.neighbors import KNeighborsClassifier

    images, labels = zip(*iter(next_batch, None), strict=True)
    return KNeighborsClassifier(5).fit(np.concatenate(images), np.concatenate(labels)).predict


def show(name: str, found: np.ndarray) -> None:
    error = found.std(ddof=1) / np.sqrt(len(found))
    second, full = int(np.sum(found >= STEP_2)), int(np.sum(found >= STEP_3))
    print(
        f"{name:34} mean {found.mean():.4f}, standard error {error:.4f}, from {found.min():.4f} to {found.max():.4f}; "
        f"step 2 on {second}, full marks on {full} of {len(found)} seeds"
    )


def main() -> None:
    lesson = read_lesson(LESSON)
    names = namespace(lesson)
    reference = accuracies(names["train"])
    show("reference", reference)
    show("reference, secrets", accuracies(names["train"], draws_of_secrets()))
    for other in lesson.alternatives:
        answer = alternative(lesson, names, other)
        show(other.id, accuracies(answer))
        show(f"{other.id}, secrets", accuracies(answer, draws_of_secrets()))

    def even(X: np.ndarray) -> np.ndarray:
        return np.asarray(names["layernorm_forward"](X, np.ones(64), np.zeros(64))[0])

    by_rate = np.array([accuracies(plain_sgd(rate)) for rate in RATES])
    best = int(by_rate.mean(axis=1).argmax())
    show(f"plain SGD, rate {RATES[best]:g}", by_rate[best])
    show("plain SGD, best rate of each seed", by_rate.max(axis=0))
    without_brightness = np.array([accuracies(plain_sgd(rate, even)) for rate in RATES])
    best = int(without_brightness.mean(axis=1).argmax())
    show(f"SGD on images without brightness, rate {RATES[best]:g}", without_brightness[best])
    show("five nearest neighbours", accuracies(neighbours))
    error = reference.std(ddof=1) / np.sqrt(len(reference))
    print(f"Full marks from {STEP_3}: {(reference.mean() - STEP_3) / error:.1f} standard errors below the reference.")


if __name__ == "__main__":
    main()
