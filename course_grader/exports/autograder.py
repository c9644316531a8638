"""The program that runs at Gradescope. It grades a container's submission and updates `results.json` while it grades.

    python -m course_grader.exports.autograder /autograder

Gradescope stops a container that takes too long, and then reads `results.json`, so the file is complete JSON at any
time. Its format: https://gradescope-autograders.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

import json
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from course_grader.engine.grading import close, grade
from course_grader.engine.notebook.assignment import Assignment, AssignmentProblem
from course_grader.engine.notebook.read import Unreadable
from course_grader.engine.result import CellResult, Result
from course_grader.engine.sandbox.levels import IsolationUnavailable, Level
from course_grader.exports.columns import column_names
from course_grader.submissions.attempts import own_notebook
from course_utils.files import write_atomic

ASSIGNMENT = "assignment.json"
LEVEL: Level = "user"
# Files that a submission, which runs as another user, must not be able to read.
PRIVATE = ("source", "submission", "results", "submission_metadata.json")
FAULT = "The autograder itself failed. This is not your submission's fault. Please tell your teacher: {}"


class GradescopeReport:
    """Gradescope's results file, which is written again after each graded cell."""

    def __init__(self, path: Path, assignment: Assignment) -> None:
        self._path, self._began = path, time.monotonic()
        tests = assignment.of_kind("test")
        self._column_of = column_names((cell.grade_id, cell.exercises) for cell in tests)
        self._points = {cell.grade_id: cell.points for cell in tests}
        self._results: dict[str, CellResult] = {}

    def add(self, cell: CellResult) -> None:
        """Record the result of one test cell."""
        self._results[cell.grade_id] = cell
        self.write("Grading did not finish. Tests without a result below were not graded.")

    def finish(self, result: Result) -> None:
        """Write the final result."""
        self._results = {cell.grade_id: cell for cell in result.cells}
        self.write("\n".join(result.notes))

    def write(self, output: str) -> None:
        """Write the results so far, with `output` as the text above them. The file is replaced atomically."""
        names = dict.fromkeys(self._column_of.values())
        report = {
            "score": sum(cell.points for cell in self._results.values()),
            "execution_time": round(time.monotonic() - self._began),
            "output": output,
            "output_format": "text",
            "visibility": "visible",
            # Only the teacher sees what the autograder prints.
            "stdout_visibility": "hidden",
            "tests": [self._test(number, name) for number, name in enumerate(names, 1)],
        }
        write_atomic(self._path, json.dumps(report, indent=1))

    def _test(self, number: int, name: str) -> dict[str, Any]:
        cells = [grade_id for grade_id, column in self._column_of.items() if column == name]
        found = [self._results[grade_id] for grade_id in cells if grade_id in self._results]
        wrong = [cell for cell in found if cell.outcome != "passed"]
        is_right = len(found) == len(cells) and not wrong
        lines = [line for cell in wrong for line in (cell.student_message, cell.hint) if line]
        if len(found) < len(cells):
            lines.append("Not graded yet." if not found else "Only partly graded.")
        return {
            "name": name,
            "number": str(number),
            "score": sum(cell.points for cell in found),
            "max_score": sum(self._points[grade_id] for grade_id in cells),
            "status": "passed" if is_right else "failed",
            "output": "\n".join(_without_repeats(lines)) or "All checks pass.",
            "output_format": "text",
            "visibility": "visible",
            "tags": sorted({cell.mistake for cell in wrong if cell.mistake}),
        }


def _without_repeats(lines: list[str]) -> list[str]:
    # The message of a check may already contain the hint.
    return [line for place, line in enumerate(lines) if not any(line in other for other in lines[:place])]


def main(root: Path) -> int:
    """Grade the submission in `root`/submission; return 0, or 1 if the autograder itself fails."""
    for name in PRIVATE:
        path = root / name
        if path.exists():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~(stat.S_IRWXG | stat.S_IRWXO))
    results = root / "results" / "results.json"
    results.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        assignment = Assignment.load(root / "source" / ASSIGNMENT)
    except AssignmentProblem as problem:
        print(problem)
        results.write_text(json.dumps({"score": 0, "output": FAULT.format(problem), "tests": []}), encoding="utf-8")
        return 1
    report = GradescopeReport(results, assignment)
    report.write("Grading did not begin.")
    try:
        notebook, notes = own_notebook(root / "submission", assignment.name)
        result = grade(notebook, assignment, LEVEL, report.add)
        report.finish(replace(result, notes=(*notes, *result.notes)))
        if result.exposed:
            print(result.exposed)
    except Unreadable as problem:
        report.write(str(problem))
    except Exception as error:
        reason = str(error) if isinstance(error, IsolationUnavailable) else f"{type(error).__name__}: {error}"
        print(reason)
        report.write(FAULT.format(reason))
        return 1
    finally:
        close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
