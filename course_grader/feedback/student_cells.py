"""The cells of a student's own, and what they showed.

The outputs are those that were handed in, not those of grading: a submission's functions see the arguments of hidden
checks, and a cell that runs later could print them.
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
from course_grader.engine.result import Result
from course_grader.feedback.shown_outputs import PictureBudget, Shown, shown_outputs
from course_grader.html.code_lines import code
from course_grader.html.teacher_notebook import TeacherNotebook, normalise_whitespace
from course_grader.sanitize.page_content import safe_markdown

MOST_CELLS = 400
UNDEFINED = re.compile(r"name '(\w{1,80})' is not defined")


@dataclass(frozen=True)
class CellView:
    """A cell of the student's own. `source` is None where the teacher's code stands unchanged above the outputs."""

    number: int
    kind: str
    source: Markup | None
    outputs: tuple[Shown, ...]
    remark: str


def own_cells(
    cells: Sequence[dict[str, Any]], owners: Sequence[Owner], paper: TeacherNotebook, result: Result | None
) -> Iterator[CellView]:
    """Yield what a student wrote or showed beside the answers; not what is word for word the teacher's."""
    budget = PictureBudget()
    text = "\n".join(cell["source"] for cell in cells)
    left = MOST_CELLS
    for place, (cell, owner) in enumerate(zip(cells, owners, strict=True)):
        if isinstance(owner, TeacherCell) and owner.kind != "answer":
            continue
        view = _cell(place, cell, owner, paper, budget)
        if view and result and (remark := _remark(result.outputs.get(place, []), text)):
            view = CellView(view.number, view.kind, view.source, view.outputs, remark)
        if view and (view.source is not None or view.outputs or view.remark) and left:
            left -= 1
            yield view


def _cell(
    place: int, cell: dict[str, Any], owner: Owner, paper: TeacherNotebook, budget: PictureBudget
) -> CellView | None:
    source = cell["source"]
    if cell["cell_type"] != "code":
        if not source.strip() or normalise_whitespace(source) in paper.prose:
            return None
        return CellView(place + 1, "markdown", safe_markdown(source), (), "")
    outputs = tuple(shown_outputs(cell["outputs"], budget))
    if isinstance(owner, TeacherCell):
        # An answer stands with its exercise; here is what it printed.
        return CellView(place + 1, "answer", None, outputs, "")
    theirs = normalise_whitespace(source) in paper.code
    if theirs and owner != SKIPPED:
        return CellView(place + 1, "code", None, (), "")
    return CellView(place + 1, "code", None if theirs or not source.strip() else code(source), outputs, "")


def _remark(outputs: list[dict[str, Any]], text: str) -> str:
    """Return how a cell ended in grading, in words of ours: its own could carry what a hidden check asked."""
    for output in outputs:
        if output.get("output_type") != "error":
            continue
        name = str(output.get("ename"))
        if name == "Stopped":
            return "When this was graded, the cell did not end: it took too long, used too much, or ended its process."
        undefined = UNDEFINED.fullmatch(str(output.get("evalue")))
        if name == "NameError" and undefined and re.search(rf"\b{undefined[1]}\b", text):
            return f"When this was graded, from top to bottom, there was no {undefined[1]} yet at this place."
        known = isinstance(getattr(builtins, name, None), type)
        return f"When this was graded, from top to bottom, the cell ended in {'a ' + name if known else 'an error'}."
    return ""
