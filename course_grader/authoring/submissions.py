"""Sample submissions of a lesson: all right, blank, one for each mistake, one for each round of alternatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import nbformat
from nbformat import NotebookNode

from course_grader.authoring.lesson import Lesson
from course_grader.authoring.notebook import text_of
from course_grader.authoring.reference import mistaken_source


def submission(lesson: Lesson, released: NotebookNode, changed: Mapping[str, str] | None = None) -> NotebookNode:
    """Return the released notebook with every answer cell filled: from `changed` where it names the exercise, else
    the reference's."""
    notebook = nbformat.from_dict(released)
    sources = {name: cell.without_markers() for name, cell in lesson.answers.items()} | dict(changed or {})
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in sources:
            cell.source = sources[grade_id]
    return cast(NotebookNode, notebook)


def samples(lesson: Lesson, released: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Yield (student id, notebook) for each kind of submission; the id says what it is."""
    yield "right", submission(lesson, released)
    yield "blank", nbformat.from_dict(released)
    for mistake in lesson.mistakes:
        yield (
            f"mistake-{mistake.exercise}-{mistake.id}",
            submission(lesson, released, {mistake.exercise: mistaken_source(lesson, mistake)}),
        )
    rounds = max((len(lesson.alternatives_of(name)) for name in lesson.answers), default=0)
    for i in range(rounds):
        others = {
            name: lesson.alternatives_of(name)[i].source
            for name in lesson.answers
            if i < len(lesson.alternatives_of(name))
        }
        yield f"alternative-{i + 1}", submission(lesson, released, others)


def write_samples(root: Path, lesson: Lesson, into: Path) -> list[str]:
    """Write the samples in nbgrader's layout, `into`/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb; return the student ids."""
    released = nbformat.read(root / "notebooks" / lesson.name / f"{lesson.name}.ipynb", as_version=4)
    students = []
    for student, notebook in samples(lesson, released):
        place = into / student / lesson.name / f"{lesson.name}.ipynb"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text_of(notebook), encoding="utf-8")
        students.append(student)
    return students
