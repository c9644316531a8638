"""A lesson with some of its exercises only: what else needs those left out goes with them."""

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
    """A cell, or the part of a markdown cell from one heading to the next. `level` is 0 where it has no heading."""

    cell: LessonCell
    place: int
    level: int = 0


def choose(cells: Sequence[LessonCell], exercises: Collection[str]) -> list[LessonCell]:
    """Return the cells without the answers and tests of other exercises, the code that needs those, and the text of
    sections that are empty then; MissingExercise where a chosen one needs one that is left out."""
    gone = _gone(cells, exercises)
    pieces = list(_pieces(cells))
    gone |= set(_unasked(cells, pieces, gone))
    kept = [piece for piece in pieces if piece.place not in gone]
    empty = {id(piece) for piece in _empty_sections(pieces, gone)}
    return list(_joined([piece for piece in kept if id(piece) not in empty]))


def _gone(cells: Sequence[LessonCell], exercises: Collection[str]) -> set[int]:
    """Return the places of the cells that go."""
    left_out = [cell for cell in cells if cell.kind == "answer" and cell.grade_id not in exercises]
    missing = {cell.grade_id for cell in left_out}
    owner = {name: cell.grade_id for cell in left_out for name in assigned_names(cell.source)}
    gone: set[int] = set()
    # What only a cell that went has defined, so that the cells behind it that use it go too.
    lost = set(owner)
    for place, cell in enumerate(cells):
        if cell.kind == "markdown":
            continue
        given, used = assigned_names(cell.source), used_names(cell.source)
        if cell.kind == "answer" and cell.grade_id not in missing:
            _require_exercises(cell, {owner[name] for name in used & set(owner)}, missing)
        elif cell.grade_id in missing or (cell.kind != "setup" and _lacks(cell, (used - given) & lost, missing)):
            gone.add(place)
            lost |= given
            continue
        lost -= given
    return gone


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
    """Return the piece with a heading and what stands under it, up to the next heading of its level or above."""
    level = pieces[start].level
    end = next((at for at in range(start + 1, len(pieces)) if 0 < pieces[at].level <= level), len(pieces))
    return pieces[start:end]


def _unasked(cells: Sequence[LessonCell], pieces: Sequence[_Piece], gone: Collection[int]) -> Iterator[int]:
    """Yield the places of figures and experiments under an exercise's heading whose exercise is gone, as far as nothing
    elsewhere uses what they define."""
    for start, piece in enumerate(pieces):
        if piece.level < 3:
            continue
        inner = {one.place for one in _section(pieces, start) if one.cell.kind != "markdown"}
        answers = {place for place in inner if cells[place].kind == "answer"}
        if not answers or answers - set(gone):
            continue
        outside = {name for place, cell in enumerate(cells) if place not in inner and place not in gone
                   and cell.kind != "markdown" for name in used_names(cell.source)}  # fmt: skip
        yield from (place for place in inner if not assigned_names(cells[place].source) & outside)


def _empty_sections(pieces: Sequence[_Piece], gone: Collection[int]) -> Iterator[_Piece]:
    """Yield the text of each section that had code, and whose code is all gone. The title is no section."""
    for start, piece in enumerate(pieces):
        if piece.level < 2:
            continue
        section = _section(pieces, start)
        code = [inner for inner in section if inner.cell.kind != "markdown"]
        if code and all(inner.place in gone for inner in code):
            yield from (inner for inner in section if inner.cell.kind == "markdown")


def _joined(pieces: Sequence[_Piece]) -> Iterator[LessonCell]:
    """Yield the cells again, each markdown cell of what is left of it."""
    places: dict[int, list[LessonCell]] = {}
    for piece in pieces:
        places.setdefault(piece.place, []).append(piece.cell)
    for parts in places.values():
        yield replace(parts[0], source="\n\n".join(part.source for part in parts)) if len(parts) > 1 else parts[0]


def with_points(cells: Sequence[LessonCell], points: Mapping[str, float]) -> list[LessonCell]:
    """Return the cells with each named exercise's points divided among its test cells as they were before.

    Of an exercise that had no points, each test cell gets as much.
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
    """Tell as the engine does: by the checks of a cell, or where it has none, by the names that it uses."""
    if cell.kind != "test":
        return False
    checked = set(checked_exercises(cell.source))
    return exercise in checked if checked else bool(used_names(cell.source) & set(names))


def appended(
    cells: Sequence[LessonCell], more: Sequence[LessonCell], clash: Callable[[str], Exception]
) -> list[LessonCell]:
    """Return the cells with those of another lesson behind them; the same set-up is not repeated.

    `clash` makes the error for a grade_id that both have, with different content.
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
