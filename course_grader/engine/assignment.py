"""An assignment as the grader needs it, in one file: the teacher's cells, the keys, the limits.

The file holds the hidden key: it belongs to the teacher alone, and is written so that nobody else can read it.
"""

from __future__ import annotations

import ast
import base64
import functools
import hashlib
import json
import re
import symtable
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from course_grader.engine.limits import Limits
from course_grader.marks import BEGIN_HIDDEN, END_HIDDEN, SCHEMA_VERSION, nbgrader_mark
from course_utils.checks import keys
from course_utils.checks.stamps import require_current
from course_utils.errors import CourseError
from course_utils.files import PRIVATE, write_whole

FORMAT = 1
# What is beside a notebook and belongs to no submission.
LEFT_OUT = {".ipynb", ".key", ".pyc", ".assignment"}

# As nbgrader's InstantiateTests looks for them.
AUTOTEST = re.compile(r"^[ \t]*#.*AUTOTEST", re.MULTILINE)
# A cell that is too long to be remembered.
LONG = 20_000
T = TypeVar("T")
Mode = Literal["apart", "together"]


def remembered(function: Callable[[str], T]) -> Callable[[str], T]:
    """Remember what the function gave for the latest sources; most cells are the same in every submission."""
    remembering = functools.lru_cache(maxsize=512)(function)
    return lambda source: (remembering if len(source) < LONG else function)(source)


@remembered
def squeezed(source: str) -> str:
    """Return a cell's text with one space where there is any: two cells with the same are the same."""
    return " ".join(source.split())


class AssignmentProblem(CourseError):
    """An assignment that cannot be made or read; the message says why and what to do."""


@dataclass(frozen=True)
class TeacherCell:
    """A code cell of the teacher's notebook. `kind` is setup, answer, test, experiment or code.

    `names` are those that it assigns in the notebook, or of which it changes what they stand for. For a test cell,
    `needs` are the answer names that it uses, and `exercises` those that it checks. Of an answer cell only the names
    are kept, not the solution. `mark` is nbgrader's metadata of the cell. `problem` is why it is not plain Python.
    """

    kind: str
    id: str
    grade_id: str = ""
    source: str = ""
    points: float = 0.0
    names: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    mark: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def nbgrader(self) -> dict[str, Any]:
        """nbgrader's metadata of the cell."""
        return dict(self.mark) or nbgrader_mark(self.kind, self.grade_id, self.points)

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


@dataclass(frozen=True)
class Assignment:
    """What is graded, and by what. `hidden` and `published` are keys by exercise, as JSON.

    mode: "apart" or "together"; `why` is the reason, in a sentence. files: what is beside the notebook, by its path, in
    base64. imports: the modules that the teacher's cells import. faults: by grade_id, why a test fails on the
    reference.
    """

    name: str
    cells: tuple[TeacherCell, ...]
    hidden: Mapping[str, Any]
    published: Mapping[str, Any]
    limits: Limits = field(default_factory=Limits)
    mode: Mode = "apart"
    why: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_notebook(
        cls, solution: Path, hidden_key: Path | None, limits: Limits | None = None, files: Path | None = None
    ) -> Assignment:
        """Return the assignment of a teacher's notebook and a hidden key; AssignmentProblem where they do not fit.

        hidden_key: is read only if a test asks for it. files: the folder of the files that belong to the notebook.
        """
        notebook = source_notebook(solution)
        cells = _cells_of(notebook, solution)
        # A test of plain asserts needs no key.
        tests = [cell.source for cell in cells if cell.kind == "test"]
        wanted = dict.fromkeys(name for source in tests for name in checked_exercises(source))
        if wanted and hidden_key is None:
            raise AssignmentProblem("There is no course.key, which holds the hidden checks: run `course key`.")
        known = _read_json(hidden_key, "The hidden key").get("exercises", {}) if wanted and hidden_key else {}
        if missing := [name for name in wanted if name not in known]:
            raise AssignmentProblem(f"The hidden key holds nothing for {missing[0]!r}: make it anew with `course key`.")
        hidden = {name: known[name] for name in wanted}
        try:
            require_current(hidden)
            published = {name: keys.key_to_json(keys.published_key(name)) for name in wanted}
        except keys.KeyProblem as problem:
            raise AssignmentProblem(str(problem)) from problem
        limits = limits or Limits()
        beside = files_beside(files, limits.files // 2) if files else {}
        imports = imported_modules(notebook)
        return cls(solution.stem, cells, hidden, published, limits, files=beside, imports=imports)

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
        more = {"imports": tuple(data.get("imports", ()))}
        more |= {key: data[key] for key in ("mode", "why", "files", "faults") if key in data}
        return cls(data["name"], cells, data["hidden"], data["published"], Limits.from_json(data["limits"]), **more)

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
            "mode": self.mode,
            "why": self.why,
            "files": dict(self.files),
            "imports": self.imports,
            "faults": dict(self.faults),
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
    def by_id(self) -> dict[str, TeacherCell]:
        """The cells that the gradebook knows, and the experiments."""
        return {cell.id: cell for cell in self.cells if cell.id and (cell.grade_id or cell.kind == "experiment")}

    @cached_property
    def by_text(self) -> dict[str, TeacherCell]:
        """The locked cells and the experiments; of two with the same text, the first."""
        kinds = ("setup", "test", "experiment")
        return {squeezed(cell.released): cell for cell in reversed(self.cells) if cell.kind in kinds}

    def of_kind(self, kind: str) -> list[TeacherCell]:
        return [cell for cell in self.cells if cell.kind == kind]

    @cached_property
    def spared(self) -> tuple[str, ...]:
        """The names that the teacher's cells replace in modules or classes, such as `print` by a double."""
        return tuple(sorted({name for cell in self.cells for name in replaced_names(cell.source)}))

    @cached_property
    def content_of_files(self) -> dict[str, bytes]:
        return {name: base64.b64decode(content) for name, content in self.files.items()}

    @property
    def needs_key(self) -> bool:
        """Whether a test asks what the hidden key holds, which no worker may have."""
        return any("check_hidden" in cell.source for cell in self.of_kind("test"))

    @cached_property
    def keys(self) -> tuple[dict[str, keys.Key], dict[str, keys.Key]]:
        """The hidden and the published keys, read."""
        hidden = {name: keys.key_from_json(data) for name, data in self.hidden.items()}
        return hidden, {name: keys.key_from_json(data) for name, data in self.published.items()}


def teacher_cells(solution: Path) -> tuple[TeacherCell, ...]:
    """Return the code cells of a teacher's notebook; AssignmentProblem where it cannot be read."""
    return _cells_of(source_notebook(solution), solution)


def _cells_of(notebook: dict[str, Any], solution: Path) -> tuple[TeacherCell, ...]:
    try:
        return tuple(_teacher_cells(notebook))
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
    problems = {source: _problem_of(source) for _, source in sources}
    plain = [(cell, source) for cell, source in sources if not problems[source]]
    names = {
        mark["grade_id"]: tuple(sorted(assigned_names(source)))
        for cell, source in plain
        if (mark := cell["metadata"].get("nbgrader")) and mark["solution"]
    }
    given = {name for assigned in names.values() for name in assigned}
    # A figure draws with modules, and changes nothing of theirs that another cell would miss.
    modules = {name for _, source in plain for name in imported_names(source)}
    answer = ""
    for cell, source in sources:
        mark, id, problem = cell["metadata"].get("nbgrader"), str(cell.get("id", "")), problems[source]
        if mark is None or not (mark["solution"] or mark["grade"] or mark["locked"]):
            kind = "experiment" if "experiment" in cell["metadata"].get("tags", []) else "code"
            # Of what cannot be read nobody knows the names, so that it always runs.
            touched = {"*"} if problem else assigned_names(source) | (changed_names(source) - modules)
            yield TeacherCell(kind, id, source=source, names=tuple(sorted(touched)), problem=problem)
            continue
        known = {"id": id, "grade_id": mark["grade_id"], "mark": mark, "problem": problem}
        if mark["solution"]:
            answer = mark["grade_id"]
            yield TeacherCell("answer", **known, names=names.get(answer, ()))
        elif mark["grade"]:
            needs = () if problem else tuple(sorted(given & used_names(source)))
            checked = () if problem else tuple(dict.fromkeys(checked_exercises(source)))
            checked = checked or tuple(
                grade_id for grade_id, assigned in names.items() if set(assigned) & set(needs)
            )
            # Each test belongs to an exercise: where it names none, to the answer above it.
            checked = checked or (answer or mark["grade_id"],)
            points = float(mark["points"])
            yield TeacherCell("test", **known, source=source, points=points, needs=needs, exercises=checked)
        else:
            yield TeacherCell("setup", **known, source=source)


def _problem_of(source: str) -> str:
    """Return why a cell is not plain Python; empty where it is, or where only lines for IPython alone are not."""
    try:
        ast.parse(without_magics(source))
        symtable.symtable(without_magics(source), "cell", "exec")
    except SyntaxError as error:
        return f"it is not plain Python (`{(error.text or '').strip()}`)"
    return ""


def source_notebook(solution: Path) -> dict[str, Any]:
    """Return a teacher's notebook as nbgrader enters it into the gradebook: marks of its present format, and AUTOTEST
    cells with their tests.

    AssignmentProblem where it cannot be read, or is for another kernel than Python.
    """
    notebook = _read_json(solution, "The teacher's notebook")
    if (language := language_of(notebook)) not in ("", "python", "ipython"):
        raise AssignmentProblem(
            f"{solution} is a notebook for {language}, and the engine runs Python alone. Grade it with nbgrader's own "
            'Execute: in a folder with an nbgrader_config.py that sets neither c.Autograde.sanitize_preprocessors nor '
            "c.Autograde.autograde_preprocessors. Its submissions are then not isolated."
        )
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise AssignmentProblem(f"The teacher's notebook {solution} is not as nbgrader writes it: it has no cells.")
    marks = [cell["metadata"]["nbgrader"] for cell in cells if (cell.get("metadata") or {}).get("nbgrader")]
    is_old = any(mark.get("schema_version") != SCHEMA_VERSION for mark in marks)
    if is_old or any(is_autotest(cell) for cell in cells):
        # Imported only here: to import nbgrader takes half a second.
        from course_grader.engine.masters import entered

        return entered(notebook, solution)
    return notebook


def language_of(notebook: Mapping[str, Any]) -> str:
    """Return the language of a notebook's kernel in small letters, "" where it names none."""
    metadata = notebook.get("metadata") or {}
    kernel, info = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    return str(kernel.get("language") or info.get("name") or "").lower()


def is_autotest(cell: Mapping[str, Any]) -> bool:
    """Tell whether nbgrader writes tests into a cell."""
    return cell.get("cell_type") == "code" and AUTOTEST.search(_text_of(cell)) is not None


def _text_of(cell: Mapping[str, Any]) -> str:
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


def replaced_names(source: str) -> set[str]:
    """Return the names that a cell sets in a module or a class, or has replaced by a double (`patch`, `setattr`)."""
    try:
        nodes = list(ast.walk(ast.parse(without_magics(source))))
    except SyntaxError:
        return set(re.findall(r"\.(\w+) *=[^=]", source))
    found = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if isinstance(node, ast.Call) and _called(node) in ("setattr", "delattr", "patch", "object", "multiple"):
            texts = (item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str))
            found |= {text.rpartition(".")[2] for text in texts}
    return found


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def imported_modules(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the modules that a notebook's cells import, in order."""
    found: dict[str, None] = {}
    for cell in notebook.get("cells", []):
        if cell.get("cell_type") != "code" or _problem_of(source := _text_of(cell)):
            continue
        for node in ast.walk(ast.parse(without_magics(source))):
            if isinstance(node, ast.Import):
                found |= dict.fromkeys(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module] = None
    return tuple(found)


def files_beside(folder: Path, most: int) -> dict[str, str]:
    """Return the files in a folder that are no notebooks, in base64, by their path; AssignmentProblem where they are
    larger than `most` bytes together."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_left = any(part.startswith(".") or part == "__pycache__" for part in name.parts)
        if is_left or path.suffix in LEFT_OUT or not path.is_file():
            continue
        most -= path.stat().st_size
        if most < 0:
            raise AssignmentProblem(f"The files in {folder} are larger than a submission may have ({name}).")
        found[name.as_posix()] = base64.b64encode(path.read_bytes()).decode()
    return found


def checked_exercises(source: str) -> Iterator[str]:
    """Yield the exercise of each `check(...)` and `check_hidden(...)` of a cell."""
    if "check" not in source or _problem_of(source):
        return
    for node in ast.walk(ast.parse(without_magics(source))):
        match node:
            case ast.Call(func=ast.Name(id="check" | "check_hidden"), args=[ast.Constant(value=str(name)), *_]):
                yield name
