"""nbgrader's gradebook: many submissions in one transaction, with nbgrader's own classes for its rows."""

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
from course_grader.gradebook.privacy import prepare
from course_grader.gradebook.schema import ensure_schema
from course_utils.errors import CourseError, Exit

KEPT = " Results that were found are kept beside it; run the command again and they are entered."


@dataclass(frozen=True)
class Row:
    """What the gradebook gets of a submission; scores and comments are by grade_id. `unchanged`: the cells of which
    the student's work is the same as when it was graded before."""

    student: str
    submitted: datetime | None
    scores: Mapping[str, float | None]
    comments: Mapping[str, str | None]
    unchanged: Collection[str] = frozenset()


class Database:
    """The gradebook of a course, open until `close`, or as a context manager."""

    def __init__(self, course: Course) -> None:
        """Open or make the gradebook; CourseError where it cannot be had or is of another nbgrader's schema."""
        self._course = course
        prepare(course)
        with self._telling():
            if not ensure_schema(course.db_url):
                raise CourseError(
                    f"The gradebook {shown(course)} was made by another version of nbgrader: run this again with "
                    "--upgrade-gradebook, which keeps a copy of it, or `nbgrader db upgrade`."
                )
            self.gradebook = Gradebook(course.db_url, course.directory.course_id)
        # nbgrader's own preprocessor holds its plugin for late submissions.
        self._late = AssignLatePenalties(config=course.config)
        self._late.init_plugin()

    def students(self) -> set[str]:
        """Return the ids of all students."""
        with self._telling():
            return set(self._db.scalars(select(Student.id)))

    def handed_in(self, assignment: str) -> set[str]:
        """Return the ids of the students of whom there is a submission of an assignment."""
        query = select(SubmittedAssignment.student_id).join(SubmittedAssignment.assignment)
        with self._telling():
            return set(self._db.scalars(query.where(Assignment.name == assignment)))

    def with_submissions(self) -> set[str]:
        """Return the ids of the students who have a submission of any assignment."""
        with self._telling():
            return set(self._db.scalars(select(SubmittedAssignment.student_id).distinct()))

    def due(self, assignment: str) -> datetime | None:
        """Return when an assignment is due, in UTC without a zone; None if it is never."""
        with self._telling():
            found: datetime | None = self._db.scalar(select(Assignment.duedate).where(Assignment.name == assignment))
            return found

    def waiting(self, assignment: str) -> int:
        """Return how many submissions of an assignment wait for grading by hand."""
        query = select(SubmittedAssignment.id).join(SubmittedAssignment.assignment).where(Assignment.name == assignment)
        with self._telling():
            return len(self._db.scalars(query.where(SubmittedAssignment.needs_manual_grade)).all())

    def write(self, record: AssignmentRecord, rows: Sequence[Row]) -> None:
        """Enter submissions in one transaction: students and submissions that are missing, times, scores, comments.

        Scores and comments are set as nbgrader's SaveAutoGrades sets them; those that a human gave stay. One by hand is
        to be looked at again if the work or the score by the tests changed. A time that is not known is none: that of
        an earlier submission is not this one's.
        """
        with self._telling():
            self._write(record, rows)
            self._db.commit()

    def penalise(self, record: AssignmentRecord, students: Iterable[str]) -> None:
        """Set the penalties for late submissions that nbgrader's plugin asks for, in one transaction."""
        with self._telling():
            # What the cells hold is looked up for those that are late.
            for one in self._submissions(record, list(students), with_cells=False):
                late = one.total_seconds_late
                for notebook in one.notebooks:
                    penalty = None
                    if late > 0:
                        score = notebook.score
                        penalty = self._late.plugin_inst.late_submission_penalty(one.student_id, score, late)
                    if penalty is not None:
                        penalty = self._late._check_late_penalty(notebook, penalty)
                    notebook.late_submission_penalty = penalty
            self._db.commit()

    def close(self) -> None:
        self.gradebook.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it; CourseError in place of what the database raised in the block."""
        self.close()
        if isinstance(error, (SQLAlchemyError, sqlite3.Error)):
            raise _told(error, self._course) from error

    @property
    def _db(self) -> Any:
        return self.gradebook.db

    def _write(self, record: AssignmentRecord, rows: Sequence[Row]) -> None:
        assignment = self.gradebook.find_assignment(record.assignment)
        names = {cell.id: cell.name for notebook in assignment.notebooks for cell in notebook._base_cells}
        known = {
            one.student_id: one for one in self._submissions(record, [row.student for row in rows], with_cells=True)
        }
        self._add(assignment, record.notebook, [row for row in rows if row.student not in known])
        for row in rows:
            if submission := known.get(row.student):
                submission.timestamp = parse_utc(row.submitted)
                for notebook in submission.notebooks:
                    if notebook.notebook.name == record.notebook:
                        _set_grades(notebook, names, row)

    def _add(self, assignment: Assignment, notebook: str, rows: Sequence[Row]) -> None:
        """Add submissions with a row for each cell, as `Gradebook.add_submission` does one by one."""
        wanted = [row.student for row in rows]
        known = set(self._db.scalars(select(Student.id).where(Student.id.in_(wanted))))
        self._db.add_all(Student(id=student) for student in wanted if student not in known)
        grades, comments = list[dict[str, Any]](), list[dict[str, Any]]()
        fresh = [
            (row, SubmittedNotebook(notebook_id=source.id, assignment=submission), source)
            for row in rows
            for submission in [_submission(assignment, row)]
            for source in assignment.notebooks
        ]
        self._db.add_all(one for _, one, _ in fresh)
        self._db.flush()
        for row, one, source in fresh:
            scores, said = (row.scores, row.comments) if source.name == notebook else ({}, {})
            for cell in (*source.grade_cells, *source.task_cells):
                score = scores.get(cell.name)
                waits = {"auto_score": score, "needs_manual_grade": score is None}
                grades.append({"cell_id": cell.id, "notebook_id": one.id} | waits)
            for cell in (*source.solution_cells, *source.task_cells):
                comments.append({"cell_id": cell.id, "notebook_id": one.id, "auto_comment": said.get(cell.name)})
        # All rows of a table at once: as objects of the session they would take as long as the grading.
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
        # A query takes at most this many parameters.
        for i in range(0, len(students), 500):
            yield from self._db.scalars(query.where(SubmittedAssignment.student_id.in_(students[i : i + 500])))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except ModuleNotFoundError as error:
            raise CourseError(
                f"The gradebook {shown(self._course)} needs the package {error.name}, which is not installed: "
                "`pip install -e '.[grader,postgres]'` in the course's folder.",
                Exit.ENVIRONMENT,
            ) from error
        except (SQLAlchemyError, sqlite3.Error) as error:
            if hasattr(self, "gradebook"):
                self._db.rollback()
            raise _told(error, self._course, KEPT) from error


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
                # A human's score may no longer fit.
                grade.needs_manual_grade = True
    for comment in notebook.comments:
        name = names[comment.cell_id]
        if name in row.comments:
            comment.auto_comment = row.comments[name]


def upgrade(course: Course) -> Path | None:
    """Bring the gradebook to this nbgrader's schema; return the copy of a file as it was before.

    Raises CourseError where nbgrader cannot; a gradebook in a file is then as it was.
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
            f"nbgrader cannot bring {shown(course)} up to date; see above. Grade into a new gradebook with --db.",
            Exit.ENVIRONMENT,
        ) from error
    return copy


def shown(course: Course) -> str:
    """Return the gradebook's address without a password."""
    return str(course.database or make_url(course.db_url).render_as_string(hide_password=True))


def _told(error: Exception, course: Course, kept: str = "") -> CourseError:
    cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    if "locked" in cause:
        return CourseError(
            f"The gradebook {shown(course)} is locked by another program: end that and run the command again.{kept}",
            Exit.ENVIRONMENT,
        )
    if isinstance(error, (ArgumentError, NoSuchModuleError)):
        return CourseError(f"The gradebook's address cannot be used ({cause}).")
    return CourseError(f"The gradebook {shown(course)} cannot be used ({cause}).{kept}", Exit.ENVIRONMENT)
