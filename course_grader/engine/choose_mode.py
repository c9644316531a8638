"""Choose the mode in which an assignment is graded, from the teacher's own solutions and never from a submission.

The reference solution, the blank release, and the reference with one answer blank at a time are graded in both modes.
If every test gets the same score in both, the mode is "apart"; otherwise it is "together". A test that fails on the
reference is itself wrong.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from course_grader.engine.grading import grade
from course_grader.engine.notebook.assignment import Assignment, Mode
from course_grader.engine.notebook.source import AssignmentProblem, cell_source
from course_grader.engine.result import Result
from course_grader.engine.sandbox.levels import Level
from course_utils.cells import blank_magics

# Only this many answers are tried blank, one at a time, to limit how long the choice takes.
MOST_BLANK = 12
BEGIN, END = "BEGIN SOLUTION", "END SOLUTION"
STUBS = (ast.Pass, ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class ModeChoice:
    """A mode and the reason for it, in a sentence.

    faults: by grade_id, why a test fails on the reference. Empty if all pass, or if the reference was not graded
    (`reference_graded` is False).
    """

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

    reference: the teacher's notebook.
    blank: the same notebook, with stubs instead of solutions.
    fixed: the mode that the teacher chose, or "". The reference is graded even then, to find wrong tests.
    thorough: grade the reference even if only one mode is possible, as before a release.
    seconds: the time limit of a cell in the mode together; 0 for the assignment's own limit.
    Raises AssignmentProblem if the assignment cannot be graded in the mode that the teacher chose.
    """
    fixed = fixed or mode_in(reference)
    obstacle = why_not_apart(assignment)
    if fixed and fixed not in ("apart", "together"):
        raise AssignmentProblem(f"{assignment.name} has the mode {fixed!r}: the modes are apart and together.")
    if fixed == "together" and assignment.needs_key:
        raise AssignmentProblem(f"{assignment.name} cannot be graded in the mode together: {KEY}")
    if fixed == "apart" and obstacle:
        raise AssignmentProblem(
            f"{assignment.name} cannot be graded in the mode apart: {obstacle} Use the mode together."
        )
    if assignment.needs_key and not thorough:
        return ModeChoice("apart", KEY)
    unsolved = next(_without_reference(reference, blank), "")
    reference = _without_markers(reference)
    if unsolved:
        why = f"The teacher's notebook has no solution in the cell {unsolved!r}, so the modes cannot be compared."
        return ModeChoice("apart" if assignment.needs_key or fixed == "apart" else "together", why)
    if fixed == "apart" or assignment.needs_key:
        why = "The teacher chose it." if fixed else KEY
        return ModeChoice("apart", why, _faults_apart(assignment, reference, level, seconds), True)
    if fixed:
        faults = _faults(_graded(assignment, "together", reference, level, seconds))
        return ModeChoice("together", "The teacher chose it.", faults, True)
    return _by_scores(assignment, reference, blank, obstacle, level, seconds)


KEY = "Its checks need keys that submissions must not see."
# Added to the fault of a test that fails in the mode apart only.
ADVICE = (
    "In the mode apart, a test can only call an answer's functions and use plain values. If it needs more, grade the "
    'assignment in the mode together (`c.Grade.modes = {"ASSIGNMENT": "together"}`).'
)


def _by_scores(
    assignment: Assignment,
    reference: Mapping[str, Any],
    blank: Mapping[str, Any],
    obstacle: str,
    level: Level,
    seconds: float,
) -> ModeChoice:
    """Return apart if all of the teacher's sample submissions get the same scores in both modes, else together."""
    full = _graded(assignment, "together", reference, level, seconds)
    faults = _faults(full)
    if faults or obstacle:
        return ModeChoice("together", obstacle or "The reference does not pass all tests.", faults, True)
    samples = [("the blank release", blank), *_with_one_blank(reference, blank)]
    together = [("the reference", full)]
    together += [(name, _graded(assignment, "together", sample, level, seconds)) for name, sample in samples]
    for (name, result), sample in zip(together, [reference, *(sample for _, sample in samples)], strict=True):
        apart_result = _graded(assignment, "apart", sample, level)
        for cell, apart in zip(result.cells, apart_result.cells, strict=True):
            if cell.points != apart.points:
                why = f"For the test {cell.grade_id!r}, {name} gets {apart.points:g} points in the mode apart"
                why = f"{why} and {cell.points:g} in the mode together. {apart.message}".strip()
                return ModeChoice("together", why, reference_graded=True)
    why = f"All {len(together)} submissions made from the teacher's notebook get the same scores in both modes."
    return ModeChoice("apart", why, reference_graded=True)


def why_not_apart(assignment: Assignment) -> str:
    """Return why an assignment cannot be graded in the mode "apart", as a sentence; "" if it can."""
    for cell in assignment.cells:
        if cell.problem and cell.kind in ("test", "setup", "answer"):
            return f"The cell {cell.grade_id!r} cannot run by itself: {cell.problem}."
        if cell.mark.get("autotest"):
            return f"The tests that nbgrader generates for the cell {cell.grade_id!r} (AUTOTEST) need one namespace."
    return ""


def mode_in(notebook: Mapping[str, Any]) -> str:
    """Return the mode that a notebook's metadata asks for, `{"course_grader": {"mode": "together"}}`."""
    settings = (notebook.get("metadata") or {}).get("course_grader")
    return str(settings.get("mode", "")) if isinstance(settings, Mapping) else ""


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
    """Return by grade_id why tests fail on the reference in the mode apart, with advice if they pass together."""
    faults = _faults(_graded(assignment, "apart", reference, level))
    if faults and not assignment.needs_key:
        faults_together = _faults(_graded(assignment, "together", reference, level, seconds))
        faults |= {name: f"{why} {ADVICE}" for name, why in faults.items() if name not in faults_together}
    return faults


def _with_one_blank(reference: Mapping[str, Any], blank: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    places = [place for place, cell in enumerate(reference["cells"]) if _is_answer(cell)]
    for place in places[:MOST_BLANK] if len(places) > 1 else ():
        notebook = copy.deepcopy(dict(reference))
        notebook["cells"][place]["source"] = blank["cells"][place]["source"]
        grade_id = notebook["cells"][place]["metadata"]["nbgrader"]["grade_id"]
        yield f"the reference without {grade_id!r}", notebook


def _without_markers(reference: Mapping[str, Any]) -> dict[str, Any]:
    """Return the reference without solution markers, as a student would submit it: a test may read an answer's text."""
    notebook = copy.deepcopy(dict(reference))
    for cell in notebook["cells"]:
        lines = cell_source(cell).split("\n")
        cell["source"] = "\n".join(line for line in lines if BEGIN not in line and END not in line)
    return notebook


def _is_answer(cell: Mapping[str, Any]) -> bool:
    mark = cell["metadata"].get("nbgrader") or {}
    return cell["cell_type"] == "code" and bool(mark.get("solution"))


def _without_reference(reference: Mapping[str, Any], blank: Mapping[str, Any]) -> Iterator[str]:
    """Yield the grade_ids of answer cells in which the teacher's notebook has a stub and no solution."""
    for cell, cleared in zip(reference["cells"], blank["cells"], strict=True):
        # A manually graded cell needs no solution.
        if not _is_answer(cell) or cell["metadata"]["nbgrader"]["grade"]:
            continue
        source, stub = cell_source(cell), cell_source(cleared)
        if BEGIN not in source and (source.split() == stub.split() or _is_stub(source)):
            yield str(cell["metadata"]["nbgrader"]["grade_id"])


def _is_stub(source: str) -> bool:
    """Return whether a cell is only a placeholder for an answer."""
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
