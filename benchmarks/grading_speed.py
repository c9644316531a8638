"""Submissions a second: the engine against `nbgrader autograde`, and against one warm process without isolation.

    .venv/bin/python benchmarks/grading_speed.py [--nbgrader 5] [--engine 40]

All of notebook 01, experiments left out for everybody, one after another, in one run on one machine.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_grader import Assignment, grade
from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.notebook import text_of
from course_grader.authoring.rehearsal import write_hidden_key
from course_grader.authoring.submissions import submission
from course_grader.engine.assignment import without_magics
from course_utils.checks.checking import grading

ROOT = Path(__file__).parents[1]
NAME = "01_learning_rate_decay"
HERE = dict(os.environ, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
FIGURE = 50


def in_one_process(assignment: Assignment, notebook: NotebookNode) -> float:
    """Execute set-up, answers and tests in this process; return the points."""
    names: dict[str, Any] = {"__name__": "__main__"}
    points = 0.0
    hidden, published = assignment.keys
    with grading(hidden, published, lambda card: None), contextlib.redirect_stdout(io.StringIO()):
        for cell in notebook.cells:
            known = assignment.by_grade_id.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
            if known is not None:
                exec(without_magics(known.source if known.kind == "test" else cell.source), names)
                points += known.points
    return points


def milliseconds(function: Callable[[], float], count: int, points: float) -> list[float]:
    """Return what each of `count` gradings takes, after one to warm up; all give these points."""
    seconds = []
    for _ in range(count + 1):
        begin = time.perf_counter()
        assert function() == points
        seconds.append(time.perf_counter() - begin)
    return [1000 * one for one in seconds[1:]]


def with_nbgrader(folder: Path, notebook: NotebookNode, count: int) -> float:
    """Return the milliseconds of each of `count` submissions in `nbgrader autograde`, its own start not counted."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / NAME, folder / "solutions" / NAME)
    # With the configuration of the checkout, less the engine where it is configured.
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write(
            "\nfor name in ('sanitize_preprocessors', 'autograde_preprocessors'):\n    c.Autograde.pop(name, None)\n"
        )
    _nbgrader(folder, "generate_assignment", NAME, "--create")
    for i in range(count + 1):
        place = folder / "submitted" / f"student-{i}" / NAME / f"{NAME}.ipynb"
        place.parent.mkdir(parents=True)
        place.write_text(text_of(notebook))
    begin = time.perf_counter()
    _nbgrader(folder, "autograde", NAME, "--create", "--student", "student-0")
    one = time.perf_counter() - begin
    begin = time.perf_counter()
    _nbgrader(folder, "autograde", NAME, "--create", "--force")
    return 1000 * (time.perf_counter() - begin - one) / count


def _nbgrader(folder: Path, *args: str) -> None:
    subprocess.run([sys.executable, "-m", "nbgrader", *args], cwd=folder, env=HERE, capture_output=True, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nbgrader", type=int, default=5)
    parser.add_argument("--engine", type=int, default=40)
    asked = parser.parse_args()
    lesson = read_lesson(ROOT / "lessons" / NAME)
    released = nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4)
    released.cells = [cell for cell in released.cells if "experiment" not in cell.metadata.get("tags", [])]
    right = submission(lesson, released)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_hidden_key(folder / "course.key", [lesson], "a term")
        assignment = Assignment.from_notebook(ROOT / "solutions" / NAME / f"{NAME}.ipynb", folder / "course.key")
        points = sum(cell.points for cell in assignment.cells)
        floor = statistics.median(milliseconds(lambda: in_one_process(assignment, right), asked.engine, points))
        engine = statistics.median(milliseconds(lambda: grade(right, assignment).score, asked.engine, points))
        stock = with_nbgrader(folder, right, asked.nbgrader) if asked.nbgrader else float("nan")
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} over the last minute")
    print(f"one process, no isolation: {floor:.0f} ms a submission")
    print(f"engine: {engine:.0f} ms a submission, {engine / floor:.2f} times that (figure: 3, or 30 ms more)")
    print(f"nbgrader autograde: {stock:.0f} ms, {stock / engine:.1f} times the engine's (figure: {FIGURE})")


if __name__ == "__main__":
    main()
