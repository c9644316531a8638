"""Takes functions out of notebooks, with what they need to run elsewhere."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

BUILTINS = frozenset(dir(builtins)) | {"__name__"}


@dataclass(frozen=True)
class CodeCell:
    """A code cell of a lesson's notebook. `grade_id` is the exercise that it answers, or empty."""

    lesson: str
    source: str
    grade_id: str = ""


@dataclass
class Collection:
    """What was taken. `lesson_of` has each wanted name that was found, `missing` says of the others why not.

    `source` is the code, what is needed first; `problems` are sentences on what it lacks.
    """

    lesson_of: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    pieces: list[tuple[str, str]] = field(default_factory=list)

    @property
    def source(self) -> str:
        parts, before = [], ""
        for lesson, text in self.pieces:
            parts.append(text if lesson == before else f"# From {lesson}:\n{text}")
            before = lesson
        return "\n\n\n".join(parts)


def collect(wanted: Sequence[str], cells: Sequence[CodeCell], given: Mapping[str, str]) -> Collection:
    """Take each wanted function from the cell that answers it, or else from the last cell that defines it.

    With a cell comes what it uses: names that other cells of its notebook assign or import, and what these use in
    turn. `given` maps the names that are there already to the text of the import that made them, as `imports` gives
    it.
    """
    collector = _Collector(cells, given)
    for name in wanted:
        collector.take(name)
    return collector.found


def imports(source: str) -> dict[str, str]:
    """Return the names that a cell imports at its top level, each with an import statement of its own."""
    found = {}
    for statement in _tree(source).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                name = alias.asname or alias.name.split(".")[0]
                found[name] = ast.unparse(_alone(statement, alias))
    return found


def names_bound(source: str) -> set[str]:
    """Return the names that a cell binds at its top level; empty where it is not valid Python."""
    table = _table(source)
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()} if table else set()


def names_needed(source: str) -> list[str]:
    """Return the names that a cell uses and does not bind itself, Python's own among them, in alphabetical order."""
    table = _table(source)
    return sorted(set(_globals(table)) - names_bound(source)) if table else []


def is_stub(source: str) -> bool:
    """Tell whether a cell still raises NotImplementedError somewhere."""
    raised = (node.exc for node in ast.walk(_tree(source)) if isinstance(node, ast.Raise))
    names = (exc.func if isinstance(exc, ast.Call) else exc for exc in raised)
    return any(isinstance(name, ast.Name) and name.id == "NotImplementedError" for name in names)


class _Collector:
    def __init__(self, cells: Sequence[CodeCell], given: Mapping[str, str]) -> None:
        self.found = Collection()
        self._given = given
        self._cells = [CodeCell(cell.lesson, _without_magics(cell.source), cell.grade_id) for cell in cells]
        self._bound = [names_bound(cell.source) for cell in self._cells]
        self._texts: dict[str, tuple[str, str]] = {}
        self._taken: set[str] = set()

    def take(self, name: str) -> None:
        place = self._home_of(name)
        if place is None:
            self.found.missing[name] = "missing: no notebook has a cell for it"
            return
        cell = self._cells[place]
        if why := self._unusable(place, name):
            self.found.missing[name] = f"{why} in {cell.lesson}"
            return
        self.found.lesson_of[name] = cell.lesson
        self._put(place, cell.source)

    def _home_of(self, name: str) -> int | None:
        own = [place for place, cell in enumerate(self._cells) if cell.grade_id == name]
        others = [place for place, bound in enumerate(self._bound) if name in bound]
        return next(iter(own or others[-1:]), None)

    def _unusable(self, place: int, name: str) -> str:
        source = self._cells[place].source
        if _table(source) is None:
            return "its cell is not valid Python"
        if is_stub(source):
            return "still a stub"
        return "" if name in self._bound[place] else "its cell does not define it"

    def _put(self, place: int, text: str) -> None:
        """Add a piece of the cell at `place`, after all that it needs."""
        cell = self._cells[place]
        if f"{cell.lesson}:{text}" in self._taken:
            return
        self._taken.add(f"{cell.lesson}:{text}")
        for name in names_needed(text):
            self._need(name, place, text)
        for name in names_bound(text):
            lesson, other = self._texts.setdefault(name, (cell.lesson, text))
            if other != text:
                sentence = f"{name!r} is defined differently in {lesson} and {cell.lesson}: give one another name."
                self.found.problems.append(sentence)
        self.found.pieces.append((cell.lesson, text.strip("\n")))

    def _need(self, name: str, user: int, text: str) -> None:
        cell = self._cells[user]
        places = [i for i, bound in enumerate(self._bound) if name in bound and self._cells[i].lesson == cell.lesson]
        if not places:
            # Looked for all the same, for a learner may have a `help` of their own.
            if name not in self._given and name not in BUILTINS:
                whose = ", ".join(sorted(names_bound(text)))
                sentence = f"{whose} uses {name!r}, which no cell of {cell.lesson} defines."
                self.found.problems.append(sentence)
            return
        before = [place for place in places if place <= user]
        place = before[-1] if before else places[0]
        source = self._cells[place].source
        if self._cells[place].grade_id:
            if is_stub(source):
                self.found.problems.append(f"{name!r}, which is needed, is still a stub in {cell.lesson}.")
            self._put(place, source)
            return
        for statement in _binding(source, name):
            if statement != self._given.get(name):
                self._put(place, statement)


def _binding(source: str, name: str) -> Iterator[str]:
    """Yield the top-level statements of a cell that bind a name; of an import, that name's part alone."""
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


def _alone(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(statement, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(statement.module, [alias], statement.level)


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    is_top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (is_top or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals(child)


def _table(source: str) -> symtable.SymbolTable | None:
    try:
        return symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return None


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _without_magics(source: str) -> str:
    # Lines for IPython alone: %magic and !command.
    return "\n".join(line for line in source.split("\n") if not line.lstrip().startswith(("%", "!")))
