"""Limits of time, memory and messages for one test, and what students may read of it: each rule is tested alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from course_grader import Result, grade
from course_grader.engine.judging import together, watchdog, worker_session
from course_grader.engine.judging.watchdog import Overdue, Watchdog
from course_grader.engine.notebook.assignment import Mode
from course_grader.engine.rpc.channel import WireError
from course_grader.engine.rpc.message import pack
from tests.engine.test_together import IDENTITY, LIMITS, Cells, assignment, notebook

EXITING = ("answer", "import os\ndef f(x):\n    os._exit(3)")


def graded(cells: Cells, folder: Path, submitted: Cells, mode: Mode = "apart", **limits: Any) -> Result:
    made = assignment(cells, folder, limits=dataclasses.replace(LIMITS, **limits))
    return grade(dict(notebook(submitted)), dataclasses.replace(made, mode=mode), "none")


@pytest.mark.parametrize("caught", ["Exception", "BaseException"])
def test_a_test_that_catches_the_end_of_the_worker_has_not_passed(caught: str, tmp_path: Path) -> None:
    test = ("test", f"try:\n    f(1)\nexcept {caught}:\n    pass")
    [cell] = graded([IDENTITY, test], tmp_path, [EXITING, test]).cells
    assert (cell.outcome, cell.points) == ("stopped", 0)
    assert "exit code 3" in cell.message


def test_a_test_that_catches_the_end_of_its_time_is_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "waited_in", lambda thread: 0.0)
    caught: list[type[BaseException]] = []

    def endless() -> None:
        try:
            while True:
                pass
        except BaseException as error:
            caught.append(type(error))

    with Watchdog() as watching, pytest.raises(Overdue), watching.limit(0.1):
        endless()
    assert caught == [Overdue]


def test_all_messages_of_a_test_have_a_limit_together() -> None:
    message = pack(["return", [], "x" * 60])

    class Wire:
        limit, last_size = 1000, len(message)

        def receive(self, deadline: float | None = None) -> bytes:
            return message

    session: Any = SimpleNamespace(limits=dataclasses.replace(LIMITS, received=2 * len(message)))
    wire: Any = Wire()
    peer = worker_session._RefereePeer(session, wire)
    assert [peer.receive(), peer.receive()] == 2 * [["return", [], "x" * 60]]
    with pytest.raises(WireError, match="more than the grader accepts"):
        peer.receive()


def test_a_worker_is_started_as_often_as_its_limit_says(tmp_path: Path) -> None:
    tests = [("test", f"assert f({n}) == {n}") for n in range(4)]
    cells = graded([IDENTITY, *tests], tmp_path, [EXITING, *tests], starts=2).cells
    assert ["too often" in cell.message for cell in cells] == [False, False, True, True]


@pytest.mark.parametrize("mode", ["apart", "together"])
def test_no_cell_goes_on_after_the_time_for_the_whole_notebook(
    mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (worker_session, together):
        monkeypatch.setattr(module, "load_factor", lambda: 1.0)
    cells = [IDENTITY, ("test", "assert f(1) == 1")]
    slow = ("answer", IDENTITY[1] + "\nimport time\ntime.sleep(6)\nprint('lived', 'on')")
    made = graded(cells, tmp_path, [slow, cells[1]], mode, total_seconds=3, cell_seconds=20)
    assert "lived on" not in str(made.outputs)
    assert made.score == 0


def test_what_a_test_makes_of_a_result_has_a_limit_of_memory(tmp_path: Path) -> None:
    test = ("test", "import numpy as np\nassert f(1).shape == (25_000, 1)\nassert np.sum(f(1) + np.zeros(1000)) >= 0")
    answer = ("answer", "import numpy as np\ndef f(x):\n    return np.ones((25_000, 1), np.int8)")
    cells = [answer, test]
    [cell] = graded(cells, tmp_path, cells, judge_memory=64 * 2**20).cells
    assert (cell.outcome, cell.points) == ("refused", 0)
    assert "more memory than a test may use" in cell.message
    assert graded(cells, tmp_path, cells).score == 2


@pytest.mark.parametrize("mode", ["apart", "together"])
def test_what_a_hidden_test_says_is_for_the_teacher_alone(mode: Mode, tmp_path: Path) -> None:
    test = ("test", "### BEGIN HIDDEN TESTS\nassert f(17) == 18, 'the secret is 18'\n### END HIDDEN TESTS")
    [cell] = graded([IDENTITY, test], tmp_path, [IDENTITY, test], mode).cells
    assert (cell.outcome, cell.secret) == ("failed", True)
    assert "18" in cell.message
    assert "18" not in cell.student_message


def test_a_test_whose_outputs_are_too_long_to_read_earns_nothing(tmp_path: Path) -> None:
    flood = """
import json
known = json.dumps
def longer(outputs, *args, **kwargs):
    return known([{"output_type": "stream", "name": "stdout", "text": "x" * 5 * 2**20}, *outputs])
json.dumps = longer
"""
    cells = [IDENTITY, ("test", "assert f(1) == 1")]
    result = graded(cells, tmp_path, [("answer", IDENTITY[1] + flood), cells[1]], "together", output=2**23)
    assert "x" * 5 * 2**20 in str(result.outputs)
    assert [(cell.outcome, cell.points) for cell in result.cells] == [("refused", 0)]
