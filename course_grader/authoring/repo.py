"""Finds the clone of the course that a command works in, and its lessons, and shows a progress bar over them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.errors import CourseError, Exit

if TYPE_CHECKING:
    from course_grader.authoring.lesson import Lesson


def course_root() -> Path:
    """Return the nearest folder, from here upwards, with lessons/ and nbgrader_config.py.

    Raises CourseError if there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "lessons").is_dir() and (folder / "nbgrader_config.py").is_file():
            return folder
    raise CourseError(
        "There is no lessons/ with nbgrader_config.py here or above. Go to a clone of the course and try again."
    )


def chosen_lessons(root: Path, names: Sequence[str] | None) -> list[Lesson]:
    """Return the lessons with these names, or all if there are no names.

    Raises CourseError if there is no lesson with a name, or if a lesson is not valid.
    """
    from course_grader.authoring.lesson import read_lessons
    from course_grader.authoring.lesson_cells import LessonProblem

    try:
        return read_lessons(root, names or ())
    except KeyError as error:
        raise CourseError(str(error.args[0])) from error
    except LessonProblem as problem:
        raise CourseError(str(problem), Exit.FAILED) from problem


def with_bar(lessons: Sequence[Lesson]) -> Iterator[Lesson]:
    """Yield lessons while showing a progress bar, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield from lessons
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(lessons, "Lessons", console=Console(stderr=True), transient=True)
