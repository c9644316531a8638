"""The concepts of the course, as `docs/concepts.md` lists them, are in the lessons, and its overview shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pytest

from course_grader.authoring.lesson import Lesson, read_lesson
from tests.lessons.conftest import LESSONS, ROOT

TABLE = ROOT / "docs" / "concepts.md"
OVERVIEW, CONCEPTS = "## Overview\n", "## Concept by concept\n"


class Concept(NamedTuple):
    """One row: where a concept is explained, and the exercises that use it."""

    name: str
    lesson: str
    heading: str
    exercises: tuple[str, ...]


def rows_of(text: str) -> Iterator[list[str]]:
    """Yield the cells of each row of the one table in `text`, without its head."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for row in rows[2:]:
        yield [cell.strip() for cell in row.strip("|").split("|")]


def concepts_of(text: str) -> list[Concept]:
    return [
        Concept(name, lesson, heading, tuple(re.findall(r"`(\w+)`", exercises)))
        for name, lesson, heading, exercises in rows_of(text)
    ]


def headings_of(lesson: Lesson) -> list[str]:
    return [
        line.lstrip("#").strip()
        for cell in lesson.of_kind("markdown")
        for line in cell.source.split("\n")
        if line.startswith("##")
    ]


def problems(lesson: Lesson, concepts: Iterable[Concept]) -> list[str]:
    """Return a sentence for each way in which the rows of a lesson and the lesson itself disagree."""
    headings = headings_of(lesson)
    unstarred = [name for name, cell in lesson.answers.items() if not cell.star]
    own = [concept for concept in concepts if concept.lesson == lesson.name]
    used = [name for concept in own for name in concept.exercises]
    found = [
        f"{concept.name}: {lesson.name} has {headings.count(concept.heading)} headings {concept.heading!r}, not one."
        for concept in own
        if headings.count(concept.heading) != 1
    ]
    found += [
        f"{concept.name}: {lesson.name} has no exercise {name!r} without a star."
        for concept in own
        for name in concept.exercises
        if name not in unstarred
    ]
    found += [
        f"{name} of {lesson.name} stands in no row: which concept does it use?"
        for name in unstarred
        if name not in used
    ]
    return found + ([] if own else [f"{lesson.name} has no row: what does it teach?"])


def overview(concepts: Iterable[Concept]) -> dict[str, str]:
    """Return the rows of the overview: the concepts by the number of their lesson."""
    rows: dict[str, list[str]] = {}
    for concept in concepts:
        rows.setdefault(concept.lesson.split("_")[0], []).append(concept.name)
    return {number: "; ".join(names) for number, names in rows.items()}


@pytest.fixture(scope="module")
def concepts() -> list[Concept]:
    return concepts_of(TABLE.read_text(encoding="utf-8").split(CONCEPTS)[1])


def test_every_concept_is_taught_where_the_table_says(lesson: Lesson, concepts: list[Concept]) -> None:
    assert not problems(lesson, concepts), "\n".join(problems(lesson, concepts))


def test_the_table_names_lessons_that_exist_in_their_order(concepts: list[Concept]) -> None:
    named = list(dict.fromkeys(concept.lesson for concept in concepts))
    unknown = [name for name in named if name not in LESSONS]
    assert not unknown, f"docs/concepts.md names {unknown}: there are {list(LESSONS)}."
    assert named == sorted(named), "Sort the rows of docs/concepts.md by lesson."


def test_a_concept_stands_once(concepts: list[Concept]) -> None:
    names = [concept.name for concept in concepts]
    assert sorted(names) == sorted(set(names))


def test_the_overview_shows_the_concepts(concepts: list[Concept]) -> None:
    section = TABLE.read_text(encoding="utf-8").split(OVERVIEW)[1].split(CONCEPTS)[0]
    right = "\n".join(f"| {number} | {names} |" for number, names in overview(concepts).items())
    assert dict(rows_of(section)) == overview(concepts), f"The rows of the overview should be\n{right}"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"heading": "A heading of no lesson"}, "Mini-batches: 05_sgd_pathologies has 0 headings"),
        ({"exercises": ("minibatch",)}, "Mini-batches: 05_sgd_pathologies has no exercise 'minibatch'"),
        ({"exercises": ("heavy_ball_parameters",)}, "no exercise 'heavy_ball_parameters' without a star"),
        ({"exercises": ()}, "minibatches of 05_sgd_pathologies stands in no row"),
    ],
)
def test_a_wrong_row_is_told(concepts: list[Concept], change: dict[str, Any], says: str) -> None:
    wrong = [concept._replace(**change) if concept.name == "Mini-batches" else concept for concept in concepts]
    assert says in "\n".join(problems(read_lesson(LESSONS["05_sgd_pathologies"]), wrong))
