"""Assign each cell of a submission to one of the teacher's cells, or to the student.

A set-up or test cell counts as the teacher's only if it has the teacher's text. If several cells have the mark of one
answer, as after splitting or copying, one is shown as the answer: the last one that defines a name of the answer. All
of them run, see `plan`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from course_grader.engine.notebook.assignment import Assignment, TeacherCell
from course_grader.engine.notebook.dependencies import LONGEST_READ
from course_utils.cells import names_defined
from course_utils.matching import BY_TEXT, Match, places_of, to_put_in

SKIPPED = "skipped"
Owner = TeacherCell | str | None
Cells = Sequence[Mapping[str, Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class Owners:
    """The owners of a submission's cells.

    of: for each cell, the teacher's cell that it counts as; SKIPPED for another copy of a teacher's cell, or for an
    experiment that the student did not change; or None for the student's own cell.
    put_in: the set-up and test cells that are missing or were edited, by the index of the cell after which they belong
    (-1 for the beginning).
    matches: for each cell, the teacher's cell that it matches. notes: sentences for student and teacher.
    """

    of: list[Owner]
    put_in: Mapping[int, Sequence[TeacherCell]]
    matches: Sequence[Match[TeacherCell]]
    notes: list[str] = field(default_factory=list)

    def around(self, cells: Sequence[T]) -> Iterator[tuple[T | None, Owner]]:
        """Yield each cell with its owner, in order. For a teacher's cell that is put in, the cell is None."""
        yield from ((None, cell) for cell in self.put_in.get(-1, ()))
        for place, (cell, owner) in enumerate(zip(cells, self.of, strict=True)):
            yield cell, owner
            yield from ((None, cell) for cell in self.put_in.get(place, ()))


def owners_of(cells: Cells, assignment: Assignment) -> Owners:
    """Return the owners of the cells, each a dict with `cell_type`, `source` and `metadata`."""
    originals = assignment.originals
    matches = [originals.match(cell) for cell in cells]
    places = places_of(matches)
    answers = _answer_places(cells, matches, places, assignment)
    counts = answers | {grade_id: place for grade_id, place in places.items() if matches[place].is_exact}
    owners: list[Owner] = []
    for place, match in enumerate(matches):
        if match.copy_of is not None and counts.get(match.copy_of.grade_id) == place:
            owners.append(match.copy_of)
        else:
            owners.append(SKIPPED if _is_further_copy(match) else None)
    notes = [*_notes(matches, owners, places, assignment), *_below_tests(cells, matches, owners, places, assignment)]
    return Owners(owners, to_put_in(matches, originals), matches, notes)


def restore_cells(cells: Cells, assignment: Assignment) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the cells with the teacher's text in edited set-up and test cells, as nbgrader does; and notes for student
    and teacher."""
    matches = [assignment.originals.match(cell) for cell in cells]
    restored_cells, notes = [dict(cell) for cell in cells], []
    for grade_id, place in places_of(matches).items():
        if not matches[place].is_exact:
            cell = assignment.by_grade_id[grade_id]
            restored_cells[place] |= {"cell_type": "code", "source": cell.released}
            kind = "test" if cell.kind == "test" else "set-up"
            notes.append(f"The {kind} cell {grade_id!r} was edited. The teacher's text ran in its place.")
    return restored_cells, notes


def _is_further_copy(match: Match[TeacherCell]) -> bool:
    return match.text_of is not None and (bool(match.text_of.grade_id) or match.text_of.kind == "experiment")


def _answer_places(
    cells: Cells, matches: Sequence[Match[TeacherCell]], tests: Mapping[str, int], assignment: Assignment
) -> dict[str, int]:
    """Return the index of the cell that is shown as each answer, by grade_id."""
    copies: dict[str, list[int]] = defaultdict(list)
    for place, match in enumerate(matches):
        if match.copy_of is not None and match.copy_of.kind == "answer":
            copies[match.copy_of.grade_id].append(place)
    answer_places = {}
    for grade_id, places in copies.items():
        names = set(assignment.by_grade_id[grade_id].names)
        code = [place for place in places if cells[place]["cell_type"] == "code"]
        if not code and _is_defined(names, cells):
            # The student turned it into a text cell because another cell has the answer now.
            continue
        last = max((tests.get(test.grade_id, -1) for test in _tests_of(names, assignment)), default=-1)
        above = [place for place in code or places if place < last]
        answer_places[grade_id] = _last_defining(names, above or code or places, cells)
    return answer_places


def _tests_of(names: set[str], assignment: Assignment) -> list[TeacherCell]:
    return [cell for cell in assignment.of_kind("test") if names.intersection(cell.needs)]


def _last_defining(names: set[str], places: Sequence[int], cells: Cells) -> int:
    if len(places) > 1:
        for place in reversed(places):
            if _defines(names, cells[place]["source"]):
                return place
    return next((place for place in reversed(places) if cells[place]["source"].strip()), places[-1])


def _is_defined(names: set[str], cells: Cells) -> bool:
    return any(cell["cell_type"] == "code" and _defines(names, cell["source"]) for cell in cells)


def _defines(names: set[str], source: str) -> bool:
    # Parsing is avoided if no name is in the text, and a long source is never parsed, since that can take very long.
    if not any(name in source for name in names):
        return False
    if len(source) > LONGEST_READ:
        return any(re.search(rf"^(async +def|def|class) +{name}\b|^{name} *=", source, re.MULTILINE) for name in names)
    return not names.isdisjoint(names_defined(source))


def _below_tests(
    cells: Cells,
    matches: Sequence[Match[TeacherCell]],
    owners: Sequence[Owner],
    tests: Mapping[str, int],
    assignment: Assignment,
) -> Iterator[str]:
    """Yield a sentence for each cell that defines an answer below all of its tests, so that no test uses it."""
    for place, match in enumerate(matches):
        if owners[place] is not None or match.text_of is not None or cells[place]["cell_type"] != "code":
            continue
        for answer in assignment.of_kind("answer"):
            names, source = set(answer.names), cells[place]["source"]
            if any(name in source for name in names):
                last = max((tests.get(test.grade_id, place) for test in _tests_of(names, assignment)), default=place)
                if last < place and _defines(names, source):
                    yield (
                        f"Cell {place + 1} defines {answer.grade_id!r} below its tests. A test uses only the cells "
                        "above it."
                    )


def _notes(
    matches: Sequence[Match[TeacherCell]], owners: Sequence[Owner], tests: Mapping[str, int], assignment: Assignment
) -> Iterator[str]:
    """Yield sentences for student and teacher about missing, repeated and edited cells."""
    copies: dict[str, int] = defaultdict(int)
    for match in matches:
        if match.copy_of is not None and match.by > BY_TEXT:
            copies[match.copy_of.grade_id] += 1
    counted = {owner.grade_id for owner in owners if isinstance(owner, TeacherCell)}
    for grade_id, cell in assignment.by_grade_id.items():
        count = copies[grade_id]
        if cell.kind == "answer":
            if count > 1:
                yield (
                    f"There are {count} cells with the grade_id {grade_id!r}. All of them ran, in the notebook's "
                    "order. If a name is defined more than once, each test uses the last definition above it."
                )
            elif not count:
                yield f"The answer cell {grade_id!r} is missing, or has lost its nbgrader metadata."
            elif grade_id not in counted:
                yield f"The answer cell {grade_id!r} is not a code cell. It did not run: another cell has the answer."
        elif grade_id in tests and grade_id not in counted:
            kind = "test" if cell.kind == "test" else "set-up"
            yield (
                f"The {kind} cell {grade_id!r} was edited. It ran as the student's own code; the teacher's text was "
                "used for grading."
            )
        elif count > 1 and cell.kind == "test":
            yield f"There are {count} copies of the test cell {grade_id!r}. The last one counts."
