"""The student's own cells with their outputs, for the feedback page.

The outputs are the submitted ones, not those of grading. During grading, a submission's functions get the arguments of
hidden checks, and a later cell could print them.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from course_grader.engine.notebook.assignment import TeacherCell
from course_grader.engine.notebook.owners import SKIPPED, Owner
from course_grader.engine.notebook.teacher_notebook import TeacherNotebook, normalise_whitespace
from course_grader.engine.result import Result
from course_grader.feedback.shown_outputs import PictureBudget, Shown, shown_outputs
from course_grader.html.code_lines import code
from course_grader.sanitize.page_content import safe_markdown

MOST_CELLS = 400
UNDEFINED = re.compile(r"name '(\w{1,80})' is not defined")


@dataclass(frozen=True)
class CellView:
    """A cell of the student. `source` is None if it is not shown: an answer, or unchanged code of the teacher."""

    number: int
    kind: str
    source: Markup | None
    outputs: tuple[Shown, ...]
    remark: str


def own_cells(
    cells: Sequence[dict[str, Any]], owners: Sequence[Owner], teacher_notebook: TeacherNotebook, result: Result | None
) -> Iterator[CellView]:
    """Yield the student's cells beside the answers, and cells with outputs, without unchanged cells of the teacher."""
    budget = PictureBudget()
    text = "\n".join(cell["source"] for cell in cells)
    left = MOST_CELLS
    for place, (cell, owner) in enumerate(zip(cells, owners, strict=True)):
        if isinstance(owner, TeacherCell) and owner.kind != "answer":
            continue
        view = _cell(place, cell, owner, teacher_notebook, budget)
        if view and result and (remark := _remark(result.outputs.get(place, []), text)):
            view = CellView(view.number, view.kind, view.source, view.outputs, remark)
        if view and (view.source is not None or view.outputs or view.remark) and left:
            left -= 1
            yield view


def _cell(
    place: int, cell: dict[str, Any], owner: Owner, teacher_notebook: TeacherNotebook, budget: PictureBudget
) -> CellView | None:
    source = cell["source"]
    if cell["cell_type"] != "code":
        if not source.strip() or normalise_whitespace(source) in teacher_notebook.prose:
            return None
        return CellView(place + 1, "markdown", safe_markdown(source), (), "")
    outputs = tuple(shown_outputs(cell["outputs"], budget))
    if isinstance(owner, TeacherCell):
        # The answer itself is shown with its exercise, so only its outputs are shown here.
        return CellView(place + 1, "answer", None, outputs, "")
    is_teachers = normalise_whitespace(source) in teacher_notebook.code
    if is_teachers and owner != SKIPPED:
        return CellView(place + 1, "code", None, (), "")
    return CellView(place + 1, "code", None if is_teachers or not source.strip() else code(source), outputs, "")


def _remark(outputs: list[dict[str, Any]], text: str) -> str:
    """Return a sentence about an error of a cell during grading.

    The error's own text is not shown: it could contain the arguments of a hidden check.
    """
    for output in outputs:
        if output.get("output_type") != "error":
            continue
        name = str(output.get("ename"))
        if name == "Stopped":
            return (
                "When this was graded, this cell was stopped: it ran too long, used too many resources, or ended its "
                "process."
            )
        undefined = UNDEFINED.fullmatch(str(output.get("evalue")))
        if name == "NameError" and undefined and re.search(rf"\b{undefined[1]}\b", text):
            return f"When this was graded from top to bottom, {undefined[1]} was not defined yet in this cell."
        known = isinstance(getattr(builtins, name, None), type)
        return f"When this was graded from top to bottom, this cell raised {'a ' + name if known else 'an error'}."
    return ""
