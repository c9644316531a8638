"""Takes functions out of notebooks, with what they need to run elsewhere."""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

CELL_MAGIC = re.compile(r"\s*%%(\w+)")
RUN_IN_NOTEBOOK = ("time", "capture", "prun", "debug")
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
    """Take each wanted function as the kernel has it after all cells: from the last cell that defines it, in the
    notebook that has the exercise if there is one.

    With a cell comes what it uses: names that other cells of its notebook assign or import, and what these use in turn.
    Calls of `check` stay behind. `given` maps the names that are there already to the text of the import that made
    them, as `imports` gives it.
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


def names_defined(source: str) -> set[str]:
    """Return the names that a cell, magics and all, leaves defined: what it deletes at its end is not among them."""
    source = without_magics(source)
    bound, names = names_bound(source), set[str]()
    for statement in _tree(source).body:
        if isinstance(statement, ast.Delete):
            names -= {target.id for target in statement.targets if isinstance(target, ast.Name)}
        else:
            names |= bound.intersection(_stored(statement))
    return names


def _stored(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((alias.asname or alias.name).split(".")[0] for alias in aliases)


def names_needed(source: str) -> list[str]:
    """Return the names that a cell uses and does not bind itself, Python's own among them, in alphabetical order."""
    table = _table(source)
    return sorted(set(_globals(table)) - names_bound(source)) if table else []


def names_read_first(source: str) -> set[str]:
    """Return the names that a cell reads, outside of functions, at or before the statement that binds them."""
    bound, found = set[str](), set[str]()
    for statement in _tree(source).body:
        parts: list[ast.AST] = [statement]
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            parts = [*statement.decorator_list, statement.args]
        found.update(name for part in parts for name in _loaded(part) if name not in bound)
        bound.update(_stored(statement))
    return found


def _loaded(part: ast.AST) -> Iterator[str]:
    for node in ast.walk(part):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.AugAssign(target=ast.Name(id=name)):
                yield name


def is_stub(source: str) -> bool:
    """Tell whether a cell still raises NotImplementedError somewhere."""
    raised = (node.exc for node in ast.walk(_tree(source)) if isinstance(node, ast.Raise))
    names = (exc.func if isinstance(exc, ast.Call) else exc for exc in raised)
    return any(isinstance(name, ast.Name) and name.id == "NotImplementedError" for name in names)


class _Collector:
    def __init__(self, cells: Sequence[CodeCell], given: Mapping[str, str]) -> None:
        self.found = Collection()
        self._given = given
        self._cells: list[CodeCell] = []
        # Where each exercise of each lesson is checked for the last time: what is defined by then is what passed.
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
            self.found.missing[name] = "missing: no notebook has a cell for it"
            return
        cell = self._cells[place]
        if why := self._unusable(place, name):
            self.found.missing[name] = f"{why} in {cell.lesson}"
            return
        self.found.lesson_of[name] = cell.lesson
        self._until = max(place, self._checked.get((cell.lesson, name), place))
        self._put(place, cell.source)

    def _home_of(self, name: str) -> int | None:
        """Return the last cell that defines a name where its exercise is; if none does, the last part of its answer."""
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
            return "still a stub"
        return "" if name in self._defined[place] else "its cell does not define it"

    def _put(self, place: int, text: str) -> None:
        """Add a piece of the cell at `place`, after all that it needs."""
        cell = self._cells[place]
        if f"{cell.lesson}:{text}" in self._taken:
            return
        self._taken.add(f"{cell.lesson}:{text}")
        own, at_once = names_bound(text), names_read_first(text)
        for name in sorted(at_once & own):
            # As in `f = faster(f)`: the cell changes what another defined.
            if any(name in names for names in self._above(place)):
                self._need(name, place, text, place - 1)
        for name in names_needed(text):
            self._need(name, place, text, place if name in at_once else self._until)
        for name in own:
            lesson, other = self._texts.setdefault(name, (cell.lesson, text))
            if lesson != cell.lesson and other != text:
                sentence = f"{name!r} is defined differently in {lesson} and {cell.lesson}: give one another name."
                self.found.problems.append(sentence)
        self.found.pieces.append((cell.lesson, text.strip("\n")))

    def _above(self, user: int) -> Iterator[set[str]]:
        lesson = self._cells[user].lesson
        return (names for i, names in enumerate(self._defined[:user]) if self._cells[i].lesson == lesson)

    def _need(self, name: str, user: int, text: str, until: int) -> None:
        """Add the last definition of a name up to the cell at `until`, or else the first behind it."""
        cell = self._cells[user]
        places = [i for i, names in enumerate(self._defined) if name in names and self._cells[i].lesson == cell.lesson]
        if not places:
            # Looked for all the same, for a learner may have a `help` of their own.
            if name not in self._given and name not in BUILTINS:
                whose = ", ".join(sorted(names_bound(text)))
                sentence = f"{whose} uses {name!r}, which no cell of {cell.lesson} defines."
                self.found.problems.append(sentence)
            return
        place = next((place for place in reversed(places) if place <= until), places[0])
        source = self._cells[place].source
        if self._cells[place].grade_id:
            if is_stub(source):
                self.found.problems.append(f"{name!r}, which is needed, is still a stub in {cell.lesson}.")
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


def _without_checks(source: str) -> tuple[str, list[str]]:
    """Return a cell without the statements that only check an exercise, and the names of these exercises."""
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


def without_magics(source: str) -> str:
    """Return a cell without lines for IPython alone (%magic and !command); nothing if its magic does not run the cell
    in the notebook, as %%timeit and %%writefile do not."""
    magic = CELL_MAGIC.match(source)
    if magic and magic[1] not in RUN_IN_NOTEBOOK:
        return ""
    return "\n".join(line for line in source.split("\n") if not line.lstrip().startswith(("%", "!")))
