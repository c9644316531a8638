"""An assignment as the grader needs it, in one file: the teacher's cells, the keys, the limits.

The file holds the hidden key: it belongs to the teacher alone, and is written so that nobody else can read it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import symtable
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from course_grader.engine.limits import Limits
from course_grader.marks import BEGIN_HIDDEN, END_HIDDEN
from course_utils.checks import keys
from course_utils.checks.checking import CLASS
from course_utils.checks.stamps import require_current
from course_utils.errors import CourseError
from course_utils.files import PRIVATE, write_whole
from course_utils.matching import Originals

FORMAT = 1


# A cell that is too long to be remembered.
LONG = 20_000
T = TypeVar("T")


def remembered(function: Callable[[str], T]) -> Callable[[str], T]:
    """Remember what the function gave for the latest sources; most cells are the same in every submission."""
    remembering = functools.lru_cache(maxsize=512)(function)
    return lambda source: (remembering if len(source) < LONG else function)(source)


class AssignmentProblem(CourseError):
    """An assignment that cannot be made or read; the message says why and what to do."""


@dataclass(frozen=True)
class TeacherCell:
    """A code cell of the teacher's notebook. `kind` is setup, answer, test, experiment or code.

    `names` are those that it assigns in the notebook, or of which it changes what they stand for. For a test cell,
    `needs` are the answer names that it uses, and `exercises` those that it checks. Of an answer cell only the names
    are kept, not the solution.
    """

    kind: str
    id: str
    grade_id: str = ""
    source: str = ""
    points: float = 0.0
    names: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()

    @cached_property
    def released(self) -> str:
        """The source as a learner sees it."""
        kept, hidden = [], False
        for line in self.source.split("\n"):
            hidden = hidden or line.strip() == BEGIN_HIDDEN
            if not hidden:
                kept.append(line)
            hidden = hidden and line.strip() != END_HIDDEN
        return "\n".join(kept)

    @cached_property
    def gives(self) -> frozenset[str]:
        """The names that the cell, as a learner has it, gives to those behind it."""
        try:
            return frozenset(self.names or assigned_names(self.released))
        except SyntaxError:
            # Hidden lines were all of a block.
            return frozenset()


@dataclass(frozen=True)
class Assignment:
    """What is graded, and by what. `hidden` and `published` are keys by exercise, as JSON."""

    name: str
    cells: tuple[TeacherCell, ...]
    hidden: Mapping[str, Any]
    published: Mapping[str, Any]
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_notebook(cls, solution: Path, hidden_key: Path, limits: Limits | None = None) -> Assignment:
        """Return the assignment of a teacher's notebook and a hidden key; AssignmentProblem where they do not fit."""
        cells = teacher_cells(solution)
        known = _read_json(hidden_key, "The hidden key").get("exercises", {})
        # A test of plain asserts needs no key.
        tests = [cell.source for cell in cells if cell.kind == "test"]
        wanted = dict.fromkeys(name for source in tests for name in checked_exercises(source))
        if missing := [name for name in wanted if name not in known]:
            raise AssignmentProblem(f"The hidden key holds nothing for {missing[0]!r}: make it anew with `course key`.")
        hidden = {name: known[name] for name in wanted}
        _require_variants(tests, hidden)
        try:
            require_current(hidden)
            published = {name: keys.key_to_json(keys.published_key(name)) for name in wanted}
        except keys.KeyProblem as problem:
            raise AssignmentProblem(str(problem)) from problem
        return cls(solution.stem, cells, hidden, published, limits or Limits())

    @classmethod
    def load(cls, path: Path) -> Assignment:
        """Read the file that `save` wrote; AssignmentProblem where it is something else."""
        data = _read_json(path, "The assignment")
        if data.get("format") != FORMAT:
            raise AssignmentProblem(f"{path.name} has another format than this version reads: make it anew.")
        return cls.from_json(data)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Assignment:
        """Return the assignment that `to_json` wrote."""
        tuples = ("names", "needs", "exercises")
        cells = tuple(TeacherCell(**cell | {key: tuple(cell[key]) for key in tuples}) for cell in data["cells"])
        return cls(data["name"], cells, data["hidden"], data["published"], Limits.from_json(data["limits"]))

    def save(self, path: Path) -> None:
        """Write the assignment to one file that only its owner can read, whole or not at all."""
        write_whole(path, self._text, PRIVATE)

    def to_json(self) -> dict[str, Any]:
        """Return the whole assignment, the hidden key included, as JSON can hold it."""
        return {
            "format": FORMAT,
            "name": self.name,
            "cells": [asdict(cell) for cell in self.cells],
            "hidden": dict(self.hidden),
            "published": dict(self.published),
            "limits": self.limits.to_json(),
        }

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.to_json(), separators=(",", ":"), sort_keys=True)

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits that stand for the whole content."""
        return hashlib.sha256(self._text.encode()).hexdigest()[:32]

    @cached_property
    def by_grade_id(self) -> dict[str, TeacherCell]:
        return {cell.grade_id: cell for cell in self.cells if cell.grade_id}

    @cached_property
    def originals(self) -> Originals[TeacherCell]:
        """What cells of a submission are compared with."""
        return Originals(self.cells)

    def of_kind(self, kind: str) -> list[TeacherCell]:
        return [cell for cell in self.cells if cell.kind == kind]

    @cached_property
    def keys(self) -> tuple[dict[str, keys.Key], dict[str, keys.Key]]:
        """The hidden and the published keys, read."""
        hidden = {name: keys.key_from_json(data) for name, data in self.hidden.items()}
        return hidden, {name: keys.key_from_json(data) for name, data in self.published.items()}


def _require_variants(tests: Iterable[str], hidden: Mapping[str, Any]) -> None:
    """Raise AssignmentProblem if a test asks for a variant of a question that the hidden key does not have."""
    for source in tests:
        for node in ast.walk(ast.parse(without_magics(source))):
            match node:
                case ast.Call(
                    func=ast.Name(id="check_hidden"),
                    args=[ast.Constant(value=str(name)), *_],
                    keywords=[ast.keyword(arg="part", value=ast.Constant(value=str(part)))],
                ) if part.startswith(f"{CLASS} ") and part not in hidden[name].get("parts", ()):
                    raise AssignmentProblem(
                        f"The hidden key was made for another variant of the question {name!r} than was released. Take "
                        "the key of the release, or make one with its questions: `course key --questions-of OLD.key`."
                    )


def teacher_cells(solution: Path) -> tuple[TeacherCell, ...]:
    """Return the code cells of a teacher's notebook; AssignmentProblem where it cannot be read."""
    notebook = _read_json(solution, "The teacher's notebook")
    try:
        return tuple(_teacher_cells(notebook))
    except SyntaxError as error:
        raise AssignmentProblem(
            f"The teacher's notebook {solution} has a cell that is not Python (`{(error.text or '').strip()}`). "
            "Of what is IPython's, only lines that begin with % or ! are understood."
        ) from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise AssignmentProblem(
            f"The teacher's notebook {solution} is not as nbgrader writes it ({type(error).__name__}: {error})."
        ) from error


def _read_json(path: Path, what: str) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AssignmentProblem(f"{what} {path} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise AssignmentProblem(f"{what} {path} holds no JSON object.")
    return data


def _teacher_cells(notebook: dict[str, Any]) -> Iterator[TeacherCell]:
    sources = [(cell, _text_of(cell)) for cell in notebook.get("cells", []) if cell["cell_type"] == "code"]
    names = {
        mark["grade_id"]: tuple(sorted(assigned_names(source)))
        for cell, source in sources
        if (mark := cell["metadata"].get("nbgrader")) and mark["solution"]
    }
    given = {name for assigned in names.values() for name in assigned}
    # A figure draws with modules, and changes nothing of theirs that another cell would miss.
    modules = {name for _, source in sources for name in imported_names(source)}
    for cell, source in sources:
        mark, id = cell["metadata"].get("nbgrader"), str(cell.get("id", ""))
        if mark is None:
            kind = "experiment" if "experiment" in cell["metadata"].get("tags", []) else "code"
            touched = assigned_names(source) | (changed_names(source) - modules)
            yield TeacherCell(kind, id, source=source, names=tuple(sorted(touched)))
        elif mark["solution"]:
            yield TeacherCell("answer", id, mark["grade_id"], names=names[mark["grade_id"]])
        elif mark["grade"]:
            needs = tuple(sorted(given & used_names(source)))
            checked = tuple(dict.fromkeys(checked_exercises(source))) or tuple(
                grade_id for grade_id, assigned in names.items() if set(assigned) & set(needs)
            )
            points = float(mark["points"])
            yield TeacherCell("test", id, mark["grade_id"], source, points, needs=needs, exercises=checked)
        else:
            yield TeacherCell("setup", id, mark["grade_id"], source)


def _text_of(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def without_magics(source: str) -> str:
    """Return the source with lines for IPython alone (%magic, !command) left blank."""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n"))


def assigned_names(source: str) -> set[str]:
    """Return the notebook's names that a cell binds or deletes; "*" stands for all that it imports from a module."""
    source = without_magics(source)
    nodes = ast.walk(ast.parse(source))
    stars = {"*" for node in nodes if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"}
    return stars.union(_bound(symtable.symtable(source, "cell", "exec")))


def _bound(scope: symtable.SymbolTable) -> Iterator[str]:
    is_top = scope.get_type() == "module"
    for symbol in scope.get_symbols():
        if (symbol.is_assigned() or symbol.is_imported()) and (is_top or symbol.is_declared_global()):
            yield symbol.get_name()
    for inner in scope.get_children():
        yield from _bound(inner)


def changed_names(source: str) -> set[str]:
    """Return the names of which a cell may change what they stand for: by an entry, an attribute or a method."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(without_magics(source))):
        match node:
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                found.add(_root(node))
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
                found.add(_root(method))
    return found - {""}


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def imported_names(source: str) -> set[str]:
    """Return the names of modules, and of what is in them, that a cell imports."""
    nodes = ast.walk(ast.parse(without_magics(source)))
    aliases = (alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names)
    return {(alias.asname or alias.name).split(".")[0] for alias in aliases}


def used_names(source: str) -> set[str]:
    """Return the names that a cell reads."""
    nodes = ast.walk(ast.parse(without_magics(source)))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def checked_exercises(source: str) -> Iterator[str]:
    """Yield the exercise of each `check(...)` and `check_hidden(...)` of a cell."""
    for node in ast.walk(ast.parse(without_magics(source))):
        match node:
            case ast.Call(func=ast.Name(id="check" | "check_hidden"), args=[ast.Constant(value=str(name)), *_]):
                yield name
