"""The exports as nbgrader plug-ins.

nbgrader export --exporter=course_grader.exports.plugins.Exercises --to grades.csv
nbgrader export --exporter=course_grader.exports.plugins.Canvas --Canvas.table=downloaded.csv --assignment "['week1']"
nbgrader export --exporter=course_grader.exports.plugins.Moodle --assignment "['week1']"
"""

from __future__ import annotations

from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Enum, Unicode

from course_grader.exports import canvas, moodle
from course_grader.exports.csv_table import read_table, write_table
from course_grader.exports.grades import write_grades
from course_grader.exports.match_rows import Filled
from course_grader.exports.read_gradebook import read_assignments
from course_grader.exports.scores import AssignmentScores
from course_grader.gradebook.course import Course
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError
from course_utils.text import plural


class _Export(ExportPlugin):  # type: ignore[misc]
    def export(self, gradebook: Gradebook) -> None:
        """Write the file. If that fails, log the reason and exit with the error's exit code."""
        try:
            self.write(gradebook)
        except CourseError as problem:
            self.log.error(str(problem))
            raise SystemExit(int(problem.exit_code)) from problem

    def write(self, gradebook: Gradebook) -> None:
        """Write the file. Raises CourseError if that fails."""
        raise NotImplementedError

    def requested(self, gradebook: Gradebook) -> tuple[list[AssignmentScores], list[Student]]:
        """Return the assignments and students that nbgrader's options select."""
        directory = self.parent.coursedir
        course = Course.at(Path(directory.root), directory.db_url)
        return read_assignments(gradebook, course, list(map(str, self.assignment)), list(map(str, self.student)))

    def only(self, assignments: list[AssignmentScores]) -> AssignmentScores:
        """Return the selected assignment. Raises CourseError if there is not exactly one."""
        if len(assignments) != 1:
            raise CourseError("Choose one assignment, as in --assignment \"['week1']\".")
        return assignments[0]

    def log_written(self, path: Path, filled: Filled) -> None:
        """Log what was written, and the notes for the teacher."""
        for note in filled.notes:
            self.log.warning(note)
        self.log.info("%s written to %s", plural(filled.grades, "grade"), path)


class Exercises(_Export):
    """A table with one column per exercise."""

    def write(self, gradebook: Gradebook) -> None:
        assignments, students = self.requested(gradebook)
        write_grades(Path(self.to or "grades.csv"), students, assignments)


class Canvas(_Export):
    """The gradebook file that was downloaded from Canvas, with one assignment's grades filled in."""

    table = Unicode("", help="The gradebook file that Canvas exports.").tag(config=True)
    column = Unicode("", help="The assignment's id or title in Canvas.").tag(config=True)
    partial = Bool(False, help="Leave out students who are not in the file.").tag(config=True)
    scale = Bool(False, help="Convert grades to the points that Canvas has.").tag(config=True)

    def write(self, gradebook: Gradebook) -> None:
        assignments, students = self.requested(gradebook)
        if not self.table:
            raise CourseError("Pass the file that you downloaded from Canvas, as in --Canvas.table=FILE.csv.")
        table = read_table(Path(self.table), canvas.WHAT)
        filled = canvas.fill(table, self.only(assignments), students, self.column, self.partial, self.scale)
        path = Path(self.to or "canvas.csv")
        write_table(path, filled.rows)
        self.log_written(path, filled)


class Moodle(_Export):
    """A table for Moodle's import of grades, or Moodle's offline grading worksheet with the grades filled in."""

    worksheet = Unicode("", help="The offline grading worksheet that was downloaded from Moodle.").tag(config=True)
    decimal = Enum(moodle.DECIMAL_SIGNS, None, allow_none=True, help="The decimal sign of Moodle's language.").tag(
        config=True
    )
    partial = Bool(False, help="Leave out students who are not in the worksheet.").tag(config=True)
    scale = Bool(False, help="Convert grades to Moodle's maximum.").tag(config=True)

    def write(self, gradebook: Gradebook) -> None:
        assignments, students = self.requested(gradebook)
        path = Path(self.to or "moodle.csv")
        if self.worksheet:
            table = read_table(Path(self.worksheet), moodle.WHAT)
            filled = moodle.fill(table, self.only(assignments), students, self.decimal, self.partial, self.scale)
            write_table(path, filled.rows, table.delimiter, table.bom)
        else:
            filled = moodle.grades(assignments, students, self.decimal or "point")
            write_table(path, filled.rows)
        self.log_written(path, filled)
