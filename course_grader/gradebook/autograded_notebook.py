"""Makes the autograded notebook, which the formgrader and nbgrader's feedback show, and reads the scores in it.

It is the same as the output of `nbgrader autograde` with the engine's preprocessors, but it is made without a
gradebook, so that the process that grades the submission can make it.
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
    """A notebook as JSON (`text`), with scores and comments by grade_id. A score is None if a human has to grade."""

    text: str
    scores: Mapping[str, float | None]
    comments: Mapping[str, str | None]


def autograded_notebook(
    content: bytes, result: Result, assignment: Assignment, record: AssignmentRecord
) -> AutogradedNotebook:
    """Return the autograded notebook of a submission.

    content: the bytes of the notebook as it was submitted. Raises Unreadable if it is not a notebook.
    """
    submitted = read_submission(content).cells
    owners = owners_of(submitted, assignment)
    by_hand = marked_for_humans(submitted, record.cells.keys() - assignment.by_grade_id.keys())
    results = {cell.grade_id: cell for cell in result.cells}
    cells: list[dict[str, Any]] = []
    marked: dict[str, NotebookNode] = {}
    for numbered, owner in owners.around(list(enumerate(submitted))):
        place, cell = numbered or (-1, _missing(owner))
        grade_id = _grade_id(cell, owner, place in by_hand)
        known = record.cells.get(grade_id)
        outputs = outputs_of_test(results[grade_id]) if grade_id in results else result.outputs.get(place, [])
        autograded = _cell(cell, known, outputs)
        if known or outputs:
            # nbgrader's code, which comes next, needs a NotebookNode with limited output.
            autograded, _ = LIMIT.preprocess_cell(from_dict(autograded), {}, 0)
        if known:
            marked[grade_id] = autograded
        cells.append(autograded)
    unique_ids(cells)
    return AutogradedNotebook(_text(cells, record), *_grades(marked))


def _missing(owner: Owner) -> dict[str, Any]:
    assert isinstance(owner, TeacherCell)
    return {"cell_type": "code", "id": owner.id, "source": owner.released, "metadata": {}}


def _grade_id(cell: dict[str, Any], owner: Owner, is_by_hand: bool) -> str:
    """Return the grade_id of a cell; "" if it is not one of the marked cells."""
    if isinstance(owner, TeacherCell):
        return owner.grade_id
    return str(cell["metadata"]["nbgrader"]["grade_id"]) if is_by_hand else ""


def autograded_problem(problem: str, record: AssignmentRecord) -> AutogradedNotebook:
    """Return a replacement for a notebook that could not be graded: it says why, and has no scores."""
    message = {"cell_type": "markdown", "id": "problem", "metadata": {}}
    message["source"] = f"This submission could not be graded. {problem}"
    no_scores = {cell.grade_id: None for cell in record.cells.values() if cell.points is not None}
    no_comments = {cell.grade_id: None for cell in record.cells.values() if cell.solution or cell.task}
    return AutogradedNotebook(_text([message], record), no_scores, no_comments)


def _cell(cell: dict[str, Any], known: GradebookCell | None, outputs: Sequence[Any]) -> Any:
    """Return a cell in nbformat's form. A cell of the teacher gets its mark, type and, if it is locked, its text from
    the gradebook; all other cells have no mark."""
    kind, source = cell["cell_type"], cell["source"]
    if known:
        kind, source = known.cell_type, known.source if known.locked else source
        metadata = {"deletable": False, "nbgrader": known.mark} | ({"editable": False} if known.locked else {})
    else:
        kept = kept_tags(cell["metadata"])
        metadata = {"tags": kept} if kept else {}
    autograded = {"cell_type": kind, "id": cell["id"], "metadata": metadata, "source": source}
    return autograded | {"execution_count": None, "outputs": list(outputs)} if kind == "code" else autograded


def _grades(marked: Mapping[str, NotebookNode]) -> tuple[dict[str, float | None], dict[str, str | None]]:
    """Return the scores and comments that nbgrader's SaveAutoGrades would find."""
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
    # `nbformat.writes` would copy the notebook and take three times as long.
    return json.dumps(notebook, ensure_ascii=False, sort_keys=True)
