"""Imports once what a grading process needs; the processes are forked from the one that has imported this."""

from __future__ import annotations

import sys

# jsonschema reads a grammar of addresses in another second, if it can, and no notebook is checked for its addresses.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from course_grader.gradebook.task import grade_batch  # noqa: E402

__all__ = ["grade_batch"]
