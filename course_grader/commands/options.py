"""Options and arguments that several commands share, each with one meaning and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LessonsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[LESSONS]...", help="Folder names of lessons; by default all lessons.")
]
AssignmentArgument = Annotated[str, typer.Argument(help="The assignment.")]
AnyAssignmentArgument = Annotated[
    str | None, typer.Argument(metavar="[ASSIGNMENT]", help="The assignment; by default every graded one.")
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="ADDRESS",
        help="The gradebook, as sqlite:///FILE or postgresql://HOST/NAME; by default the course's.",
    ),
]
ToFileOption = Annotated[Path | None, typer.Option("--to", metavar="FILE", help="The file to write.")]
WorkersOption = Annotated[int | None, typer.Option(min=1, help="How many processes; by default one for each core.")]
