"""The teacher's tools: they build lessons and grade submissions.

from course_grader import Assignment, grade
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_grader.engine.grading import grade
    from course_grader.engine.notebook.assignment import Assignment
    from course_grader.engine.result import Result

__all__ = ["Assignment", "Result", "grade"]
MODULES = {"Assignment": "notebook.assignment", "Result": "result", "grade": "grading"}


def __getattr__(name: str) -> Any:
    # Imported on first use, because the worker and `course --help` need none of it.
    if name in MODULES:
        from importlib import import_module

        return getattr(import_module(f"course_grader.engine.{MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
