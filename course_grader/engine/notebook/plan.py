"""The order in which a submission is run and tested: what the student wrote runs as in Jupyter, from top to bottom.

Left out are cells that the teacher wrote, word for word, and that nothing else needs: copies of tests, figures,
experiments. A test is run where its cell is in the student's notebook, always with the teacher's text; behind what
became of the cell, if it was edited; behind the teacher's cells that come before it, if it is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_grader.engine.notebook.assignment import Assignment, TeacherCell
from course_grader.engine.notebook.context import EditedCells, edited, late_setups
from course_grader.engine.notebook.dependencies import ALL, may_bind, reads, words
from course_grader.engine.notebook.owners import Owners, owners_of

# At most this many characters of all cells are read as Python, see `dependencies`; of the others every word counts.
MOST_READ = 500_000


@dataclass(frozen=True)
class RunCell:
    """Run this source in the worker. `place` is the cell's index in the submission; `names` are those that it, or
    another part of the same answer, is to define. An experiment has limits of its own."""

    source: str
    place: int
    names: tuple[str, ...] = ()
    is_experiment: bool = False


@dataclass(frozen=True)
class RunTest:
    """Run this test cell in the referee."""

    cell: TeacherCell


Step = RunCell | RunTest


@dataclass(frozen=True)
class Plan:
    """The steps in order, what was found out of order, in sentences for student and teacher, and what the submission
    made of the teacher's unmarked cells."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...]
    edited: EditedCells = field(default_factory=EditedCells)


def plan(cells: Sequence[dict[str, Any]], assignment: Assignment) -> Plan:
    """Return the plan for the cells of a submission, each a dict with `cell_type`, `source` and `metadata`."""
    owners = owners_of(cells, assignment)
    late = late_setups(assignment)
    own = {place for place in range(len(cells)) if _is_students(cells, owners, place) or owners.of[place] in late}
    runs = own | _needed(cells, owners, own, assignment)
    steps: list[Step] = [RunCell(cell.source, -1) for cell in owners.put_in.get(-1, ()) if cell in late]
    steps += [RunTest(cell) for cell in _tests(owners, -1)]
    for place, cell in enumerate(cells):
        if place in runs:
            match = owners.matches[place]
            names = match.copy_of.names if match.copy_of is not None and match.copy_of.kind == "answer" else ()
            steps.append(RunCell(cell["source"], place, names, match.is_experiment and not names))
        owner = owners.of[place]
        if isinstance(owner, TeacherCell) and owner.kind == "test":
            steps.append(RunTest(owner))
        steps += [RunTest(cell) for cell in _tests(owners, place)]
    return Plan(tuple(steps), tuple(owners.notes), edited(cells, owners.matches, assignment))


def _tests(owners: Owners, place: int) -> list[TeacherCell]:
    return [cell for cell in owners.put_in.get(place, ()) if cell.kind == "test"]


def _is_students(cells: Sequence[dict[str, Any]], owners: Owners, place: int) -> bool:
    """Return whether a cell is the student's and runs: as in Jupyter every code cell does, and an answer that was
    turned into text if no other cell has it."""
    owner = owners.of[place]
    if isinstance(owner, TeacherCell) and owner.kind == "answer":
        return True
    return cells[place]["cell_type"] == "code" and owners.matches[place].text_of is None


def _needed(cells: Sequence[dict[str, Any]], owners: Owners, own: set[int], assignment: Assignment) -> set[int]:
    """Return the places of cells with the teacher's text of which a cell that runs, or a test, may use a name."""
    rest = {
        place: match.text_of
        for place, (cell, match) in enumerate(zip(cells, owners.matches, strict=True))
        if match.text_of is not None and cell["cell_type"] == "code"
    }
    setups = {place: cell for place, cell in rest.items() if cell.kind == "setup"}
    unused = {place: cell.gives for place, cell in rest.items() if place not in setups}
    tested = {name for cell in assignment.of_kind("test") for name in cell.needs}
    used = {ALL} | tested | _read(cells[place]["source"] for place in sorted(own))
    needed: set[int] = set()
    # A cell that is needed may need others in turn.
    while found := [place for place, names in unused.items() if used.intersection(names)]:
        used |= _read(cells[place]["source"] for place in found)
        needed.update(found)
        for place in found:
            del unused[place]
    return needed | {place for place in setups if _is_undone(cells, setups[place], (own | needed), place)}


def _read(sources: Iterable[str]) -> set[str]:
    names: set[str] = set()
    left = MOST_READ
    for source in sources:
        left -= len(source)
        names |= reads(source) if left >= 0 else words(source)
    return names


def _is_undone(cells: Sequence[dict[str, Any]], setup: TeacherCell, runs: set[int], place: int) -> bool:
    """Return whether a cell above a set-up cell, which has run before all others, binds one of its names: then it runs
    again in its place."""
    above = [cells[one]["source"] for one in runs if one < place]
    if sum(map(len, above)) > MOST_READ:
        return True
    bound = {name for source in above for name in may_bind(source)}
    return ALL in bound or bool(bound & setup.gives)
