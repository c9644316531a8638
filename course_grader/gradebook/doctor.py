"""What `course doctor` looks at for teachers: how well this machine keeps submissions apart, and in which mode each
assignment is graded."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from course_utils.doctor import Finding
from course_utils.errors import CourseError

# Of the extra `grader`: a learner has not installed it, and grades nothing.
MARK_OF_A_TEACHER = "jupytext"


def findings() -> Iterator[Finding]:
    """Yield the mode of each assignment and the level of isolation, where the grader is installed."""
    if find_spec(MARK_OF_A_TEACHER) is None:
        return
    from course_grader.engine.sandbox import best_level, described

    level, reasons = best_level()
    by = f", with {program}" if (program := described(level)) else ""
    yield from _modes()
    yield Finding("isolation", f"this machine gives the level {level!r}{by}.", reasons)


def _modes() -> Iterator[Finding]:
    """Yield for each assignment that was released or graded here in which mode, and why."""
    from course_grader.engine.modes import Modes
    from course_grader.gradebook.course import Course

    try:
        modes = Modes(Course.nearest(Path.cwd()).modes)
    except CourseError:
        return
    for name, choice in modes.all().items():
        remedy = f"Look at the tests that fail on the reference: {', '.join(choice.faults)}." if choice.faults else ""
        yield Finding("mode", f"{name} is graded {choice.mode}. {choice.why}", remedy)
