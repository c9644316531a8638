"""What crosses an Executor: bytes and plain data there, plain data back. It is the same in the next process and on
another machine."""

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
from course_grader.gradebook.assignment_record import Sheet
from course_grader.gradebook.autograded_notebook import Page, page_of
from course_grader.gradebook.journal import versions


@dataclass(frozen=True)
class Order:
    """What all submissions of a run share: `exam` is made by `packed`, `digest` stands for it."""

    digest: str
    exam: bytes
    isolation: Level
    versions: tuple[str, str]


@dataclass(frozen=True)
class Answer:
    """What came of one submission. `result` is its JSON, None where `problem` says why there is none.

    `lasting`: whether the problem lies in the submission, so that grading it again would find it again.
    """

    name: str
    result: dict[str, Any] | None = None
    page: Page | None = None
    problem: str = ""
    lasting: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why this process grades nothing at all."""

    sentence: str


@dataclass
class Batch:
    """Some submissions, by name, and what they share."""

    order: Order
    contents: dict[str, bytes] = field(default_factory=dict)


def packed(assignment: Assignment, sheet: Sheet) -> bytes:
    """Return an assignment and its sheet as bytes."""
    text = json.dumps({"assignment": assignment.to_json(), "sheet": sheet.to_json()}, separators=(",", ":"))
    return zlib.compress(text.encode())


def unpacked(exam: bytes) -> tuple[Assignment, Sheet]:
    """Return what `packed` packed."""
    data = json.loads(zlib.decompress(exam))
    return Assignment.from_json(data["assignment"]), Sheet.from_json(data["sheet"])


# A run has one exam; to read it takes longer than to grade a small notebook.
_exam = lru_cache(maxsize=2)(unpacked)


def grade_batch(batch: Batch) -> Sequence[Answer] | Refusal:
    """Grade the submissions of a batch, one after another, in whatever process this is."""
    if versions() != batch.order.versions:
        return Refusal("A worker has another version of the course than this machine: install the same on both.")
    assignment, sheet = _exam(batch.order.exam)
    answers = []
    for name, content in batch.contents.items():
        try:
            answers.append(_answer(name, content, assignment, sheet, batch.order.isolation))
        except IsolationUnavailable as error:
            return Refusal(str(error))
    return answers


def _answer(name: str, content: bytes, assignment: Assignment, sheet: Sheet, isolation: Level) -> Answer:
    try:
        result = grade(content, assignment, isolation)
        return Answer(name, result.to_json(), page_of(content, result, assignment, sheet))
    except Unreadable as problem:
        return Answer(name, problem=str(problem), lasting=True)
    except IsolationUnavailable:
        raise
    except Exception as error:
        # A fault of the grader's must not end the others' grading.
        return Answer(name, problem=f"The grader itself failed at it ({type(error).__name__}: {error}).")


def page_again(content: bytes, result: Result, exam: bytes) -> Page:
    """Return the page of a submission that was graded before."""
    return page_of(content, result, *_exam(exam))
