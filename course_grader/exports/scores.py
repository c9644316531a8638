"""The scores of an assignment: from nbgrader's gradebook, with grades by hand and penalties, by exercise."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)

from course_grader.engine.notebook.assignment import teacher_cells
from course_grader.exports.columns import column_names
from course_grader.gradebook.graded_submission import GradedSubmission
from course_utils.cells import checked_exercises
from course_utils.errors import CourseError

NOT_YET = "Not graded yet."


@dataclass(frozen=True)
class Score:
    """What one student has in an assignment.

    points: by column; without those that are not graded yet. penalty: for handing in late. late: seconds.
    remarks: sentences on what could not be graded, or is not yet, and on how it was handed in. outcomes: by exercise,
    as grading found them.
    """

    points: Mapping[str, float] = field(default_factory=dict)
    penalty: float = 0.0
    submitted: datetime | None = None
    late: float = 0.0
    remarks: tuple[str, ...] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> float | None:
        """The points before the penalty, or None where nothing is graded."""
        return sum(self.points.values()) if self.points else None

    @property
    def total(self) -> float | None:
        """The points after the penalty, never below 0, or None where nothing is graded."""
        return max(0.0, self.raw - self.penalty) if self.raw is not None else None


@dataclass(frozen=True)
class AssignmentScores:
    """An assignment: `columns` are its exercises with their points, `scores` the students who handed something in."""

    assignment: str
    columns: Mapping[str, float]
    scores: Mapping[str, Score]

    @property
    def max_score(self) -> float:
        return sum(self.columns.values())


def read_scores(
    database: Gradebook, name: str, solution: Path | None = None, graded: Iterable[GradedSubmission] = ()
) -> AssignmentScores:
    """Return the scores of an assignment.

    solution: the teacher's notebook, which gives the order of the columns. graded: what grading found, for the
    remarks. Raises CourseError where the gradebook does not have the assignment.
    """
    try:
        assignment = database.find_assignment(name)
    except MissingEntry:
        known = ", ".join(one.name for one in database.assignments) or "none yet"
        raise CourseError(
            f"The gradebook has no assignment {name!r} (it has {known}): look at the spelling, or enter it with "
            f"`course release {name}`."
        ) from None
    column_of = _columns_of_cells(assignment, solution)
    columns: dict[str, float] = defaultdict(float)
    for cell in _in_order(assignment, column_of):
        columns[column_of[cell.name]] += cell.max_score
    scores = _scores(database, name, column_of)
    for found in graded:
        scores[found.student] = _joined(scores.get(found.student, Score(submitted=found.submitted)), found)
    return AssignmentScores(name, dict(columns), scores)


def _columns_of_cells(assignment: Assignment, solution: Path | None) -> dict[str, str]:
    """Return the columns of the graded cells, in the teacher's order as far as it is known."""
    sources = {cell.name: cell.source or "" for notebook in assignment.notebooks for cell in notebook.source_cells}
    exercises: dict[str, tuple[str, ...]] = {}
    if solution is not None and solution.is_file():
        exercises = {cell.grade_id: cell.exercises for cell in teacher_cells(solution)}
        sources = _sources(solution) | sources
    graded = {cell.name for notebook in assignment.notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)}
    ordered = [name for name in sources if name in graded] + sorted(graded - set(sources))
    return column_names((name, exercises.get(name) or _exercises(sources.get(name, ""))) for name in ordered)


def _sources(solution: Path) -> dict[str, str]:
    cells = json.loads(solution.read_text(encoding="utf-8")).get("cells", [])
    marked = [(cell["metadata"]["nbgrader"]["grade_id"], cell["source"]) for cell in cells if _is_marked(cell)]
    return {name: source if isinstance(source, str) else "".join(source) for name, source in marked}


def _is_marked(cell: Mapping[str, Mapping[str, Mapping[str, str]]]) -> bool:
    return "grade_id" in cell.get("metadata", {}).get("nbgrader", {})


def _exercises(source: str) -> list[str]:
    try:
        return list(dict.fromkeys(checked_exercises(source)))
    except SyntaxError:
        # Prose that is graded by hand.
        return []


def _in_order(assignment: Assignment, column_of: Mapping[str, str]) -> list[BaseCell]:
    cells = {
        cell.name: cell for notebook in assignment.notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)
    }
    return [cells[name] for name in column_of]


def _scores(database: Gradebook, name: str, column_of: Mapping[str, str]) -> dict[str, Score]:
    points: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    waiting: dict[str, int] = defaultdict(int)
    # One query instead of an object for each of a class's many thousand grades.
    query = (
        database.db.query(
            SubmittedAssignment.student_id, BaseCell.name, Grade.score, Grade.auto_score, Grade.manual_score
        )
        .add_columns(Grade.needs_manual_grade)
        .select_from(Grade)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(BaseCell, Grade.cell_id == BaseCell.id)
        .filter(Assignment.name == name)
    )
    for student, cell, score, auto, manual, needs_hand in query:
        waiting[student] += bool(needs_hand)
        if auto is not None or manual is not None:
            points[student][column_of[cell]] += score
    scores = {}
    for one in database.assignment_submissions(name):
        penalty = sum(notebook.late_submission_penalty or 0.0 for notebook in one.notebooks)
        student = one.student_id
        if one.timestamp is None and not points[student]:
            # A row that only holds an extension.
            continue
        remarks = _waiting(waiting[student]) if points[student] else (NOT_YET,)
        scores[student] = Score(dict(points[student]), penalty, one.timestamp, one.total_seconds_late, remarks)
    return scores


def _waiting(count: int) -> tuple[str, ...]:
    return (f"{count} {'cell waits' if count == 1 else 'cells wait'} for grading by hand.",) if count else ()


def _remarks(found: GradedSubmission) -> Iterable[str]:
    if found.problem:
        yield f"Could not be graded: {found.problem}"
    yield from found.notes
    for exercise in found.result.exercises if found.result else ():
        if exercise.outcome == "error":
            yield f"{exercise.name} could not be graded: {exercise.message}"


def _joined(score: Score, found: GradedSubmission) -> Score:
    remarks = tuple(dict.fromkeys((*_remarks(found), *score.remarks)))
    # A submission that cannot be graded is not one that grading has left for later.
    kept = tuple(one for one in remarks if one != NOT_YET or len(remarks) == 1)
    outcomes = {one.name: str(one.outcome) for one in found.result.exercises} if found.result else {}
    return replace(score, remarks=kept, outcomes=outcomes)
