"""An assignment in one file, as the grader needs it: the teacher's cells, the keys and the limits.

The file contains the hidden key, so it is written with permissions that let only its owner read it.
"""

from __future__ import annotations

import ast
import base64
import functools
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

from course_grader.cell_metadata import BEGIN_HIDDEN, END_HIDDEN, nbgrader_mark
from course_grader.engine.limits import Limits
from course_grader.engine.notebook.extra_files import extra_files
from course_grader.engine.notebook.nbgrader_source import source_notebook
from course_grader.engine.notebook.source import AssignmentProblem as AssignmentProblem
from course_grader.engine.notebook.source import MissingKey, cell_source, imported_modules, read_json
from course_utils.cells import (
    assigned_names,
    changed_names,
    checked_exercises,
    imported_names,
    problem_of,
    replaced_names,
    used_names,
)
from course_utils.cells import blank_magics as blank_magics
from course_utils.checks import keys
from course_utils.checks.checking import CLASS
from course_utils.checks.fingerprint import require_current
from course_utils.checks.hints import with_hints
from course_utils.files import PRIVATE, write_atomic
from course_utils.matching import Originals

FORMAT = 1

# Every zygote has already imported these.
QUICK = {"numpy", "matplotlib", "IPython", "course_utils"}
# A longer cell is not cached.
LONG = 20_000


T = TypeVar("T")


Mode = Literal["apart", "together"]


def cached_by_source(function: Callable[[str], T]) -> Callable[[str], T]:
    """Cache a function of a cell's source: most cells are the same in every submission."""
    cached = functools.lru_cache(maxsize=512)(function)
    return lambda source: (cached if len(source) < LONG else function)(source)


@dataclass(frozen=True)
class TeacherCell:
    """A code cell of the teacher's notebook.

    kind: "setup", "answer", "test", "experiment" or "code".
    source: its text; "" for an answer cell, so that the solution is not in the assignment.
    names: the names that it binds, or whose values it changes. Empty for set-up and test cells.
    needs: for a test cell, the names of answers that it uses. exercises: for a test cell, the exercises that it checks.
    mark: nbgrader's metadata of the cell. problem: why it is not plain Python, or "".
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

    @cached_property
    def gives(self) -> frozenset[str]:
        """The names that the released cell defines for later cells."""
        try:
            return frozenset(self.names or assigned_names(self.released))
        except SyntaxError:
            # Without the hidden lines, a block is empty.
            return frozenset()


@dataclass(frozen=True)
class Assignment:
    """Everything that grading a notebook needs.

    hidden, published: keys by exercise, as JSON data.
    mode: "apart" or "together"; why: the reason, in a sentence.
    files: the files next to the notebook, by path, in base64.
    imports: the modules that the teacher's cells import.
    faults: by grade_id, why a test fails on the reference; known only if `reference_graded` is True.
    """

    name: str
    cells: tuple[TeacherCell, ...]
    hidden: Mapping[str, Any] = field(repr=False)
    published: Mapping[str, Any] = field(repr=False)
    limits: Limits = field(default_factory=Limits)
    mode: Mode = "apart"
    why: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    reference_graded: bool = False

    @classmethod
    def from_notebook(
        cls, solution: Path, hidden_key: Path | None, limits: Limits | None = None, files: Path | None = None
    ) -> Assignment:
        """Return the assignment of a teacher's notebook and a hidden key.

        hidden_key: its path; read only if a test uses it. files: the folder with the files that belong to the notebook.
        Raises AssignmentProblem if the notebook or the key cannot be read, or if they do not match.
        """
        notebook = source_notebook(solution)
        cells = cells_of(notebook, solution)
        # A test of plain asserts needs no key.
        tests = [cell.source for cell in cells if cell.kind == "test"]
        wanted = dict.fromkeys(name for source in tests for name in checked_exercises(source))
        if wanted and hidden_key is None:
            raise MissingKey("There is no course.key, which contains the hidden checks: run `course key`.")
        known = read_json(hidden_key, "The hidden key").get("exercises", {}) if wanted and hidden_key else {}
        if missing := [name for name in wanted if name not in known]:
            raise AssignmentProblem(f"The hidden key has nothing for {missing[0]!r}: make it again with `course key`.")
        hidden = {name: known[name] for name in wanted}
        _require_variants(tests, hidden)
        try:
            require_current(hidden)
            # An assignment is whole by itself: it is graded elsewhere too, and its digest includes the hints.
            hidden = {name: with_hints(key) for name, key in hidden.items()}
            published = {name: with_hints(keys.key_to_json(keys.published_key(name))) for name in wanted}
        except keys.KeyProblem as problem:
            raise AssignmentProblem(str(problem)) from problem
        limits = limits or Limits()
        extra = extra_files(files, limits.files // 2) if files else {}
        imports = imported_modules(notebook)
        return cls(solution.stem, cells, hidden, published, limits, files=extra, imports=imports)

    @classmethod
    def load(cls, path: Path) -> Assignment:
        """Return the assignment in a file that `save` wrote; raises AssignmentProblem if the file is something else."""
        data = read_json(path, "The assignment")
        if data.get("format") != FORMAT:
            raise AssignmentProblem(f"{path.name} has a format that this version cannot read: make it again.")
        return cls.from_json(data)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Assignment:
        """Return the assignment that `to_json` wrote."""
        tuples = ("names", "needs", "exercises")
        cells = tuple(TeacherCell(**cell | {key: tuple(cell[key]) for key in tuples}) for cell in data["cells"])
        more: dict[str, Any] = {"imports": tuple(data.get("imports", ()))}
        more |= {key: data[key] for key in ("mode", "why", "files", "faults", "reference_graded") if key in data}
        return cls(data["name"], cells, data["hidden"], data["published"], Limits.from_json(data["limits"]), **more)

    def save(self, path: Path) -> None:
        """Write the assignment to one file that only its owner can read, atomically."""
        write_atomic(path, self._text, PRIVATE)

    def to_json(self) -> dict[str, Any]:
        """Return the whole assignment, including the hidden key, as JSON data."""
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
            "reference_graded": self.reference_graded,
        }

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.to_json(), separators=(",", ":"), sort_keys=True)

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits of a hash of everything that affects a result."""
        text = replace(self, why="")._text if self.why else self._text
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @cached_property
    def by_grade_id(self) -> dict[str, TeacherCell]:
        return {cell.grade_id: cell for cell in self.cells if cell.grade_id}

    @cached_property
    def originals(self) -> Originals[TeacherCell]:
        """The teacher's cells, prepared for matching with a submission's cells."""
        return Originals(self.cells)

    def of_kind(self, kind: str) -> list[TeacherCell]:
        return [cell for cell in self.cells if cell.kind == kind]

    @cached_property
    def spared(self) -> tuple[str, ...]:
        """The names that the teacher's cells replace in modules or classes, such as `print` by a test double."""
        return tuple(sorted({name for cell in self.cells for name in replaced_names(cell.source)}))

    @cached_property
    def packages(self) -> tuple[str, ...]:
        """The modules among `imports` that are neither part of Python nor already imported in each zygote."""
        return tuple(name for name in self.imports if name.split(".")[0] not in sys.stdlib_module_names | QUICK)

    @cached_property
    def content_of_files(self) -> dict[str, bytes]:
        return {name: base64.b64decode(content) for name, content in self.files.items()}

    def within(self, seconds: float) -> Assignment:
        """Return the assignment with this time limit for each cell, in the mode together; 0 changes nothing."""
        if self.mode != "together" or seconds <= 0:
            return self
        total = max(self.limits.total_seconds, 10 * seconds)
        return replace(self, limits=replace(self.limits, cell_seconds=float(seconds), total_seconds=total))

    @property
    def needs_key(self) -> bool:
        """Whether a test needs something that no worker may read: the hidden key, or the answer of a concept question.

        Without the answer, the check of a concept question would pass every answer with the right type.
        """
        asks_question = any(keys.is_question(name) for name in self.published)
        return asks_question or any("check_hidden" in cell.source for cell in self.of_kind("test"))

    @cached_property
    def keys(self) -> tuple[dict[str, keys.Key], dict[str, keys.Key]]:
        """The hidden and the published keys by exercise, as Key objects."""
        hidden = {name: keys.key_from_json(data) for name, data in self.hidden.items()}
        return hidden, {name: keys.key_from_json(data) for name, data in self.published.items()}


def _require_variants(tests: Iterable[str], hidden: Mapping[str, Any]) -> None:
    """Raise AssignmentProblem if a test asks for a variant of a question that the hidden key does not have."""
    # As in `checked_exercises`: a cell that is not plain Python is graded in the mode together, without a key.
    for source in (source for source in tests if not problem_of(source)):
        for node in ast.walk(ast.parse(blank_magics(source))):
            match node:
                case ast.Call(
                    func=ast.Name(id="check_hidden"),
                    args=[ast.Constant(value=str(name)), *_],
                    keywords=[ast.keyword(arg="part", value=ast.Constant(value=str(part)))],
                ) if part.startswith(f"{CLASS} ") and part not in hidden[name].get("parts", ()):
                    raise AssignmentProblem(
                        f"The hidden key was made for another variant of the question {name!r} than the students got. "
                        "Use the key with which you released the assignment, or make a key with the same questions: "
                        "`course key --questions-of OLD.key`, if OLD.key is the key of the release."
                    )


def teacher_cells(solution: Path) -> tuple[TeacherCell, ...]:
    """Return the code cells of a teacher's notebook; raises AssignmentProblem if it cannot be read."""
    return cells_of(source_notebook(solution), solution)


def cells_of(notebook: dict[str, Any], solution: Path) -> tuple[TeacherCell, ...]:
    """Return the code cells of a notebook that was read from `solution`; raises AssignmentProblem as above."""
    try:
        return tuple(_teacher_cells(notebook))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise AssignmentProblem(
            f"The teacher's notebook {solution} is not as nbgrader writes it ({type(error).__name__}: {error})."
        ) from error


def _teacher_cells(notebook: dict[str, Any]) -> Iterator[TeacherCell]:
    sources = [(cell, cell_source(cell)) for cell in notebook.get("cells", []) if cell["cell_type"] == "code"]
    problems = {source: problem_of(source) for _, source in sources}
    plain = [(cell, source) for cell, source in sources if not problems[source]]
    names = {
        mark["grade_id"]: tuple(sorted(assigned_names(source)))
        for cell, source in plain
        if (mark := cell["metadata"].get("nbgrader")) and mark["solution"]
    }
    answer_names = {name for assigned in names.values() for name in assigned}
    # A call such as plt.plot() counts as a change of the name `plt`, but no other cell depends on such a change.
    modules = {name for _, source in plain for name in imported_names(source)}
    answer = ""
    for cell, source in sources:
        mark, id, problem = cell["metadata"].get("nbgrader"), str(cell.get("id", "")), problems[source]
        if mark is None or not (mark["solution"] or mark["grade"] or mark["locked"]):
            kind = "experiment" if "experiment" in cell["metadata"].get("tags", []) else "code"
            # The names of a cell that is not plain Python are unknown. With "*" it always runs.
            touched = {"*"} if problem else assigned_names(source) | (changed_names(source) - modules)
            yield TeacherCell(kind, id, source=source, names=tuple(sorted(touched)), problem=problem)
            continue
        known = {"id": id, "grade_id": mark["grade_id"], "mark": mark, "problem": problem}
        if mark["solution"]:
            answer = mark["grade_id"]
            yield TeacherCell("answer", **known, names=names.get(answer, ()))
        elif mark["grade"]:
            needs = () if problem else tuple(sorted(answer_names & used_names(source)))
            checked = () if problem else tuple(dict.fromkeys(checked_exercises(source)))
            checked = checked or tuple(grade_id for grade_id, assigned in names.items() if set(assigned) & set(needs))
            # Each test belongs to an exercise. If it names none, it belongs to the answer above it.
            checked = checked or (answer or mark["grade_id"],)
            points = float(mark["points"])
            yield TeacherCell("test", **known, source=source, points=points, needs=needs, exercises=checked)
        else:
            yield TeacherCell("setup", **known, source=source)
