"""Submissions a second: the engine against `nbgrader autograde`, and against one warm process without isolation.

    .venv/bin/python benchmarks/grading_speed.py [--nbgrader 5] [--engine 40] [--whole 2]

All of notebook 01, one submission after another, everything on one core, in one run on one machine. First with the
experiments left out for everybody; then, for `--whole` submissions, with them in, where nbgrader runs them and the
engine does not. On both sides each submission must get the same points. Wall time and CPU time of all processes.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import psutil  # type: ignore[import-untyped]
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from course_grader import Assignment, grade
from course_grader.authoring.lesson import Lesson, read_lesson
from course_grader.authoring.notebook import text_of
from course_grader.authoring.rehearsal import write_hidden_key
from course_grader.authoring.submissions import submission
from course_grader.engine.assignment import without_magics
from course_utils.checks.checking import grading

ROOT = Path(__file__).parents[1]
NAME = "01_learning_rate_decay"
# What a grader's machine has, whatever stands in this one's environment.
HERE = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
HERE["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
FIGURE = 50


class Cost(NamedTuple):
    """Milliseconds of wall time and of CPU time a submission."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.0f} ms a submission ({self.cpu:.0f} ms of CPU)"


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


def cost_of(function: Callable[[], float], count: int, points: float) -> Cost:
    """Return the median wall time and the mean CPU time of `count` gradings, after one to warm up, all of which give
    these points."""
    assert function() == points
    seconds, cpu = [], _cpu_seconds()
    for _ in range(count):
        begin = time.perf_counter()
        assert function() == points
        seconds.append(time.perf_counter() - begin)
    return Cost(1000 * statistics.median(seconds), 1000 * (_cpu_seconds() - cpu) / count)


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of all that it started, the ended ones among them."""
    own = psutil.Process()
    with_ended = [sum(child.cpu_times()[:4]) for child in own.children(recursive=True)]
    return float(sum(own.cpu_times()[:4]) + sum(with_ended))


def with_nbgrader(lesson: Lesson, notebook: NotebookNode, count: int, points: float) -> Cost:
    """Return the cost of each of `count` submissions in `nbgrader autograde`, its own start not counted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_hidden_key(folder / "course.key", [lesson], "a term")
        shutil.copy(ROOT / "nbgrader_config.py", folder)
        shutil.copytree(ROOT / "solutions" / NAME, folder / "solutions" / NAME)
        # With the configuration of the checkout, less the engine where it is configured.
        with (folder / "nbgrader_config.py").open("a") as file:
            file.write("\nfor part in ('sanitize', 'autograde'):\n    c.Autograde.pop(f'{part}_preprocessors', None)\n")
        _nbgrader(folder, "generate_assignment", NAME, "--create")
        for i in range(count + 1):
            place = folder / "submitted" / f"student-{i}" / NAME / f"{NAME}.ipynb"
            place.parent.mkdir(parents=True)
            place.write_text(text_of(notebook))
        one = _nbgrader(folder, "autograde", NAME, "--create", "--student", "student-0")
        whole = _nbgrader(folder, "autograde", NAME, "--create", "--force")
        with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
            scores = [found.score for found in book.assignment_submissions(NAME)]
        assert scores == [points] * (count + 1), scores
    return Cost((whole.wall - one.wall) / count, (whole.cpu - one.cpu) / count)


def _nbgrader(folder: Path, *args: str) -> Cost:
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "nbgrader", *args], cwd=folder, env=HERE, capture_output=True, check=True)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(1000 * wall, 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nbgrader", type=int, default=5, help="submissions without experiments (0: leave it out)")
    parser.add_argument("--engine", type=int, default=40)
    parser.add_argument("--whole", type=int, default=2, help="submissions with experiments (0: leave it out)")
    return parser.parse_args()


def main() -> None:
    counts = asked()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    lesson = read_lesson(ROOT / "lessons" / NAME)
    released = nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4)
    whole = submission(lesson, released)
    released.cells = [cell for cell in released.cells if "experiment" not in cell.metadata.get("tags", [])]
    right = submission(lesson, released)
    with tempfile.TemporaryDirectory() as name:
        write_hidden_key(Path(name) / "course.key", [lesson], "a term")
        assignment = Assignment.from_notebook(ROOT / "solutions" / NAME / f"{NAME}.ipynb", Path(name) / "course.key")
    points = sum(cell.points for cell in assignment.cells)
    floor = cost_of(lambda: in_one_process(assignment, right), counts.engine, points)

    def with_engine(notebook: NotebookNode) -> Cost:
        return cost_of(lambda: grade(notebook, assignment).score, counts.engine, points)

    engine = with_engine(right)
    print(f"machine: {os.cpu_count()} cores, one of them used, load {os.getloadavg()[0]:.1f} over the last minute")
    print(f"one process, no isolation: {floor}")
    print(f"engine: {engine}")
    above = engine.wall - floor.wall
    print(f"  {engine.wall / floor.wall:.2f} times that, {above:.0f} ms more (figure: 3 times, or 30 ms more)")
    for told, notebook, count in (("", right, counts.nbgrader), (", experiments in it", whole, counts.whole)):
        if count:
            engine = with_engine(notebook)
            stock = with_nbgrader(lesson, notebook, count, points)
            ratios = f"{stock.wall / engine.wall:.1f} times (CPU: {stock.cpu / engine.cpu:.1f} times)"
            print(f"nbgrader autograde{told}: {stock}\n  engine: {engine}; {ratios} as fast (figure: {FIGURE})")


if __name__ == "__main__":
    main()
