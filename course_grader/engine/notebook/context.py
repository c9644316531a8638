"""What a test needs of the teacher's other cells: names, imports, helpers, and what locked cells make of answers.

The referee runs those cells before the test, in the teacher's order and with the teacher's text. An unmarked cell that
a student edited or deleted counts as in nbgrader: what is left of it is the teacher's, and the names that it gives
otherwise are asked of the submission, as an answer's are.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_grader.engine.notebook.assignment import Assignment, TeacherCell, cached_by_source
from course_grader.engine.notebook.dependencies import ALL, LONGEST_READ, NOT_PYTHON, may_bind, reads
from course_utils.cells import assigned_names, blank_magics, changed_names, imported_names
from course_utils.matching import Match

BUILT_IN = frozenset(dir(builtins))
_known: dict[str, dict[str, CellContext]] = {}


@dataclass(frozen=True)
class CellContext:
    """What a test cell needs: the cells that run before it, answers among them for their names; the names of answers
    that the test and these cells read; and all names that they read."""

    cells: tuple[TeacherCell, ...]
    needs: tuple[str, ...]
    reads: frozenset[str]


@dataclass(frozen=True)
class EditedCells:
    """What a submission made of the teacher's unmarked cells: what is left of those that differ, by the teacher's text,
    and the names that the submission defines itself."""

    left: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()


def contexts_of(assignment: Assignment) -> dict[str, CellContext]:
    """Return what each test cell needs, by its grade_id."""
    if assignment.digest not in _known:
        _known.clear()
        _known[assignment.digest] = {
            cell.grade_id: _given_to(cell, assignment.cells[:place], _answers(assignment))
            for place, cell in enumerate(assignment.cells)
            if cell.kind == "test"
        }
    return _known[assignment.digest]


def late_setups(assignment: Assignment) -> list[TeacherCell]:
    """Return the locked cells that can run in a worker only where they are: those that use answers, and all of them if
    there are files, which a worker has from its start."""
    answers = _answers(assignment)
    setups = [cell for cell in assignment.of_kind("setup") if not cell.problem]
    return [cell for cell in setups if assignment.files or answers & reads(cell.source)]


def _answers(assignment: Assignment) -> frozenset[str]:
    return frozenset(name for cell in assignment.of_kind("answer") for name in cell.names) - {ALL}


def _given_to(test: TeacherCell, above: Sequence[TeacherCell], answers: frozenset[str]) -> CellContext:
    runs = [cell for cell in above if cell.kind in ("setup", "code", "test") and not cell.problem]
    # What a locked cell does may have an effect on every cell below it.
    needed = [cell for cell in runs if cell.kind == "setup" and not answers & reads(cell.source)]
    wanted = reads(test.source).union(*(reads(cell.source) for cell in needed))
    left = [cell for cell in runs if cell not in needed]
    used: frozenset[str] = frozenset(test.needs)
    # A cell that is needed may need others in turn.
    while found := [cell for cell in left if _is_needed(cell, wanted - answers, above)]:
        more = frozenset().union(*(reads(cell.source) for cell in found))
        wanted, used = wanted | more, used | (answers & more)
        needed += found
        left = [cell for cell in left if cell not in found]
    kept = tuple(cell for cell in above if cell in needed or (cell.kind == "answer" and used.intersection(cell.names)))
    return CellContext(kept, tuple(sorted(used)), wanted)


def _is_needed(cell: TeacherCell, wanted: frozenset[str], cells: Sequence[TeacherCell]) -> bool:
    given = gives(cell.source)
    if ALL in given:
        # What a star brings is known only when it has run.
        return not wanted <= BUILT_IN.union(*(gives(other.source) for other in cells if other is not cell))
    # A locked cell that uses an answer may pass it what a test looks at later.
    return not wanted.isdisjoint(given | reads(cell.source) if cell.kind == "setup" else given)


@cached_by_source
def gives(source: str) -> frozenset[str]:
    """Return the names that a cell binds or may change."""
    try:
        return frozenset(assigned_names(source) | (changed_names(source) - imported_names(source)))
    except NOT_PYTHON:
        return frozenset()


def edited(
    cells: Sequence[Mapping[str, Any]], matches: Sequence[Match[TeacherCell]], assignment: Assignment
) -> EditedCells:
    """Return what a submission made of the teacher's unmarked cells that tests need.

    cells: the submission's, each a dict with `cell_type`, `source` and `metadata`; matches: what each of them is.
    """
    needed = [cell for given in contexts_of(assignment).values() for cell in given.cells if cell.kind == "code"]
    teachers = list(dict.fromkeys(cell.source for cell in needed))
    # Where tests ask keys, no submission puts a `check` of its own in the place of the course's.
    if not teachers or assignment.published:
        return EditedCells()
    given = frozenset().union(*map(may_bind, teachers)) - _answers(assignment)
    code = [(cell["source"], match.text_of) for cell, match in zip(cells, matches, strict=True) if _is_code(cell)]
    copies = {text_of.source for _, text_of in code if text_of is not None}.intersection(teachers)
    own = [source for source, text_of in code if text_of is None and len(source) <= LONGEST_READ]
    if len(copies) == len(teachers) and not any(given & may_bind(source) for source in own):
        return EditedCells()
    theirs, mine = _by_name([*copies, *own]), _by_name(teachers)
    names = {name for name in given if theirs.get(name) != mine.get(name)}
    return EditedCells(
        {source: _without(source, names) for source in teachers if names & gives(source)}, frozenset(names)
    )


def _is_code(cell: Mapping[str, Any]) -> bool:
    return bool(cell["cell_type"] == "code")


def _by_name(sources: Iterable[str]) -> dict[str, set[str]]:
    """Return the statements that bind each name, as texts that are equal for equal statements."""
    found: dict[str, set[str]] = {}
    for node in (node for source in sources for node in _statements(source)):
        for name in assigned_names(ast.unparse(node)):
            found.setdefault(name, set()).add(ast.dump(node))
    return found


def _without(source: str, names: set[str]) -> str:
    """Return a cell without the statements that bind or change one of these names."""
    kept = [node for node in _statements(source) if names.isdisjoint(gives(ast.unparse(node)))]
    return ast.unparse(ast.Module(kept, [])) + "\n"


def _statements(source: str) -> list[ast.stmt]:
    """Return the statements of a cell, with one of its own for each name that is imported; none if it is no Python."""
    try:
        return [part for node in ast.parse(blank_magics(source)).body for part in _parts(node)]
    except NOT_PYTHON:
        return []


def _parts(node: ast.stmt) -> Iterator[ast.stmt]:
    match node:
        case ast.Import(names=names):
            yield from (ast.Import([name]) for name in names)
        case ast.ImportFrom(module, names, level):
            yield from (ast.ImportFrom(module, [name], level) for name in names)
        case _:
            yield node
