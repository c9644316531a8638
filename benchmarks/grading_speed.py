"""Milliseconds per submission: `course grade` against `nbgrader autograde`, and the engine against one warm process.

    .venv/bin/python benchmarks/grading_speed.py [--count 200] [--right 200] [--whole 2] [--each 20] [--nbgrader 5]
        [--times 3] [--lessons 02b 03]

One core, in one run on one machine. Notebook 01:

- the main result, a mixed class: three out of four answers are the reference's, the others are drawn from the lesson's
  bank (alternatives, mistakes, or blank); one in ten of all answers is unique: its numbers differ from all others in
  their last digits, so that replay does not help;
- a class in which every answer is correct, the best case for replay;
- the same with experiments, which nbgrader runs and the engine does not.

And a mixed class of every notebook: the engine against one process, in CPU seconds of all processes (with --lessons,
only this is measured, and only for lessons whose names begin with one of these).

All graders get the same submissions and must give the same points. A command is measured on a part of the class and on
the whole class, several times. The time per submission is the difference in time divided by the difference in size, so
that the start does not count. The median and the range are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from course_grader import Assignment, grade
from course_grader.authoring.lesson import Lesson, read_lesson
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.source_notebook import file_content
from course_grader.authoring.trial_run import write_hidden_key
from course_utils.cells import blank_magics
from course_utils.checks.checking import grading

ROOT = Path(__file__).parents[1]
NAME = "01_learning_rate_decay"
# The settings of a grader's machine, whatever this environment has.
HERE = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
HERE["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
COURSE = "from course_utils.__main__ import run; run()"
FIGURE = 50


# Code appended to an answer to make its results unique, in the last digits of its numbers.
AS_NOBODY_ELSE = """

import functools

def _nudged(value):
    if type(value) in (tuple, list):
        return type(value)(map(_nudged, value))
    if type(value) is dict:
        return {{key: _nudged(item) for key, item in value.items()}}
    return value * {factor!r} if getattr(value, "dtype", type(value)) in (float, np.float64) else value

def _as_nobody_else(function):
    @functools.wraps(function)
    def nudged(*args, **kwargs):
        return _nudged(function(*args, **kwargs))
    return nudged

if not isinstance({name}, type):
    {name} = _as_nobody_else({name}) if callable({name}) else "an answer that only number {number} gives"
"""


def mixed_class(lesson: Lesson, released: NotebookNode, count: int, first: int = 0) -> list[NotebookNode]:
    """Return submissions, the same in each run, numbered from `first` on: three out of four answers are correct, the
    others are drawn from the lesson's bank, and one in ten of all is unique."""
    rng = random.Random(first)
    blank = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in released.cells}
    notebooks = []
    for number in range(first, first + count):
        changed = {}
        for name in lesson.answers:
            mistakes, others = lesson.mistakes_of(name), lesson.alternatives_of(name)
            match rng.choices(("right", "otherwise", "mistaken", "blank"), (15, 2, 2, 1))[0]:
                case "otherwise" if others:
                    changed[name] = rng.choice(others).source
                case "mistaken" if mistakes:
                    changed[name] = mistaken_source(lesson, rng.choice(mistakes))
                case "blank":
                    changed[name] = blank[name]
            if rng.random() < 0.1:
                source = changed.get(name) or lesson.answers[name].without_markers()
                # A blank answer is never unique.
                if source != blank[name]:
                    unique = AS_NOBODY_ELSE.format(name=name, number=number, factor=1 + (number + 1) * 2**-46)
                    changed[name] = source + unique
        notebooks.append(submission(lesson, released, changed))
    return notebooks


def in_one_process(assignment: Assignment, notebook: NotebookNode) -> float:
    """Execute set-up, answers and tests in this process; return the points."""
    names: dict[str, Any] = {"__name__": "__main__"}
    points = 0.0
    hidden, published = assignment.keys
    with grading(hidden, published, lambda card: None), contextlib.redirect_stdout(io.StringIO()):
        for cell in notebook.cells:
            known = assignment.by_grade_id.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
            if known is not None:
                # As in a notebook, an error ends only its own cell.
                with contextlib.suppress(Exception):
                    exec(blank_magics(known.source if known.kind == "test" else cell.source), names)
                    points += known.points
    return points


def each(function: Any, notebooks: Sequence[NotebookNode], wanted: Sequence[float]) -> float:
    """Return the median milliseconds of a submission, after one to warm up; each must get its points."""
    function(notebooks[0])
    times = []
    for notebook, points in zip(notebooks, wanted, strict=True):
        begin = time.perf_counter()
        assert function(notebook) == points
        times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


@dataclass(frozen=True)
class Slope:
    """Measured milliseconds per submission, sorted."""

    each: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.each)

    def __str__(self) -> str:
        return f"{self.median:.1f} ms [{self.each[0]:.1f} to {self.each[-1]:.1f}]"


class Folder:
    """A course in its own folder, with submissions."""

    def __init__(self, place: Path, lesson: Lesson) -> None:
        self.place = place
        write_hidden_key(place / "course.key", [lesson], "a term")
        shutil.copy(ROOT / "nbgrader_config.py", place)
        for part in ("solutions", "notebooks"):
            shutil.copytree(ROOT / part / NAME, place / part / NAME)

    def hand_in(self, notebooks: Sequence[NotebookNode]) -> None:
        shutil.rmtree(self.place / "submitted", ignore_errors=True)
        for i, notebook in enumerate(notebooks):
            notebook.metadata["student"] = i
            place = self.place / "submitted" / f"student-{i:05}" / NAME / f"{NAME}.ipynb"
            place.parent.mkdir(parents=True)
            place.write_text(file_content(notebook))

    def course_grade(self, notebooks: Sequence[NotebookNode], wanted: Sequence[float], times: int) -> Slope:
        """Return the milliseconds of a submission in `course grade` with one process."""
        command = [sys.executable, "-c", COURSE, "grade", "submitted", "--json", "--workers", "1"]

        def seconds(count: int) -> float:
            self._forget()
            self.hand_in(notebooks[:count])
            return self._run(command)

        return self._slope(seconds, max(1, len(notebooks) // 5), wanted, times)

    def nbgrader(self, notebooks: Sequence[NotebookNode], wanted: Sequence[float], times: int) -> Slope:
        """Return the milliseconds of a submission in `nbgrader autograde` with nbgrader's own Execute."""
        self._forget()
        # With the configuration of the checkout, less the engine where it is configured.
        configuration = (ROOT / "nbgrader_config.py").read_text()
        without = "for part in ('sanitize', 'autograde'):\n    c.Autograde.pop(f'{part}_preprocessors', None)\n"
        (self.place / "nbgrader_config.py").write_text(f"{configuration}\n{without}")
        nbgrader = [sys.executable, "-m", "nbgrader"]
        self._run([*nbgrader, "generate_assignment", NAME, "--create", "--force"])

        def seconds(count: int) -> float:
            self.hand_in(notebooks[:count])
            return self._run([*nbgrader, "autograde", NAME, "--create", "--force"])

        slope = self._slope(seconds, 1, wanted, times)
        shutil.copy(ROOT / "nbgrader_config.py", self.place)
        return slope

    def _slope(self, seconds: Callable[[int], float], few: int, wanted: Sequence[float], times: int) -> Slope:
        """Return the time per submission, several times: the slope between a part of a class and the whole class."""
        # The first run is a warm-up.
        seconds(few)
        slopes = []
        for _ in range(times):
            small, large = seconds(few), seconds(len(wanted))
            slopes.append(1000 * (large - small) / (len(wanted) - few))
            self._hold(wanted)
        return Slope(sorted(slopes))

    def _forget(self) -> None:
        for old in [*self.place.glob("gradebook*"), self.place / "autograded"]:
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)

    def _run(self, command: Sequence[str]) -> float:
        begin = time.perf_counter()
        subprocess.run(command, cwd=self.place, env=HERE, capture_output=True, check=True)
        return time.perf_counter() - begin

    def _hold(self, wanted: Sequence[float]) -> None:
        with Gradebook(f"sqlite:///{self.place / 'gradebook.db'}") as book:
            found = {one.student.id: one.score for one in book.assignment_submissions(NAME)}
        assert [found[student] for student in sorted(found)] == list(wanted)


def compare(
    title: str, lesson: Lesson, assignment: Assignment, notebooks: Sequence[NotebookNode], stock: int, times: int
) -> None:
    """Measure all sides on a class, nbgrader on its first `stock` + 1 submissions, and print the ratios."""
    wanted = [in_one_process(assignment, notebook) for notebook in notebooks]
    print(f"{title}: {len(notebooks)} submissions, {statistics.mean(wanted):.0f} points on average")
    floor = each(lambda notebook: in_one_process(assignment, notebook), notebooks, wanted)
    engine = each(lambda notebook: grade(notebook, assignment).score, notebooks, wanted)
    print(f"  one process, no isolation: {floor:.1f} ms per submission")
    print(f"  engine (`grade`): {engine:.1f} ms, {beyond(floor, engine)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name), lesson)
        course = folder.course_grade(notebooks, wanted, times)
        print(f"  course grade, with journal, folders and gradebook: {course}", flush=True)
        if stock:
            nbgrader = folder.nbgrader(notebooks[: stock + 1], wanted[: stock + 1], times)
            ratio = f"{nbgrader.median / course.median:.1f} times as long (figure: {FIGURE})"
            print(f"  nbgrader autograde with its own Execute: {nbgrader}, {ratio}", flush=True)


def beyond(floor: float, engine: float) -> str:
    """Return how much longer the engine takes than one process, with the goal: 3 times, or 30 ms more."""
    held = "reached" if engine <= max(3 * floor, floor + 30) else "NOT reached"
    return f"{engine / floor:.2f} times, {engine - floor:.0f} ms more (figure, 3 times or 30 ms more: {held})"


def prepared(name: str) -> tuple[Lesson, NotebookNode, Assignment]:
    """Return a lesson, its notebook as it is released, and the assignment that grades it."""
    lesson = read_lesson(ROOT / "lessons" / name)
    released = nbformat.read(ROOT / "notebooks" / name / f"{name}.ipynb", 4)
    with tempfile.TemporaryDirectory() as place:
        key = Path(place) / "course.key"
        write_hidden_key(key, [lesson], "a term")
        return lesson, released, Assignment.from_notebook(ROOT / "solutions" / name / f"{name}.ipynb", key)


def cpu_seconds() -> float:
    """Return the CPU seconds of this process, its children, and their ended descendants."""
    me, here = psutil.Process(), resource.getrusage(resource.RUSAGE_SELF)
    # Only for this process, the system reports finer units than hundredths.
    total = here.ru_utime + here.ru_stime + sum(me.cpu_times()[2:4])
    for process in me.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(process.cpu_times()[:4])
    return total


def cpu_of(function: Callable[[NotebookNode], float], notebooks: Sequence[NotebookNode]) -> tuple[float, list[float]]:
    """Return the CPU milliseconds of a submission, on average over these, and the points of each."""
    begin = cpu_seconds()
    points = [function(notebook) for notebook in notebooks]
    return 1000 * (cpu_seconds() - begin) / len(notebooks), points


def compare_each(count: int, times: int, names: Sequence[str]) -> None:
    """Measure the engine on a mixed class of each lesson, in several parts, and print the ratio to one process."""
    print(f"Each notebook, a mixed class: CPU of a submission, median and range of {times} parts of {count}")
    for place in sorted((ROOT / "solutions").glob("*/*.ipynb")):
        if names and not place.stem.startswith(tuple(names)):
            continue
        lesson, released, assignment = prepared(place.stem)
        right = submission(lesson, released)
        assert in_one_process(assignment, right) == grade(right, assignment).score
        floors, engines = [], []
        for part in range(times):
            notebooks = mixed_class(lesson, released, count, part * count)
            floor, wanted = cpu_of(lambda notebook, by=assignment: in_one_process(by, notebook), notebooks)
            engine, points = cpu_of(lambda notebook, by=assignment: grade(notebook, by).score, notebooks)
            assert points == wanted
            floors.append(floor)
            engines.append(engine)
        ratios = sorted(engine / floor for engine, floor in zip(engines, floors, strict=True))
        floor, engine = statistics.median(floors), statistics.median(engines)
        both = f"one process {floor:.0f} ms, engine {engine:.0f} ms [{ratios[0]:.2f} to {ratios[-1]:.2f} times]"
        print(f"  {place.stem}: {both}; {beyond(floor, engine)}", flush=True)


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="submissions of the mixed class (0: none)")
    parser.add_argument("--nbgrader", type=int, default=5, help="how many of a class nbgrader grades (0: none)")
    parser.add_argument("--times", type=int, default=3, help="number of measurements of each slope and each notebook")
    parser.add_argument("--right", type=int, default=200, help="correct submissions (0: none)")
    parser.add_argument("--whole", type=int, default=2, help="the same with experiments in them (0: none)")
    parser.add_argument("--each", type=int, default=20, help="submissions of each part of a notebook's class (0: none)")
    parser.add_argument("--lessons", nargs="*", default=[], help="measure only the classes of these notebooks")
    return parser.parse_args()


def main() -> None:
    counts = asked()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if counts.lessons:
        compare_each(counts.each, counts.times, counts.lessons)
        return
    lesson, released, assignment = prepared(NAME)
    whole = submission(lesson, released)
    released.cells = [cell for cell in released.cells if "experiment" not in cell.metadata.get("tags", [])]
    print(f"machine: {os.cpu_count()} cores, one of them used, load {os.getloadavg()[0]:.1f} over the last minute")
    classes = {"Mixed": (mixed_class(lesson, released, counts.count), counts.nbgrader)}
    classes["All right"] = ([submission(lesson, released) for _ in range(counts.right)], counts.nbgrader)
    experiments = [nbformat.from_dict(whole) for _ in range(max(20, counts.whole + 1) if counts.whole else 0)]
    classes["All right, with experiments"] = experiments, counts.whole
    for title, (notebooks, stock) in classes.items():
        if notebooks:
            compare(title, lesson, assignment, notebooks, stock, counts.times)
    if counts.each:
        compare_each(counts.each, counts.times, [])


if __name__ == "__main__":
    main()
