"""The verbs of `course` for those who write lessons and those who grade."""

from __future__ import annotations

import typer

from course_grader.authoring import cli as authoring
from course_grader.exports import cli as exports
from course_grader.gradebook import cli as gradebook
from course_grader.pages import cli as pages
from course_grader.site import cli as site
from course_grader.term import cli as term


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    for verbs in (authoring, term, gradebook, pages, exports, site):
        verbs.register(app)
