"""The exports as nbgrader's plug-ins.

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
from course_grader.exports.read_gradebook import read
from course_grader.exports.scores import AssignmentScores
from course_grader.gradebook.course import Course
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError
from course_utils.text import plural


class _Export(ExportPlugin):  # type: ignore[misc]
    def export(self, gradebook: Gradebook) -> None:
        """Write the file; end nbgrader with a sentence where that cannot be."""
        try:
            self.write(gradebook)
        except CourseError as problem:
            self.log.error(str(problem))
            raise SystemExit(int(problem.exit_code)) from problem

    def write(self, gradebook: Gradebook) -> None:
        """Write the file; CourseError where that cannot be."""
        raise NotImplementedError

    def gathered(self, gradebook: Gradebook) -> tuple[list[AssignmentScores], list[Student]]:
        """Return what nbgrader's options ask for."""
        directory = self.parent.coursedir
        course = Course.at(Path(directory.root), directory.db_url)
        return read(gradebook, course, [str(one) for one in self.assignment], [str(one) for one in self.student])

    def one(self, marks: list[AssignmentScores]) -> AssignmentScores:
        """Return the one assignment that was asked for."""
        if len(marks) != 1:
            raise CourseError("Name one assignment, as in --assignment \"['week1']\".")
        return marks[0]

    def tell(self, path: Path, filled: Filled) -> None:
        """Log what was written, and what the teacher should know."""
        for note in filled.notes:
            self.log.warning(note)
        self.log.info("%s written to %s", plural(filled.grades, "grade"), path)


class Exercises(_Export):
    """A table with a column an exercise."""

    def write(self, gradebook: Gradebook) -> None:
        marks, students = self.gathered(gradebook)
        write_grades(Path(self.to or "grades.csv"), students, marks)


class Canvas(_Export):
    """The file that was downloaded from Canvas, with one assignment's grades."""

    table = Unicode("", help="The grade book as Canvas exports it.").tag(config=True)
    column = Unicode("", help="The assignment's id or title in Canvas.").tag(config=True)
    partial = Bool(False, help="Leave out students whom Canvas does not have.").tag(config=True)
    scale = Bool(False, help="Bring grades to the points that Canvas has.").tag(config=True)

    def write(self, gradebook: Gradebook) -> None:
        marks, students = self.gathered(gradebook)
        if not self.table:
            raise CourseError("Name the file that you downloaded from Canvas, as in --Canvas.table=FILE.csv.")
        table = read_table(Path(self.table), canvas.WHAT)
        filled = canvas.fill(table, self.one(marks), students, self.column, self.partial, self.scale)
        path = Path(self.to or "canvas.csv")
        write_table(path, filled.rows)
        self.tell(path, filled)


class Moodle(_Export):
    """A table for Moodle's import of grades, or its offline grading worksheet, filled in."""

    worksheet = Unicode("", help="The offline grading worksheet as Moodle gives it.").tag(config=True)
    decimal = Enum(moodle.DECIMALS, None, allow_none=True, help="The decimal sign of Moodle's language.").tag(
        config=True
    )
    partial = Bool(False, help="Leave out students whom the worksheet does not have.").tag(config=True)
    scale = Bool(False, help="Bring grades to Moodle's maximum.").tag(config=True)

    def write(self, gradebook: Gradebook) -> None:
        marks, students = self.gathered(gradebook)
        path = Path(self.to or "moodle.csv")
        if self.worksheet:
            table = read_table(Path(self.worksheet), moodle.WHAT)
            filled = moodle.fill(table, self.one(marks), students, self.decimal, self.partial, self.scale)
            write_table(path, filled.rows, table.delimiter, table.bom)
        else:
            filled = moodle.grades(marks, students, self.decimal or "point")
            write_table(path, filled.rows)
        self.tell(path, filled)
