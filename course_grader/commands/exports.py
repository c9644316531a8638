"""`course export`: writes grades for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_grader.commands import options
from course_utils.text import plural

if TYPE_CHECKING:
    from course_grader.exports.match_rows import Filled

app = typer.Typer(help="Write grades for a spreadsheet or a learning platform.", no_args_is_help=True)

PartialOption = Annotated[bool, typer.Option("--partial", help="Leave out graded students who are not in the file.")]
ScaleOption = Annotated[
    bool, typer.Option("--scale", help="Convert grades to the platform's points for the assignment.")
]


class DecimalName(StrEnum):
    POINT = "point"
    COMMA = "comma"


def register(course: typer.Typer) -> None:
    """Add `export` to the application."""
    course.add_typer(app, name="export", rich_help_panel="For teachers")


@app.command()
def csv(
    assignments: Annotated[list[str] | None, typer.Argument(help="The assignments; all of them by default.")] = None,
    to: options.ToFileOption = None,
    student: Annotated[list[str] | None, typer.Option(help="Only this student; may be repeated.")] = None,
    db: options.DatabaseOption = None,
) -> None:
    """Write a table with a column per exercise, penalties, totals and remarks."""
    from course_grader.exports.grades import write_grades
    from course_grader.exports.read_gradebook import open_and_read
    from course_grader.gradebook.course import Course

    scores, students = open_and_read(Course.nearest(Path.cwd(), db), assignments or (), student or ())
    path = to or Path("grades.csv")
    write_grades(path, students, scores)
    names = ", ".join(one.assignment for one in scores)
    typer.echo(f"{plural(len(students), 'student')} written to {path}, with {names}.")


@app.command()
def canvas(
    assignment: options.AssignmentArgument,
    table: Annotated[Path, typer.Option("--from", help="The gradebook file that you downloaded from Canvas.")],
    to: options.ToFileOption = None,
    column: Annotated[str, typer.Option(help="The assignment's id or title in Canvas, if it differs.")] = "",
    partial: PartialOption = False,
    scale: ScaleOption = False,
    db: options.DatabaseOption = None,
) -> None:
    """Fill this assignment's grades into Canvas's gradebook file, to import it there."""
    from course_grader.exports import canvas
    from course_grader.exports.csv_table import read_table, write_table
    from course_grader.exports.read_gradebook import open_and_read
    from course_grader.gradebook.course import Course

    [scores], students = open_and_read(Course.nearest(Path.cwd(), db), [assignment])
    filled = canvas.fill(read_table(table, canvas.WHAT), scores, students, column, partial, scale)
    path = to or Path(f"{assignment}-canvas.csv")
    _show_notes(filled)
    write_table(path, filled.rows)
    _show_count(path, filled)


@app.command()
def moodle(
    assignments: Annotated[list[str], typer.Argument(help="The assignment, or several if there is no worksheet.")],
    worksheet: Annotated[
        Path | None, typer.Option(help="The offline grading worksheet that you downloaded, to be filled in.")
    ] = None,
    to: options.ToFileOption = None,
    decimal: Annotated[DecimalName | None, typer.Option(help="The decimal sign of Moodle's language.")] = None,
    partial: PartialOption = False,
    scale: ScaleOption = False,
    db: options.DatabaseOption = None,
) -> None:
    """Write a table for Moodle's import of grades, or fill in its offline grading worksheet."""
    from course_grader.exports import moodle
    from course_grader.exports.csv_table import read_table, write_table
    from course_grader.exports.read_gradebook import open_and_read
    from course_grader.gradebook.course import Course
    from course_utils.errors import CourseError

    if worksheet and len(assignments) != 1:
        raise CourseError("A worksheet belongs to one assignment. Name only that one.")
    scores, students = open_and_read(Course.nearest(Path.cwd(), db), assignments)
    path = to or Path(f"{'-'.join(assignments)}-moodle.csv")
    sign: moodle.DecimalSign | None = decimal.value if decimal else None
    if worksheet:
        table = read_table(worksheet, moodle.WHAT)
        filled = moodle.fill(table, scores[0], students, sign, partial, scale)
        _show_notes(filled)
        write_table(path, filled.rows, table.delimiter, table.bom)
    else:
        filled = moodle.grades(scores, students, sign or "point")
        _show_notes(filled)
        write_table(path, filled.rows)
    _show_count(path, filled)


@app.command()
def gradescope(
    assignment: options.AssignmentArgument,
    to: options.ToFileOption = None,
    wheel: Annotated[Path | None, typer.Option(help="A wheel of the course; by default it is built.")] = None,
) -> None:
    """Write an autograder to upload to Gradescope. It contains the hidden checks: keep it secret."""
    import tempfile

    from course_grader.exports.gradescope_archive import LOCK, build_wheel, write_archive
    from course_grader.gradebook.course import Course

    course = Course.nearest(Path.cwd())
    path = to or Path(f"{assignment}-gradescope.zip")
    lock = course.root / LOCK
    with tempfile.TemporaryDirectory() as folder:
        built = wheel or build_wheel(course.root, Path(folder))
        write_archive(path, course.assignment(assignment), built, lock if lock.is_file() else None)
    typer.echo(f"{path} is ready. In Gradescope, upload it under Configure Autograder.")


def _show_notes(filled: Filled) -> None:
    for note in filled.notes:
        typer.echo(note, err=True)


def _show_count(path: Path, filled: Filled) -> None:
    typer.echo(f"{plural(filled.grades, 'grade')} written to {path}.")
