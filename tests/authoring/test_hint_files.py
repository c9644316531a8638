"""The files of hints that the build writes: one line for each mistake of a lesson, and nothing of it in the keys."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_grader.authoring.build import HINTS, KEYS, _hint_files, build, check_build
from course_grader.authoring.lesson import Lesson, read_lesson, read_lessons
from course_utils.checks.probe import exercises
from tests.authoring.conftest import NAME, ROOT, Change

LESSONS = read_lessons(ROOT)
FILE = HINTS / f"{NAME}.json"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_every_mistake_has_one_line_and_no_key_has_its_hint(lesson: Lesson) -> None:
    lines = Counter(
        line.rstrip(",")
        for path in (ROOT / HINTS).rglob(f"{lesson.name}.json")
        for line in path.read_text(encoding="utf-8").split("\n")[1:-2]
    )
    assert len(lesson.mistakes) > 1
    assert lines == Counter(
        f" {json.dumps(f'{one.exercise}.{one.id}')}: {json.dumps(one.hint, ensure_ascii=False)}"
        for one in lesson.mistakes
    )
    for one in lesson.mistakes:
        folder = ROOT / KEYS / ("questions" if exercises()[one.exercise].form else "")
        key = (folder / f"{one.exercise}.json").read_text(encoding="utf-8")
        assert json.dumps(one.hint, ensure_ascii=False) not in key
        assert '"hint"' not in key


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_hints_on_questions_are_in_a_folder_of_their_own(lesson: Lesson) -> None:
    questions = {name for name in lesson.answers if exercises()[name].form}
    for path, text in _hint_files(lesson):
        named = {name.split(".")[0] for name in json.loads(text)}
        assert named <= questions if path.parent.name == "questions" else not named & questions


@given(st.data())
def test_editing_a_hint_changes_one_line(data: st.DataObject) -> None:
    lesson = data.draw(st.sampled_from(LESSONS))
    place = data.draw(st.integers(0, len(lesson.mistakes) - 1))
    old = lesson.mistakes[place]
    hint = data.draw(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text != old.hint))
    mistakes = [*lesson.mistakes[:place], replace(old, hint=hint), *lesson.mistakes[place + 1 :]]
    before, after = dict(_hint_files(lesson)), dict(_hint_files(replace(lesson, mistakes=tuple(mistakes))))
    assert set(before) == set(after)
    pairs = [pair for path in before for pair in zip(before[path].split("\n"), after[path].split("\n"), strict=True)]
    [changed] = [new for line, new in pairs if line != new]
    assert json.loads(f"{{{changed.rstrip(',')}}}") == {f"{old.exercise}.{old.id}": hint}


def test_an_edited_hint_changes_one_line_of_what_is_built(house: Path, change: Change) -> None:
    build(house)
    before = (house / FILE).read_text().split("\n")
    change("mistakes.py", "Should it?", "Should it really?")
    assert check_build(house) == [FILE]
    assert (house / FILE).read_text().split("\n") == before
    assert build(house) == [FILE]
    after = (house / FILE).read_text().split("\n")
    [changed] = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert "really" not in changed[0]
    assert "Should it really?" in changed[1]


def test_hints_of_a_lesson_that_is_gone_go_too(house: Path) -> None:
    build(house)
    stale = [HINTS / "91_gone.json", HINTS / "questions" / f"{NAME}.json"]
    for path in stale:
        (house / path).parent.mkdir(exist_ok=True)
        (house / path).write_text("{}")
    assert check_build(house, [NAME]) == stale[1:]
    assert check_build(house) == stale
    build(house)
    assert not any((house / path).exists() for path in stale)


def test_the_hints_of_the_lesson_are_those_of_its_bank(house: Path) -> None:
    build(house)
    mistakes = read_lesson(house / "lessons" / NAME).mistakes
    assert json.loads((house / FILE).read_text()) == {f"{one.exercise}.{one.id}": one.hint for one in mistakes}
