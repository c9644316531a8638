"""What every lesson has for its reader, whatever it teaches: the rules of the build, each tested in tests/authoring."""

from __future__ import annotations

from course_grader.authoring.concepts import wrong_concepts
from course_grader.authoring.lesson import Lesson
from course_grader.authoring.lint import lint_lesson
from tests.lessons.conftest import ROOT


def test_it_has_what_its_reader_expects(lesson: Lesson) -> None:
    assert "\n".join(map(str, lint_lesson([lesson]))) == ""


def test_its_concepts_are_those_of_the_page(lesson: Lesson) -> None:
    assert "\n".join(map(str, wrong_concepts(ROOT, [lesson]))) == ""
