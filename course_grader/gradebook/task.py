"""The task that runs in a grading process. Only bytes and plain data are sent to it and back, so that it works the same
in another process and on another machine."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from course_grader.engine.grading import grade
from course_grader.engine.notebook.assignment import Assignment
from course_grader.engine.notebook.read import Unreadable
from course_grader.engine.result import Result
from course_grader.engine.sandbox.levels import IsolationUnavailable, Level
from course_grader.gradebook.assignment_record import AssignmentRecord
from course_grader.gradebook.autograded_notebook import AutogradedNotebook, autograded_notebook
from course_grader.gradebook.graded_submission import ProblemKind
from course_grader.gradebook.journal import versions


@dataclass(frozen=True)
class RunSpec:
    """The data that all submissions of a run share. `exam`: the output of `serialise`; `digest`: its digest."""

    digest: str
    exam: bytes
    isolation: Level
    versions: tuple[str, str]


@dataclass(frozen=True)
class WorkerResult:
    """The result of one submission as JSON, or None and the `problem` that prevented it.

    problem_kind: whether the problem is in the submission or in the grader. A problem in the submission is found again
    each time.
    """

    name: str
    result: dict[str, Any] | None = None
    page: AutogradedNotebook | None = None
    problem: str = ""
    problem_kind: ProblemKind = ProblemKind.NONE


@dataclass(frozen=True)
class WorkerRefused:
    """Why a process cannot grade any submission."""

    sentence: str


@dataclass
class GradingBatch:
    """The contents of some submissions by name, and the data that they share."""

    spec: RunSpec
    contents: dict[str, bytes] = field(default_factory=dict)


def serialise(assignment: Assignment, record: AssignmentRecord) -> bytes:
    """Return an assignment and its record as compressed bytes."""
    text = json.dumps({"assignment": assignment.to_json(), "record": record.to_json()}, separators=(",", ":"))
    return zlib.compress(text.encode())


def deserialise(exam: bytes) -> tuple[Assignment, AssignmentRecord]:
    """Return the assignment and record that `serialise` packed."""
    data = json.loads(zlib.decompress(exam))
    return Assignment.from_json(data["assignment"]), AssignmentRecord.from_json(data["record"])


# A run has one exam. It is cached, because reading it takes longer than grading a small notebook.
_exam = lru_cache(maxsize=2)(deserialise)


def grade_batch(batch: GradingBatch) -> Sequence[WorkerResult] | WorkerRefused:
    """Grade the submissions of a batch, one after another.

    Returns WorkerRefused if this process has another version of the course or cannot isolate submissions.
    """
    if versions() != batch.spec.versions:
        return WorkerRefused(
            "A worker has a different version of the course than this machine. Install the same version on both."
        )
    assignment, record = _exam(batch.spec.exam)
    answers = []
    for name, content in batch.contents.items():
        try:
            answers.append(_grade(name, content, assignment, record, batch.spec.isolation))
        except IsolationUnavailable as error:
            return WorkerRefused(str(error))
    return answers


def grader_failed(name: str, problem: str) -> WorkerResult:
    """Return the result of a submission that could not be graded through no fault of its own."""
    return WorkerResult(name, problem=problem, problem_kind=ProblemKind.GRADER)


def _grade(
    name: str, content: bytes, assignment: Assignment, record: AssignmentRecord, isolation: Level
) -> WorkerResult:
    try:
        result = grade(content, assignment, isolation)
        return WorkerResult(name, result.to_json(), autograded_notebook(content, result, assignment, record))
    except Unreadable as problem:
        return WorkerResult(name, problem=str(problem), problem_kind=ProblemKind.SUBMISSION)
    except IsolationUnavailable:
        raise
    except Exception as error:
        # A bug in the grader must not stop the grading of other submissions.
        return grader_failed(name, f"The grader itself failed on it ({type(error).__name__}: {error}).")


def page_again(content: bytes, result: Result, exam: bytes) -> AutogradedNotebook:
    """Return the autograded notebook of a submission that was graded before."""
    return autograded_notebook(content, result, *_exam(exam))
