"""Find which of the teacher's other cells a test needs: imports, helpers, and locked cells that use answers.

The referee runs those cells before the test, in the teacher's order and with the teacher's text. Students may edit or
delete unmarked cells, and that counts, as in nbgrader: names that the submission defines differently come from the
submission, like the names of answers; the rest of the cell is the teacher's.
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
    """What a test cell needs. cells: the cells that run before it; answer cells among them do not run, they only mark
    where the names of answers are defined.
    needs: the names of answers that the test and these cells read. reads: all names that they read.
    """

    cells: tuple[TeacherCell, ...]
    needs: tuple[str, ...]
    reads: frozenset[str]


@dataclass(frozen=True)
class EditedCells:
    """How a submission changed the teacher's unmarked cells.

    left: the remaining source of each changed cell, by the teacher's source. names: the names that the submission
    defines itself.
    """

    left: Mapping[str, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()


def contexts_of(assignment: Assignment) -> dict[str, CellContext]:
    """Return what each test cell needs, by grade_id."""
    if assignment.digest not in _known:
        _known.clear()
        _known[assignment.digest] = {
            cell.grade_id: _context_of(cell, assignment.cells[:place], _answers(assignment))
            for place, cell in enumerate(assignment.cells)
            if cell.kind == "test"
        }
    return _known[assignment.digest]


def late_setups(assignment: Assignment) -> list[TeacherCell]:
    """Return the locked cells that the zygote cannot run in advance: those that use answers, and all of them if the
    assignment has files, which only a worker gets."""
    answers = _answers(assignment)
    setups = [cell for cell in assignment.of_kind("setup") if not cell.problem]
    return [cell for cell in setups if assignment.files or answers & reads(cell.source)]


def _answers(assignment: Assignment) -> frozenset[str]:
    return frozenset(name for cell in assignment.of_kind("answer") for name in cell.names) - {ALL}


def _context_of(test: TeacherCell, above: Sequence[TeacherCell], answers: frozenset[str]) -> CellContext:
    runs = [cell for cell in above if cell.kind in ("setup", "code", "test") and not cell.problem]
    # A locked cell may affect every cell below it.
    needed = [cell for cell in runs if cell.kind == "setup" and not answers & reads(cell.source)]
    wanted = reads(test.source).union(*(reads(cell.source) for cell in needed))
    left = [cell for cell in runs if cell not in needed]
    used: frozenset[str] = frozenset(test.needs)
    # A needed cell may need further cells.
    while newly_needed := [cell for cell in left if _is_needed(cell, wanted - answers, above)]:
        more = frozenset().union(*(reads(cell.source) for cell in newly_needed))
        wanted, used = wanted | more, used | (answers & more)
        needed += newly_needed
        left = [cell for cell in left if cell not in newly_needed]
    kept = tuple(cell for cell in above if cell in needed or (cell.kind == "answer" and used.intersection(cell.names)))
    return CellContext(kept, tuple(sorted(used)), wanted)


def _is_needed(cell: TeacherCell, wanted: frozenset[str], cells: Sequence[TeacherCell]) -> bool:
    defined = gives(cell.source)
    if ALL in defined:
        # What a star import binds is known only when it has run, so it may define any name that no other cell defines.
        return not wanted <= BUILT_IN.union(*(gives(other.source) for other in cells if other is not cell))
    # A locked cell that uses an answer may pass it an object that the test inspects later.
    return not wanted.isdisjoint(defined | reads(cell.source) if cell.kind == "setup" else defined)


@cached_by_source
def gives(source: str) -> frozenset[str]:
    """Return the names that a cell binds, or whose values it may change."""
    try:
        return frozenset(assigned_names(source) | (changed_names(source) - imported_names(source)))
    except NOT_PYTHON:
        return frozenset()


def edited(
    cells: Sequence[Mapping[str, Any]], matches: Sequence[Match[TeacherCell]], assignment: Assignment
) -> EditedCells:
    """Return how a submission changed the teacher's unmarked cells that tests need.

    cells: the submission's cells, each a dict with `cell_type`, `source` and `metadata`. matches: for each of them, the
    teacher's cell that it matches.
    """
    needed = [cell for context in contexts_of(assignment).values() for cell in context.cells if cell.kind == "code"]
    teacher_sources = list(dict.fromkeys(cell.source for cell in needed))
    # If tests use keys, a submission must not replace `check` or the other imports of the course.
    if not teacher_sources or assignment.published:
        return EditedCells()
    teacher_names = frozenset().union(*map(may_bind, teacher_sources)) - _answers(assignment)
    code = [(cell["source"], match.text_of) for cell, match in zip(cells, matches, strict=True) if _is_code(cell)]
    copies = {text_of.source for _, text_of in code if text_of is not None}.intersection(teacher_sources)
    student_sources = [source for source, text_of in code if text_of is None and len(source) <= LONGEST_READ]
    if len(copies) == len(teacher_sources) and not any(teacher_names & may_bind(source) for source in student_sources):
        return EditedCells()
    submitted, original = _by_name([*copies, *student_sources]), _by_name(teacher_sources)
    names = {name for name in teacher_names if submitted.get(name) != original.get(name)}
    left = {source: _without(source, names) for source in teacher_sources if names & gives(source)}
    return EditedCells(left, frozenset(names))


def _is_code(cell: Mapping[str, Any]) -> bool:
    return bool(cell["cell_type"] == "code")


def _by_name(sources: Iterable[str]) -> dict[str, set[str]]:
    """Return the statements that bind each name, as dumps that are equal for equal statements."""
    found: dict[str, set[str]] = {}
    for node in (node for source in sources for node in _statements(source)):
        for name in assigned_names(ast.unparse(node)):
            found.setdefault(name, set()).add(ast.dump(node))
    return found


def _without(source: str, names: set[str]) -> str:
    """Return a cell's source without the statements that bind or change one of these names."""
    kept = [node for node in _statements(source) if names.isdisjoint(gives(ast.unparse(node)))]
    return ast.unparse(ast.Module(kept, [])) + "\n"


def _statements(source: str) -> list[ast.stmt]:
    """Return the statements of a cell, with a separate import statement for each imported name; [] if the cell is not
    Python."""
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
