"""Fills a lesson's gather cell with the references of other lessons, as `course gather` fills a learner's.

    # %% kind="gather" grade_id="gathered"
    # gathers: cosine_decay adamw_step

A reference stands once, in its own lesson; the gather cell of the solution is made from there at each build.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from course_grader.authoring.lesson_cells import LessonCell, LessonProblem, read_cells
from course_grader.cell_metadata import BEGIN, END
from course_utils.cells import imports
from course_utils.sources import CodeCell, collect


def fill(path: Path, cells: Sequence[LessonCell]) -> tuple[LessonCell, ...]:
    """Return the cells of the lesson at `path` with its gather cells filled; LessonProblem where a function is not
    found."""
    given = {name: text for cell in cells if cell.kind == "setup" for name, text in imports(cell.source).items()}
    return tuple(_filled(path, cell, given) if cell.kind == "gather" else cell for cell in cells)


def _filled(path: Path, cell: LessonCell, given: dict[str, str]) -> LessonCell:
    found = collect(cell.gathers, list(_cells_of_others(path, cell.gathers)), given)
    complaints = [f"{name} is {why}" for name, why in found.missing.items()] + found.problems
    if complaints:
        raise LessonProblem(path, cell.line, f"this cell cannot be filled: {'; '.join(complaints)}.")
    return replace(cell, source=f"{cell.source}\n{BEGIN}\n{found.source}\n{END}")


def _cells_of_others(path: Path, names: Sequence[str]) -> Iterator[CodeCell]:
    """Yield the code cells of each lesson beside this one that answers one of the names."""
    for other in sorted(path.parent.parent.glob("[0-9]*/lesson.py")):
        text = other.read_text(encoding="utf-8")
        if other == path or not any(f'grade_id="{name}"' in text for name in names):
            continue
        for cell in read_cells(other):
            if cell.kind == "answer":
                yield CodeCell(other.parent.name, cell.without_markers(), cell.grade_id)
            elif cell.kind in ("setup", "code", "experiment"):
                yield CodeCell(other.parent.name, cell.source)
