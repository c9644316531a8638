"""Which of the course's cells each cell of a notebook is, whatever was copied, split, moved, edited or lost its marks.

The grader, `course check` and `course update` all ask here, so that they agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

# How a cell was recognised, from the weakest to the strongest sign.
BY_NOTHING, BY_TEXT, BY_ID, BY_MARK = range(4)


class Original(Protocol):
    """A cell of the course's. `kind` is setup, answer, test, experiment or code; `released` is what learners read."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def grade_id(self) -> str: ...
    @property
    def released(self) -> str: ...


O = TypeVar("O", bound=Original)


@dataclass(frozen=True)
class Match(Generic[O]):
    """What one cell is.

    `copy_of` is the cell with a grade_id of which this one is a copy or a part, recognised `by` its mark, its id or its
    text. `text_of` is the course's cell that has word for word the same text; an answer cell never has one. An
    experiment is one by its tag, its id or its text.
    """

    copy_of: O | None
    by: int
    text_of: O | None
    is_experiment: bool

    @property
    def is_own(self) -> bool:
        """Whether the cell is none of the course's."""
        return self.copy_of is None and self.text_of is None and not self.is_experiment

    @property
    def is_exact(self) -> bool:
        """Whether the cell still has the text of the cell that it is a copy of."""
        return self.copy_of is not None and self.text_of is not None and same(self.copy_of, self.text_of)


def same(one: Original, other: Original) -> bool:
    return one is other or plain(one.released) == plain(other.released)


def plain(text: str) -> str:
    """Return a text without what saving alone can change: how lines end, and white space at the very end. Anything else
    may change what a cell does."""
    return text.replace("\r\n", "\n").rstrip()


class Originals(Generic[O]):
    """The course's code cells of one notebook, in order."""

    def __init__(self, cells: Iterable[O]) -> None:
        self.cells = tuple(cells)
        self.by_grade_id = {cell.grade_id: cell for cell in self.cells if cell.grade_id}
        known = (cell for cell in self.cells if cell.id and (cell.grade_id or cell.kind == "experiment"))
        self._by_id = {cell.id: cell for cell in known}
        # Of two with the same text, the first.
        self._by_text = {plain(cell.released): cell for cell in reversed(self.cells) if cell.kind != "answer"}

    def match(self, cell: Mapping[str, Any]) -> Match[O]:
        """Return what a cell of a notebook, a dict with `cell_type`, `source` and `metadata`, is."""
        metadata = cell["metadata"]
        mark, tags, id = metadata.get("nbgrader"), metadata.get("tags"), cell.get("id")
        grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
        marked = self.by_grade_id.get(grade_id) if isinstance(grade_id, str) else None
        # Prose that quotes a cell is no copy of it; a marked cell that was turned into text is.
        is_code = cell["cell_type"] == "code" or marked is not None
        text_of = self._by_text.get(plain(cell["source"])) if is_code else None
        known = self._by_id.get(id) if isinstance(id, str) else None
        is_experiment = (isinstance(tags, list) and "experiment" in tags) or any(
            one is not None and one.kind == "experiment" for one in (known, text_of)
        )
        copy_of, by = self._copied(marked, text_of, known)
        if copy_of is not None and copy_of.kind == "answer":
            text_of = None
        return Match(copy_of, by, text_of, is_experiment)

    @staticmethod
    def _copied(marked: O | None, text_of: O | None, known: O | None) -> tuple[O | None, int]:
        """Return the marked cell of which a cell is a copy, and by which sign."""
        if marked is not None:
            return marked, BY_MARK
        if known is not None and known.grade_id and (text_of is None or same(known, text_of)):
            return known, BY_ID
        return (text_of, BY_TEXT) if text_of is not None and text_of.grade_id else (None, BY_NOTHING)


def places_of(matches: Sequence[Match[O]]) -> dict[str, int]:
    """Return where each set-up and test cell is. Of several copies, one with the mark counts before one without, one
    that was not edited before one that was, and then the last, as the last definition of a name does."""
    copies: dict[str, list[int]] = defaultdict(list)
    for place, match in enumerate(matches):
        if match.copy_of is not None and match.copy_of.kind in ("setup", "test"):
            copies[match.copy_of.grade_id].append(place)
    return {
        grade_id: max(places, key=lambda place: (matches[place].by, matches[place].is_exact, place))
        for grade_id, places in copies.items()
    }


def to_put_in(matches: Sequence[Match[O]], originals: Originals[O]) -> dict[int, list[O]]:
    """Return the set-up and test cells that no cell has the text of, by the place behind which each belongs; -1 is the
    top.

    A test cell that was edited belongs behind what became of it. One that is missing belongs behind the cell that comes
    before it in the course's notebook, and if that is the answer, behind the learner's own cells that follow it, too.
    Set-up cells belong at the top.
    """
    places = places_of(matches)
    last = {match.copy_of.grade_id: place for place, match in enumerate(matches) if match.copy_of is not None}
    tests: dict[int, list[O]] = defaultdict(list)
    setups: list[O] = []
    behind = -1
    for grade_id, cell in originals.by_grade_id.items():
        place = places.get(grade_id)
        is_there = place is not None and matches[place].is_exact
        if cell.kind == "answer":
            if grade_id in last:
                behind = last[grade_id]
                while behind + 1 < len(matches) and matches[behind + 1].is_own:
                    behind += 1
            continue
        behind = behind if place is None else place
        if not is_there:
            (setups if cell.kind == "setup" else tests[behind]).append(cell)
    return {**tests, -1: [*setups, *tests.get(-1, [])]}
