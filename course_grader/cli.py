"""The verbs that the maintainer and the teacher add to `course`."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
