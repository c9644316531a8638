"""Converts a lesson to nbgrader's source notebook."""

from __future__ import annotations

import hashlib
import re
from typing import Any, cast

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from course_grader.authoring.lesson import Lesson
from course_grader.authoring.lesson_cells import LessonCell
from course_grader.cell_metadata import nbgrader_mark

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def solution_notebook(lesson: Lesson) -> NotebookNode:
    """Return the teacher's notebook: all cells, with nbgrader's metadata and stable ids, without outputs."""
    notebook = new_notebook(
        metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}, "descent": {"lesson": lesson.name}}
    )
    notebook.cells = [_cell(cell) for cell in lesson.cells]
    _give_ids(notebook, lesson)
    nbformat.validate(notebook)
    return cast(NotebookNode, notebook)


def file_content(notebook: NotebookNode) -> str:
    """Return the content of the notebook's file. Equal notebooks have equal content."""
    return str(nbformat.writes(notebook)).rstrip("\n") + "\n"


def _cell(cell: LessonCell) -> NotebookNode:
    """Return a cell without an id.

    nbformat's `new_code_cell` is not used, because it validates each cell; here the whole notebook is validated once.
    """
    data: dict[str, Any] = {"cell_type": "markdown", "metadata": {}, "source": cell.source}
    if cell.kind != "markdown":
        data |= {"cell_type": "code", "metadata": _metadata(cell), "execution_count": None, "outputs": []}
    return cast(NotebookNode, nbformat.from_dict(data))


def _metadata(cell: LessonCell) -> dict[str, Any]:
    if cell.kind == "experiment":
        return {"tags": ["experiment"]}
    if cell.kind == "code":
        return {}
    if cell.kind == "gather":
        # `course gather` reads the names of the functions here.
        return {
            "nbgrader": nbgrader_mark("answer", cell.grade_id, 0),
            "descent": {"gathers": list(cell.gathers)},
        }
    return {"nbgrader": nbgrader_mark(cell.kind, cell.grade_id, cell.points)}


def _give_ids(notebook: NotebookNode, lesson: Lesson) -> None:
    taken: set[str] = set()
    for cell, origin in zip(notebook.cells, lesson.cells, strict=True):
        name = re.sub(r"[^\w-]", "-", origin.grade_id, flags=re.ASCII)[:64]
        # The id of a cell without a grade_id comes from its text, so that an inserted cell does not change other ids.
        stem = name or hashlib.sha256(origin.source.encode()).hexdigest()[:12]
        id, count = stem, 1
        while id in taken:
            id, count = f"{stem}-{count}", count + 1
        taken.add(id)
        cell.id = id
