"""The teacher's part of `course doctor`: the isolation of submissions on this machine, the grading mode of each
assignment, and who can read a course's files."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from course_grader.engine.sandbox.levels import exposure
from course_utils.doctor import Finding
from course_utils.errors import CourseError

if TYPE_CHECKING:
    from course_grader.gradebook.course import Course

# A package of the extra `grader`, which learners do not install.
MARK_OF_A_TEACHER = "jupytext"


def findings() -> Iterator[Finding]:
    """Yield the isolation level, the mode of each assignment, and who can read a course's files.

    Yields nothing if the grader is not installed.
    """
    if find_spec(MARK_OF_A_TEACHER) is None:
        return
    from course_grader.engine.sandbox.levels import best_level, isolation_program

    level, reasons = best_level()
    by = f", with {program}" if (program := isolation_program(level)) else ""
    yield Finding("isolation", f"this machine provides the level {level!r}{by}. {exposure(level)}".rstrip(), reasons)
    yield from _of_course(Path.cwd())


def _of_course(start: Path) -> Iterator[Finding]:
    from course_grader.gradebook.course import Course

    try:
        course = Course.nearest(start)
    except CourseError:
        return
    yield from _modes(course)
    yield from _private_files(course)


def _private_files(course: Course) -> Iterator[Finding]:
    from course_grader.gradebook.privacy import warning

    remedy = warning(course)
    state = "other users can read private files." if remedy else "other users cannot read private files."
    yield Finding("privacy", state, remedy)


def _modes(course: Course) -> Iterator[Finding]:
    """Yield the grading mode of each assignment that was released or graded here, and the reason for it."""
    from course_grader.engine.modes import Modes

    for name, choice in Modes(course.modes).all().items():
        remedy = f"Check the tests that fail on the reference: {', '.join(choice.faults)}." if choice.faults else ""
        yield Finding("mode", f"{name} is graded in the mode {choice.mode}. {choice.why}", remedy)
