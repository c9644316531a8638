"""Each concept question that can be drawn: many secrets give it variants that differ from the public one and fit."""

from __future__ import annotations

import re
from typing import Any

import pytest

from course_grader.authoring.build_keys import _drawn_part
from course_grader.authoring.drawing import QuestionDraw, read_draws, variants
from course_grader.authoring.lesson import Lesson
from course_grader.authoring.reference import mistaken, namespace, variant
from course_utils.checks.probe import exercises
from tests.lessons.conftest import LESSONS

SECRETS = [f"secret {i}" for i in range(25)]
# Of 37 concept questions in the course.
DRAWN, QUESTIONS = 33, 37
# A line or a row with a statement under a letter.
STATEMENT = re.compile(r"^(?:- (?:\*\*)?|\| )([a-z])(?:(?:\*\*)?: | \| )", re.MULTILINE)


@pytest.fixture(scope="module")
def names(lesson: Lesson) -> dict[str, Any]:
    return namespace(lesson)


def of_secret(lesson: Lesson, names: dict[str, Any], draw: QuestionDraw, secret: str) -> Lesson:
    """Return the lesson with the variant that the hidden key of this secret takes."""
    part, _ = _drawn_part(lesson, names, draw, secret, 1)
    return next(drawn for name, drawn in variants(lesson, draw, secret) if name == part)


def test_most_questions_of_the_course_are_drawn() -> None:
    assert sum(len(read_draws(folder)) for folder in LESSONS.values()) == DRAWN
    assert sum(exercise.form is not None for exercise in exercises().values()) == QUESTIONS


def test_each_secret_gives_a_variant_with_another_answer(lesson: Lesson, names: dict[str, Any]) -> None:
    for name, draw in read_draws(lesson.folder).items():
        form = exercises()[name].form
        assert form is not None
        answers = set()
        for secret in SECRETS:
            drawn = of_secret(lesson, names, draw, secret)
            answers.add(form.canonical(variant(drawn, names, name, drawn.answers[name].source)))
        assert form.canonical(names[name]) not in answers, name
        assert len(answers) > 1, f"{name} has one variant"


def test_the_mistakes_of_a_variant_are_mistakes_with_their_own_hints(lesson: Lesson, names: dict[str, Any]) -> None:
    for name, draw in read_draws(lesson.folder).items():
        form = exercises()[name].form
        assert form is not None
        for secret in SECRETS[:5]:
            drawn = of_secret(lesson, names, draw, secret)
            right = form.canonical(variant(drawn, names, name, drawn.answers[name].source))
            wrong = [form.canonical(mistaken(drawn, names, mistake)) for mistake in drawn.mistakes_of(name)]
            assert right not in wrong
            assert len(set(wrong)) == len(wrong)


def test_a_variant_changes_its_question_and_nothing_else(lesson: Lesson, names: dict[str, Any]) -> None:
    for name, draw in read_draws(lesson.folder).items():
        drawn = of_secret(lesson, names, draw, SECRETS[0])
        changed = [old for old, new in zip(lesson.cells, drawn.cells, strict=True) if old != new]
        assert {cell.kind for cell in changed} <= {"markdown", "answer", "experiment"}
        assert [cell.grade_id for cell in changed if cell.kind == "answer"] == [name]


def test_statements_are_all_there_under_letters_in_order(lesson: Lesson, names: dict[str, Any]) -> None:
    for draw in read_draws(lesson.folder).values():
        drawn = of_secret(lesson, names, draw, SECRETS[0])
        for old, new in zip(lesson.cells, drawn.cells, strict=True):
            if old.kind == "markdown" and old != new and (letters := STATEMENT.findall(old.source)):
                assert STATEMENT.findall(new.source) == letters
                bare = [re.sub(r"[;.]$", "", one, flags=re.MULTILINE) for one in (old.source, new.source)]
                assert sorted(STATEMENT.sub("", bare[0]).split("\n")) == sorted(STATEMENT.sub("", bare[1]).split("\n"))


def test_the_letter_that_a_hint_names_is_that_of_its_statement(lesson: Lesson, names: dict[str, Any]) -> None:
    """A hint of the variant names, in parentheses, the new letter of the statement that the author's hint names."""
    for name, draw in read_draws(lesson.folder).items():
        drawn = of_secret(lesson, names, draw, SECRETS[1])
        texts = [cells[name] for cells in (_statements(lesson), _statements(drawn))]
        for old, new in zip(lesson.mistakes_of(name), drawn.mistakes_of(name), strict=True):
            for one, other in zip(
                re.findall(r"\(([a-g])\)", old.hint), re.findall(r"\(([a-g])\)", new.hint), strict=True
            ):
                assert texts[0][one] == texts[1][other], (name, old.id)


def _statements(lesson: Lesson) -> dict[str, dict[str, str]]:
    """Return the statements under letters of the last text before each answer, without the marks that end them."""
    found, text = {}, ""
    for cell in lesson.cells:
        if cell.kind == "markdown":
            text = cell.source
        elif cell.kind == "answer":
            lines = [(match[1], text[match.end() :].split("\n", 1)[0]) for match in STATEMENT.finditer(text)]
            found[cell.grade_id] = {letter: statement.rstrip(";.") for letter, statement in lines}
    return found
