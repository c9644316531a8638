"""Reads the grades for exports: from a course's gradebook, together with the results in its journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nbgrader.api import Gradebook

from course_grader.exports.scores import AssignmentScores, read_scores
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database, shown_address
from course_grader.gradebook.graded_submission import GradedSubmission
from course_grader.gradebook.journal import Journal
from course_grader.gradebook.student import Student, read_students
from course_utils.errors import CourseError


def open_and_read(
    course: Course, assignments: Sequence[str] = (), students: Sequence[str] = ()
) -> tuple[list[AssignmentScores], list[Student]]:
    """Return the scores of assignments, and the students of a course; all assignments or students if none are named.

    Raises CourseError if there is no gradebook, or if an assignment or student is not in it.
    """
    if course.database is not None and not course.database.is_file():
        raise CourseError(f"There is no gradebook {shown_address(course)}. Grade first, with `course grade`.")
    with Database(course) as database:
        return read_assignments(database.gradebook, course, assignments, students)


def read_assignments(
    database: Gradebook, course: Course, assignments: Sequence[str], students: Sequence[str]
) -> tuple[list[AssignmentScores], list[Student]]:
    """Return the same as `open_and_read`, from a gradebook that is already open."""
    names = list(assignments) or [assignment.name for assignment in database.assignments]
    if not names:
        raise CourseError(
            f"The gradebook {shown_address(course)} has no assignments yet. Add one with `course release`."
        )
    scores = [_assignment_scores(database, course, name) for name in dict.fromkeys(names)]
    return scores, read_students(database, students)


def _assignment_scores(database: Gradebook, course: Course, name: str) -> AssignmentScores:
    solution = next(iter(sorted(course.folder("source", ".", name).glob("*.ipynb"))), None)
    return read_scores(database, name, solution, _graded(course.journal, name))


def _graded(path: Path, name: str) -> list[GradedSubmission]:
    if not path.is_file():
        return []
    with Journal(path) as journal:
        return list(journal.graded(name))
