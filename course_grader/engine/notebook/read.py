"""Read a submitted notebook in any state: take everything that can be graded, and report the rest in sentences."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_grader.engine.limits import MIB
from course_grader.engine.rpc.clean_text import clean, storable
from course_utils import damage

LARGEST_FILE = 50 * MIB
MOST_CELLS = 5000
LARGEST_SOURCE = 5 * MIB
# A list or dict that is a few bytes long in JSON takes more than a hundred bytes in memory.
MOST_PARTS = 1_000_000
CELL_TYPES = ("code", "markdown", "raw")
TOO_LARGE = (
    f"The file is larger than {LARGEST_FILE // MIB} MiB. Clear the outputs (Kernel > Restart and Clear Outputs), save "
    "and hand it in again."
)


class Unreadable(Exception):
    """The submission cannot be graded at all; the message says why and what to do."""


@dataclass(frozen=True)
class SubmittedCells:
    """The cells of a submission in their order, and notes for student and teacher.

    Each cell is a dict with `cell_type`, `id`, `source`, `metadata` and `outputs` (unchecked, as they were submitted).
    """

    cells: tuple[dict[str, Any], ...]
    notes: tuple[str, ...] = ()


def read_submission(notebook: Path | bytes | Mapping[str, Any]) -> SubmittedCells:
    """Return the cells of a notebook, given as a path, as bytes, or as a mapping that was already read.

    Raises Unreadable if there are no cells that can be graded.
    """
    if not isinstance(notebook, Mapping):
        notebook = _parse(notebook if isinstance(notebook, bytes) else _read(Path(notebook)))
    notes: list[str] = []
    raw_cells = _raw_cells(notebook, notes)
    if len(raw_cells) > MOST_CELLS:
        raise Unreadable(f"The notebook has {len(raw_cells)} cells; the grader accepts at most {MOST_CELLS}.")
    cells = tuple(_cell(cell, number, notes) for number, cell in enumerate(raw_cells, 1))
    if sum(len(cell["source"]) for cell in cells) > LARGEST_SOURCE:
        raise Unreadable(f"The cells contain more than {LARGEST_SOURCE // MIB} MiB of text.")
    _note_kernel(notebook, notes)
    return SubmittedCells(cells, tuple(notes))


def _read(path: Path) -> bytes:
    try:
        # A symbolic link could lead out of the student's folder, and a pipe would block the grader.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unreadable(f"The file cannot be opened ({(error.strerror or 'no reason is given').lower()}).") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable("This is not a regular file.")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(LARGEST_FILE + 1)
    return content


def _parse(content: bytes) -> Mapping[str, Any]:
    if len(content) > LARGEST_FILE:
        raise Unreadable(TOO_LARGE)
    if content.count(b"[") + content.count(b"{") > MOST_PARTS or content.count(b",") > 4 * MOST_PARTS:
        raise Unreadable("The file has more parts than any notebook. Clear the outputs, save and hand it in again.")
    try:
        notebook = damage.parse(content)
        if "cells" not in notebook and "worksheets" not in notebook:
            raise damage.without_cells(notebook)
    except damage.NotNotebook as problem:
        raise Unreadable(f"The file is {clean(problem.what, 200)}. {problem.remedy}, and hand it in again.") from None
    return notebook


def _raw_cells(notebook: Mapping[str, Any], notes: list[str]) -> list[Any]:
    version = notebook.get("nbformat")
    if isinstance(notebook.get("cells"), list):
        if version != 4:
            notes.append(f"The notebook says that its format is {clean(str(version), 20)}; it was read as format 4.")
        return list(notebook["cells"])
    sheets = notebook.get("worksheets")
    if isinstance(sheets, list):
        notes.append("The notebook has the old format 3.")
        return [
            cell
            for sheet in sheets
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
            for cell in sheet["cells"]
        ]
    raise Unreadable("The file is JSON, but contains no notebook cells.")


def _cell(cell: Any, number: int, notes: list[str]) -> dict[str, Any]:
    known = cell if isinstance(cell, Mapping) else {}
    # In format 3, code cells have `input` instead of `source`, and headings are a type of cell.
    source = known.get("source", known.get("input"))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    kind = "markdown" if known.get("cell_type") == "heading" else known.get("cell_type")
    if not isinstance(source, str) or kind not in CELL_TYPES:
        notes.append(f"Cell {number} is damaged and was left out.")
        return {"cell_type": "raw", "id": "", "source": "", "metadata": {}, "outputs": []}
    metadata, text = known.get("metadata"), storable(source)
    if text != source:
        notes.append(f"Cell {number} contains invalid characters; each was replaced by a question mark.")
    return {
        "cell_type": kind,
        "id": known.get("id") if isinstance(known.get("id"), str) else "",
        "source": text,
        "metadata": dict(metadata) if isinstance(metadata, Mapping) else {},
        "outputs": known["outputs"] if isinstance(known.get("outputs"), list) else [],
    }


def _note_kernel(notebook: Mapping[str, Any], notes: list[str]) -> None:
    metadata = notebook.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, Mapping) else None
    language = kernel.get("language") if isinstance(kernel, Mapping) else None
    if isinstance(language, str) and language.lower() not in ("python", ""):
        notes.append(f"The notebook was saved with a kernel for {clean(language, 40)}; it was run with Python.")
