"""nbgrader's markers in a notebook: the metadata of a cell, which the build writes and the intake restores, and the
comment lines around solutions and hidden tests, which are removed before release."""

from __future__ import annotations

from typing import Any

SCHEMA_VERSION = 3
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


def nbgrader_mark(kind: str, grade_id: str, points: float) -> dict[str, Any]:
    """Return nbgrader's metadata for a cell of kind "setup", "answer" or "test"; only a test has points."""
    mark: dict[str, Any] = {
        "grade": kind == "test",
        "grade_id": grade_id,
        "locked": kind != "answer",
        "schema_version": SCHEMA_VERSION,
        "solution": kind == "answer",
        "task": False,
    }
    if kind == "test":
        mark["points"] = int(points) if points == int(points) else points
    return mark
