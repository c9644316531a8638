"""Makes classes without grading: invented results, and notebooks with answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.engine.result import CellResult, Outcome, Result
from course_grader.gradebook.graded_submission import GradedSubmission

ROOT = Path(__file__).parents[2]
LESSON = "01_learning_rate_decay"
PAPER = TeacherNotebook.read(ROOT / "solutions" / LESSON / f"{LESSON}.ipynb")
RELEASED = nbformat.read(ROOT / "notebooks" / LESSON / f"{LESSON}.ipynb", 4)
EXERCISES = ("sgd_step", "inverse_time_decay", "exponential_decay", "one_cycle")
POINTS = (3.0, 2.0, 1.0, 0.0)


def result(outcomes: Sequence[Outcome], mistakes: Sequence[str] = ("",) * 4, notes: Sequence[str] = ()) -> Result:
    """Return a result with these outcomes of the four EXERCISES."""
    cells = tuple(
        CellResult(f"{name}_hidden", (name,), outcome, points if outcome == "passed" else 0.0, points,
                   f"{name}: {outcome}", mistake, f"A hint about {mistake}." if mistake else "")
        for name, points, outcome, mistake in zip(EXERCISES, POINTS, outcomes, mistakes, strict=True)
    )  # fmt: skip
    return Result(LESSON, "d", "none", cells, tuple(notes))


def notebook(place: Path, answers: Mapping[str, str]) -> Path:
    """Write the released notebook with these answers."""
    cells: list[Any] = json.loads(json.dumps(RELEASED.cells))
    for cell in cells:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(grade_id, cell["source"])
    place.write_text(json.dumps(dict(RELEASED) | {"cells": cells}))
    return place


def made_class(folder: Path, n: int) -> list[GradedSubmission]:
    """Return n students of different ability; those who fail sgd_step made the mistake plus_sign."""
    rng = np.random.default_rng(n)
    answer = 'def sgd_step(w, grad, lr):\n    """By STUDENT."""\n    # STUDENT wrote this\n    return w + lr * grad\n'
    graded = []
    for i in range(n):
        right = rng.normal(size=4) + rng.normal(0.5) > 0
        outcomes: list[Outcome] = ["passed" if one else "failed" for one in right]
        student = f"ada{i}"
        place = notebook(folder / f"{i}.ipynb", {"sgd_step": answer.replace("STUDENT", student)} if i < 4 else {})
        mistakes = ("" if right[0] else "plus_sign", "", "", "")
        graded.append(GradedSubmission(student, place, result=result(outcomes, mistakes)))
    return graded
