"""Finds one notebook a student in whatever a teacher has: a folder in some layout, a zip from Canvas or Moodle.

from course_grader.submissions import find_submissions
"""

from course_grader.submissions.archives import Member, Problem
from course_grader.submissions.discover import find_submissions
from course_grader.submissions.found import Found, LeftOut, Submission
from course_grader.submissions.known import KnownNames
from course_grader.submissions.layout import Layout

__all__ = ["Found", "KnownNames", "Layout", "LeftOut", "Member", "Problem", "Submission", "find_submissions"]
