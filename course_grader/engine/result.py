"""The result of grading: a score, and what happened in each test cell and each exercise and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

FORMAT = 1

# "blank": the answer is still the stub; "missing": the name is not defined; "stopped": a limit was hit or the process
# ended; "refused": the worker's reply cannot be read; "error": a fault of the test or the grader, for the teacher.
Outcome = Literal["passed", "failed", "blank", "missing", "stopped", "refused", "error"]
SECRET = "Your teacher's own test did not pass. It stays hidden."
FAULT = "The grader could not judge this. That is no fault of yours: your teacher sees why."
GRAVITY: tuple[Outcome, ...] = ("passed", "failed", "blank", "missing", "stopped", "refused", "error")


@dataclass(frozen=True)
class CellResult:
    """The result of one test cell.

    message: one line for student and teacher. details: the text of the check's card.
    mistake: the id of the known mistake that was recognised, or ""; hint: its hint.
    rows: label and text of each row of a published check, such as the call, the expected and the returned value.
    hidden_passed, hidden_total: how many hidden checks passed, and how many there are.
    secret: message and details may reveal a hidden test; only the teacher may see them.
    outputs: the outputs by which nbgrader scores the test cell, in the mode together or with partial credit.
    """

    grade_id: str
    exercises: tuple[str, ...]
    outcome: Outcome
    points: float
    max_points: float
    message: str = ""
    mistake: str = ""
    hint: str = ""
    details: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    hidden_passed: int = 0
    hidden_total: int = 0
    secret: bool = False
    outputs: tuple[dict[str, Any], ...] = ()

    @property
    def student_message(self) -> str:
        """The message that a student may read: it reveals nothing about a hidden test."""
        if self.outcome == "error":
            return FAULT
        return SECRET if self.secret else self.message


@dataclass(frozen=True)
class ExerciseResult:
    """The combined result of an exercise's test cells: "passed" if all of them passed, else their worst outcome."""

    name: str
    outcome: Outcome
    points: float
    max_points: float
    message: str = ""
    mistake: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Result:
    """The result of one submission.

    digest: identifies the assignment's content. mode: "apart" or "together".
    notes: what was unusual in the notebook, in sentences for student and teacher.
    outputs: the outputs of the student's cells, by the cell's index in the submitted notebook.
    sandbox: the program that isolated the submission, or "".
    exposed: what the submission could reach outside the sandbox, in a sentence for the teacher; "" if nothing.
    """

    assignment: str
    digest: str
    isolation: str
    cells: tuple[CellResult, ...]
    notes: tuple[str, ...] = ()
    outputs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    sandbox: str = ""
    exposed: str = ""
    mode: str = "apart"

    @property
    def score(self) -> float:
        return sum(cell.points for cell in self.cells)

    @property
    def max_score(self) -> float:
        return sum(cell.max_points for cell in self.cells)

    @property
    def exercises(self) -> tuple[ExerciseResult, ...]:
        """One result for each exercise, in the order of their first test cells."""
        cells: dict[str, list[CellResult]] = {}
        for cell in self.cells:
            for name in cell.exercises:
                cells.setdefault(name, []).append(cell)
        return tuple(_together(name, found) for name, found in cells.items())

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON data, including score and exercises for other programs."""
        # Not `asdict`, which makes a deep copy of every output.
        data = vars(self) | {"format": FORMAT, "score": self.score, "max_score": self.max_score}
        data["cells"] = [dict(vars(cell)) for cell in self.cells]
        data["outputs"] = {str(place): outputs for place, outputs in self.outputs.items()}
        data["exercises"] = [dict(vars(exercise)) for exercise in self.exercises]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """Return the result that `to_json` wrote."""
        cells = tuple(_cell(cell) for cell in data["cells"])
        outputs = {int(place): found for place, found in data["outputs"].items()}
        texts = {"sandbox": "", "exposed": "", "mode": "apart"}
        notes, more = tuple(data["notes"]), {name: data.get(name, default) for name, default in texts.items()}
        return cls(data["assignment"], data["digest"], data["isolation"], cells, notes, outputs, **more)


def blameless(cell: CellResult, faults: Mapping[str, str]) -> CellResult:
    """Return the result of a test cell. If the test also fails on the reference, the result is an error of the test.

    faults: by grade_id, why a test fails on the reference.
    """
    if cell.grade_id not in faults or cell.points >= cell.max_points:
        return cell
    message = f"The test fails on the reference too. {faults[cell.grade_id]}"
    # Text on stdout does not affect nbgrader's score, and nbgrader's feedback shows it above the error.
    notice = {"output_type": "stream", "name": "stdout", "text": f"{FAULT}\n"}
    outputs = (notice, *cell.outputs) if cell.outputs else ()
    return replace(cell, outcome="error", message=message, secret=True, outputs=outputs)


def _cell(data: dict[str, Any]) -> CellResult:
    rows = tuple((label, text) for label, text in data.get("rows", ()))
    outputs = tuple(data.get("outputs", ()))
    return CellResult(**data | {"exercises": tuple(data["exercises"]), "rows": rows, "outputs": outputs})


def _together(name: str, cells: list[CellResult]) -> ExerciseResult:
    worst = max(cells, key=lambda cell: GRAVITY.index(cell.outcome))
    recognised = next((cell for cell in cells if cell.mistake), worst)
    points, max_points = _sum(cell.points for cell in cells), _sum(cell.max_points for cell in cells)
    return ExerciseResult(name, worst.outcome, points, max_points, worst.message, recognised.mistake, recognised.hint)


def _sum(points: Iterable[float]) -> float:
    return sum(points)
