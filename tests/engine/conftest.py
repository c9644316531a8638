"""A small assignment of real exercises, a correct submission, and submissions that differ from it in some cells."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from course_grader import Assignment, Result, grade
from course_grader.authoring.lesson import Lesson, read_lesson
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.source_notebook import file_content
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.engine import grading
from course_grader.engine.judging.referee import Referee
from course_grader.engine.limits import Limits
from course_grader.engine.rpc.channel import Channel

ROOT = Path(__file__).parents[2]
LESSON = "01_learning_rate_decay"
EXERCISES = ("sgd_step", "exponential_decay", "with_warmup", "sample_log_uniform", "robbins_monro_schedules")
# Long enough for an honest cell on a busy machine.
LIMITS = Limits(cell_seconds=8, test_seconds=8, again_seconds=4, callbacks=5000, files=16 * 2**20)

# For attacks: replaces what is there, and fails if it is not. A name that is only set replaces nothing.
PATCH = """
def patch(owner, **new):
    for name, value in new.items():
        getattr(owner, name)
        setattr(owner, name, value)
"""


@dataclass(frozen=True)
class Exam:
    """An assignment, the files that it was made from (`solutions`, `key`), the correct submission `right`, and the
    release."""

    lesson: Lesson
    assignment: Assignment
    solutions: Path
    key: Path
    right: dict[str, Any]
    released: dict[str, Any]

    def changed(self, sources: Mapping[str, str]) -> dict[str, Any]:
        """Return the correct submission with these sources in the cells with these grade_ids."""
        cells = [cell | {"source": sources.get(grade_id_of(cell), cell["source"])} for cell in self.right["cells"]]
        return self.right | {"cells": cells}

    def grade(self, notebook: Any, **limits: Any) -> Result:
        return grade(notebook, self.with_limits(**limits))

    def with_limits(self, **limits: Any) -> Assignment:
        return dataclasses.replace(self.assignment, limits=dataclasses.replace(self.assignment.limits, **limits))


def grade_id_of(cell: Mapping[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def outcomes(result: Result) -> dict[str, str]:
    return {exercise.name: exercise.outcome for exercise in result.exercises}


def printed(result: Result) -> str:
    """Return what the submission printed."""
    return "".join(output.get("text", "") for outputs in result.outputs.values() for output in outputs)


def raised(result: Result) -> list[str]:
    """Return the names of the errors in which the submission's cells ended: an attack that ends in one did not run."""
    found = (output for outputs in result.outputs.values() for output in outputs)
    return [output["ename"] for output in found if output["output_type"] == "error"]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The messages that workers sent, as they came: the evidence that an attack spoke on the wire."""
    messages: list[bytes] = []
    receive = Channel.receive

    def noting(self: Channel, deadline: float | None = None) -> bytes:
        messages.append(receive(self, deadline))
        return messages[-1]

    monkeypatch.setattr(Channel, "receive", noting)
    return messages


@pytest.fixture(scope="session")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Exam:
    lesson, folder = read_lesson(ROOT / "lessons" / LESSON), tmp_path_factory.mktemp("exam")
    write_hidden_key(folder / "course.key", [lesson], "a term")
    place = Path(LESSON) / f"{LESSON}.ipynb"

    def only(notebook: Any, keep: Callable[[str], bool]) -> Any:
        cells = [cell for cell in notebook.cells if cell.cell_type == "code" and keep(grade_id_of(cell))]
        return notebook | {"cells": cells}

    def wanted(grade_id: str) -> bool:
        return grade_id == "imports" or grade_id.removesuffix("_visible").removesuffix("_hidden").removesuffix(
            "_arguments"
        ) in EXERCISES  # fmt: skip

    solution = only(nbformat.read(ROOT / "solutions" / place, 4), wanted)
    solutions = folder / "exam.ipynb"
    solutions.write_text(file_content(nbformat.from_dict(solution)))
    released = nbformat.from_dict(only(nbformat.read(ROOT / "notebooks" / place, 4), wanted))
    assignment = Assignment.from_notebook(solutions, folder / "course.key", LIMITS)
    right = submission(lesson, released)
    return Exam(lesson, assignment, solutions, folder / "course.key", dict(right), dict(released))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list of the grade_ids of test cells that the referee runs itself, starting with an empty replay cache."""
    cells: list[str] = []
    judge = Referee._judge

    def recording(self: Referee, cell: Any, values: dict[str, Any]) -> None:
        cells.append(cell.grade_id)
        judge(self, cell, values)

    monkeypatch.setattr(Referee, "_judge", recording)
    monkeypatch.setattr(grading, "_transcripts", {})
    return cells
