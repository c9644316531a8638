"""Each mistake is rejected with its own hint, each alternative accepted: by the published key and by many hidden
ones."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

from course_grader.authoring.build_keys import hidden_seeds, lesson_keys
from course_grader.authoring.lesson import Lesson
from course_grader.authoring.reference import alternative, mistaken, namespace
from course_utils.checks.judge import Verdict, judge
from course_utils.checks.keys import Key, PartKey, key_from_json, key_to_json, published_key
from course_utils.checks.probe import exercises, run

SECRETS = [f"secret {i}" for i in range(50)]
# For an exercise whose key has one seed, because a run of it is a whole training: here each answer is seen to pass
# through the check; that it reaches the shares asked for is measured on all fifty (benchmarks/capstone.py).
FEW = SECRETS[:3]


@pytest.fixture(scope="module")
def names(lesson: Lesson) -> dict[str, Any]:
    return namespace(lesson)


def verdicts(names: dict[str, Any], answer: Any, key: Key) -> dict[str, Verdict]:
    exercise = exercises()[key.exercise]
    others = [names[name] for name in exercise.needs]
    return {part: judge(exercise, part, [answer, *others], key.parts[part]) for part in exercise.parts}


def test_references_pass_the_published_key(lesson: Lesson, names: dict[str, Any]) -> None:
    for name in lesson.answers:
        assert all(verdict.passed for verdict in verdicts(names, names[name], published_key(name)).values()), name


def test_each_mistake_is_rejected_and_gets_its_own_hint(lesson: Lesson, names: dict[str, Any]) -> None:
    for mistake in lesson.mistakes:
        found = verdicts(names, mistaken(lesson, names, mistake), published_key(mistake.exercise))
        failed = {part: verdict for part, verdict in found.items() if not verdict.passed}
        assert failed, f"{mistake.exercise}: {mistake.id} passes"
        for part, verdict in failed.items():
            assert verdict.mistake is not None, f"{mistake.exercise}: {mistake.id} is not recognised in {part}"
            assert verdict.mistake.id == mistake.id
            assert verdict.mistake.hint == mistake.hint


# Its hint is true of one that fails before the budget is used up, and says so.
SAYS_SO = {"train"}


@pytest.mark.parametrize("error", [ValueError, TypeError, IndexError, AttributeError, NameError])
def test_an_answer_that_fails_whatever_it_is_asked_gets_no_hint_of_a_mistake(
    lesson: Lesson, names: dict[str, Any], error: type[Exception]
) -> None:
    def failing(*args: Any, **kwargs: Any) -> Any:
        raise error("operands could not be broadcast together with shapes (6,3) (6,)")

    for name in (name for name in lesson.answers if callable(names[name]) and name not in SAYS_SO):
        for part, verdict in verdicts(names, failing, published_key(name)).items():
            assert not verdict.passed
            assert verdict.mistake is None, f"{name}, {part}: {verdict.mistake.id if verdict.mistake else ''}"


def test_each_alternative_is_accepted_by_the_published_key(lesson: Lesson, names: dict[str, Any]) -> None:
    for other in lesson.alternatives:
        found = verdicts(names, alternative(lesson, names, other), published_key(other.exercise))
        wrong = [verdict.failure for verdict in found.values() if not verdict.passed]
        assert not wrong, f"{other.exercise}: {other.id}: {wrong}"


def spoil(value: Any) -> None:
    """Change whatever of a value can be changed."""
    if isinstance(value, np.ndarray) and value.flags.writeable:
        value[...] = value + 1
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            spoil(item)


def test_an_answer_that_changes_its_arguments_leaves_no_trace(lesson: Lesson, names: dict[str, Any]) -> None:
    """Neither the learner's next answer nor the next submission is asked anything else."""
    for name in (name for name in lesson.answers if callable(names[name])):

        def spoiling(*args: Any, answer: Any = names[name], **kwargs: Any) -> Any:
            result = answer(*args, **kwargs)
            spoil([args, kwargs])
            return result

        with contextlib.suppress(Exception):
            # A probe may stumble over what it finds changed.
            verdicts(names, spoiling, published_key(name))
        assert all(verdict.passed for verdict in verdicts(names, names[name], published_key(name)).values()), name


def test_fifty_hidden_keys_accept_every_alternative(lesson: Lesson, names: dict[str, Any]) -> None:
    answers = {
        name: [alternative(lesson, names, other) for other in lesson.alternatives_of(name)] for name in lesson.answers
    }
    for name in lesson.answers:
        exercise = exercises()[name]
        others = [names[other] for other in exercise.needs]
        for secret in FEW if exercise.seeds == 1 else SECRETS:
            seeds = hidden_seeds(secret, name, 1)
            for part in exercise.parts:
                # That the reference agrees with itself at one seed is held where keys are made.
                runs = (run(exercise, part, seeds[0], [names[name], *others]),)
                for answer in answers[name]:
                    verdict = judge(exercise, part, [answer, *others], PartKey(seeds, runs, ()))
                    assert verdict.passed, (secret, name, part, answer, verdict.failure)


@pytest.mark.parametrize("secret", SECRETS[:3])
def test_hidden_keys_reject_each_mistake_with_its_own_hint(secret: str, lesson: Lesson, names: dict[str, Any]) -> None:
    keys = {name: key_from_json(key_to_json(key)) for name, key in lesson_keys(lesson, secret).items()}
    for mistake in lesson.mistakes:
        found = verdicts(names, mistaken(lesson, names, mistake), keys[mistake.exercise])
        failed = [verdict for verdict in found.values() if not verdict.passed]
        assert failed, (mistake.exercise, mistake.id)
        assert all(verdict.mistake and verdict.mistake.id == mistake.id for verdict in failed), mistake
        assert {verdict.hint for verdict in failed} == {mistake.hint}
