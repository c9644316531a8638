"""Reads and writes nbgrader's gradebook: many submissions per transaction, with nbgrader's own classes for the rows."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from nbgrader import dbutil
from nbgrader.api import Assignment, Comment, Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import selectinload

from course_grader.gradebook.assignment_record import AssignmentRecord
from course_grader.gradebook.course import Course
from course_grader.gradebook.privacy import make_private_files
from course_grader.gradebook.schema import ensure_schema
from course_utils.errors import CourseError, Exit

KEPT = " The results so far are saved beside it: run the command again to enter them."


@dataclass(frozen=True)
class Row:
    """A submission as it is written to the gradebook; scores and comments are by grade_id. `unchanged`: the cells in
    which the student's work has not changed since it was graded before."""

    student: str
    submitted: datetime | None
    scores: Mapping[str, float | None]
    comments: Mapping[str, str | None]
    unchanged: Collection[str] = frozenset()


class Database:
    """The gradebook of a course, open until `close`, or as a context manager."""

    def __init__(self, course: Course) -> None:
        """Open or create the gradebook. Raises CourseError if that fails, or if it has another version's schema."""
        self._course = course
        make_private_files(course)
        with self._readable_errors():
            if not ensure_schema(course.db_url):
                raise CourseError(
                    f"The gradebook {shown_address(course)} was made by another version of nbgrader. Run this again "
                    "with --upgrade-gradebook, which keeps a copy of it, or run `nbgrader db upgrade`."
                )
            self.gradebook = Gradebook(course.db_url, course.directory.course_id)
        # This preprocessor of nbgrader loads the plugin for late penalties.
        self._late = AssignLatePenalties(config=course.config)
        self._late.init_plugin()

    def students(self) -> set[str]:
        """Return the ids of all students."""
        with self._readable_errors():
            return set(self._db.scalars(select(Student.id)))

    def handed_in(self, assignment: str) -> set[str]:
        """Return the ids of the students with a submission for an assignment."""
        query = select(SubmittedAssignment.student_id).join(SubmittedAssignment.assignment)
        with self._readable_errors():
            return set(self._db.scalars(query.where(Assignment.name == assignment)))

    def with_submissions(self) -> set[str]:
        """Return the ids of the students with a submission for any assignment."""
        with self._readable_errors():
            return set(self._db.scalars(select(SubmittedAssignment.student_id).distinct()))

    def due(self, assignment: str) -> datetime | None:
        """Return when an assignment is due, in UTC but without a zone; None if it has no due date."""
        with self._readable_errors():
            due: datetime | None = self._db.scalar(select(Assignment.duedate).where(Assignment.name == assignment))
            return due

    def waiting(self, assignment: str) -> int:
        """Return how many submissions of an assignment still need manual grading."""
        query = select(SubmittedAssignment.id).join(SubmittedAssignment.assignment).where(Assignment.name == assignment)
        with self._readable_errors():
            return len(self._db.scalars(query.where(SubmittedAssignment.needs_manual_grade)).all())

    def write(self, record: AssignmentRecord, rows: Sequence[Row]) -> None:
        """Write submissions in one transaction: missing students and submissions, times, scores and comments.

        Scores and comments are set as nbgrader's SaveAutoGrades sets them; those that a human gave are kept. A manual
        score is marked for review if the student's work or the automatic score changed. If the time is not known, none
        is stored, because the time of an earlier submission does not apply to this one.
        """
        with self._readable_errors():
            self._write(record, rows)
            self._db.commit()

    def penalise(self, record: AssignmentRecord, students: Iterable[str]) -> None:
        """Set the late penalties that nbgrader's plugin computes, in one transaction."""
        with self._readable_errors():
            # Without cells: they are loaded only for late submissions, when `notebook.score` needs them.
            for submission in self._submissions(record, list(students), with_cells=False):
                late = submission.total_seconds_late
                for notebook in submission.notebooks:
                    penalty = None
                    if late > 0:
                        score = notebook.score
                        penalty = self._late.plugin_inst.late_submission_penalty(submission.student_id, score, late)
                    if penalty is not None:
                        penalty = self._late._check_late_penalty(notebook, penalty)
                    notebook.late_submission_penalty = penalty
            self._db.commit()

    def close(self) -> None:
        self.gradebook.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it. Raises CourseError instead of an exception that the database raised in the block."""
        self.close()
        if isinstance(error, (SQLAlchemyError, sqlite3.Error)):
            raise _course_error(error, self._course) from error

    @property
    def _db(self) -> Any:
        return self.gradebook.db

    def _write(self, record: AssignmentRecord, rows: Sequence[Row]) -> None:
        assignment = self.gradebook.find_assignment(record.assignment)
        names = {cell.id: cell.name for notebook in assignment.notebooks for cell in notebook._base_cells}
        existing = self._submissions(record, [row.student for row in rows], with_cells=True)
        known = {submission.student_id: submission for submission in existing}
        self._add(assignment, record.notebook, [row for row in rows if row.student not in known])
        for row in rows:
            if submission := known.get(row.student):
                submission.timestamp = parse_utc(row.submitted)
                for notebook in submission.notebooks:
                    if notebook.notebook.name == record.notebook:
                        _set_grades(notebook, names, row)

    def _add(self, assignment: Assignment, notebook: str, rows: Sequence[Row]) -> None:
        """Add submissions, each with a row for every cell, as `Gradebook.add_submission` does for a single one."""
        wanted = [row.student for row in rows]
        known = set(self._db.scalars(select(Student.id).where(Student.id.in_(wanted))))
        self._db.add_all(Student(id=student) for student in wanted if student not in known)
        grades, comments = list[dict[str, Any]](), list[dict[str, Any]]()
        added = [
            (row, SubmittedNotebook(notebook_id=source.id, assignment=submission), source)
            for row in rows
            for submission in [_submission(assignment, row)]
            for source in assignment.notebooks
        ]
        self._db.add_all(submitted for _, submitted, _ in added)
        self._db.flush()
        for row, submitted, source in added:
            scores, texts = (row.scores, row.comments) if source.name == notebook else ({}, {})
            for cell in (*source.grade_cells, *source.task_cells):
                score = scores.get(cell.name)
                state = {"auto_score": score, "needs_manual_grade": score is None}
                grades.append({"cell_id": cell.id, "notebook_id": submitted.id} | state)
            for cell in (*source.solution_cells, *source.task_cells):
                text = texts.get(cell.name)
                comments.append({"cell_id": cell.id, "notebook_id": submitted.id, "auto_comment": text})
        # Insert all rows of a table at once: as objects of the session they would take as long as the grading.
        for table, entries in ((Grade, grades), (Comment, comments)):
            if entries:
                self._db.execute(insert(table), entries)

    def _submissions(
        self, record: AssignmentRecord, students: list[str], with_cells: bool
    ) -> Iterator[SubmittedAssignment]:
        notebooks = selectinload(SubmittedAssignment.notebooks)
        query = select(SubmittedAssignment).join(SubmittedAssignment.assignment)
        query = query.where(Assignment.name == record.assignment).options(notebooks)
        if with_cells:
            for cells in (SubmittedNotebook.grades, SubmittedNotebook.comments):
                query = query.options(notebooks.selectinload(cells))
        # 500 at a time, because a database limits the number of parameters of a query.
        for i in range(0, len(students), 500):
            yield from self._db.scalars(query.where(SubmittedAssignment.student_id.in_(students[i : i + 500])))

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            yield
        except ModuleNotFoundError as error:
            raise CourseError(
                f"The gradebook {shown_address(self._course)} needs the package {error.name}, which is not installed. "
                "Run `pip install -e '.[grader,postgres]'` in the course's folder.",
                Exit.ENVIRONMENT,
            ) from error
        except (SQLAlchemyError, sqlite3.Error) as error:
            if hasattr(self, "gradebook"):
                self._db.rollback()
            raise _course_error(error, self._course, KEPT) from error


def _submission(assignment: Assignment, row: Row) -> SubmittedAssignment:
    when = None if row.submitted is None else parse_utc(row.submitted)
    return SubmittedAssignment(assignment_id=assignment.id, student_id=row.student, timestamp=when)


def _set_grades(notebook: SubmittedNotebook, names: dict[str, str], row: Row) -> None:
    for grade in notebook.grades:
        name = names[grade.cell_id]
        if name in row.scores:
            is_same = name in row.unchanged and grade.auto_score == row.scores[name]
            grade.auto_score = row.scores[name]
            if grade.manual_score is None:
                grade.needs_manual_grade = grade.auto_score is None
            elif not is_same:
                # The manual score may no longer be right.
                grade.needs_manual_grade = True
    for comment in notebook.comments:
        name = names[comment.cell_id]
        if name in row.comments:
            comment.auto_comment = row.comments[name]


def upgrade(course: Course) -> Path | None:
    """Upgrade the gradebook to the installed nbgrader's schema.

    Returns the path of a copy of the old gradebook, or None if it is on a server. Raises CourseError if the upgrade
    fails; a gradebook in a file is then unchanged.
    """
    file, copy = course.database, None
    if file is not None:
        copy = file.with_name(f"{file.name}.{datetime.now():%Y-%m-%d-%H%M%S}")
        shutil.copy2(file, copy)
    try:
        dbutil.upgrade(course.db_url)
    except subprocess.CalledProcessError as error:
        if file is not None and copy is not None:
            copy.replace(file)
        raise CourseError(
            f"nbgrader cannot upgrade {shown_address(course)}; see above. To grade into a new gradebook, use --db.",
            Exit.ENVIRONMENT,
        ) from error
    return copy


def shown_address(course: Course) -> str:
    """Return the gradebook's address without a password."""
    return str(course.database or make_url(course.db_url).render_as_string(hide_password=True))


def _course_error(error: Exception, course: Course, kept: str = "") -> CourseError:
    cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    if "locked" in cause:
        return CourseError(
            f"The gradebook {shown_address(course)} is locked by another program. Close it and run the command "
            f"again.{kept}",
            Exit.ENVIRONMENT,
        )
    if isinstance(error, (ArgumentError, NoSuchModuleError)):
        return CourseError(f"The gradebook's address cannot be used ({cause}).")
    return CourseError(f"The gradebook {shown_address(course)} cannot be used ({cause}).{kept}", Exit.ENVIRONMENT)
