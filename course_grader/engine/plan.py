"""The order in which a submission is run and tested, whatever happened to its cells.

The student's cells run in the student's order. Experiments are left out, and so are cells that the teacher wrote
and that nothing else needs, such as a figure. A test stands where the student's copy of its cell stands; one that is
missing stands behind the teacher's cells that come before it. Set-up and test cells always have the teacher's text.
"""

from __future__ import annotations

import ast
import re
import symtable
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeVar

from course_grader.engine.assignment import Assignment, TeacherCell, remembered, squeezed

# Every character beyond ASCII may be part of a name, as the accent of one that is written as two characters.
WORD = re.compile(r"[0-9A-Za-z_\u0080-\U0010ffff]+")
NAMES_FROM_TEXT = {"eval", "exec", "globals", "locals", "vars", "dir", "__globals__", "get_ipython", "sys", "inspect"}
# Its annotations are texts, and what reads them looks for their names in the notebook.
NAMES_FROM_TEXT |= {"__future__"}
IMPORTS_MAIN = "__main__"
# Among a cell's names it stands for all that a module has.
ALL = "*"
# To read a source as Python can take a time that grows with the square of its length, and a thousand times its memory:
# so many characters of a cell are read, and of all cells together.
LONGEST_READ, MOST_READ, LONGEST_NAME = 10_000, 500_000, 200


@dataclass(frozen=True)
class Run:
    """Run this source in the worker. `place` is the cell's index in the submission; `names` are those that it is to
    define."""

    source: str
    place: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Test:
    """Run this test cell in the referee."""

    cell: TeacherCell


Step = Run | Test


@dataclass(frozen=True)
class Plan:
    """The steps in order, and what was found out of order, in sentences for student and teacher."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]


def plan(cells: Sequence[dict[str, Any]], assignment: Assignment) -> Plan:
    """Return the plan for the cells of a submission, each a dict with `cell_type`, `source` and `metadata`."""
    owners, notes = owners_of(cells, assignment)
    _leave_out_scenery(cells, owners, assignment)
    behind = missing_tests(owners, assignment)
    steps: list[Step] = [Test(cell) for cell in behind[-1]]
    for place, cell in enumerate(cells):
        owner = owners[place]
        if isinstance(owner, TeacherCell):
            if owner.kind == "test":
                steps.append(Test(owner))
            elif owner.kind == "answer":
                steps.append(Run(cell["source"], place, owner.names))
        elif owner is None and cell["cell_type"] == "code":
            steps.append(Run(cell["source"], place))
        steps += [Test(test) for test in behind[place]]
    return Plan(tuple(steps), tuple(notes))


SKIPPED = "skipped"
Owner = TeacherCell | str | None
Cell = TypeVar("Cell")


def owners_of(cells: Sequence[dict[str, Any]], assignment: Assignment) -> tuple[list[Owner], list[str]]:
    """Return for each cell the teacher's cell that it stands for, SKIPPED, or None for the student's own; and notes."""
    ids = [_grade_id(cell, assignment) for cell in cells]
    copies = defaultdict(list)
    for place, grade_id in enumerate(ids):
        if grade_id:
            copies[grade_id].append(place)
    notes = []
    counts: dict[str, int] = {}
    for grade_id, places in copies.items():
        counts[grade_id] = places[0]
        if len(places) > 1:
            counts[grade_id] = _in_teachers_place(grade_id, places, ids, assignment)
            notes.append(f"There are {len(places)} copies of the cell {grade_id!r}. The one in its place is graded.")
    for cell in assignment.cells:
        if cell.kind == "answer" and cell.grade_id not in copies:
            notes.append(f"The answer cell {cell.grade_id!r} is missing, or has lost the mark that tells it apart.")
    owners: list[Owner] = []
    for place, (one, grade_id) in enumerate(zip(cells, ids, strict=True)):
        if grade_id:
            owners.append(assignment.by_grade_id[grade_id] if counts[grade_id] == place else SKIPPED)
        else:
            owners.append(SKIPPED if _is_experiment(one, assignment) else None)
    return owners, notes


def _grade_id(cell: dict[str, Any], assignment: Assignment) -> str:
    """Return which of the teacher's marked cells this is: by its mark, by its id, or by the text of a locked cell."""
    mark = cell["metadata"].get("nbgrader")
    grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
    if isinstance(grade_id, str) and grade_id in assignment.by_grade_id:
        return grade_id
    return next((known.grade_id for known in _known(cell, assignment) if known is not None and known.grade_id), "")


def _leave_out_scenery(cells: Sequence[dict[str, Any]], owners: list[Owner], assignment: Assignment) -> None:
    """Mark as SKIPPED the teacher's own cells of which no name stands in any cell that runs."""
    places = {squeezed(cell.source): cell for cell in assignment.of_kind("code")}
    scenery = {
        place: known
        for place, (cell, owner) in enumerate(zip(cells, owners, strict=True))
        if owner is None and cell["cell_type"] == "code" and (known := places.get(squeezed(cell["source"])))
    }
    runs = [
        cell["source"]
        for place, (cell, owner) in enumerate(zip(cells, owners, strict=True))
        if place not in scenery and (isinstance(owner, TeacherCell) or (owner is None and cell["cell_type"] == "code"))
    ]
    if sum(map(len, runs)) > MOST_READ:
        return
    words = {ALL} | {word for source in runs for word in _words(source)}
    # A cell that is needed may need others in turn.
    while needed := [place for place, cell in scenery.items() if words.intersection(cell.names)]:
        words.update(word for place in needed for word in _words(scenery.pop(place).source))
    for place in scenery:
        owners[place] = SKIPPED


@remembered
def _words(source: str) -> frozenset[str]:
    """Return the names of the notebook's that a cell may use, among which a function's own are not; every word of it
    where names can be made of text, or it is long."""
    words = frozenset(map(_as_python_reads, WORD.findall(source)))
    if len(source) > LONGEST_READ or IMPORTS_MAIN in words or words & NAMES_FROM_TEXT:
        return words
    try:
        names = _names_of_notebook(symtable.symtable(source, "cell", "exec"))
        # What is changed in place or deleted must be there too.
        names |= {name for node in ast.walk(ast.parse(source)) for name in _changed(node)}
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return words
    return frozenset(names)


def _as_python_reads(word: str) -> str:
    """Return the form in which Python has a name: two signs that look like the Greek mu are one."""
    # The time for a long one grows with the square of its length, and a name it is not.
    return word if word.isascii() or len(word) > LONGEST_NAME else unicodedata.normalize("NFKC", word)


def _names_of_notebook(scope: symtable.SymbolTable) -> set[str]:
    """Return the names that are read in a scope or in one within it, and are not those of a function on the way."""
    # What a class's body reads may be its own in one line and the notebook's in another.
    is_function = scope.get_type() not in ("module", "class")
    names = {
        symbol.get_name()
        for symbol in scope.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or not is_function)
    }
    return names.union(*map(_names_of_notebook, scope.get_children()))


def _changed(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.AugAssign(target=ast.Name(id=name)) | ast.Name(id=name, ctx=ast.Del()):
            yield name


def _is_experiment(cell: dict[str, Any], assignment: Assignment) -> bool:
    tags = cell["metadata"].get("tags")
    if isinstance(tags, list) and "experiment" in tags:
        return True
    return any(known is not None and known.kind == "experiment" for known in _known(cell, assignment))


def _known(cell: dict[str, Any], assignment: Assignment) -> Iterator[TeacherCell | None]:
    """Yield the teacher's cells that have this cell's id, and its text."""
    yield assignment.by_id.get(cell.get("id", ""))
    if cell["cell_type"] == "code":
        yield assignment.by_text.get(squeezed(cell["source"]))


def _in_teachers_place(grade_id: str, places: list[int], ids: Sequence[str], assignment: Assignment) -> int:
    """Return the copy of a cell that has the most of the teacher's cells on their right side of it."""
    order = list(assignment.by_grade_id)
    before = set(order[: order.index(grade_id)])
    # Counted once for all copies: a notebook can hold thousands.
    later = list(accumulate((bool(one) and one not in before and one != grade_id for one in ids), initial=0))
    earlier = list(accumulate((one in before for one in ids), initial=0))
    return min(places, key=lambda place: (later[place] + earlier[-1] - earlier[place + 1], place))


def arranged(
    cells: Sequence[Cell], owners: Sequence[Owner], assignment: Assignment
) -> Iterator[tuple[Cell | None, Owner]]:
    """Yield the cells of a submission with whom they stand for; None in the place of a set-up or test cell that is
    missing."""
    missing = missing_tests(owners, assignment)
    present = {owner.grade_id for owner in owners if isinstance(owner, TeacherCell)}
    yield from ((None, cell) for cell in assignment.of_kind("setup") if cell.grade_id not in present)
    yield from ((None, test) for test in missing[-1])
    for place, (cell, owner) in enumerate(zip(cells, owners, strict=True)):
        yield cell, owner
        yield from ((None, test) for test in missing[place])


def missing_tests(owners: Sequence[Owner], assignment: Assignment) -> dict[int, list[TeacherCell]]:
    """Return the tests that no cell stands for, by the place behind which they belong."""
    place_of = {owner.grade_id: place for place, owner in enumerate(owners) if isinstance(owner, TeacherCell)}
    missing = defaultdict(list)
    behind = -1
    for grade_id, cell in assignment.by_grade_id.items():
        if grade_id in place_of:
            behind = place_of[grade_id]
        elif cell.kind == "test":
            missing[behind].append(cell)
    return missing
