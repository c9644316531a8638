"""What `course doctor` looks at for teachers: how well this machine keeps submissions apart."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from course_utils.doctor import Finding
from course_utils.errors import CourseError

# Of the extra `grader`: a learner has not installed it, and grades nothing.
MARK_OF_A_TEACHER = "jupytext"


def findings() -> Iterator[Finding]:
    """Yield the level of isolation, and who can read a course's files, where the grader is installed."""
    if find_spec(MARK_OF_A_TEACHER) is None:
        return
    from course_grader.engine.sandbox import best_level, described, exposed

    level, reasons = best_level()
    by = f", with {program}" if (program := described(level)) else ""
    yield Finding("isolation", f"this machine gives the level {level!r}{by}. {exposed(level)}".rstrip(), reasons)
    yield from _private_files(Path.cwd())


def _private_files(start: Path) -> Iterator[Finding]:
    from course_grader.gradebook.course import Course
    from course_grader.gradebook.privacy import warning

    try:
        course = Course.nearest(start)
    except CourseError:
        return
    said = warning(course)
    yield Finding("privacy", "what is secret is closed to other users." if not said else "not all is closed.", said)
