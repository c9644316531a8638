"""Each mistake is rejected with its own hint, each alternative accepted: by the published key and by many hidden
ones."""

from __future__ import annotations

from typing import Any

import pytest

from course_grader.authoring.keying import lesson_keys
from course_grader.authoring.lesson import Lesson
from course_grader.authoring.reference import alternative, mistaken, namespace
from course_utils.checks.judge import Verdict, judge
from course_utils.checks.keys import Key, key_from_json, key_to_json, published_key
from course_utils.checks.probe import exercises

SECRETS = [f"secret {i}" for i in range(50)]


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


def test_each_alternative_is_accepted_by_the_published_key(lesson: Lesson, names: dict[str, Any]) -> None:
    for other in lesson.alternatives:
        found = verdicts(names, alternative(lesson, names, other), published_key(other.exercise))
        wrong = [verdict.failure for verdict in found.values() if not verdict.passed]
        assert not wrong, f"{other.exercise}: {other.id}: {wrong}"


def test_fifty_hidden_keys_accept_what_is_right_and_reject_each_mistake(lesson: Lesson, names: dict[str, Any]) -> None:
    others = [(other, alternative(lesson, names, other)) for other in lesson.alternatives]
    wrongs = [(mistake, mistaken(lesson, names, mistake)) for mistake in lesson.mistakes]
    for secret in SECRETS:
        # Making a key refuses a mistake that it cannot tell from the reference.
        keys = {name: key_from_json(key_to_json(key)) for name, key in lesson_keys(lesson, secret).items()}
        for name, key in keys.items():
            assert all(verdict.passed for verdict in verdicts(names, names[name], key).values()), (secret, name)
        for other, answer in others:
            found = verdicts(names, answer, keys[other.exercise])
            assert all(verdict.passed for verdict in found.values()), (secret, other.exercise, other.id, found)
        for mistake, answer in wrongs if secret in SECRETS[:5] else []:
            failed = [
                verdict for verdict in verdicts(names, answer, keys[mistake.exercise]).values() if not verdict.passed
            ]
            assert failed, (secret, mistake.exercise, mistake.id)
            assert all(verdict.mistake and verdict.mistake.id == mistake.id for verdict in failed), (secret, mistake)
