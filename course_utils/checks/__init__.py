"""Checks: whether an answer is correct, and if not, which known mistake it contains.

from course_utils.checks import check

check("sgd_step", sgd_step)
"""

from course_utils.checks.checking import CheckFailed, check, check_hidden
from course_utils.checks.keys import KeyProblem
from course_utils.name_errors import watch

__all__ = ["CheckFailed", "KeyProblem", "check", "check_hidden"]

watch()
