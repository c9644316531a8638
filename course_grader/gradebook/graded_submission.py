"""What grading found of one student's submission: the record on which feedback, report and exports stand."""

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
    notebook: the notebook as it was handed in.
    submitted: when it was handed in, with a time zone, or None where nobody says.
    result: what grading found, or None where the notebook could not be graded; `problem` is then a sentence why.
    problem_kind: where the fault is.
    notes: sentences on how it was handed in, such as which of two notebooks was taken.
    time_source: where the time comes from, or that it was late; empty if neither is known.
    """

    student: str
    notebook: Path
    submitted: datetime | None = None
    result: Result | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    time_source: str = ""
    problem_kind: ProblemKind = ProblemKind.NONE
