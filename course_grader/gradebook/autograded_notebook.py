"""The autograded notebook: what the formgrader and nbgrader's feedback show, and the scores that nbgrader reads in it.

It is what `nbgrader autograde` leaves with the engine's preprocessors, made without a gradebook at hand, so that it can
be made where the submission is graded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode, from_dict
from nbgrader import utils
from nbgrader.preprocessors import LimitOutput

from course_grader.engine.notebook.assignment import Assignment, TeacherCell
from course_grader.engine.notebook.owners import Owner, owners_of
from course_grader.engine.notebook.read import read_submission
from course_grader.engine.notebook.well_formed import kept_tags, unique_ids
from course_grader.engine.preprocessors import marked_for_humans, outputs_of_test
from course_grader.engine.result import Result
from course_grader.gradebook.assignment_record import AssignmentRecord, GradebookCell

NO_RESPONSE = "No response."
LIMIT = LimitOutput()


@dataclass(frozen=True)
class AutogradedNotebook:
    """`text` is the notebook; `scores` and `comments` are by grade_id. A score is None where a human is to grade."""

    text: str
    scores: Mapping[str, float | None]
    comments: Mapping[str, str | None]


def autograded_notebook(
    content: bytes, result: Result, assignment: Assignment, record: AssignmentRecord
) -> AutogradedNotebook:
    """Return the autograded notebook of a submission.

    content: the notebook as it was handed in; Unreadable where it is none.
    """
    taken = read_submission(content).cells
    owners = owners_of(taken, assignment)
    by_hand = marked_for_humans(taken, record.cells.keys() - assignment.by_grade_id.keys())
    found = {cell.grade_id: cell for cell in result.cells}
    cells: list[dict[str, Any]] = []
    seen: dict[str, NotebookNode] = {}
    for numbered, owner in owners.around(list(enumerate(taken))):
        place, cell = numbered or (-1, _missing(owner))
        grade_id = _grade_id(cell, owner, place in by_hand)
        known = record.cells.get(grade_id)
        outputs = outputs_of_test(found[grade_id]) if grade_id in found else result.outputs.get(place, [])
        made = _cell(cell, known, outputs)
        if known or outputs:
            # As nbgrader's own parts take it.
            made, _ = LIMIT.preprocess_cell(from_dict(made), {}, 0)
        if known:
            seen[grade_id] = made
        cells.append(made)
    unique_ids(cells)
    return AutogradedNotebook(_text(cells, record), *_grades(seen))


def _missing(owner: Owner) -> dict[str, Any]:
    assert isinstance(owner, TeacherCell)
    return {"cell_type": "code", "id": owner.id, "source": owner.released, "metadata": {}}


def _grade_id(cell: dict[str, Any], owner: Owner, is_by_hand: bool) -> str:
    """Return which of the marked cells this is, "" if it is none."""
    if isinstance(owner, TeacherCell):
        return owner.grade_id
    return str(cell["metadata"]["nbgrader"]["grade_id"]) if is_by_hand else ""


def autograded_problem(problem: str, record: AssignmentRecord) -> AutogradedNotebook:
    """Return what stands in the place of a notebook that could not be graded: the sentence why, and no score."""
    told = {"cell_type": "markdown", "id": "problem", "metadata": {}}
    told["source"] = f"This submission could not be graded. {problem}"
    waiting = {cell.grade_id: None for cell in record.cells.values() if cell.points is not None}
    silent = {cell.grade_id: None for cell in record.cells.values() if cell.solution or cell.task}
    return AutogradedNotebook(_text([told], record), waiting, silent)


def _cell(cell: dict[str, Any], known: GradebookCell | None, outputs: Sequence[Any]) -> Any:
    """Return a cell as nbformat has it: one of the teacher's with the mark, type and locked text that the gradebook
    has, and no other with a mark."""
    kind, source = cell["cell_type"], cell["source"]
    if known:
        kind, source = known.cell_type, known.source if known.locked else source
        metadata = {"deletable": False, "nbgrader": known.mark} | ({"editable": False} if known.locked else {})
    else:
        kept = kept_tags(cell["metadata"])
        metadata = {"tags": kept} if kept else {}
    made = {"cell_type": kind, "id": cell["id"], "metadata": metadata, "source": source}
    return made | {"execution_count": None, "outputs": list(outputs)} if kind == "code" else made


def _grades(marked: Mapping[str, NotebookNode]) -> tuple[dict[str, float | None], dict[str, str | None]]:
    """Return scores and comments as nbgrader's SaveAutoGrades finds them."""
    scores: dict[str, float | None] = {}
    comments: dict[str, str | None] = {}
    for grade_id, cell in marked.items():
        if utils.is_grade(cell):
            scores[grade_id] = utils.determine_grade(cell)[0]
        if utils.is_solution(cell):
            untouched = cell.metadata.nbgrader["checksum"] == utils.compute_checksum(cell)
            comments[grade_id] = NO_RESPONSE if untouched else None
        if utils.is_task(cell):
            comments[grade_id] = None
    return scores, comments


def _text(cells: list[dict[str, Any]], record: AssignmentRecord) -> str:
    metadata = {"kernelspec": dict(record.kernelspec)} if record.kernelspec else {}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    # Not `nbformat.writes`, which copies the notebook and takes three times as long.
    return json.dumps(notebook, ensure_ascii=False, sort_keys=True)
