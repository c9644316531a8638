"""The verbs `course colab` and `course address`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from course_utils.words import counted


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    for name, command in (("colab", colab), ("address", address)):
        app.command(name, rich_help_panel="For authors")(command)


def colab(
    to: Annotated[Path, typer.Option(help="The folder to write them to.")] = Path("build/colab"),
) -> None:
    """Write copies of the notebooks for Colab, whose first cell installs the course where it is missing."""
    from course_grader.authoring.address import required_address
    from course_grader.authoring.colab import write_copies
    from course_grader.cli import course_root

    root = course_root()
    written = write_copies(root / "notebooks", to, required_address(root))
    typer.echo(f"{counted(len(written), 'notebook')} written to {to}.")


def address(
    url: Annotated[str, typer.Argument(help="Where the course is published: https://github.com/ACCOUNT/NAME.")],
) -> None:
    """Say where the course is published: its pyproject.toml and the badges of its README follow."""
    from course_grader.authoring.address import publish
    from course_grader.cli import course_root

    publish(course_root(), url)
    typer.echo("pyproject.toml and README.md name the address: commit both.")
