"""Checks: whether an answer is right, and if not, which mistake it is.

from course_utils.checks import check

check("sgd_step", sgd_step)
"""

from course_utils.checks.checking import CheckFailed, check, check_hidden
from course_utils.checks.keys import KeyProblem
from course_utils.name_errors import watch

__all__ = ["CheckFailed", "KeyProblem", "check", "check_hidden"]

watch()
