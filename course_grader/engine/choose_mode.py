"""Which mode an assignment is graded in, by what the teacher's own solutions show and never by a submission.

The reference solution, the blank release, and the reference with one answer blank at a time are graded in both modes.
Where the mode apart gives each test the score that the mode together gives, it is taken; otherwise together is. A test
that the reference does not pass is at fault itself.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from course_grader.engine.grading import grade
from course_grader.engine.notebook.assignment import Assignment, Mode
from course_grader.engine.notebook.source import AssignmentProblem, text_of
from course_grader.engine.result import Result
from course_grader.engine.sandbox.levels import Level
from course_utils.cells import blank_magics

# At most this many answers are left blank, one at a time.
MOST_BLANK = 12
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
STUBS = (ast.Pass, ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class ModeChoice:
    """A mode and why it was taken, in a sentence. `faults` says, by grade_id, why a test fails on the reference, where
    `reference_graded` says that this was tried."""

    mode: Mode
    why: str
    faults: Mapping[str, str] = field(default_factory=dict)
    reference_graded: bool = False


def choose(
    assignment: Assignment,
    reference: Mapping[str, Any],
    blank: Mapping[str, Any],
    fixed: str = "",
    level: Level = "namespaces",
    thorough: bool = True,
    seconds: float = 0.0,
) -> ModeChoice:
    """Return the mode of an assignment.

    reference: the teacher's notebook. blank: the same with stubs in the place of solutions. fixed: the mode that the
    teacher asks for, where one is; the reference is graded all the same. thorough: whether it is graded too where the
    mode can be no other, as before a release. seconds: how long a cell may take together; 0 for the assignment's limit.
    Raises AssignmentProblem where the mode that the teacher asks for cannot be.
    """
    fixed = fixed or mode_in(reference)
    against = why_not_apart(assignment)
    if fixed and fixed not in ("apart", "together"):
        raise AssignmentProblem(f"{assignment.name} asks for a mode {fixed!r}: there is apart, and there is together.")
    if fixed == "together" and assignment.needs_key:
        raise AssignmentProblem(f"{assignment.name} cannot be graded together: {KEY}")
    if fixed == "apart" and against:
        raise AssignmentProblem(f"{assignment.name} cannot be graded apart: {against} Take the mode together.")
    if assignment.needs_key and not thorough:
        return ModeChoice("apart", KEY)
    without = next(_without_reference(reference, blank), "")
    reference = _without_markers(reference)
    if without:
        said = f"The teacher's notebook has no solution in the cell {without!r}, so nothing shows what the modes give."
        return ModeChoice("apart" if assignment.needs_key or fixed == "apart" else "together", said)
    if fixed == "apart" or assignment.needs_key:
        why = "The teacher asks for it." if fixed else KEY
        return ModeChoice("apart", why, _faults_apart(assignment, reference, level, seconds), True)
    if fixed:
        faults = _faults(_graded(assignment, "together", reference, level, seconds))
        return ModeChoice("together", "The teacher asks for it.", faults, True)
    return _by_scores(assignment, reference, blank, against, level, seconds)


KEY = "Its checks need keys that no submission may see."
# Of a test that fails apart alone.
ADVICE = (
    "Apart, a test calls an answer's functions and gets plain values: if it looks at more, grade the assignment in the "
    'mode together (`c.Grade.modes = {"ASSIGNMENT": "together"}`).'
)


def _by_scores(
    assignment: Assignment,
    reference: Mapping[str, Any],
    blank: Mapping[str, Any],
    against: str,
    level: Level,
    seconds: float,
) -> ModeChoice:
    full = _graded(assignment, "together", reference, level, seconds)
    faults = _faults(full)
    if faults or against:
        return ModeChoice("together", against or "The reference does not get full marks.", faults, True)
    others = [("the blank release", blank), *_with_one_blank(reference, blank)]
    together = [("the reference", full)]
    together += [(name, _graded(assignment, "together", other, level, seconds)) for name, other in others]
    for (name, found), submission in zip(together, [reference, *(other for _, other in others)], strict=True):
        apart = _graded(assignment, "apart", submission, level)
        for one, other in zip(found.cells, apart.cells, strict=True):
            if one.points != other.points:
                said = f"Apart, {name} gets {other.points:g} points in the test {one.grade_id!r}, and together"
                said = f"{said} {one.points:g}. {other.message}".strip()
                return ModeChoice("together", said, reference_graded=True)
    said = f"It gives {len(together)} submissions of the teacher's the scores that nbgrader gives them."
    return ModeChoice("apart", said, reference_graded=True)


def why_not_apart(assignment: Assignment) -> str:
    """Return why an assignment cannot be graded apart, in a sentence; empty where it may be."""
    for cell in assignment.cells:
        if cell.problem and cell.kind in ("test", "setup", "answer"):
            return f"The cell {cell.grade_id!r} cannot run by itself: {cell.problem}."
        if cell.mark.get("autotest"):
            return f"nbgrader writes the tests of the cell {cell.grade_id!r} (AUTOTEST) for one namespace."
    return ""


def mode_in(notebook: Mapping[str, Any]) -> str:
    """Return the mode that a notebook's metadata asks for, `{"course_grader": {"mode": "together"}}`."""
    own = (notebook.get("metadata") or {}).get("course_grader")
    return str(own.get("mode", "")) if isinstance(own, Mapping) else ""


def _graded(
    assignment: Assignment, mode: Mode, notebook: Mapping[str, Any], level: Level, seconds: float = 0.0
) -> Result:
    return grade(notebook, replace(assignment, mode=mode, faults={}).within(seconds), level)


def _faults(result: Result) -> dict[str, str]:
    return {
        cell.grade_id: cell.message or f"It gives {cell.points:g} of {cell.max_points:g} points."
        for cell in result.cells
        if cell.points < cell.max_points
    }


def _faults_apart(assignment: Assignment, reference: Mapping[str, Any], level: Level, seconds: float) -> dict[str, str]:
    """Return why tests fail on the reference apart, and which of them the other mode can grade."""
    faults = _faults(_graded(assignment, "apart", reference, level))
    if faults and not assignment.needs_key:
        others = _faults(_graded(assignment, "together", reference, level, seconds))
        faults |= {name: f"{said} {ADVICE}" for name, said in faults.items() if name not in others}
    return faults


def _with_one_blank(reference: Mapping[str, Any], blank: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    places = [place for place, cell in enumerate(reference["cells"]) if _is_answer(cell)]
    for place in places[:MOST_BLANK] if len(places) > 1 else ():
        made = copy.deepcopy(dict(reference))
        made["cells"][place]["source"] = blank["cells"][place]["source"]
        grade_id = made["cells"][place]["metadata"]["nbgrader"]["grade_id"]
        yield f"the reference without {grade_id!r}", made


def _without_markers(reference: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reference as a student would hand it in: a test may read an answer's text."""
    made = copy.deepcopy(dict(reference))
    for cell in made["cells"]:
        lines = text_of(cell).split("\n")
        cell["source"] = "\n".join(line for line in lines if BEGIN not in line and END not in line)
    return made


def _is_answer(cell: Mapping[str, Any]) -> bool:
    mark = cell["metadata"].get("nbgrader") or {}
    return cell["cell_type"] == "code" and bool(mark.get("solution"))


def _without_reference(reference: Mapping[str, Any], blank: Mapping[str, Any]) -> Iterator[str]:
    """Yield the grade_ids of answers of which the teacher's notebook has the stub alone."""
    for cell, cleared in zip(reference["cells"], blank["cells"], strict=True):
        # What a human grades needs none.
        if not _is_answer(cell) or cell["metadata"]["nbgrader"]["grade"]:
            continue
        source, stub = text_of(cell), text_of(cleared)
        if BEGIN not in source and (source.split() == stub.split() or _is_stub(source)):
            yield str(cell["metadata"]["nbgrader"]["grade_id"])


def _is_stub(source: str) -> bool:
    """Tell whether a cell does nothing but say where an answer belongs."""
    try:
        return all(map(_does_nothing, ast.parse(blank_magics(source)).body))
    except SyntaxError:
        return False


def _does_nothing(node: ast.stmt) -> bool:
    match node:
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body) | ast.ClassDef(body=body):
            return all(map(_does_nothing, body))
        case ast.Expr(value=ast.Constant()) | ast.Assign(value=ast.Constant(value=None | EllipsisType())):
            return True
        case ast.Raise(exc=ast.Name(id=name) | ast.Call(func=ast.Name(id=name))):
            return name == "NotImplementedError"
    return isinstance(node, STUBS)


EllipsisType = type(...)
