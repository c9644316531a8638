"""Every lesson, graded by the engine: right, blank, mistaken and alternative submissions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from course_grader import Assignment, Result, grade
from course_grader.authoring.lesson import Lesson, lesson_folders, read_lesson
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.rehearsal import write_hidden_key
from course_grader.authoring.submissions import independent, rounds, submission

ROOT = Path(__file__).parents[2]
LESSONS = lesson_folders(ROOT)


@dataclass(frozen=True)
class Desk:
    lesson: Lesson
    released: NotebookNode
    assignment: Assignment

    def grade(self, notebook: NotebookNode) -> Result:
        return grade(notebook, self.assignment)


@pytest.fixture(params=sorted(LESSONS), scope="module")
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    lesson, key = read_lesson(LESSONS[request.param]), tmp_path_factory.mktemp("key") / "course.key"
    write_hidden_key(key, [lesson], "a term")
    place = Path(lesson.name) / f"{lesson.name}.ipynb"
    assignment = Assignment.from_notebook(ROOT / "solutions" / place, key)
    return Desk(lesson, nbformat.read(ROOT / "notebooks" / place, 4), assignment)


def outcomes(result: Result) -> dict[str, str]:
    return {exercise.name: exercise.outcome for exercise in result.exercises}


def test_the_reference_gets_full_marks_and_the_release_none(desk: Desk) -> None:
    right = desk.grade(submission(desk.lesson, desk.released))
    assert {cell.grade_id: cell.message for cell in right.cells if cell.outcome != "passed"} == {}
    assert right.score == right.max_score > 0
    assert right.notes == ()
    blank = desk.grade(desk.released)
    assert blank.score == 0
    assert set(outcomes(blank).values()) <= {"blank", "failed"}


def test_each_alternative_gets_full_points(desk: Desk) -> None:
    for others in rounds(desk.lesson, desk.lesson.alternatives):
        sources = {one.exercise: one.source for one in others}
        result = desk.grade(submission(desk.lesson, desk.released, sources))
        assert {cell.grade_id: cell.message for cell in result.cells if cell.outcome != "passed"} == {}


def test_each_mistake_is_recognised_and_costs_its_exercise_alone(desk: Desk) -> None:
    lesson, seen = desk.lesson, set()
    for mistakes in rounds(lesson, lesson.mistakes):
        sources = {one.exercise: mistaken_source(lesson, one) for one in mistakes}
        result = desk.grade(submission(lesson, desk.released, sources))
        by_name = {exercise.name: exercise for exercise in result.exercises}
        for mistake in mistakes:
            found = by_name[mistake.exercise]
            assert (found.outcome, found.mistake, found.hint) == ("failed", mistake.id, mistake.hint)
            seen.add((mistake.exercise, mistake.id))
        for name in lesson.answers:
            if all(independent(lesson, name, one.exercise) for one in mistakes):
                assert by_name[name].outcome == "passed", (name, by_name[name].message)
    assert seen == {(mistake.exercise, mistake.id) for mistake in lesson.mistakes}
