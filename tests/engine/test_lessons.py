"""Every lesson: the engine finds what running everything in one process finds, cell by cell, mistake by mistake."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from course_grader import Assignment, Result, grade
from course_grader.authoring.lesson import Lesson, lesson_folders, read_lesson
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.rehearsal import write_hidden_key
from course_grader.authoring.submissions import independent, rounds, submission
from course_grader.engine.assignment import TeacherCell, used_names, without_magics
from course_utils.checks.checking import grading

ROOT = Path(__file__).parents[2]
LESSONS = lesson_folders(ROOT)
Found = dict[str, tuple[bool, str]]


@dataclass(frozen=True)
class Desk:
    lesson: Lesson
    released: NotebookNode
    assignment: Assignment

    def both(self, sources: dict[str, str], all_tests: bool = True) -> tuple[Result, Found]:
        """Return what the engine finds of a submission with these answers, and what one process finds; of all tests, or
        of those that these answers can change."""
        notebook = submission(self.lesson, self.released, sources)
        assignment = self.assignment if all_tests else self.changed_by(sources)
        left_out = {cell.grade_id for cell in self.assignment.of_kind("test")} - set(assignment.by_grade_id)
        notebook.cells = [cell for cell in notebook.cells if grade_id_of(cell) not in left_out]
        return grade(notebook, assignment), in_one_process(assignment, notebook)

    def changed_by(self, sources: dict[str, str]) -> Assignment:
        """Return the assignment without the tests of exercises that have nothing to do with these."""

        def keep(cell: TeacherCell) -> bool:
            pairs = itertools.product(cell.exercises, sources)
            return cell.kind != "test" or not all(independent(self.lesson, one, other) for one, other in pairs)

        cells = tuple(filter(keep, self.assignment.cells))
        names = {name for cell in cells for name in cell.exercises}
        hidden, published = (
            {name: key for name, key in keys.items() if name in names}
            for keys in (self.assignment.hidden, self.assignment.published)
        )
        return dataclasses.replace(self.assignment, cells=cells, hidden=hidden, published=published)


def in_one_process(assignment: Assignment, notebook: NotebookNode) -> Found:
    """Return of each test cell whether it passed, and the mistake that was recognised, without any isolation."""
    names: dict[str, Any] = {"__name__": "__main__"}
    found: Found = {}
    hidden, published = assignment.keys
    with grading(hidden, published, lambda card: None), contextlib.redirect_stdout(io.StringIO()):
        for cell in notebook.cells:
            known = assignment.by_grade_id.get(grade_id_of(cell))
            if known is None:
                continue
            source = known.source if known.kind == "test" else cell.source
            try:
                exec(without_magics(source), names)
                error = None
            except Exception as raised:
                error = raised
            if known.kind == "test":
                verdict = getattr(error, "verdict", None)
                found[known.grade_id] = error is None, verdict.mistake.id if verdict and verdict.mistake else ""
    return found


def grade_id_of(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def by_engine(result: Result) -> Found:
    return {cell.grade_id: (cell.outcome == "passed", cell.mistake) for cell in result.cells}


@pytest.fixture(params=sorted(LESSONS), scope="module")
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    lesson, key = read_lesson(LESSONS[request.param]), tmp_path_factory.mktemp("key") / "course.key"
    write_hidden_key(key, [lesson], "a term")
    place = Path(lesson.name) / f"{lesson.name}.ipynb"
    assignment = Assignment.from_notebook(ROOT / "solutions" / place, key)
    return Desk(lesson, nbformat.read(ROOT / "notebooks" / place, 4), assignment)


def test_the_reference_gets_full_marks_and_the_release_none(desk: Desk) -> None:
    right, found = desk.both({})
    assert {cell.grade_id: cell.message for cell in right.cells if cell.outcome != "passed"} == {}
    assert right.score == right.max_score > 0
    assert right.notes == ()
    assert all(passed for passed, _ in found.values())
    blank = grade(desk.released, desk.assignment)
    assert blank.score == 0
    assert {exercise.outcome for exercise in blank.exercises} == {"blank"}


def test_alternatives_are_found_to_be_what_they_are_in_one_process(desk: Desk) -> None:
    for sources in alternatives(desk.lesson):
        result, found = desk.both(sources, all_tests=False)
        assert by_engine(result) == found
        assert all(found[cell.grade_id][0] for cell in result.cells if set(cell.exercises) <= set(sources))


def alternatives(lesson: Lesson) -> Iterator[dict[str, str]]:
    # One that calls another exercise's function expects that one's reference beside it.
    alone = [one for one in lesson.alternatives if used_names(one.source) & set(lesson.answers) - {one.exercise}]
    yield from ({one.exercise: one.source} for one in alone)
    for others in rounds(lesson, [one for one in lesson.alternatives if one not in alone]):
        yield {one.exercise: one.source for one in others}


def test_mistakes_are_found_to_be_what_they_are_in_one_process(desk: Desk) -> None:
    recognised = 0
    for i, mistakes in enumerate(rounds(desk.lesson, desk.lesson.mistakes)):
        sources = {one.exercise: mistaken_source(desk.lesson, one) for one in mistakes}
        result, found = desk.both(sources, all_tests=i == 0)
        assert by_engine(result) == found
        recognised += len({mistake for _, mistake in found.values()} - {""})
    assert recognised > 0.5 * len(desk.lesson.mistakes)
