"""The graded submission of a student, from which feedback, report and exports are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from course_grader.engine.result import Result


class ProblemKind(StrEnum):
    """Why a submission has no result: the fault is in the submission, or in the grader."""

    NONE = ""
    SUBMISSION = "submission"
    GRADER = "grader"


@dataclass(frozen=True)
class GradedSubmission:
    """One student's submission and its result.

    student: the student's id in the gradebook.
    notebook: the notebook as it was submitted.
    submitted: when it was submitted, with a time zone, or None if that is not known.
    result: the result, or None if the notebook could not be graded; `problem` then says why.
    problem_kind: whether the problem is in the submission or in the grader.
    notes: sentences about the submission, such as which of two notebooks counts.
    time_source: where the time or the lateness comes from; empty if neither is known.
    """

    student: str
    notebook: Path
    submitted: datetime | None = None
    result: Result | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    time_source: str = ""
    problem_kind: ProblemKind = ProblemKind.NONE
