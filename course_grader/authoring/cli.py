"""The verb `course colab`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from course_utils.errors import CourseError


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("colab", rich_help_panel="For authors")(colab)


def colab(
    out: Annotated[Path, typer.Option(help="The folder to write them to.")] = Path("build/colab"),
) -> None:
    """Write copies of the notebooks for Colab, whose first cell installs the course where it is missing."""
    from course_grader.authoring.colab import write_copies
    from course_grader.cli import course_root

    root = course_root()
    written = write_copies(root / "notebooks", out, repository(root))
    typer.echo(f"{len(written)} notebooks were written to {out}.")


def repository(root: Path) -> str:
    """Return the public address of the course, which stands in `pyproject.toml`; CourseError where it is missing."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    try:
        return str(project["urls"]["Repository"])
    except KeyError:
        raise CourseError("pyproject.toml names no Repository under [project.urls]: add the public address.") from None
