"""Imports once what a grading process needs; the processes are forked from the one that has imported this."""

from __future__ import annotations

from course_utils.quick_start import skip_unused_grammar

skip_unused_grammar()

from course_grader.gradebook.task import grade_batch  # noqa: E402

__all__ = ["grade_batch"]
