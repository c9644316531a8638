"""Collect functions from notebooks, together with the code that they need to run elsewhere."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from course_utils.cells import (
    _alone,
    _table,
    _tree,
    imports,
    is_stub,
    names_bound,
    names_defined,
    names_needed,
    names_read_first,
    without_magics,
)

BUILTINS = frozenset(dir(builtins)) | {"__name__"}


@dataclass(frozen=True)
class CodeCell:
    """A code cell of a lesson's notebook. `grade_id` is that of the answer cell, or empty for other cells."""

    lesson: str
    source: str
    grade_id: str = ""


@dataclass
class Collection:
    """The collected functions. `lesson_of` maps each wanted name that was found to its lesson; `missing` maps each
    other one to the reason.

    `pieces` are the pieces of code with their lessons, in an order in which they can run; `source` joins them.
    `problems` are sentences about the code as a whole.
    """

    lesson_of: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    pieces: list[tuple[str, str]] = field(default_factory=list)

    @property
    def source(self) -> str:
        """The code of all pieces, with a comment wherever the lesson changes."""
        parts, before = [], ""
        for lesson, text in self.pieces:
            parts.append(text if lesson == before else f"# From {lesson}:\n{text}")
            before = lesson
        return "\n\n\n".join(parts)


def collect(wanted: Sequence[str], cells: Sequence[CodeCell], given: Mapping[str, str]) -> Collection:
    """Collect each wanted function from the last cell that defines it, in the notebook with its exercise if there is
    one. This is the function that a kernel has after all cells have run.

    The code that a cell needs is collected too: definitions and imports in other cells of its notebook, and what these
    need in turn. Calls of `check` are left out. `given` maps names that are already available to the import statements
    that define them, as `imports` returns them.
    """
    collector = _Collector(cells, given)
    for name in wanted:
        collector.take(name)
    return collector.found


class _Collector:
    def __init__(self, cells: Sequence[CodeCell], given: Mapping[str, str]) -> None:
        self.found = Collection()
        self._given = given
        self._cells: list[CodeCell] = []
        # (lesson, exercise) -> the last cell that checks it. The definitions up to that cell are those that passed.
        self._checked: dict[tuple[str, str], int] = {}
        for place, cell in enumerate(cells):
            source, names = _without_checks(without_magics(cell.source))
            self._cells.append(CodeCell(cell.lesson, source, cell.grade_id))
            self._checked |= dict.fromkeys(((cell.lesson, name) for name in names), place)
        self._until = 0
        self._defined = [names_defined(cell.source) for cell in self._cells]
        self._texts: dict[str, tuple[str, str]] = {}
        self._taken: set[str] = set()

    def take(self, name: str) -> None:
        place = self._home_of(name)
        if place is None:
            self.found.missing[name] = "not found: no notebook has a cell for it"
            return
        cell = self._cells[place]
        if why := self._unusable(place, name):
            self.found.missing[name] = f"{why} in {cell.lesson}"
            return
        self.found.lesson_of[name] = cell.lesson
        self._until = max(place, self._checked.get((cell.lesson, name), place))
        self._put(place, cell.source)

    def _home_of(self, name: str) -> int | None:
        """Return the index of the last cell that defines a name, in the lessons with its exercise if there are any; if
        no cell does, that of the last answer cell. None if there is neither."""
        own = [place for place, cell in enumerate(self._cells) if cell.grade_id == name]
        lessons = {self._cells[place].lesson for place in own}
        defining = [
            place
            for place, names in enumerate(self._defined)
            if name in names and (not lessons or self._cells[place].lesson in lessons)
        ]
        return next(iter(defining[-1:] or own[-1:]), None)

    def _unusable(self, place: int, name: str) -> str:
        source = self._cells[place].source
        if _table(source) is None:
            return "its cell is not valid Python"
        if is_stub(source):
            return "not written yet"
        return "" if name in self._defined[place] else "its cell does not define it"

    def _put(self, place: int, text: str) -> None:
        """Add a piece of the cell at index `place`, after the code that it needs."""
        cell = self._cells[place]
        if f"{cell.lesson}:{text}" in self._taken:
            return
        self._taken.add(f"{cell.lesson}:{text}")
        own, at_once = names_bound(text), names_read_first(text)
        for name in sorted(at_once & own):
            # As in `f = faster(f)`: the cell modifies what an earlier cell defined.
            if any(name in names for names in self._above(place)):
                self._need(name, place, text, place - 1)
        for name in names_needed(text):
            self._need(name, place, text, place if name in at_once else self._until)
        for name in own:
            lesson, other = self._texts.setdefault(name, (cell.lesson, text))
            if lesson != cell.lesson and other != text:
                sentence = f"{name!r} has different definitions in {lesson} and {cell.lesson}: rename one of them."
                self.found.problems.append(sentence)
        self.found.pieces.append((cell.lesson, text.strip("\n")))

    def _above(self, user: int) -> Iterator[set[str]]:
        lesson = self._cells[user].lesson
        return (names for i, names in enumerate(self._defined[:user]) if self._cells[i].lesson == lesson)

    def _need(self, name: str, user: int, text: str, until: int) -> None:
        """Add the last definition of a name up to the cell at index `until`, or else the first one after it."""
        cell = self._cells[user]
        places = [i for i, names in enumerate(self._defined) if name in names and self._cells[i].lesson == cell.lesson]
        if not places:
            # Built-in names are looked up in the cells first, since learners may define their own `help`.
            if name not in self._given and name not in BUILTINS:
                users = ", ".join(sorted(names_bound(text)))
                sentence = f"{users} uses {name!r}, which no cell of {cell.lesson} defines."
                self.found.problems.append(sentence)
            return
        place = next((place for place in reversed(places) if place <= until), places[0])
        source = self._cells[place].source
        if self._cells[place].grade_id:
            if is_stub(source):
                self.found.problems.append(f"{name!r} is needed, but is not written yet in {cell.lesson}.")
            self._put(place, source)
            return
        imported: list[str] = []
        others: list[str] = []
        for statement in _binding(source, name):
            (imported if imports(statement) else others).append(statement)
        for statement in (*imported, "\n".join(others)):
            if statement and statement != self._given.get(name):
                self._put(place, statement)


def _binding(source: str, name: str) -> Iterator[str]:
    """Yield the top-level statements of a cell that bind a name; an import statement is reduced to that name."""
    lines = source.split("\n")
    for statement in _tree(source).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                if name == (alias.asname or alias.name.split(".")[0]):
                    yield ast.unparse(_alone(statement, alias))
            continue
        first = min([statement.lineno, *(node.lineno for node in getattr(statement, "decorator_list", []))])
        text = "\n".join(lines[first - 1 : statement.end_lineno])
        if name in names_bound(text):
            yield text


def _without_checks(source: str) -> tuple[str, list[str]]:
    """Return a cell without the statements that only call `check` or `check_hidden`, and the exercises they check."""
    lines, names = source.split("\n"), []
    body = _tree(source).body
    used = Counter(line for one in body for line in range(one.lineno, (one.end_lineno or one.lineno) + 1))
    for statement in reversed(body):
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Name(id="check" | "check_hidden"), args=[ast.Constant(name), *_])):
                names.append(str(name))
                own = range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)
                if all(used[line] == 1 for line in own):
                    lines[own.start - 1 : own.stop - 1] = []
    return "\n".join(lines), names
