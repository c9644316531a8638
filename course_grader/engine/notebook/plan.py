"""Plan the order in which a submission's cells and tests run: the student's cells run as in Jupyter, top to bottom.

Cells with exactly the teacher's text that nothing else needs are left out: copies of tests, figures, experiments. A
test runs at the position of its cell in the student's notebook, always with the teacher's text. If the cell was edited,
the test runs after the edited cell. If it is missing, the test runs after the teacher's cells that come before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_grader.engine.notebook.assignment import Assignment, TeacherCell
from course_grader.engine.notebook.context import EditedCells, edited, late_setups
from course_grader.engine.notebook.dependencies import ALL, may_bind, reads, words
from course_grader.engine.notebook.owners import Owners, owners_of

# At most this many characters of a submission are parsed; in the rest, every word counts as a name (`dependencies`).
MOST_READ = 500_000


@dataclass(frozen=True)
class RunCell:
    """Run this source in the worker.

    place: the cell's index in the submission, -1 if the cell is missing there. names: for an answer cell, the names
    that the whole answer should define. An experiment has its own limits.
    """

    source: str
    place: int
    names: tuple[str, ...] = ()
    is_experiment: bool = False


@dataclass(frozen=True)
class RunTest:
    """Run this test cell in the referee."""

    cell: TeacherCell


PlanStep = RunCell | RunTest


@dataclass(frozen=True)
class Plan:
    """The steps in order, notes for student and teacher, and the teacher's unmarked cells that the student changed."""

    steps: tuple[PlanStep, ...]
    notes: tuple[str, ...]
    edited: EditedCells = field(default_factory=EditedCells)


def plan(cells: Sequence[dict[str, Any]], assignment: Assignment) -> Plan:
    """Return the plan for the cells of a submission, each a dict with `cell_type`, `source` and `metadata`."""
    owners = owners_of(cells, assignment)
    late = late_setups(assignment)
    always = {place for place in range(len(cells)) if _is_students(cells, owners, place) or owners.of[place] in late}
    runs = always | _needed(cells, owners, always, assignment)
    steps: list[PlanStep] = [RunCell(cell.source, -1) for cell in owners.put_in.get(-1, ()) if cell in late]
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
    """Return whether a cell is the student's and runs: every code cell, and an answer that was turned into a text cell
    if no other cell has the answer."""
    owner = owners.of[place]
    if isinstance(owner, TeacherCell) and owner.kind == "answer":
        return True
    return cells[place]["cell_type"] == "code" and owners.matches[place].text_of is None


def _needed(cells: Sequence[dict[str, Any]], owners: Owners, always: set[int], assignment: Assignment) -> set[int]:
    """Return the indices of cells with the teacher's text that define a name which a running cell or a test may use.

    always: the indices of the cells that run in any case.
    """
    rest = {
        place: match.text_of
        for place, (cell, match) in enumerate(zip(cells, owners.matches, strict=True))
        if match.text_of is not None and cell["cell_type"] == "code"
    }
    setups = {place: cell for place, cell in rest.items() if cell.kind == "setup"}
    unused = {place: cell.gives for place, cell in rest.items() if place not in setups}
    tested = {name for cell in assignment.of_kind("test") for name in cell.needs}
    used = {ALL} | tested | _names_read(cells[place]["source"] for place in sorted(always))
    needed: set[int] = set()
    # A needed cell may need further cells.
    while newly_needed := [place for place, names in unused.items() if used.intersection(names)]:
        used |= _names_read(cells[place]["source"] for place in newly_needed)
        needed.update(newly_needed)
        for place in newly_needed:
            del unused[place]
    return needed | {place for place in setups if _must_run_again(cells, setups[place], (always | needed), place)}


def _names_read(sources: Iterable[str]) -> set[str]:
    names: set[str] = set()
    left = MOST_READ
    for source in sources:
        left -= len(source)
        names |= reads(source) if left >= 0 else words(source)
    return names


def _must_run_again(cells: Sequence[dict[str, Any]], setup: TeacherCell, runs: set[int], place: int) -> bool:
    """Return whether a set-up cell, which the zygote ran before all cells, must run again at its position: a cell above
    it may bind one of its names."""
    above = [cells[index]["source"] for index in runs if index < place]
    if sum(map(len, above)) > MOST_READ:
        return True
    bound = {name for source in above for name in may_bind(source)}
    return ALL in bound or bool(bound & setup.gives)
