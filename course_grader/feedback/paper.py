"""The teacher's notebook, as far as feedback needs it: which cells and words of a submission are the teacher's."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from course_grader.engine.assignment import Assignment, teacher_cells

HEADING = re.compile(r"^#\s+(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Paper:
    """`assignment` holds the teacher's cells and no key. `prose` and `code` are the texts of the teacher's markdown and
    code cells but for the answers, without white space."""

    title: str
    assignment: Assignment
    prose: frozenset[str]
    code: frozenset[str]

    @classmethod
    def read(cls, solution: Path) -> Paper:
        """Return the paper of a teacher's notebook; AssignmentProblem where it cannot be read."""
        cells = teacher_cells(solution)
        notebook = json.loads(solution.read_text(encoding="utf-8"))
        prose = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
        title = next((found[1].strip() for text in prose if (found := HEADING.search(text))), solution.stem)
        code = frozenset(squeezed(cell.released) for cell in cells if cell.kind != "answer")
        return cls(title, Assignment(solution.stem, cells, {}, {}), frozenset(map(squeezed, prose)), code)


def squeezed(text: str) -> str:
    """Return the text without white space."""
    return "".join(text.split())
