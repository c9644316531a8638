"""Makes sample submissions of a lesson: all correct, blank, one per mistake, and one per round of alternatives.

An alternative forward function may return a different cache than the reference, so that the reference's backward
function fails with it. Therefore only the exercises of the round, and those that do not build on them, must be correct.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast

import nbformat
from nbformat import NotebookNode

from course_grader.authoring.lesson import Lesson
from course_grader.authoring.mistake_bank import Alternative, Mistake
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.source_notebook import file_content
from course_utils.checks.probe import exercises

BankItem = TypeVar("BankItem", Mistake, Alternative)


def submission(lesson: Lesson, released: NotebookNode, changed: Mapping[str, str] | None = None) -> NotebookNode:
    """Return the released notebook with every answer cell filled: from `changed`, or else with the reference."""
    notebook = nbformat.from_dict(released)
    filled = (*lesson.of_kind("answer"), *lesson.of_kind("gather"))
    sources = {cell.grade_id: cell.without_markers() for cell in filled} | dict(changed or {})
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in sources:
            cell.source = sources[grade_id]
    return cast(NotebookNode, notebook)


def samples(lesson: Lesson, released: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Yield (student id, notebook) for each sample; the id describes the sample."""
    yield "right", submission(lesson, released)
    yield "blank", nbformat.from_dict(released)
    for mistake in lesson.mistakes:
        yield (
            f"mistake-{mistake.exercise}-{mistake.id}",
            submission(lesson, released, {mistake.exercise: mistaken_source(lesson, mistake)}),
        )
    for i, others in enumerate(rounds(lesson, lesson.alternatives), 1):
        yield f"alternative-{i}", submission(lesson, released, {other.exercise: other.source for other in others})


def rounds(lesson: Lesson, bank: Sequence[BankItem]) -> Iterator[list[BankItem]]:
    """Divide mistakes or alternatives into rounds.

    The exercises of a round do not build on each other, so that one submission can contain the whole round.
    """
    left = list(bank)
    while left:
        chosen: list[BankItem] = []
        for item in left:
            if all(independent(lesson, item.exercise, other.exercise) for other in chosen):
                chosen.append(item)
        left = [item for item in left if item not in chosen]
        yield chosen


def independent(lesson: Lesson, one: str, other: str) -> bool:
    """Return whether neither of two different exercises builds on the other, so that their outcomes are independent."""
    return one != other and not _builds_on(lesson, one, other) and not _builds_on(lesson, other, one)


def _builds_on(lesson: Lesson, one: str, other: str) -> bool:
    calls = re.search(rf"\b{other}\b", lesson.answers[one].source)
    return calls is not None or other in exercises()[one].needs


def write_samples(root: Path, lesson: Lesson, into: Path) -> list[str]:
    """Write the samples in nbgrader's layout, `into`/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb; return the student ids."""
    released = nbformat.read(root / "notebooks" / lesson.name / f"{lesson.name}.ipynb", as_version=4)
    students = []
    for student, notebook in samples(lesson, released):
        place = into / student / lesson.name / f"{lesson.name}.ipynb"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file_content(notebook), encoding="utf-8")
        students.append(student)
    return students
