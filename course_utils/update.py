"""Bringing a learner's notebooks up to date: the course's new text around the learner's own answers."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from course_utils import notebooks
from course_utils.errors import CourseError
from course_utils.files import write_whole
from course_utils.shelf import is_shelf, shelf

BACKUP = "backup"
Notebook = dict[str, Any]
NbCell = dict[str, Any]


@dataclass(frozen=True)
class Update:
    """What became of one lesson: "new", "changed", "up to date", or "left alone" with the reason.

    `answers` and `kept` count the learner's answers and other cells in it; `backup` is where the old notebook is.
    """

    lesson: str
    outcome: str
    answers: int = 0
    kept: int = 0
    backup: Path | None = None
    reason: str = ""


def update(folder: Path, now: datetime | None = None) -> list[Update]:
    """Bring the notebooks in `folder` up to date with the shipped ones, and return what became of each.

    A notebook that changes is first copied to `backup/`. One that cannot be read is left alone. Raises CourseError
    where `folder` holds the shipped notebooks themselves.
    """
    if is_shelf(folder):
        raise CourseError(
            "These are the course's own notebooks, which come with git. Lay down copies of your own with "
            "`course start FOLDER`; then `course update` keeps those up to date."
        )
    backup = folder / BACKUP / (now or datetime.now()).strftime("%Y-%m-%d_%H-%M-%S")
    return [_update_one(folder / lesson.stem / lesson.name, lesson, backup) for lesson in notebooks.lessons_in(shelf())]


def outdated(folder: Path) -> list[str]:
    """Return the lessons that `update` would bring or change."""
    found = []
    for lesson in notebooks.lessons_in(shelf()):
        place = folder / lesson.stem / lesson.name
        try:
            mine = notebooks.read(place) if place.exists() else None
            if mine is None or not (
                of_class(mine) or _sources(merged(mine, notebooks.read(lesson))[0]) == _sources(mine)
            ):
                found.append(lesson.stem)
        except CourseError:
            continue
    return found


def _update_one(place: Path, shipped: Path, backup: Path) -> Update:
    if not place.exists():
        write_whole(place, shipped.read_text(encoding="utf-8"))
        return Update(shipped.stem, "new")
    try:
        mine = notebooks.read(place)
    except CourseError as error:
        return Update(shipped.stem, "left alone", reason=str(error))
    if teacher := of_class(mine):
        reason = f"It was handed out in the course {teacher}, which asks questions of its own."
        return Update(shipped.stem, "left alone", reason=reason)
    fresh, answers, kept = merged(mine, notebooks.read(shipped))
    if _sources(fresh) == _sources(mine):
        return Update(shipped.stem, "up to date")
    saved = backup / place.name
    write_whole(saved, place.read_text(encoding="utf-8-sig"))
    write_whole(place, json.dumps(fresh, indent=1, ensure_ascii=False) + "\n")
    return Update(shipped.stem, "changed", answers, kept, saved)


def of_class(notebook: Notebook) -> str:
    """Return the name of the course whose teacher handed a notebook out with questions drawn for the class, or ""."""
    described = notebook.get("metadata", {}).get("descent")
    return str(described.get("class", "")) if isinstance(described, dict) else ""


def merged(mine: Notebook, shipped: Notebook) -> tuple[Notebook, int, int]:
    """Return the shipped notebook with the learner's cells in it, the number of answers, and of other cells kept.

    An answer goes into the cell of its exercise. An experiment that the learner changed stays changed. A cell that
    the learner added, or an answer whose exercise is gone, stays after the cell that it stood after.
    """
    fresh = copy.deepcopy(shipped)
    own = {_id(cell): cell for cell in reversed(mine["cells"])}
    answers = kept = 0
    for cell in fresh["cells"]:
        old = own.get(_id(cell))
        if old is None or old["cell_type"] != cell["cell_type"] or _is_locked(cell):
            continue
        if _is_untouched(old):
            continue
        if _is_answer(cell):
            answers += old["source"] != cell["source"]
        elif old["source"] != cell["source"]:
            kept += 1
        cell.update({name: old[name] for name in ("source", "outputs", "execution_count") if name in old})
    for after, cell in _added(mine, {_id(cell) for cell in fresh["cells"]}):
        place = next((i + 1 for i, one in enumerate(fresh["cells"]) if _id(one) == after), 0)
        fresh["cells"].insert(place, _freed(cell))
        kept += 1
    return fresh, answers, kept


def _added(mine: Notebook, shipped: set[str]) -> Iterator[tuple[str, NbCell]]:
    """Yield the learner's own cells, each with the id of the cell that it stands after, or ""."""
    after = ""
    for cell in mine["cells"]:
        if _id(cell) in shipped:
            after = _id(cell)
        elif not (_is_locked(cell) or _is_former(cell) or _is_untouched(cell)):
            yield after, cell
            after = _id(cell)


def _freed(cell: NbCell) -> NbCell:
    """Return a kept cell without nbgrader's mark, which would make it an exercise of the new notebook."""
    metadata = {name: value for name, value in cell["metadata"].items() if name != "nbgrader"}
    return {**cell, "metadata": metadata}


def _id(cell: NbCell) -> str:
    """Return what a cell is known by; notebooks of old formats have no ids."""
    mark = cell["metadata"].get("nbgrader") or {}
    return str(mark.get("grade_id") or cell.get("id") or _digest(cell))


def _digest(cell: NbCell) -> str:
    return hashlib.sha256(cell["source"].encode()).hexdigest()[:12]


def _is_former(cell: NbCell) -> bool:
    """Tell whether a cell is the course's own from an earlier version, untouched: its id is made from its text."""
    return re.fullmatch(rf"{_digest(cell)}(-\d+)?", str(cell.get("id", ""))) is not None or not cell["source"].strip()


def _is_untouched(cell: NbCell) -> bool:
    """Tell whether an answer cell is still the stub: nbgrader noted the digest of what was released."""
    mark = cell["metadata"].get("nbgrader") or {}
    flags = "".join(str(bool(mark.get(name))) for name in ("grade", "solution", "locked"))
    written = cell["source"] + cell["cell_type"] + flags + str(mark.get("grade_id"))
    return bool(hashlib.md5(written.encode()).hexdigest() == mark.get("checksum"))


def _is_answer(cell: NbCell) -> bool:
    return bool((cell["metadata"].get("nbgrader") or {}).get("solution"))


def _is_locked(cell: NbCell) -> bool:
    return bool((cell["metadata"].get("nbgrader") or {}).get("locked"))


def _sources(notebook: Notebook) -> list[tuple[str, str]]:
    return [(_id(cell), cell["source"]) for cell in notebook["cells"]]
