"""Match the cells of a learner's notebook with the course's cells, even if they were copied, split, moved or edited, or
have lost their nbgrader metadata.

The grader, `course check` and `course update` all use this module, so that they agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

# What identified a cell, from the weakest to the strongest evidence. The mark is nbgrader's metadata.
BY_NOTHING, BY_TEXT, BY_ID, BY_MARK = range(4)


class Original(Protocol):
    """A cell of the course. `kind` is setup, answer, test, experiment or code; `released` is the source that learners
    get."""

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
    """What a cell of a learner's notebook is.

    `copy_of`: the course's cell with a grade_id that this cell is a copy or a part of, identified `by` its mark, its id
    or its text. `text_of`: the course's cell with exactly the same text; always None for an answer cell.
    `is_experiment`: the cell is an experiment by its tag, its id or its text.
    """

    copy_of: O | None
    by: int
    text_of: O | None
    is_experiment: bool

    @property
    def is_own(self) -> bool:
        """Whether the cell is the learner's own, not one of the course."""
        return self.copy_of is None and self.text_of is None and not self.is_experiment

    @property
    def is_exact(self) -> bool:
        """Whether the cell is a copy and still has the original's text."""
        return self.copy_of is not None and self.text_of is not None and same_text(self.copy_of, self.text_of)


def same_text(one: Original, other: Original) -> bool:
    """Return whether two of the course's cells have the same text."""
    return one is other or without_save_changes(one.released) == without_save_changes(other.released)


def without_save_changes(text: str) -> str:
    """Return a text without what merely saving it can change: line endings, and white space at the very end. Any other
    difference may change what a cell does."""
    return text.replace("\r\n", "\n").rstrip()


class Originals(Generic[O]):
    """The course's code cells of one notebook, in order."""

    def __init__(self, cells: Iterable[O]) -> None:
        self.cells = tuple(cells)
        self.by_grade_id = {cell.grade_id: cell for cell in self.cells if cell.grade_id}
        known = (cell for cell in self.cells if cell.id and (cell.grade_id or cell.kind == "experiment"))
        self._by_id = {cell.id: cell for cell in known}
        # If two cells have the same text, the first one counts.
        self._by_text = {
            without_save_changes(cell.released): cell for cell in reversed(self.cells) if cell.kind != "answer"
        }

    def match(self, cell: Mapping[str, Any]) -> Match[O]:
        """Return what a cell is; `cell` is a dict with `cell_type`, `source` and `metadata`."""
        metadata = cell["metadata"]
        mark, tags, id = metadata.get("nbgrader"), metadata.get("tags"), cell.get("id")
        grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
        marked = self.by_grade_id.get(grade_id) if isinstance(grade_id, str) else None
        # A Markdown cell that quotes code is not a copy; a marked cell that was converted to Markdown is.
        is_code = cell["cell_type"] == "code" or marked is not None
        text_of = self._by_text.get(without_save_changes(cell["source"])) if is_code else None
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
        """Return the course's cell with a grade_id that a cell is a copy of, and what identified it."""
        if marked is not None:
            return marked, BY_MARK
        if known is not None and known.grade_id and (text_of is None or same_text(known, text_of)):
            return known, BY_ID
        return (text_of, BY_TEXT) if text_of is not None and text_of.grade_id else (None, BY_NOTHING)


def places_of(matches: Sequence[Match[O]]) -> dict[str, int]:
    """Return the index of each set-up and test cell, by grade_id.

    If there are several copies, the best one counts: by mark before by id before by text, then unedited before edited,
    then the last one, just as the last definition of a name counts.
    """
    copies: dict[str, list[int]] = defaultdict(list)
    for place, match in enumerate(matches):
        if match.copy_of is not None and match.copy_of.kind in ("setup", "test"):
            copies[match.copy_of.grade_id].append(place)
    return {
        grade_id: max(places, key=lambda place: (matches[place].by, matches[place].is_exact, place))
        for grade_id, places in copies.items()
    }


def to_put_in(matches: Sequence[Match[O]], originals: Originals[O]) -> dict[int, list[O]]:
    """Return the set-up and test cells to insert, since no cell has their exact text, by the index of the cell after
    which they belong; -1 means at the top.

    The original of an edited test cell belongs after the edited one. A missing test cell belongs after the cell that is
    before it in the course's notebook; if that is the answer, also after the learner's own cells that follow the
    answer. Set-up cells belong at the top.
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
