"""`course release`, `course roster` and `course extend`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from course_grader.commands import options
from course_utils.text import plural

PANEL = "For teachers"
SHOWN = 10
# Ten years: a time that no due date goes beyond.
MOST_DAYS = 3650


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    app.command("roster", rich_help_panel=PANEL)(roster)
    app.command("release", rich_help_panel=PANEL)(release)
    app.command("extend", rich_help_panel=PANEL)(extend)


def roster(
    file: Annotated[
        Path,
        typer.Argument(help="A CSV file with the columns id, first, last, email, lms_id; or Canvas's grade book."),
    ],
    encoding: Annotated[
        str, typer.Option(help="The file's encoding, if it is not UTF-8, such as cp1252 or cp949.")
    ] = "",
    db: options.Database = None,
) -> None:
    """Enter the students of a class into the gradebook, or bring them up to date."""
    from course_grader.gradebook.course import Course
    from course_grader.gradebook.database import Database
    from course_grader.term.roster import enter, read

    found = read(file, encoding)
    for note in found.notes:
        typer.echo(note, err=True)
    with Database(Course.nearest(Path.cwd(), db)) as database:
        change = enter(database.gradebook, found.students)
    typer.echo(f"{plural(len(found.students), 'student')}: {len(change.added)} added, {len(change.changed)} changed.")
    if change.absent:
        shown = ", ".join(change.absent[:SHOWN]) + (" ..." if len(change.absent) > SHOWN else "")
        typer.echo(f"In the gradebook and not in the roster, and kept: {shown}.")


def release(
    assignment: Annotated[str, typer.Argument(help="An assignment of course.toml, or a lesson where there is none.")],
    to: Annotated[Path | None, typer.Option(help="A folder to copy the notebook to.")] = None,
    exchange: Annotated[bool, typer.Option("--exchange", help="Release it in nbgrader's exchange.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what was handed out before.")] = False,
    db: options.Database = None,
) -> None:
    """Enter an assignment into the gradebook and hand out its notebook. Tells everything that it did."""
    from course_grader.gradebook.course import Course
    from course_grader.term.release_term import release as hand_out

    for sentence in hand_out(Course.nearest(Path.cwd(), db), assignment, to, exchange, force).told:
        typer.echo(sentence)


def extend(
    assignment: options.Assignment,
    student: Annotated[str, typer.Argument(help="The student's id.")],
    days: Annotated[float, typer.Option(min=0, max=MOST_DAYS, help="Days more than the others have.")] = 0,
    hours: Annotated[float, typer.Option(min=0, max=24 * MOST_DAYS, help="Hours more.")] = 0,
    db: options.Database = None,
) -> None:
    """Give one student more time; with neither days nor hours, take that back."""
    from datetime import timedelta

    from course_grader.gradebook.course import Course
    from course_grader.gradebook.database import Database
    from course_grader.term.roster import extend as grant

    extension = timedelta(days=days, hours=hours)
    more = [plural(number, what) for number, what in ((days, "day"), (hours, "hour")) if number]
    with Database(Course.nearest(Path.cwd(), db)) as database:
        grant(database.gradebook, assignment, student, extension)
    typer.echo(
        f"{student} has {' and '.join(more)} more for {assignment}. Grade again, and penalties follow."
        if extension
        else f"{student} has no more time than the others for {assignment}."
    )
