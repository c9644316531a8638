"""Reads what a teacher entered by hand in nbgrader's gradebook: scores, extra credit and comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment


@dataclass(frozen=True)
class ManualGrades:
    """One submission in the gradebook.

    score, max_score: the final score, including manual scores, extra credit and the late penalty, and its maximum.
    late_penalty: in points. manual: the teacher's score by cell. extra: extra credit by cell. most: the maximum points
    by cell. comments: the teacher's comment by cell.
    """

    score: float
    max_score: float
    late_penalty: float = 0.0
    manual: Mapping[str, float] = field(default_factory=dict)
    extra: Mapping[str, float] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)


def read_manual_grades(gradebook: Gradebook, assignment: str) -> dict[str, ManualGrades]:
    """Return the grades of every student with a submission in the gradebook; empty if the assignment is not in it."""
    try:
        submissions = gradebook.assignment_submissions(assignment)
    except MissingEntry:
        return {}
    return {submission.student_id: _grades_of(submission) for submission in submissions}


def _grades_of(submission: SubmittedAssignment) -> ManualGrades:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    comments = [comment for notebook in submission.notebooks for comment in notebook.comments]
    penalty = submission.late_submission_penalty or 0.0
    return ManualGrades(
        max(0.0, sum(grade.score for grade in grades) - penalty),
        sum(grade.max_score for grade in grades),
        penalty,
        {grade.name: grade.manual_score for grade in grades if grade.manual_score is not None},
        {grade.name: grade.extra_credit for grade in grades if grade.extra_credit},
        {comment.name: comment.manual_comment for comment in comments if comment.manual_comment},
        {grade.name: grade.max_score for grade in grades},
    )
