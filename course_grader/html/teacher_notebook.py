"""The teacher's notebook as the pages need it: which cells and texts of a submission are the teacher's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from course_grader.engine.notebook.assignment import Assignment, TeacherCell, teacher_cells
from course_grader.engine.notebook.owners import Owner, owners_of
from course_grader.engine.notebook.read import Unreadable, read_submission
from course_grader.gradebook.graded_submission import GradedSubmission

SOLUTION = re.compile(r"^[ \t]*### BEGIN SOLUTION.*?### END SOLUTION", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#\s+(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class TeacherNotebook:
    """The teacher's notebook. `assignment` contains the teacher's cells, but no key. `prose` and `code` are the texts
    of the teacher's markdown and code cells except the answers, without white space. `solutions` are the reference
    answers by exercise, and `stubs` the same cells as they were released."""

    title: str
    assignment: Assignment
    prose: frozenset[str]
    code: frozenset[str]
    solutions: Mapping[str, str]

    @property
    def stubs(self) -> dict[str, str]:
        return {name: SOLUTION.sub("", source) for name, source in self.solutions.items()}

    @classmethod
    def read(cls, solution: Path) -> TeacherNotebook:
        """Read a teacher's notebook. Raises AssignmentProblem if it cannot be read."""
        cells = teacher_cells(solution)
        notebook = json.loads(solution.read_text(encoding="utf-8"))
        prose = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
        title = next((found[1].strip() for text in prose if (found := HEADING.search(text))), solution.stem)
        code = frozenset(normalise_whitespace(cell.released) for cell in cells if cell.kind != "answer")
        solutions = {
            mark["grade_id"]: "".join(cell["source"])
            for cell in notebook["cells"]
            if (mark := cell["metadata"].get("nbgrader")) and mark["solution"]
        }
        return cls(
            title,
            Assignment(solution.stem, cells, {}, {}),
            frozenset(map(normalise_whitespace, prose)),
            code,
            solutions,
        )


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


def normalise_whitespace(text: str) -> str:
    """Return the text without white space."""
    return "".join(text.split())
