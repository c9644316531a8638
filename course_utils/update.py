"""Update a learner's notebooks: replace the course's text by the new one, and keep the learner's answers."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from course_utils import notebooks
from course_utils.cells import names_bound, names_defined
from course_utils.errors import CourseError
from course_utils.files import write_atomic
from course_utils.matching import without_save_changes
from course_utils.shipped_notebooks import is_shipped_folder, shipped_folder

BACKUP = "backup"
Notebook = dict[str, Any]
NbCell = dict[str, Any]


@dataclass(frozen=True)
class Update:
    """The outcome for one lesson: "new", "changed", "up to date", or "left alone" with the reason.

    `answers` and `kept` are the numbers of the learner's answers and other cells that were kept; `backup` is the path
    of the old notebook.
    """

    lesson: str
    outcome: str
    answers: int = 0
    kept: int = 0
    backup: Path | None = None
    reason: str = ""


def update(folder: Path, now: datetime | None = None) -> list[Update]:
    """Update the notebooks in `folder` to the shipped ones, and return the outcome for each.

    Before a notebook is changed, it is copied to `backup/`. Notebooks that can't be read, or that a
    teacher released to a class of students, are not changed. Raises CourseError if `folder` contains the shipped
    notebooks themselves.
    """
    if is_shipped_folder(folder):
        raise CourseError(
            "These are the course's own notebooks, which git updates. Create your own copies with "
            "`course start FOLDER`, and run `course update` in that folder."
        )
    backup = folder / BACKUP / (now or datetime.now()).strftime("%Y-%m-%d_%H-%M-%S")
    return [
        _update_one(folder / lesson.stem / lesson.name, lesson, backup)
        for lesson in notebooks.lessons_in(shipped_folder())
    ]


def outdated(folder: Path) -> list[str]:
    """Return the lessons that `update` would add or change."""
    found = []
    for lesson in notebooks.lessons_in(shipped_folder()):
        place = folder / lesson.stem / lesson.name
        mine = notebooks.try_read(place) if place.exists() else None
        if isinstance(mine, CourseError) or (mine and notebooks.of_class(mine)):
            continue
        if mine is None or _sources(merge_notebooks(mine, notebooks.read(lesson))[0]) != _sources(mine):
            found.append(lesson.stem)
    return found


def _update_one(place: Path, shipped: Path, backup: Path) -> Update:
    if not place.exists():
        write_atomic(place, shipped.read_text(encoding="utf-8"))
        return Update(shipped.stem, "new")
    mine = notebooks.try_read(place)
    if isinstance(mine, CourseError):
        return Update(shipped.stem, "left alone", reason=str(mine))
    if teacher := notebooks.of_class(mine):
        reason = f"It belongs to the course {teacher}, which has its own questions."
        return Update(shipped.stem, "left alone", reason=reason)
    fresh, answers, kept = merge_notebooks(mine, notebooks.read(shipped))
    if _sources(fresh) == _sources(mine):
        return Update(shipped.stem, "up to date")
    saved = backup / place.name
    write_atomic(saved, place.read_text(encoding="utf-8-sig"))
    write_atomic(place, notebooks.text_of(fresh))
    return Update(shipped.stem, "changed", answers, kept, saved)


def merge_notebooks(mine: Notebook, shipped: Notebook) -> tuple[Notebook, int, int]:
    """Return the learner's notebook with the newly shipped text, the number of answers kept, and of other cells kept.

    - The learner's cells stay in their order, so that what passed still passes.
    - A cell of the course that the learner did not change gets its new text.
    - A cell that is missing is inserted after the cell that comes before it in the course.
    - A cell that the course no longer has is removed, unless the learner changed it.
    - A test or set-up cell that the learner edited becomes an ordinary cell, next to the course's cell.
    - If several cells have the same mark, as after splitting or copying, one of them keeps it.
    """
    merger = _Merger(mine["cells"], shipped["cells"])
    fresh = copy.deepcopy({name: value for name, value in shipped.items() if name != "cells"})
    return {**fresh, "cells": merger.cells()}, merger.answers, merger.kept


class _Merger:
    """Merges two lists of cells. A shipped cell's slot is the index of the learner's cell that is updated to it.
    `answers` and `kept` count the learner's answers and other cells that are kept."""

    def __init__(self, mine: list[NbCell], shipped: list[NbCell]) -> None:
        self._shipped = {_id(cell): cell for cell in shipped}
        self._mine = mine
        self._ids = [self._known_as(cell) for cell in mine]
        self._slots = {id: self._slot(id, cell) for id, cell in self._shipped.items()}
        self._in_place = {place: id for id, place in self._slots.items() if place is not None}
        self.answers = self.kept = 0

    def cells(self) -> list[NbCell]:
        """Return the cells of the merged notebook."""
        found: list[tuple[str, NbCell]] = []
        for place, cell in enumerate(self._mine):
            if place in self._in_place:
                found += self._in_slot(self._in_place[place], cell)
            elif not self._is_dropped(place, cell):
                found.append(("", _freed(cell)))
                self.kept += 1
        self._put_in_missing(found)
        return list(_with_ids(cell for _, cell in found))

    def _known_as(self, cell: NbCell) -> str:
        """Return the id of the shipped cell that this cell is, or was copied from; otherwise its own id."""
        ids = (notebooks.mark(cell).get("grade_id"), cell.get("id"), _digest(cell))
        return next((str(id) for id in ids if id in self._shipped), _id(cell))

    def _slot(self, id: str, shipped: NbCell) -> int | None:
        """Return the index of the learner's cell that is updated to this shipped one; None if there is none."""
        places = [place for place, known in enumerate(self._ids) if known == id]
        if _is_answer(shipped):
            code = [place for place in places if self._mine[place]["cell_type"] == "code"]
            defining = self._defining(shipped)
            # If the learner's answer is in a cell that lost its mark, that cell gets the mark again.
            own = [place for place in defining if not places and self._ids[place] not in self._shipped]
            places = [place for place in defining if place in code] or code or places or own
        if _is_locked(shipped):
            exact = [place for place in places if _is_as_released(self._mine[place], shipped)]
            places = exact or places
        if not places:
            return None
        return places[-1] if shipped["metadata"].get("nbgrader") else places[0]

    def _defining(self, answer: NbCell) -> list[int]:
        """Return the indices of the code cells that define a name that this answer cell should define."""
        names = names_bound(answer["source"])
        code = (place for place, cell in enumerate(self._mine) if cell["cell_type"] == "code")
        return [place for place in code if names & names_defined(self._mine[place]["source"])]

    def _in_slot(self, id: str, old: NbCell) -> list[tuple[str, NbCell]]:
        cell = copy.deepcopy(self._shipped[id])
        is_same_type = old["cell_type"] == cell["cell_type"]
        if _is_locked(cell):
            if _is_as_released(old, cell):
                return [(id, cell)]
            self.kept += 1
            own = ("", _freed(old))
            return [own, (id, cell)] if notebooks.is_test(cell) else [(id, cell), own]
        if is_same_type and (notebooks.is_untouched(old) or old["source"] == cell["source"]):
            if old["source"] == cell["source"]:
                cell.update({name: old[name] for name in ("outputs", "execution_count") if name in old})
            return [(id, cell)]
        if _is_answer(cell):
            self.answers += 1
        else:
            self.kept += 1
        # A cell that the learner converted to Markdown, or to code, keeps its type.
        kept = ("source", "outputs", "execution_count", "attachments", "cell_type")
        made = {name: old[name] for name in kept if name in old} | {name: cell[name] for name in ("id", "metadata")}
        return [(id, made)]

    def _is_dropped(self, place: int, cell: NbCell) -> bool:
        """Return whether to drop a cell that is in no slot: if it is empty, an unedited cell of an earlier version, or
        an unedited stub above the answer."""
        id = self._ids[place]
        slot = self._slots.get(id)
        if not cell["source"].strip():
            return True
        if slot is not None:
            return _is_answer(cell) and notebooks.is_untouched(cell) and place < slot
        return (
            _is_former(cell)
            or notebooks.is_untouched(cell)
            or (_is_locked(cell) and "checksum" not in notebooks.mark(cell))
        )

    def _put_in_missing(self, found: list[tuple[str, NbCell]]) -> None:
        """Insert each shipped cell that has no slot after the one before it and the learner's own cells that follow.
        But a test that follows another test is inserted before these own cells, so that it does not see their
        definitions."""
        before, is_answered = "", False
        for id, cell in self._shipped.items():
            follows_own = is_answered or not notebooks.is_test(cell)
            is_answered = _is_answer(cell) or (is_answered and not notebooks.mark(cell))
            if self._slots[id] is None and _is_answer(cell) and self._defining(cell):
                # A new stub would overwrite the answer, which is in another cell of the learner.
                continue
            if self._slots[id] is None:
                place = next((i + 1 for i, (one, _) in enumerate(found) if one == before), 0)
                while follows_own and place < len(found) and not found[place][0]:
                    place += 1
                found.insert(place, (id, copy.deepcopy(cell)))
            before = id


def _with_ids(cells: Iterable[NbCell]) -> Iterator[NbCell]:
    """Yield the cells, each with a unique id; marked cells keep theirs."""
    cells = list(cells)
    seen = {cell["id"] for cell in cells if notebooks.mark(cell) and "id" in cell}
    for place, cell in enumerate(cells):
        id = cell.get("id")
        if id is None or (not notebooks.mark(cell) and id in seen):
            id = hashlib.sha256(f"{place} {id} {cell['source']}".encode()).hexdigest()[:8]
            cell = {**cell, "id": id}
        seen.add(id)
        yield cell


def _is_as_released(cell: NbCell, shipped: NbCell) -> bool:
    """Return whether a locked cell has the text of this version or of an earlier one."""
    return (
        without_save_changes(cell["source"]) == without_save_changes(shipped["source"])
        or notebooks.is_untouched(cell)
        or "checksum" not in notebooks.mark(cell)
    )


def _freed(cell: NbCell) -> NbCell:
    """Return a cell without nbgrader's mark, which would make it part of an exercise, and without the flags that lock a
    marked cell."""
    of_mark = ("nbgrader", "deletable", "editable") if notebooks.mark(cell) else ("nbgrader",)
    return {**cell, "metadata": {name: value for name, value in cell["metadata"].items() if name not in of_mark}}


def _id(cell: NbCell) -> str:
    """Return a cell's grade_id, or else its id, or else its digest: notebooks of old formats have no ids."""
    return str(notebooks.mark(cell).get("grade_id") or cell.get("id") or _digest(cell))


def _digest(cell: NbCell) -> str:
    return hashlib.sha256(cell["source"].encode(errors="surrogatepass")).hexdigest()[:12]


def _is_former(cell: NbCell) -> bool:
    """Return whether a cell is an unedited cell of the course, perhaps of an earlier version (its id is then the digest
    of its text), or empty."""
    return re.fullmatch(rf"{_digest(cell)}(-\d+)?", str(cell.get("id", ""))) is not None or not cell["source"].strip()


def _is_answer(cell: NbCell) -> bool:
    return bool(notebooks.mark(cell).get("solution"))


def _is_locked(cell: NbCell) -> bool:
    return bool(notebooks.mark(cell).get("locked"))


def _sources(notebook: Notebook) -> list[tuple[str, str]]:
    return [(_id(cell), cell["source"]) for cell in notebook["cells"]]
