"""Imports everything that a grading process needs, once, before the processes are forked."""

from __future__ import annotations

from course_utils.quick_start import skip_unused_grammar

skip_unused_grammar()

from course_grader.gradebook.task import grade_batch  # noqa: E402

__all__ = ["grade_batch"]
