"""The table of grades: a row a student, a column an exercise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from course_grader.exports.csv_table import number, text, write_table
from course_grader.exports.scores import AssignmentScores, Score
from course_grader.gradebook.student import Student

HOUR = 3600
STUDENT = ("student", "last name", "first name", "email")
# Behind the columns of an assignment's exercises.
SUMMARY = ("submitted", "hours late", "points", "late penalty", "total", "out of", "remarks")


def write_grades(path: Path, students: Sequence[Student], marks: Sequence[AssignmentScores]) -> None:
    """Write the table of one or several assignments, as spreadsheet programs take it: UTF-8 with a byte-order mark."""
    write_table(path, rows(students, marks), bom=True)


def rows(students: Sequence[Student], marks: Sequence[AssignmentScores]) -> Iterator[list[str]]:
    """Yield the header, then a row for each student.

    An exercise without points shows its outcome. The columns of several assignments are named with the assignment,
    those of exercises where two would be alike.
    """
    yield [*STUDENT, *(name for one in marks for name in _names(one, marks))]
    for student in students:
        row = [text(student.id), text(student.last), text(student.first), text(student.email)]
        yield row + [cell for one in marks for cell in _cells(one, one.scores.get(student.id))]


def _names(one: AssignmentScores, marks: Sequence[AssignmentScores]) -> Iterator[str]:
    times = Counter(column for other in marks for column in other.columns)
    for column in one.columns:
        yield text(column if times[column] == 1 and column not in SUMMARY else f"{one.assignment}: {column}")
    for name in SUMMARY:
        yield name if len(marks) == 1 else text(f"{one.assignment}: {name}")


def _cells(one: AssignmentScores, score: Score | None) -> Iterator[str]:
    found = score or Score()
    for column, points in one.columns.items():
        # Of an exercise without points, a zero would say nothing.
        yield number(found.points.get(column)) if points else text(found.outcomes.get(column))
    graded = found.total is not None
    yield _time(found.submitted)
    yield number(round(found.late / HOUR, 2)) if graded and found.submitted else ""
    yield number(found.raw)
    yield number(found.penalty) if graded else ""
    yield number(found.total)
    yield number(one.max_score)
    yield text(" ".join(found.remarks) if score else "Nothing was handed in.")


def _time(when: datetime | None) -> str:
    if when is None:
        return ""
    # nbgrader keeps UTC without saying so.
    utc = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return utc.strftime("%Y-%m-%d %H:%M:%SZ")
