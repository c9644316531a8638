"""For every lesson, the engine finds cell by cell the same as running everything in one process.

Answers from the bank are put into the lesson's own notebook, next to correct answers that may use them. tests/grading
compares each single mistake and alternative with nbgrader.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from course_grader import Assignment, Result, grade
from course_grader.authoring.lesson import Lesson, lesson_folders, read_lesson
from course_grader.authoring.mistake_bank import Alternative, Mistake
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.sample_submissions import rounds, submission
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.engine.notebook.plan import RunCell, plan
from course_grader.engine.notebook.read import read_submission
from course_utils.cells import blank_magics, used_names
from course_utils.checks.checking import grading

ROOT = Path(__file__).parents[2]
LESSONS = lesson_folders(ROOT)
Found = dict[str, tuple[bool, str]]


@dataclass(frozen=True)
class Desk:
    lesson: Lesson
    released: NotebookNode
    assignment: Assignment

    def both(self, sources: dict[str, str]) -> tuple[Result, Found]:
        """Return what the engine finds of a submission with these answers, and what one process finds."""
        notebook = submission(self.lesson, self.released, sources)
        return grade(notebook, self.assignment), in_one_process(self.assignment, notebook)


def in_one_process(assignment: Assignment, notebook: NotebookNode) -> Found:
    """Return for each test cell whether it passed and which mistake was recognised, without any isolation."""
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
                exec(blank_magics(source), names)
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


@pytest.mark.needs("isolation")
def test_the_reference_gets_full_marks_and_the_release_none(desk: Desk) -> None:
    right, found = desk.both({})
    assert {cell.grade_id: cell.message for cell in right.cells if cell.outcome != "passed"} == {}
    assert right.score == right.max_score > 0
    assert right.notes == ()
    assert all(passed for passed, _ in found.values())
    blank = grade(desk.released, desk.assignment)
    assert blank.score == 0
    assert {exercise.outcome for exercise in blank.exercises} == {"blank"}


@pytest.mark.needs("isolation")
def test_an_alternative_of_each_exercise_is_right(desk: Desk) -> None:
    # An alternative that calls another exercise's function expects the reference of that exercise.
    names = set(desk.lesson.answers)
    alone = [one for one in desk.lesson.alternatives if not used_names(one.source) & names - {one.exercise}]
    sources = {one.exercise: one.source for one in next(rounds(desk.lesson, alone))}
    result, found = desk.both(sources)
    assert by_engine(result) == found
    # A reference may depend on an answer that the alternative replaces, such as a backward pass on a cache.
    assert all(found[cell.grade_id][0] for cell in result.cells if set(cell.exercises) <= set(sources))


@pytest.mark.needs("isolation")
def test_a_mistake_in_each_exercise_is_recognised(desk: Desk) -> None:
    mistakes = next(rounds(desk.lesson, desk.lesson.mistakes))
    result, found = desk.both({one.exercise: mistaken_source(desk.lesson, one) for one in mistakes})
    assert by_engine(result) == found
    assert len({mistake for _, mistake in found.values()} - {""}) > 0.5 * len(mistakes)


def test_no_answer_of_the_bank_runs_an_experiment(desk: Desk) -> None:
    """Experiments take longer than everything else. They run only if an answer needs a name that they define."""
    banks: list[Sequence[Mistake | Alternative]] = [[]]
    banks += rounds(desk.lesson, desk.lesson.mistakes)
    banks += rounds(desk.lesson, desk.lesson.alternatives)
    for bank in banks:
        sources = {
            one.exercise: mistaken_source(desk.lesson, one) if isinstance(one, Mistake) else one.source for one in bank
        }
        cells = read_submission(submission(desk.lesson, desk.released, sources)).cells
        runs = [step for step in plan(cells, desk.assignment).steps if isinstance(step, RunCell)]
        assert not any(step.is_experiment for step in runs), list(sources)
