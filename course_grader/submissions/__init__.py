"""Finds one notebook per student in what a teacher downloaded: a folder in any known layout, or a Canvas or Moodle zip.

from course_grader.submissions import find_submissions
"""

from course_grader.submissions.archives import Member, Problem
from course_grader.submissions.discover import find_submissions
from course_grader.submissions.found import Found, LeftOut, Submission
from course_grader.submissions.known import KnownNames
from course_grader.submissions.layout import Layout

__all__ = ["Found", "KnownNames", "Layout", "LeftOut", "Member", "Problem", "Submission", "find_submissions"]
