"""Adds the commands for lesson authors and teachers to `course`."""

from __future__ import annotations

import typer

from course_grader.commands import authoring, exports, grading, pages, site, term


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for module in (authoring, site, term, grading, pages, exports):
        module.register(app)
