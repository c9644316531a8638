"""Equal answers are judged once and then get the cached result; different answers never get it."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import pytest

from course_grader import Assignment, grade
from course_grader.engine import grading
from course_grader.engine.judging import replay
from course_grader.engine.judging.replay import Conversation, Event, ReplayCache
from course_grader.engine.notebook.assignment import TeacherCell
from course_grader.engine.result import CellResult, Result
from course_grader.engine.rpc.channel import WireError
from tests.engine.conftest import Exam, outcomes, printed

PASSED = CellResult("test_a", ("a",), "passed", 1.0, 1.0)
COUNTING = """
calls = 0
def sgd_step(w, grad, lr):
    global calls
    calls += 1
    {unless}
    return w - lr * grad
"""
SAYING = "print('calls', calls)"


def counted(exam: Exam, unless: str = "pass") -> dict[str, Any]:
    """Return a submission whose `sgd_step` counts its calls, and whose last cell prints the count."""
    notebook = exam.changed({"sgd_step": COUNTING.format(unless=unless)})
    last = dict(notebook["cells"][-1], cell_type="code", id="last", source=SAYING, metadata={}, outputs=[])
    return notebook | {"cells": [*notebook["cells"], last]}


def without_outputs(result: Result) -> Result:
    return dataclasses.replace(result, outputs={})


@pytest.mark.needs("isolation")
def test_the_second_of_two_equal_submissions_is_not_judged_and_gets_the_same_result(
    exam: Exam, judged: list[str]
) -> None:
    first = exam.grade(exam.right)
    assert len(judged) == len(first.cells)
    judged.clear()
    assert exam.grade(exam.right) == first
    assert judged == []


@pytest.mark.needs("isolation")
def test_a_wrong_answer_is_remembered_with_its_hint(exam: Exam, judged: list[str]) -> None:
    wrong = exam.changed({"sgd_step": "def sgd_step(w, grad, lr):\n    return w + lr * grad\n"})
    first = exam.grade(wrong)
    judged.clear()
    second = exam.grade(wrong)
    assert judged == []
    assert second == first
    assert outcomes(second)["sgd_step"] == "failed"
    assert second.exercises[0].hint


@pytest.mark.needs("isolation")
def test_every_question_is_asked_once_known_or_not(exam: Exam, judged: list[str]) -> None:
    alone = exam.grade(counted(exam))
    exam.grade(exam.right)
    judged.clear()
    known = exam.grade(counted(exam))
    assert judged == []
    assert printed(known) == printed(alone)
    # It is right at first. The calls until it differs are not made again.
    late = exam.grade(counted(exam, "if calls == 15: return w * 1.01"))
    assert judged
    assert outcomes(late)["sgd_step"] == "failed"
    assert printed(late) == printed(alone)


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("place", [1, 2, 9, 15])
def test_one_other_answer_among_known_ones_is_judged(exam: Exam, judged: list[str], place: int) -> None:
    submission = counted(exam, f"if calls == {place}: return w * 1.01")
    alone = exam.grade(submission)
    grading._transcripts.clear()
    exam.grade(exam.right)
    assert without_outputs(exam.grade(submission)) == without_outputs(alone)
    assert alone.score < alone.max_score


@pytest.mark.needs("isolation")
def test_a_callback_that_changes_its_mind_is_judged(exam: Exam, judged: list[str]) -> None:
    # It calls the wrapped schedule with a different epoch than a correct answer.
    source = "def with_warmup(schedule, warmup_epochs):\n    return lambda epoch: schedule(epoch)\n"
    alone = exam.grade(exam.changed({"with_warmup": source}))
    grading._transcripts.clear()
    exam.grade(exam.right)
    again = exam.grade(exam.changed({"with_warmup": source}))
    assert without_outputs(again) == without_outputs(alone)
    assert outcomes(again)["with_warmup"] == "failed"
    assert again.exercises[2].hint == alone.exercises[2].hint


def with_shared_array(exam: Exam) -> Assignment:
    """Return an assignment whose first two test cells pass an array from the set-up to the answer, and check it."""
    setup = (
        "import numpy as np\nshared = np.array([1.0, 2.0])\n\ndef asked(step):\n    return step(shared, -shared, 1.0)\n"
    )
    tests = ["assert sgd_step(shared, shared, 0.5)[1] == 1.0", "assert asked(sgd_step)[0] == shared[0] + 1.0"]
    new = iter([setup, *tests])
    kinds = iter(["setup", "test", "test"])
    cells, wanted = list[TeacherCell](), next(kinds)
    for cell in exam.assignment.cells:
        if cell.kind == wanted:
            cell, wanted = dataclasses.replace(cell, source=next(new)), next(kinds, "")
        cells.append(cell)
    return dataclasses.replace(exam.assignment, cells=tuple(cells))


@pytest.mark.needs("isolation")
def test_what_one_test_changed_of_the_set_up_reaches_no_other(exam: Exam, judged: list[str]) -> None:
    assignment = with_shared_array(exam)
    spoiling = "def sgd_step(w, grad, lr):\n    new = w - lr * grad\n    w[0] += 1.0\n    return new\n"
    alone = grade(exam.right, assignment)
    assert alone.cells[:2] == grade(exam.right, assignment).cells[:2]
    assert [cell.outcome for cell in alone.cells[:2]] == ["passed", "passed"]
    grading._transcripts.clear()
    spoilt = grade(exam.changed({"sgd_step": spoiling}), assignment)
    assert [cell.outcome for cell in spoilt.cells[:2]] == ["passed", "failed"]
    # Neither another submission's tests nor the cached results are affected.
    assert grade(exam.right, assignment).cells == alone.cells


def asking_at_random(exam: Exam) -> Assignment:
    """Return an assignment whose first test cell draws new arguments each time."""
    source = (
        "import random\nx = random.random()\nassert sgd_step(x, x, 0.5) == x / 2\nassert sgd_step(2 * x, x, 1) == x\n"
    )
    tests = [cell for cell in exam.assignment.cells if cell.kind == "test"]
    cells = [dataclasses.replace(cell, source=source) if cell == tests[0] else cell for cell in exam.assignment.cells]
    return dataclasses.replace(exam.assignment, cells=tuple(cells))


@pytest.mark.needs("isolation")
def test_a_test_with_random_calls_runs_each_time(exam: Exam, judged: list[str]) -> None:
    assignment = asking_at_random(exam)
    right = grade(exam.right, assignment)
    wrong = exam.changed({"sgd_step": "def sgd_step(w, grad, lr):\n    return w - lr * grad if lr < 1 else 3 * w\n"})
    assert right.score == right.max_score == grade(exam.right, assignment).score
    assert outcomes(grade(wrong, assignment))["sgd_step"] == "failed"
    assert grade(exam.right, assignment).score == right.max_score


@pytest.mark.needs("isolation")
def test_a_test_with_random_calls_costs_no_submission_a_start(exam: Exam, judged: list[str]) -> None:
    assignment = asking_at_random(exam)
    assignment = dataclasses.replace(assignment, limits=dataclasses.replace(assignment.limits, starts=1))
    wrong = exam.changed({"sgd_step": "def sgd_step(w, grad, lr):\n    return w - lr * grad if lr < 1 else 3 * w\n"})
    right = grade(exam.right, assignment)
    # Finding out that the calls differ costs a worker, but none of the submission's starts.
    assert outcomes(grade(wrong, assignment)) == outcomes(right) | {"sgd_step": "failed"}
    assert grade(exam.right, assignment).cells == right.cells


@pytest.mark.needs("isolation")
def test_a_set_of_objects_is_passed_back_the_same_way_each_time(exam: Exam, judged: list[str]) -> None:
    tests = [cell for cell in exam.assignment.cells if cell.kind == "test"]
    source = "kept = sgd_step(1, 0, 0)\nassert sgd_step(kept, 1, 0) == 50\nassert sgd_step(2, 0, 1) == 2"
    cells = [dataclasses.replace(cell, source=source) if cell == tests[0] else cell for cell in exam.assignment.cells]
    assignment = dataclasses.replace(exam.assignment, cells=tuple(cells))
    answer = (
        "def sgd_step(w, grad, lr):\n    return len(w) if grad else {last} if lr else {{object() for _ in range(50)}}\n"
    )
    for last, outcome in (("w", "passed"), ("3", "failed"), ("4", "failed")):
        result = grade(exam.changed({"sgd_step": answer.format(last=last)}), assignment)
        assert result.cells[0].outcome == outcome
    # Each submission is judged once: the calls are the same as before.
    assert judged.count(tests[0].grade_id) == 3


@pytest.mark.needs("isolation")
def test_a_fault_of_the_grader_is_not_remembered(exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grading, "_transcripts", {})
    with monkeypatch.context() as once:
        once.setattr("course_utils.checks.checking.judge", lambda *_: 1 / 0)
        assert set(outcomes(exam.grade(exam.right)).values()) == {"error"}
    assert exam.grade(exam.right).score == sum(cell.points for cell in exam.assignment.cells)


def test_the_cache_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, question = ReplayCache(), Event("sent", b"?")
    monkeypatch.setattr(replay, "MOST_BYTES", 20_000)
    for number in range(1000):
        memory.keep("test_a", [question, Event("received", b"%d" % number)], PASSED)
        assert len(memory._roots["test_a"].after) < 40
    memory.keep("test_b", [Event("sent", bytes(replay.LONGEST)), Event("received", b"1")], PASSED)
    assert "test_b" not in memory._roots


class Answering:
    """A channel whose other side always sends the same reply."""

    limit = last_size = 1 << 20

    def __init__(self, reply: bytes) -> None:
        self.reply = reply

    def send(self, message: bytes, deadline: float | None = None) -> None:
        """Ignore it."""

    def receive(self, deadline: float | None = None) -> bytes:
        return self.reply


def test_a_long_reply_is_remembered_by_its_digest_and_another_one_is_not_taken_for_it() -> None:
    memory, question, reply = ReplayCache(), Event("sent", b"?"), bytes(2 * replay.LONGEST)
    memory.keep("test_a", [question, Event("received", reply)], PASSED)
    assert memory._size < 2 * replay.LONG
    assert memory.play("test_a", Answering(reply), None)[0] == PASSED  # type: ignore[arg-type]
    result, events = memory.play("test_a", Answering(reply[:-1] + b"1"), None)  # type: ignore[arg-type]
    assert result is None
    # The test that takes over needs the reply itself, not its digest.
    assert events[-1].message == reply[:-1] + b"1"


def test_a_reply_that_is_only_the_digest_of_a_right_one_does_not_match() -> None:
    memory, question, reply = ReplayCache(), Event("sent", b"?"), bytes(2 * replay.LONG)
    memory.keep("test_a", [question, Event("received", reply)], PASSED)
    digest = hashlib.sha256(reply).digest()
    assert memory.play("test_a", Answering(digest), None)[0] is None  # type: ignore[arg-type]


def test_replies_are_held_no_longer_than_the_test_looks_at_them(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = bytes(2 * replay.LONG)
    conversation = Conversation(Answering(reply))  # type: ignore[arg-type]
    for _ in range(4):
        conversation.send(b"?")
        assert conversation.receive() is reply
    assert sum(len(event.message) for event in conversation.events) < replay.LONG
    memory = ReplayCache()
    monkeypatch.setattr(replay, "MOST_HELD", 3 * len(reply))
    memory.keep("test_a", conversation.events, PASSED)
    # For an equal submission, all these replies would be in memory at once.
    assert "test_a" not in memory._roots


def test_what_passed_is_not_sent_again_and_what_differs_is_refused() -> None:
    class Silent:
        limit, last_size = 100, 0

        def send(self, message: bytes, deadline: float | None = None) -> None:
            raise AssertionError("sent again")

        put = receive = send

    past = [Event("sent", b"begin"), Event("received", b"value"), Event("put", b"told"), Event("sent", b"call")]
    again = Conversation(Silent(), past)  # type: ignore[arg-type]
    again.send(b"begin")
    assert again.receive() == b"value"
    assert again.last_size == 5
    again.put(b"told")
    with pytest.raises(WireError):
        again.send(b"another call")
    assert again.diverged
    assert again.events[:3] == past[:3]
