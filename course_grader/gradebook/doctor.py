"""What `course doctor` looks at for teachers: how well this machine keeps submissions apart."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from course_utils.doctor import Finding

# Of the extra `grader`: a learner has not installed it, and grades nothing.
MARK_OF_A_TEACHER = "jupytext"


def findings() -> Iterator[Finding]:
    """Yield the level of isolation, where the grader is installed."""
    if find_spec(MARK_OF_A_TEACHER) is None:
        return
    from course_grader.engine.sandbox import best_level, exposed

    level, reasons = best_level()
    yield Finding("isolation", f"this machine gives the level {level!r}. {exposed(level)}".rstrip(), reasons)
