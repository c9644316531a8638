"""What the command `course` has for those who write lessons and those who grade."""

from __future__ import annotations

import typer

from course_grader.commands import authoring, exports, grading, pages, site, term


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    for verbs in (authoring, site, term, grading, pages, exports):
        verbs.register(app)
