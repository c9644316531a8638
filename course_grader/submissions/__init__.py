"""Finding what was handed in: in nbgrader's layout, in flat folders, and in the zips of Canvas and Moodle.

from course_grader.submissions import find_submissions
"""

from course_grader.submissions.finding import Found, Submission, find_submissions
from course_grader.submissions.places import Member, Problem

__all__ = ["Found", "Member", "Problem", "Submission", "find_submissions"]
