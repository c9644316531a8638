"""Reads the scores of an assignment by exercise from nbgrader's gradebook, with manual grades and late penalties."""

from __future__ import annotations

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

from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.exports.columns import column_names
from course_grader.gradebook.graded_submission import GradedSubmission
from course_utils.cells import checked_exercises
from course_utils.errors import CourseError

NOT_YET = "Not graded yet."


@dataclass(frozen=True)
class Score:
    """The score of one student in an assignment.

    points: by column, without cells that are not graded yet. penalty: points lost for lateness. late: in seconds.
    remarks: sentences about the submission, and about parts that could not be graded or are not graded yet. outcomes:
    the autograder's outcome by exercise.
    """

    points: Mapping[str, float] = field(default_factory=dict)
    penalty: float = 0.0
    submitted: datetime | None = None
    late: float = 0.0
    remarks: tuple[str, ...] = ()
    outcomes: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> float | None:
        """The points before the penalty, or None if nothing is graded."""
        return sum(self.points.values()) if self.points else None

    @property
    def total(self) -> float | None:
        """The points after the penalty, at least 0, or None if nothing is graded."""
        return max(0.0, self.raw - self.penalty) if self.raw is not None else None


@dataclass(frozen=True)
class AssignmentScores:
    """An assignment: `columns` has the points of each exercise, `by_student` the scores of those who submitted."""

    assignment: str
    columns: Mapping[str, float]
    by_student: Mapping[str, Score]

    @property
    def max_score(self) -> float:
        return sum(self.columns.values())


def read_scores(
    database: Gradebook, name: str, solution: Path | None = None, graded: Iterable[GradedSubmission] = ()
) -> AssignmentScores:
    """Return the scores of an assignment.

    solution: the teacher's notebook, which determines the order of the columns. graded: the autograder's results, for
    the remarks and outcomes. Raises CourseError if the assignment is not in the gradebook.
    """
    try:
        assignment = database.find_assignment(name)
    except MissingEntry:
        known = ", ".join(row.name for row in database.assignments) or "none yet"
        raise CourseError(
            f"The gradebook has no assignment {name!r} (it has {known}). Check the spelling, or add it with "
            f"`course release {name}`."
        ) from None
    column_of = _columns_of_cells(assignment, solution)
    columns: dict[str, float] = defaultdict(float)
    for cell in _in_order(assignment, column_of):
        columns[column_of[cell.name]] += cell.max_score
    scores = _scores(database, name, column_of)
    for submission in graded:
        score = scores.get(submission.student, Score(submitted=submission.submitted))
        scores[submission.student] = _joined(score, submission)
    return AssignmentScores(name, dict(columns), scores)


def _columns_of_cells(assignment: Assignment, solution: Path | None) -> dict[str, str]:
    """Return the column of each graded cell, in the order of the teacher's notebook as far as it is known."""
    sources = {cell.name: cell.source or "" for notebook in assignment.notebooks for cell in notebook.source_cells}
    exercises: dict[str, tuple[str, ...]] = {}
    if solution is not None and solution.is_file():
        notebook = TeacherNotebook.read(solution)
        exercises = {cell.grade_id: cell.exercises for cell in notebook.assignment.cells}
        sources = {**notebook.sources, **sources}
    graded = {cell.name for notebook in assignment.notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)}
    ordered = [name for name in sources if name in graded] + sorted(graded - set(sources))
    return column_names((name, exercises.get(name) or _exercises(sources.get(name, ""))) for name in ordered)


def _exercises(source: str) -> list[str]:
    try:
        return list(dict.fromkeys(checked_exercises(source)))
    except SyntaxError:
        # This is prose, which is graded manually.
        return []


def _in_order(assignment: Assignment, column_of: Mapping[str, str]) -> list[BaseCell]:
    cells = {
        cell.name: cell for notebook in assignment.notebooks for cell in (*notebook.grade_cells, *notebook.task_cells)
    }
    return [cells[name] for name in column_of]


def _scores(database: Gradebook, name: str, column_of: Mapping[str, str]) -> dict[str, Score]:
    points: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    waiting: dict[str, int] = defaultdict(int)
    # A class has many thousands of grades: one query is much faster than an object for each grade.
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
    for row in database.assignment_submissions(name):
        penalty = sum(notebook.late_submission_penalty or 0.0 for notebook in row.notebooks)
        student = row.student_id
        if row.timestamp is None and not points[student]:
            # This row only stores an extension; nothing was submitted.
            continue
        remarks = _waiting(waiting[student]) if points[student] else (NOT_YET,)
        scores[student] = Score(dict(points[student]), penalty, row.timestamp, row.total_seconds_late, remarks)
    return scores


def _waiting(count: int) -> tuple[str, ...]:
    return (f"{count} {'cell still needs' if count == 1 else 'cells still need'} manual grading.",) if count else ()


def _remarks(submission: GradedSubmission) -> Iterable[str]:
    if submission.problem:
        yield f"Could not be graded: {submission.problem}"
    yield from submission.notes
    for exercise in submission.result.exercises if submission.result else ():
        if exercise.outcome == "error":
            yield f"{exercise.name} could not be graded: {exercise.message}"


def _joined(score: Score, submission: GradedSubmission) -> Score:
    remarks = tuple(dict.fromkeys((*_remarks(submission), *score.remarks)))
    # "Not graded yet" would be wrong beside a remark that says why it cannot be graded.
    kept = tuple(remark for remark in remarks if remark != NOT_YET or len(remarks) == 1)
    exercises = submission.result.exercises if submission.result else ()
    outcomes = {exercise.name: str(exercise.outcome) for exercise in exercises}
    return replace(score, remarks=kept, outcomes=outcomes)
