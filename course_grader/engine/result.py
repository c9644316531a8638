"""What grading found: a score and, for each test cell and each exercise, what happened and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

FORMAT = 1

# "blank": still the stub; "missing": nothing of that name; "stopped": a limit was hit or the process ended; "refused":
# what came back cannot be read; "error": a fault of the grader's, for the teacher to look at.
Outcome = Literal["passed", "failed", "blank", "missing", "stopped", "refused", "error"]
SECRET = "Your teacher's own test did not pass. It stays hidden."
FAULT = "The grader could not judge this. That is no fault of yours: your teacher sees why."
GRAVITY: tuple[Outcome, ...] = ("passed", "failed", "blank", "missing", "stopped", "refused", "error")


@dataclass(frozen=True)
class CellResult:
    """What one test cell found. `mistake` is the id of the known mistake that was recognised, `hint` its hint.

    `message` is one line for student and teacher; `details` is what the check showed. `rows` are the label and the text
    of what a published check asked, expected and received. Of the hidden checks, `hidden_passed` of `hidden_total`
    passed. `secret`: message and details may tell of a hidden test, and are for the teacher alone. `outputs` are
    those of the test cell in the mode together, by which nbgrader scores it.
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
    def told(self) -> str:
        """The message as a student may read it: nothing of an assertion of the teacher's that is hidden."""
        if self.outcome == "error":
            return FAULT
        return SECRET if self.secret else self.message


@dataclass(frozen=True)
class ExerciseResult:
    """An exercise's test cells together: passed where all of them passed."""

    name: str
    outcome: Outcome
    points: float
    max_points: float
    message: str = ""
    mistake: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Result:
    """The result of one submission. `notes` tell student and teacher what was found out of order.

    `outputs` holds the outputs of the student's cells, by their place in the submitted notebook. `digest` names the
    assignment's content. `sandbox` names the program that isolated the submission; it is empty if none did.
    `exposed` is a sentence for the teacher on what the submission could reach while it ran; empty if nothing was open.
    `mode` is "apart" or "together".
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
        """Return the result as JSON can hold it, with score and exercises written out for other programs."""
        # Not `asdict`, which copies every output to the last entry.
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
    """Return a result as a fault of the test if that fails on the reference too; `faults` says why, by grade_id."""
    if cell.grade_id not in faults or cell.points >= cell.max_points:
        return cell
    message = f"The test fails on the reference too. {faults[cell.grade_id]}"
    # Printed text has no say in nbgrader's score, and is above the error in the feedback that nbgrader makes.
    said = {"output_type": "stream", "name": "stdout", "text": f"{FAULT}\n"}
    outputs = (said, *cell.outputs) if cell.outputs else ()
    return replace(cell, outcome="error", message=message, secret=True, outputs=outputs)


def _cell(data: dict[str, Any]) -> CellResult:
    rows = tuple((label, text) for label, text in data.get("rows", ()))
    outputs = tuple(data.get("outputs", ()))
    return CellResult(**data | {"exercises": tuple(data["exercises"]), "rows": rows, "outputs": outputs})


def _together(name: str, cells: list[CellResult]) -> ExerciseResult:
    worst = max(cells, key=lambda cell: GRAVITY.index(cell.outcome))
    told = next((cell for cell in cells if cell.mistake), worst)
    points, max_points = _sum(cell.points for cell in cells), _sum(cell.max_points for cell in cells)
    return ExerciseResult(name, worst.outcome, points, max_points, worst.message, told.mistake, told.hint)


def _sum(points: Iterable[float]) -> float:
    return sum(points)
