"""Fills a lesson's gather cell with the references of other lessons, as `course gather` does for a learner.

    # %% kind="gather" grade_id="gathered"
    # gathers: cosine_decay adamw_step

A reference is written only once, in its own lesson. Each build fills the gather cell of the solution from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from course_grader.authoring.lesson_cells import LessonCell, LessonProblem, read_cells
from course_grader.cell_metadata import BEGIN, END
from course_utils.cells import imports
from course_utils.sources import CodeCell, collect


def fill_gather_cells(path: Path, cells: Sequence[LessonCell]) -> tuple[LessonCell, ...]:
    """Return the cells of the lesson at `path` with its gather cells filled.

    Raises LessonProblem if a function is not found in any lesson.
    """
    imported = {name: text for cell in cells if cell.kind == "setup" for name, text in imports(cell.source).items()}
    return tuple(_filled(path, cell, imported) if cell.kind == "gather" else cell for cell in cells)


def _filled(path: Path, cell: LessonCell, imported: dict[str, str]) -> LessonCell:
    collected = collect(cell.gathers, list(_cells_of_others(path, cell.gathers)), imported)
    problems = [f"{name} is {why}" for name, why in collected.missing.items()] + collected.problems
    if problems:
        raise LessonProblem(path, cell.line, f"this cell cannot be filled: {'; '.join(problems)}.")
    return replace(cell, source=f"{cell.source}\n{BEGIN}\n{collected.source}\n{END}")


def _cells_of_others(path: Path, names: Sequence[str]) -> Iterator[CodeCell]:
    """Yield the code cells of every other lesson that defines one of the names."""
    for other in sorted(path.parent.parent.glob("[0-9]*/lesson.py")):
        text = other.read_text(encoding="utf-8")
        if other == path or not any(f'grade_id="{name}"' in text for name in names):
            continue
        for cell in read_cells(other):
            if cell.kind == "answer":
                yield CodeCell(other.parent.name, cell.without_markers(), cell.grade_id)
            elif cell.kind in ("setup", "code", "experiment"):
                yield CodeCell(other.parent.name, cell.source)
