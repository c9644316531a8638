"""The command `course site`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from course_grader.authoring.repo import course_root, with_bar
from course_grader.commands import options


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("site", rich_help_panel="For authors")(site)


def site(
    lessons: options.LessonsArgument = None,
    to: Annotated[Path, typer.Option(help="The folder to build it in.")] = Path("build/site"),
) -> None:
    """Build the course's website: executed lessons and guides, without requests to other hosts."""
    from course_grader.site.build_site import build_site

    first = build_site(course_root(), to.absolute(), lessons or (), with_bar)
    typer.echo(f"The site is ready: open {first}")
