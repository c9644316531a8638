"""Where a graded submission's hint comes from: keys of today, keys of earlier versions, and the lesson's own file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import course_utils
from course_grader import Assignment, Result, grade
from course_grader.authoring.mistake_bank import Mistake
from course_grader.authoring.reference import mistaken_source
from course_grader.engine.sandbox import levels
from course_utils.checks import keys
from tests.engine.conftest import LIMITS, Exam, printed

EXERCISE = "sgd_step"
OWN = "A hint that is in the key alone."


def edited(data: Mapping[str, Any], hint: str | None) -> dict[str, Any]:
    """Return a key with another hint for each of its mistakes, or with none."""
    more = {"hint": hint} if hint else {}
    parts = {
        name: part | {"mistakes": [{key: one[key] for key in one if key != "hint"} | more for one in part["mistakes"]]}
        for name, part in data["parts"].items()
    }
    return {**data, "parts": parts}


def mistakes_in(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in data["parts"].values():
        yield from part["mistakes"]


@pytest.fixture(scope="module")
def mistake(exam: Exam) -> Mistake:
    return exam.lesson.mistakes_of(EXERCISE)[0]


def graded(exam: Exam, mistake: Mistake, assignment: Assignment, level: str = "none") -> Result:
    return grade(exam.changed({EXERCISE: mistaken_source(exam.lesson, mistake)}), assignment, level)


def hints_of(result: Result) -> set[str]:
    cells = [cell for cell in result.cells if EXERCISE in cell.exercises and cell.points < cell.max_points]
    assert {cell.grade_id for cell in cells} == {f"{EXERCISE}_visible", f"{EXERCISE}_hidden"}
    assert all(cell.message.endswith(f"Hint: {cell.hint}") for cell in cells)
    return {cell.hint for cell in cells}


def test_a_hidden_key_has_no_hint_of_a_mistake_of_the_lesson(exam: Exam) -> None:
    known = json.loads(exam.key.read_text())["exercises"]
    texts = {one["hint"] for name in known for one in mistakes_in(known[name]) if "hint" in one}
    variants = [
        one for key in known.values() for name, part in key["parts"].items() for one in part["mistakes"]
        if name.startswith("class ")
    ]  # fmt: skip
    # What a class is asked has its own: they name the letters of its variant.
    assert variants
    assert all(one["hint"] for one in variants)
    assert texts == {one["hint"] for one in variants}


def test_an_assignment_includes_the_hints(exam: Exam, mistake: Mistake) -> None:
    for key in (exam.assignment.hidden[EXERCISE], exam.assignment.published[EXERCISE]):
        assert {one["hint"] for one in mistakes_in(key) if one["id"] == mistake.id} == {mistake.hint}
    assert hints_of(graded(exam, mistake, exam.assignment)) == {mistake.hint}


def test_an_assignment_without_hints_takes_the_lessons(exam: Exam, mistake: Mistake) -> None:
    lean = replace(
        exam.assignment,
        hidden={name: edited(key, None) for name, key in exam.assignment.hidden.items()},
        published={name: edited(key, None) for name, key in exam.assignment.published.items()},
    )
    assert "hint" not in json.dumps([lean.hidden[EXERCISE], lean.published[EXERCISE]])
    assert hints_of(graded(exam, mistake, lean)) == {mistake.hint}


def test_an_assignment_of_an_earlier_version_keeps_its_hints(exam: Exam, mistake: Mistake, tmp_path: Path) -> None:
    old = exam.assignment.to_json()
    for kind in ("hidden", "published"):
        old[kind] = {name: edited(key, OWN) for name, key in old[kind].items()}
    (tmp_path / "old.assignment").write_text(json.dumps(old))
    assert hints_of(graded(exam, mistake, Assignment.load(tmp_path / "old.assignment"))) == {OWN}


def test_keys_of_an_earlier_version_make_the_same_assignment(
    exam: Exam, mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all hints in the published and the hidden keys: a journal that knows the assignment knows it still."""
    hints = {(one.exercise, one.id): one.hint for one in exam.lesson.mistakes}
    monkeypatch.setattr(keys, "PUBLISHED", tmp_path)
    known = json.loads(exam.key.read_text())
    for name, key in known["exercises"].items():
        for path in (Path(keys.__file__).parent / "keys").rglob(f"{name}.json"):
            published = json.loads(path.read_text(encoding="utf-8"))
            for one in mistakes_in(published):
                one["hint"] = hints[name, one["id"]]
            (tmp_path / f"{name}.json").write_text(json.dumps(published))
        for one in mistakes_in(key):
            one.setdefault("hint", hints[name, one["id"]])
    (tmp_path / "old.key").write_text(json.dumps(known))
    keys.published_key.cache_clear()
    try:
        old = Assignment.from_notebook(exam.solutions, tmp_path / "old.key", LIMITS)
    finally:
        keys.published_key.cache_clear()
    assert old.digest == exam.assignment.digest


@pytest.mark.needs("isolation")
def test_a_students_own_check_shows_the_hint_in_the_sandbox(exam: Exam, mistake: Mistake) -> None:
    asked = f"try: check({EXERCISE!r}, {EXERCISE})\nexcept Exception as error: print(error)"
    source = f"{mistaken_source(exam.lesson, mistake)}\n{asked}"
    said = printed(grade(exam.changed({EXERCISE: source}), exam.assignment, "namespaces"))
    assert f"Hint: {mistake.hint}" in said


def test_with_landlock_too_only_hints_on_questions_are_out_of_reach() -> None:
    readable, _ = levels.visible_paths()
    for path in (Path(course_utils.__file__).parent / "checks" / "hints").rglob("*.json"):
        is_question = path.parent.name == "questions"
        assert any(path.is_relative_to(one) for one in readable) is not is_question, path
