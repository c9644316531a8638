"""The autograded notebook: what the formgrader and nbgrader's feedback show, and the scores that nbgrader reads in it.

It is what `nbgrader autograde` leaves with the engine's preprocessors, made without a gradebook at hand, so that it can
be made where the submission is graded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import nbformat
from nbformat import NotebookNode, from_dict
from nbgrader import utils
from nbgrader.preprocessors import LimitOutput

from course_grader.engine.assignment import Assignment
from course_grader.engine.intake import take_in
from course_grader.engine.preprocessors import Intake, outputs_of_test
from course_grader.engine.result import Result
from course_grader.gradebook.sheet import Cell, Sheet

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
NO_RESPONSE = "No response."


@dataclass(frozen=True)
class Page:
    """`text` is the notebook; `scores` and `comments` are by grade_id. A score is None where a human is to grade."""

    text: str
    scores: Mapping[str, float | None]
    comments: Mapping[str, str | None]


class _Arrange(Intake):
    """Intake for an assignment that is at hand."""

    def __init__(self, assignment: Assignment) -> None:
        super().__init__()
        self._assignment = assignment

    def assignment(self, resources: dict[str, Any]) -> Assignment:
        return self._assignment


def page_of(content: bytes, result: Result, assignment: Assignment, sheet: Sheet) -> Page:
    """Return the autograded notebook of a submission.

    content: the notebook as it was handed in; Unreadable where it is none.
    """
    cells = [_cell(cell, place, result) for place, cell in enumerate(take_in(content).cells)]
    notebook, _ = _Arrange(assignment).preprocess(_notebook(cells, sheet), {})
    _mark(notebook, sheet)
    found = {cell.grade_id: cell for cell in result.cells}
    for cell in notebook.cells:
        if cell.cell_type == "code" and (grade_id := _grade_id(cell)) in found:
            cell.outputs = outputs_of_test(found[grade_id])
    notebook, _ = LimitOutput().preprocess(notebook, {})
    _unique_ids(notebook)
    return Page(_text(notebook), *_grades(notebook))


def page_of_problem(problem: str, sheet: Sheet) -> Page:
    """Return what stands in the place of a notebook that could not be graded: the sentence why, and no score."""
    told = _made("markdown", "problem", f"This submission could not be graded. {problem}", {}, [])
    waiting = {cell.grade_id: None for cell in sheet.cells.values() if cell.points is not None}
    silent = {cell.grade_id: None for cell in sheet.cells.values() if cell.solution or cell.task}
    return Page(_text(_notebook([told], sheet)), waiting, silent)


def _cell(cell: dict[str, Any], place: int, result: Result) -> NotebookNode:
    id = cell["id"] if CELL_ID.fullmatch(cell["id"]) else f"cell-{place}"
    return _made(cell["cell_type"], id, cell["source"], cell["metadata"], result.outputs.get(place, []))


def _made(kind: str, id: str, source: str, metadata: Mapping[str, Any], outputs: Sequence[Any]) -> NotebookNode:
    # nbformat's own makers hold each cell against the schema; the whole notebook is, when it is written.
    cell: dict[str, Any] = {"cell_type": kind, "id": id, "metadata": metadata, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": list(outputs)}
    return cast(NotebookNode, from_dict(cell))


def _notebook(cells: list[NotebookNode], sheet: Sheet) -> NotebookNode:
    metadata = {"kernelspec": dict(sheet.kernelspec)} if sheet.kernelspec else {}
    return cast(NotebookNode, from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))


def _mark(notebook: NotebookNode, sheet: Sheet) -> None:
    """Give each of the teacher's cells the mark, type and locked text that the gradebook has, and no other a mark."""
    seen: set[str] = set()
    for place, cell in enumerate(notebook.cells):
        known = sheet.cells.get(_grade_id(cell))
        tags = cell.metadata.get("tags")
        kept = tags if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags) else []
        if known is None or known.grade_id in seen:
            cell.metadata = from_dict({"tags": kept} if kept else {})
            continue
        seen.add(known.grade_id)
        notebook.cells[place] = _marked(cell, known)


def _marked(cell: NotebookNode, known: Cell) -> NotebookNode:
    metadata = {"deletable": False, "nbgrader": known.mark} | ({"editable": False} if known.locked else {})
    source = known.source if known.locked else cell.source
    return _made(known.cell_type, cell.id, source, metadata, cell.get("outputs", []))


def _grade_id(cell: NotebookNode) -> str:
    mark = cell.metadata.get("nbgrader")
    grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
    return grade_id if isinstance(grade_id, str) else ""


def _grades(notebook: NotebookNode) -> tuple[dict[str, float | None], dict[str, str | None]]:
    """Return scores and comments as nbgrader's SaveAutoGrades finds them."""
    scores: dict[str, float | None] = {}
    comments: dict[str, str | None] = {}
    for cell in notebook.cells:
        if utils.is_grade(cell):
            scores[_grade_id(cell)] = utils.determine_grade(cell)[0]
        if utils.is_solution(cell):
            untouched = cell.metadata.nbgrader["checksum"] == utils.compute_checksum(cell)
            comments[_grade_id(cell)] = NO_RESPONSE if untouched else None
        if utils.is_task(cell):
            comments[_grade_id(cell)] = None
    return scores, comments


def _unique_ids(notebook: NotebookNode) -> None:
    """Give cells with the same id different ones: nbformat takes no other notebook."""
    seen: set[str] = set()
    for place, cell in enumerate(notebook.cells):
        if cell.id in seen:
            cell.id = f"cell-{place}-again"
        seen.add(cell.id)


def _text(notebook: NotebookNode) -> str:
    # Not `nbformat.writes`, which copies the notebook and takes three times as long.
    nbformat.validate(notebook)
    return json.dumps(notebook, ensure_ascii=False, sort_keys=True)
