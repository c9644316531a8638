"""Bringing a learner's notebooks up to date: the course's new text around the learner's own answers."""

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
from course_utils.matching import plain
from course_utils.shipped_notebooks import is_shipped_folder, shipped_folder

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
    if is_shipped_folder(folder):
        raise CourseError(
            "These are the course's own notebooks, which come with git. Lay down copies of your own with "
            "`course start FOLDER`; then `course update` keeps those up to date."
        )
    backup = folder / BACKUP / (now or datetime.now()).strftime("%Y-%m-%d_%H-%M-%S")
    return [
        _update_one(folder / lesson.stem / lesson.name, lesson, backup)
        for lesson in notebooks.lessons_in(shipped_folder())
    ]


def outdated(folder: Path) -> list[str]:
    """Return the lessons that `update` would bring or change."""
    found = []
    for lesson in notebooks.lessons_in(shipped_folder()):
        place = folder / lesson.stem / lesson.name
        mine = notebooks.try_read(place) if place.exists() else None
        if isinstance(mine, CourseError) or (mine and notebooks.of_class(mine)):
            continue
        if mine is None or _sources(merged(mine, notebooks.read(lesson))[0]) != _sources(mine):
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
        reason = f"It was handed out in the course {teacher}, which asks questions of its own."
        return Update(shipped.stem, "left alone", reason=reason)
    fresh, answers, kept = merged(mine, notebooks.read(shipped))
    if _sources(fresh) == _sources(mine):
        return Update(shipped.stem, "up to date")
    saved = backup / place.name
    write_atomic(saved, place.read_text(encoding="utf-8-sig"))
    write_atomic(place, notebooks.text_of(fresh))
    return Update(shipped.stem, "changed", answers, kept, saved)


def merged(mine: Notebook, shipped: Notebook) -> tuple[Notebook, int, int]:
    """Return the learner's notebook with the shipped text in it, the number of answers, and of other cells kept.

    The learner's cells stay in their order, so that what passed still passes. A cell of the course's that nobody
    changed gets its new text, one that is missing comes in behind the one before it, and one that is gone from the
    course leaves. A test or set-up cell that the learner edited becomes an ordinary cell beside the course's. Of
    several cells with one mark, as after splitting or copying, one keeps it.
    """
    merger = _Merger(mine["cells"], shipped["cells"])
    fresh = copy.deepcopy({name: value for name, value in shipped.items() if name != "cells"})
    return {**fresh, "cells": merger.cells()}, merger.answers, merger.kept


class _Merger:
    """`answers` and `kept` count the learner's answers and other cells."""

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
        """Return the id of the shipped cell that a cell is or was copied from, or its own."""
        signs = (notebooks.mark(cell).get("grade_id"), cell.get("id"), _digest(cell))
        return next((str(sign) for sign in signs if sign in self._shipped), _id(cell))

    def _slot(self, id: str, shipped: NbCell) -> int | None:
        """Return the place of the cell that is updated as this shipped one; None if there is none."""
        places = [place for place, known in enumerate(self._ids) if known == id]
        if _is_answer(shipped):
            code = [place for place in places if self._mine[place]["cell_type"] == "code"]
            defining = self._defining(shipped)
            # A cell of the learner's own that has the answer gets the mark that it has lost.
            own = [place for place in defining if not places and self._ids[place] not in self._shipped]
            places = [place for place in defining if place in code] or code or places or own
        if _is_locked(shipped):
            exact = [place for place in places if _is_as_released(self._mine[place], shipped)]
            places = exact or places
        if not places:
            return None
        return places[-1] if shipped["metadata"].get("nbgrader") else places[0]

    def _defining(self, answer: NbCell) -> list[int]:
        """Return the places of the code cells that define what an answer is to define."""
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
        # A cell that the learner turned into text, or into code, stays that.
        kept = ("source", "outputs", "execution_count", "attachments", "cell_type")
        made = {name: old[name] for name in kept if name in old} | {name: cell[name] for name in ("id", "metadata")}
        return [(id, made)]

    def _is_dropped(self, place: int, cell: NbCell) -> bool:
        """Return whether a cell without a slot is the course's: of an earlier version, or a stub above the answer."""
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
        """Put each shipped cell that has no slot behind the one before it and the learner's own cells that follow; a
        test behind another test comes before those, for it may not see what they define."""
        before, is_answered = "", False
        for id, cell in self._shipped.items():
            follows_own = is_answered or not notebooks.is_test(cell)
            is_answered = _is_answer(cell) or (is_answered and not notebooks.mark(cell))
            if self._slots[id] is None and _is_answer(cell) and self._defining(cell):
                # A stub would undo what another cell of the learner's has.
                continue
            if self._slots[id] is None:
                place = next((i + 1 for i, (one, _) in enumerate(found) if one == before), 0)
                while follows_own and place < len(found) and not found[place][0]:
                    place += 1
                found.insert(place, (id, copy.deepcopy(cell)))
            before = id


def _with_ids(cells: Iterable[NbCell]) -> Iterator[NbCell]:
    """Yield the cells, each with an id that no other has; marked cells keep theirs."""
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
    """Return whether a locked cell has the text of this or an earlier version of the course."""
    return (
        plain(cell["source"]) == plain(shipped["source"])
        or notebooks.is_untouched(cell)
        or "checksum" not in notebooks.mark(cell)
    )


def _freed(cell: NbCell) -> NbCell:
    """Return a kept cell without nbgrader's mark, which would make it an exercise of the new notebook, and without the
    locks that came with it."""
    of_mark = ("nbgrader", "deletable", "editable") if notebooks.mark(cell) else ("nbgrader",)
    return {**cell, "metadata": {name: value for name, value in cell["metadata"].items() if name not in of_mark}}


def _id(cell: NbCell) -> str:
    """Return what a cell is known by; notebooks of old formats have no ids."""
    return str(notebooks.mark(cell).get("grade_id") or cell.get("id") or _digest(cell))


def _digest(cell: NbCell) -> str:
    return hashlib.sha256(cell["source"].encode(errors="surrogatepass")).hexdigest()[:12]


def _is_former(cell: NbCell) -> bool:
    """Tell whether a cell is the course's own from an earlier version, untouched: its id is made from its text."""
    return re.fullmatch(rf"{_digest(cell)}(-\d+)?", str(cell.get("id", ""))) is not None or not cell["source"].strip()


def _is_answer(cell: NbCell) -> bool:
    return bool(notebooks.mark(cell).get("solution"))


def _is_locked(cell: NbCell) -> bool:
    return bool(notebooks.mark(cell).get("locked"))


def _sources(notebook: Notebook) -> list[tuple[str, str]]:
    return [(_id(cell), cell["source"]) for cell in notebook["cells"]]
