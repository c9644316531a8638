"""The table of grades: one row per student, one column per exercise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from course_grader.exports.csv_table import format_number, text, write_table
from course_grader.exports.scores import AssignmentScores, Score
from course_grader.gradebook.student import Student

HOUR = 3600
STUDENT = ("student", "last name", "first name", "email")
# The columns after those of an assignment's exercises.
SUMMARY = ("submitted", "hours late", "points", "late penalty", "total", "out of", "remarks")


def write_grades(path: Path, students: Sequence[Student], assignments: Sequence[AssignmentScores]) -> None:
    """Write the table of one or several assignments in UTF-8 with a byte-order mark, which spreadsheets recognise."""
    write_table(path, rows(students, assignments), bom=True)


def rows(students: Sequence[Student], assignments: Sequence[AssignmentScores]) -> Iterator[list[str]]:
    """Yield the header, then one row for each student.

    An exercise without points shows its outcome instead. With several assignments, summary columns have the
    assignment in their name; columns of exercises have it only if two would have the same name.
    """
    yield [*STUDENT, *(name for assignment in assignments for name in _names(assignment, assignments))]
    for student in students:
        row = [text(student.id), text(student.last), text(student.first), text(student.email)]
        yield row + [
            cell for assignment in assignments for cell in _cells(assignment, assignment.by_student.get(student.id))
        ]


def _names(scores: AssignmentScores, assignments: Sequence[AssignmentScores]) -> Iterator[str]:
    times = Counter(column for other in assignments for column in other.columns)
    for column in scores.columns:
        yield text(column if times[column] == 1 and column not in SUMMARY else f"{scores.assignment}: {column}")
    for name in SUMMARY:
        yield name if len(assignments) == 1 else text(f"{scores.assignment}: {name}")


def _cells(scores: AssignmentScores, submitted: Score | None) -> Iterator[str]:
    score = submitted or Score()
    for column, points in scores.columns.items():
        # An exercise without points would always show 0, so show its outcome.
        yield format_number(score.points.get(column)) if points else text(score.outcomes.get(column))
    graded = score.total is not None
    yield _time(score.submitted)
    yield format_number(round(score.late / HOUR, 2)) if graded and score.submitted else ""
    yield format_number(score.raw)
    yield format_number(score.penalty) if graded else ""
    yield format_number(score.total)
    yield format_number(scores.max_score)
    yield text(" ".join(score.remarks) if submitted else "Nothing was submitted.")


def _time(when: datetime | None) -> str:
    if when is None:
        return ""
    # nbgrader stores times in UTC, but without a time zone.
    utc = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return utc.strftime("%Y-%m-%d %H:%M:%SZ")
