"""Reduces a lesson to chosen exercises, and removes everything that depends on the other ones."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from course_grader.authoring.lesson_cells import LessonCell
from course_utils.cells import assigned_names, checked_exercises, used_names
from course_utils.checks.probe import exercises as known_exercises

HEADING = re.compile(r"^(#{1,6})\s", re.MULTILINE)


class MissingExercise(Exception):
    """A chosen exercise builds on one that was left out."""

    def __init__(self, exercise: str, needed: str) -> None:
        self.exercise, self.needed = exercise, needed
        super().__init__(exercise, needed)


@dataclass(frozen=True)
class _Piece:
    """A code cell, or the part of a markdown cell from one heading to the next.

    place: the index of its cell. level: the level of its heading, 0 if it has none.
    """

    cell: LessonCell
    place: int
    level: int = 0


def choose_exercises(cells: Sequence[LessonCell], exercises: Collection[str]) -> list[LessonCell]:
    """Return the cells without the other exercises: without their answers and tests, the code that depends on these,
    and the text of sections that have become empty.

    Raises MissingExercise if a chosen exercise needs one that is left out.
    """
    removed = _removed(cells, exercises)
    pieces = list(_pieces(cells))
    removed |= set(_orphaned(cells, pieces, removed))
    kept = [piece for piece in pieces if piece.place not in removed]
    empty = {id(piece) for piece in _empty_sections(pieces, removed)}
    return list(_joined([piece for piece in kept if id(piece) not in empty]))


def _removed(cells: Sequence[LessonCell], exercises: Collection[str]) -> set[int]:
    """Return the indices of the cells to remove."""
    left_out = [cell for cell in cells if cell.kind == "answer" and cell.grade_id not in exercises]
    missing = {cell.grade_id for cell in left_out}
    owner = {name: cell.grade_id for cell in left_out for name in assigned_names(cell.source)}
    removed: set[int] = set()
    # Names that only removed cells define: later cells that use them are removed too.
    lost = set(owner)
    for place, cell in enumerate(cells):
        if cell.kind == "markdown":
            continue
        defined, used = assigned_names(cell.source), used_names(cell.source)
        if cell.kind == "answer" and cell.grade_id not in missing:
            _require_exercises(cell, {owner[name] for name in used & set(owner)}, missing)
        elif cell.grade_id in missing or (cell.kind != "setup" and _lacks(cell, (used - defined) & lost, missing)):
            removed.add(place)
            lost |= defined
            continue
        lost -= defined
    return removed


def _require_exercises(cell: LessonCell, called: Collection[str], missing: Collection[str]) -> None:
    probe = known_exercises().get(cell.grade_id)
    needed = {*called, *(probe.needs if probe else ())} & set(missing)
    if needed:
        raise MissingExercise(cell.grade_id, min(needed))


def _lacks(cell: LessonCell, names: Collection[str], missing: Collection[str]) -> bool:
    return bool(names) or (cell.kind == "test" and bool(set(checked_exercises(cell.source)) & set(missing)))


def _pieces(cells: Sequence[LessonCell]) -> Iterator[_Piece]:
    for place, cell in enumerate(cells):
        if cell.kind != "markdown":
            yield _Piece(cell, place)
            continue
        starts = [match.start() for match in HEADING.finditer(cell.source)]
        bounds = sorted({0, *starts, len(cell.source)})
        for begin, end in itertools.pairwise(bounds):
            part = cell.source[begin:end]
            heading = HEADING.match(part)
            yield _Piece(replace(cell, source=part.strip("\n")), place, len(heading[1]) if heading else 0)


def _section(pieces: Sequence[_Piece], start: int) -> Sequence[_Piece]:
    """Return a heading's piece and those below it, up to the next heading of the same or a higher level."""
    level = pieces[start].level
    end = next((at for at in range(start + 1, len(pieces)) if 0 < pieces[at].level <= level), len(pieces))
    return pieces[start:end]


def _orphaned(cells: Sequence[LessonCell], pieces: Sequence[_Piece], removed: Collection[int]) -> Iterator[int]:
    """Yield the indices of figures and experiments in sections whose exercise was removed, unless a cell elsewhere uses
    what they define."""
    for start, piece in enumerate(pieces):
        if piece.level < 3:
            continue
        inner = {part.place for part in _section(pieces, start) if part.cell.kind != "markdown"}
        answers = {place for place in inner if cells[place].kind == "answer"}
        if not answers or answers - set(removed):
            continue
        outside = {name for place, cell in enumerate(cells) if place not in inner and place not in removed
                   and cell.kind != "markdown" for name in used_names(cell.source)}  # fmt: skip
        yield from (place for place in inner if not assigned_names(cells[place].source) & outside)


def _empty_sections(pieces: Sequence[_Piece], removed: Collection[int]) -> Iterator[_Piece]:
    """Yield the text of each section whose code cells were all removed. The lesson's title is not a section."""
    for start, piece in enumerate(pieces):
        if piece.level < 2:
            continue
        section = _section(pieces, start)
        code = [inner for inner in section if inner.cell.kind != "markdown"]
        if code and all(inner.place in removed for inner in code):
            yield from (inner for inner in section if inner.cell.kind == "markdown")


def _joined(pieces: Sequence[_Piece]) -> Iterator[LessonCell]:
    """Yield the cells again, with the remaining parts of each markdown cell joined."""
    places: dict[int, list[LessonCell]] = {}
    for piece in pieces:
        places.setdefault(piece.place, []).append(piece.cell)
    for parts in places.values():
        yield replace(parts[0], source="\n\n".join(part.source for part in parts)) if len(parts) > 1 else parts[0]


def with_points(cells: Sequence[LessonCell], points: Mapping[str, float]) -> list[LessonCell]:
    """Return the cells with new points for the named exercises.

    The points of an exercise are divided among its test cells in the same proportions as before; if it had none, they
    are divided equally.
    """
    chosen = list(cells)
    for exercise, wanted in points.items():
        names = {name for cell in chosen if cell.grade_id == exercise for name in assigned_names(cell.source)}
        tests = [place for place, cell in enumerate(chosen) if _is_test_of(cell, exercise, names)]
        before = [chosen[place].points for place in tests]
        weights = before if sum(before) else [1.0] * len(tests)
        left = wanted
        for place, weight in zip(tests, weights, strict=True):
            last = place == tests[-1]
            share = left if last else round(wanted * weight / sum(weights), 2)
            left = round(left - share, 6)
            chosen[place] = replace(chosen[place], points=share)
    return chosen


def _is_test_of(cell: LessonCell, exercise: str, names: Collection[str]) -> bool:
    """Return whether a test cell tests an exercise, by the engine's rule: by the exercises that it checks or, if it has
    no check, by the names that it uses."""
    if cell.kind != "test":
        return False
    checked = set(checked_exercises(cell.source))
    return exercise in checked if checked else bool(used_names(cell.source) & set(names))


def appended(
    cells: Sequence[LessonCell], more: Sequence[LessonCell], clash: Callable[[str], Exception]
) -> list[LessonCell]:
    """Return the cells followed by those of another lesson, without repeating cells that both have.

    clash: returns the exception to raise if both have a cell with the same grade_id and different content.
    """
    known = {cell.grade_id: cell for cell in cells if cell.grade_id}
    result = list(cells)
    for cell in more:
        same = known.get(cell.grade_id) if cell.grade_id else None
        if same is None:
            result.append(cell)
        elif same.source != cell.source:
            raise clash(cell.grade_id)
    return result
