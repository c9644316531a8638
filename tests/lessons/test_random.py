"""Draws that have the right distribution and are not independent are refused."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from course_grader.authoring.build_keys import hidden_seeds
from course_grader.authoring.lesson import Lesson, read_lesson
from course_grader.authoring.mistake_bank import Mistake
from course_grader.authoring.reference import mistaken, namespace
from course_utils.checks.judge import judge
from course_utils.checks.keys import PartKey
from course_utils.checks.probe import exercises, run
from tests.lessons.conftest import LESSONS

LOG = "rng.uniform(np.log(low), np.log(high), size)"
# With `places` from 0 to 1, of any shape.
FROM_PLACES = "np.log(low) + (np.log(high) - np.log(low)) * (PLACES).reshape(size)"
COUNT = "int(np.prod(size))"
OFFSETS = "rng.integers(2 * pad + 1, size=(count, 2))"
FACTORS = "rng.uniform(low, high, size=len(images))"
CENTRE = "rng.integers(height) - size // 2, rng.integers(width) - size // 2"
NOISE = "rng.normal(1.0, np.sqrt(drop_prob / (1 - drop_prob)), x.shape)"
WEIGHTS = "rng.random((len(x), *W.shape))"


def places(text: str) -> str:
    return FROM_PLACES.replace("PLACES", text)


def dependent(lesson: str, exercise: str, old: str, **new: str) -> list[Any]:
    return [pytest.param(lesson, exercise, old, text, id=f"{exercise}-{name}") for name, text in new.items()]


NORMAL = "rng.normal(0.0, np.sqrt(2 / fan_in), size=(fan_in, fan_out))"
HALF = "(half := rng.normal(0.0, np.sqrt(2 / fan_in), size=(fan_in * fan_out + 1) // 2))"
SHAPED = "[: fan_in * fan_out].reshape(fan_in, fan_out)"

DEPENDENT = [
    *dependent(
        "00b_network_and_gradient", "he_weights", NORMAL,
        sorted=f"np.sort({NORMAL}, axis=None).reshape(fan_in, fan_out)",
        always_the_same=NORMAL.replace("rng", "np.random.default_rng(0)"),
        one_neuron_for_all=f"np.repeat({NORMAL}[:, :1], fan_out, axis=1)",
        one_input_for_all=f"np.repeat({NORMAL}[:1], fan_in, axis=0)",
        mirrored_half=f"np.concatenate([{HALF}, -half]){SHAPED}",
        mirrored_in_turn=f"np.stack([{HALF}, -half], axis=1).ravel(){SHAPED}",
        each_twice=f"np.repeat({HALF}, 2){SHAPED}",
        all_twice=f"np.tile({HALF}, 2){SHAPED}",
    ),
    *dependent(
        "01_learning_rate_decay", "sample_log_uniform", LOG,
        sorted=f"np.sort({LOG}, axis=None).reshape(size)",
        falling=f"np.sort({LOG}, axis=None)[::-1].reshape(size)",
        shifted_grid=places(f"(np.arange({COUNT}) + rng.random()) / {COUNT}"),
        shuffled_grid=places(f"rng.permutation((np.arange({COUNT}) + rng.random()) / {COUNT})"),
        one_in_each_part=places(f"rng.permutation((np.arange({COUNT}) + rng.random({COUNT})) / {COUNT})"),
        two_in_each_part=places(
            f"rng.permutation((np.arange({COUNT}) // 2 + rng.random({COUNT})) / (({COUNT} + 1) // 2))"
        ),
        golden_ratio=places(f"(rng.random() + np.arange({COUNT}) * 0.6180339887498949) % 1"),
        mirrored_in_turn=places(
            f"np.stack([(half := rng.random(({COUNT} + 1) // 2)), 1 - half], axis=1).ravel()[:{COUNT}]"
        ),
        mirrored_half=places(f"np.concatenate([(half := rng.random(({COUNT} + 1) // 2)), 1 - half])[:{COUNT}]"),
        mirrored_and_shuffled=places(
            f"rng.permutation(np.concatenate([(half := rng.random(({COUNT} + 1) // 2)), 1 - half])[:{COUNT}])"
        ),
        each_twice=places(f"np.repeat(rng.random(({COUNT} + 1) // 2), 2)[:{COUNT}]"),
        all_twice=places(f"np.tile(rng.random(({COUNT} + 1) // 2), 2)[:{COUNT}]"),
        twice_and_shuffled=places(f"rng.permutation(np.tile(rng.random(({COUNT} + 1) // 2), 2)[:{COUNT}])"),
        last_reused=places(f"np.roll(np.random.default_rng(7).random({COUNT}), rng.integers(1, {COUNT} + 1))"),
    ),
    *dependent(
        "02b_augmentation", "random_crop", OFFSETS,
        sorted=f"np.sort({OFFSETS}, axis=0)",
        in_order="np.stack(np.divmod((np.arange(count) + rng.integers(25)) % (2 * pad + 1) ** 2, 2 * pad + 1), axis=1)",
        on_a_grid=(
            "rng.permutation(np.stack(np.divmod(np.arange(count) % (2 * pad + 1) ** 2, 2 * pad + 1), axis=1), axis=0)"
        ),
        each_twice=f"np.repeat({OFFSETS}, 2, axis=0)[:count]",
        all_twice=f"np.tile({OFFSETS}[:(count + 1) // 2], (2, 1))[:count]",
    ),
    *dependent("02b_augmentation", "random_scale_crop", FACTORS, sorted=f"np.sort({FACTORS})"),
    *dependent(
        "02b_augmentation", "cutout", "    for i in range(count):\n        top, left = " + CENTRE,
        in_order=(
            "    first = rng.integers(height * width)\n    for i in range(count):\n"
            "        top, left = np.array(divmod((first + i) % (height * width), width)) - size // 2"
        ),
        on_a_grid=(
            "    order = rng.permutation(count) % (height * width)\n    for i in range(count):\n"
            "        top, left = np.array(divmod(order[i], width)) - size // 2"
        ),
        sorted=(
            "    order = np.sort(rng.integers(height * width, size=count))\n    for i in range(count):\n"
            "        top, left = np.array(divmod(order[i], width)) - size // 2"
        ),
    ),
    *dependent(
        "03_dropout", "dropout_forward", "rng.random(x.shape)",
        mirrored_half=(
            "np.concatenate([(half := rng.random((x.size + 1) // 2)), 1 - half])[: x.size].reshape(x.shape)"
        ),
        all_twice="np.tile(rng.random((x.size + 1) // 2), 2)[: x.size].reshape(x.shape)",
    ),
    *dependent(
        "03_dropout", "gaussian_dropout", NOISE,
        sorted=f"np.sort({NOISE}, axis=None).reshape(x.shape)",
        mirrored_in_turn=(
            "1 + np.sqrt(drop_prob / (1 - drop_prob)) * np.stack([(half := rng.normal(size=(x.size + 1) // 2)), "
            "-half], axis=1).ravel()[: x.size].reshape(x.shape)"
        ),
        always_the_same=NOISE.replace("rng", "np.random.default_rng(0)"),
    ),
    *dependent(
        "03_dropout", "drop_connect", WEIGHTS,
        always_the_same=WEIGHTS.replace("rng", "np.random.default_rng(0)"),
        all_twice="np.tile(rng.random((len(x) * W.size + 1) // 2), 2)[: len(x) * W.size].reshape(len(x), *W.shape)",
    ),
    *dependent(
        "05_sgd_pathologies", "minibatches", "order = rng.permutation(len(X))",
        backwards="order = np.roll(np.arange(len(X))[::-1], rng.integers(len(X)))",
        every_seventh=(
            "order = np.roll(np.concatenate([np.arange(k, len(X), 7) for k in range(7)]), rng.integers(len(X)))"
        ),
        even_then_odd=(
            "order = np.roll(np.concatenate([np.arange(0, len(X), 2), np.arange(1, len(X), 2)]), rng.integers(len(X)))"
        ),
    ),
]  # fmt: skip


@functools.cache
def known(name: str) -> tuple[Lesson, dict[str, Any]]:
    lesson = read_lesson(LESSONS[name])
    return lesson, namespace(lesson)


@pytest.mark.parametrize(("lesson_name", "exercise", "old", "new"), DEPENDENT)
def test_draws_that_are_not_independent_are_refused(lesson_name: str, exercise: str, old: str, new: str) -> None:
    lesson, names = known(lesson_name)
    wrong = mistaken(lesson, names, Mistake(exercise, "dependent", old, new, "", 1))
    probe = exercises()[exercise]
    others = [names[name] for name in probe.needs]
    for secret in ("one", "another"):
        seeds = hidden_seeds(secret, exercise, 1)
        runs = (run(probe, "values", seeds[0], [names[exercise], *others]),)
        key = PartKey(seeds, runs, ())
        assert not judge(probe, "values", [wrong, *others], key).passed
        assert judge(probe, "values", [names[exercise], *others], key).passed
