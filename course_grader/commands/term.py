"""The commands `course release`, `course roster` and `course extend`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from course_grader.commands import options
from course_utils.text import plural

PANEL = "For teachers"
SHOWN = 10
# Ten years, which no extension exceeds.
MOST_DAYS = 3650


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("roster", rich_help_panel=PANEL)(roster)
    app.command("release", rich_help_panel=PANEL)(release)
    app.command("extend", rich_help_panel=PANEL)(extend)


def roster(
    file: Annotated[
        Path,
        typer.Argument(help="A CSV file with the columns id, first, last, email, lms_id; or a Canvas gradebook."),
    ],
    encoding: Annotated[
        str, typer.Option(help="The file's encoding, if it is not UTF-8, such as cp1252 or cp949.")
    ] = "",
    db: options.DatabaseOption = None,
) -> None:
    """Import the students of a class into the gradebook, or update them."""
    from course_grader.gradebook.course import Course
    from course_grader.gradebook.database import Database
    from course_grader.term.roster import enter_students, parse_roster

    found = parse_roster(file, encoding)
    for note in found.notes:
        typer.echo(note, err=True)
    with Database(Course.nearest(Path.cwd(), db)) as database:
        change = enter_students(database.gradebook, found.students)
    typer.echo(f"{plural(len(found.students), 'student')}: {len(change.added)} added, {len(change.changed)} changed.")
    if change.absent:
        shown = ", ".join(change.absent[:SHOWN]) + (" ..." if len(change.absent) > SHOWN else "")
        typer.echo(f"Not in the roster, but kept in the gradebook: {shown}.")


def release(
    assignment: Annotated[
        str, typer.Argument(help="An assignment of course.toml, or a lesson if there is no course.toml.")
    ],
    to: Annotated[Path | None, typer.Option(help="A folder to copy the notebook to.")] = None,
    exchange: Annotated[bool, typer.Option("--exchange", help="Release it in nbgrader's exchange.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier release.")] = False,
    db: options.DatabaseOption = None,
) -> None:
    """Add an assignment to the gradebook and release its notebook. Prints everything that it does."""
    from course_grader.gradebook.course import Course
    from course_grader.term.release_term import release_assignment

    for sentence in release_assignment(Course.nearest(Path.cwd(), db), assignment, to, exchange, force).messages:
        typer.echo(sentence)


def extend(
    assignment: options.AssignmentArgument,
    student: Annotated[str, typer.Argument(help="The student's id.")],
    days: Annotated[float, typer.Option(min=0, max=MOST_DAYS, help="Additional days.")] = 0,
    hours: Annotated[float, typer.Option(min=0, max=24 * MOST_DAYS, help="Additional hours.")] = 0,
    db: options.DatabaseOption = None,
) -> None:
    """Give a student more time; without --days and --hours, remove the extension."""
    from datetime import timedelta

    from course_grader.gradebook.course import Course
    from course_grader.gradebook.database import Database
    from course_grader.term.roster import set_extension

    extension = timedelta(days=days, hours=hours)
    more = [plural(number, what) for number, what in ((days, "day"), (hours, "hour")) if number]
    with Database(Course.nearest(Path.cwd(), db)) as database:
        set_extension(database.gradebook, assignment, student, extension)
    typer.echo(
        f"{student} has {' and '.join(more)} more for {assignment}. Grade again to update penalties."
        if extension
        else f"{student} has no extension for {assignment}."
    )
