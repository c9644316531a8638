"""The teacher's notebook, read once: its title and texts, the cells that are graded with, and the reference answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course_grader.engine.notebook.assignment import Assignment, cells_of
from course_grader.engine.notebook.nbgrader_source import source_notebook
from course_grader.engine.notebook.source import cell_source, marked_cells

SOLUTION = re.compile(r"^[ \t]*### BEGIN SOLUTION.*?### END SOLUTION", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#\s+(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class TeacherNotebook:
    """The teacher's notebook. `assignment` contains the teacher's cells, but no key. `prose` and `code` are the texts
    of the teacher's markdown and code cells except the answers, without white space. `sources` are the texts of all
    cells with a grade_id, in the notebook's order. `solutions` are the reference answers among them by exercise, and
    `stubs` the same cells as they were released."""

    title: str
    assignment: Assignment
    prose: frozenset[str]
    code: frozenset[str]
    sources: Mapping[str, str]
    solutions: Mapping[str, str]

    @property
    def stubs(self) -> dict[str, str]:
        return {name: SOLUTION.sub("", source) for name, source in self.solutions.items()}

    @classmethod
    def read(cls, solution: Path) -> TeacherNotebook:
        """Read a teacher's notebook. Raises AssignmentProblem if it cannot be read."""
        notebook = source_notebook(solution)
        cells, marked = cells_of(notebook, solution), marked_cells(notebook)
        prose = [cell_source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
        title = next((found[1].strip() for text in prose if (found := HEADING.search(text))), solution.stem)
        sources = {grade_id: cell_source(cell) for grade_id, cell in marked.items()}
        return cls(
            title,
            Assignment(solution.stem, cells, {}, {}),
            frozenset(map(normalise_whitespace, prose)),
            frozenset(normalise_whitespace(cell.released) for cell in cells if cell.kind != "answer"),
            sources,
            {name: sources[name] for name, cell in marked.items() if cell["metadata"]["nbgrader"]["solution"]},
        )


def normalise_whitespace(text: str) -> str:
    """Return the text without white space."""
    return "".join(text.split())
