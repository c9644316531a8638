"""What pages show of a submission: its cells, whose each is, and the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from course_grader.engine.notebook.assignment import TeacherCell
from course_grader.engine.notebook.owners import Owner, owners_of
from course_grader.engine.notebook.read import Unreadable, read_submission
from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.gradebook.graded_submission import GradedSubmission


def submitted_cells(
    notebook: Path, teacher_notebook: TeacherNotebook
) -> tuple[tuple[dict[str, Any], ...], list[Owner]]:
    """Return the cells of a submission, and the owner of each as `owners_of` does; no cells if it cannot be read."""
    try:
        cells = read_submission(notebook).cells
    except Unreadable:
        return (), []
    return cells, owners_of(cells, teacher_notebook.assignment).of


def answers_of(cells: Sequence[Mapping[str, Any]], owners: Sequence[Owner]) -> dict[str, str]:
    """Return the source of each answer cell by the name of its exercise."""
    return {
        owner.grade_id: cell["source"]
        for cell, owner in zip(cells, owners, strict=True)
        if isinstance(owner, TeacherCell) and owner.kind == "answer"
    }


def errors_alone(graded: GradedSubmission) -> GradedSubmission:
    """Return the result with only the errors of its outputs, because the figures of a whole class would fill memory."""
    if graded.result is None:
        return graded
    errors = {
        place: [output for output in outputs if output.get("output_type") == "error"]
        for place, outputs in graded.result.outputs.items()
    }
    return replace(graded, result=replace(graded.result, outputs=errors))
