"""Submissions a second: `course grade` against `nbgrader autograde`, and against one warm process without isolation.

    .venv/bin/python benchmarks/grading_speed.py [--count 200] [--nbgrader 5] [--whole 2] [--mixed 100] [--each 5]

One core, in one run on one machine. Notebook 01:

- a class that answers everything right, with the experiments left out for everybody;
- the same with them in, where nbgrader runs them and the engine does not;
- a mixed class, where each answer is drawn from the lesson's bank: three in four are the reference's, the others
  written otherwise, mistaken, or blank.

And every notebook, answered right: the engine against one process.

Each side grades the same submissions and must give each the same points. Wall time a submission; what a command takes
to start is measured with one submission and taken off.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from course_grader import Assignment, grade
from course_grader.authoring.lesson import Lesson, read_lesson
from course_grader.authoring.notebook import text_of
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.rehearsal import write_hidden_key
from course_grader.authoring.submissions import submission
from course_grader.engine.assignment import without_magics
from course_utils.checks.checking import grading

ROOT = Path(__file__).parents[1]
NAME = "01_learning_rate_decay"
# What a grader's machine has, whatever stands in this one's environment.
HERE = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
HERE["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
COURSE = "from course_utils.cli import main; main()"
FIGURE = 50


def mixed_class(lesson: Lesson, released: NotebookNode, count: int) -> list[NotebookNode]:
    """Return submissions whose answers are drawn from the lesson's bank, the same in each run."""
    rng = random.Random(0)
    blank = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell.source for cell in released.cells}
    notebooks = []
    for _ in range(count):
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
                # As in a notebook, what a cell raises ends that cell alone.
                with contextlib.suppress(Exception):
                    exec(without_magics(known.source if known.kind == "test" else cell.source), names)
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


class Folder:
    """A course in a folder of its own, with submissions."""

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
            place.write_text(text_of(notebook))

    def course_grade(self, notebooks: Sequence[NotebookNode], wanted: Sequence[float]) -> float:
        """Return the milliseconds of a submission in `course grade` with one process."""
        command = [sys.executable, "-c", COURSE, "grade", "submitted", "--json", "--workers", "1"]
        seconds = []
        # The first run is there to warm up.
        for some in (notebooks[:1], notebooks[:1], notebooks):
            self._forget()
            self.hand_in(some)
            seconds.append(self._run(command))
        self._hold(wanted)
        return 1000 * (seconds[2] - seconds[1]) / (len(notebooks) - 1)

    def nbgrader(self, notebooks: Sequence[NotebookNode], wanted: Sequence[float]) -> float:
        """Return the milliseconds of a submission in `nbgrader autograde` with nbgrader's own Execute."""
        self._forget()
        # With the configuration of the checkout, less the engine where it is configured.
        configuration = (ROOT / "nbgrader_config.py").read_text()
        without = "for part in ('sanitize', 'autograde'):\n    c.Autograde.pop(f'{part}_preprocessors', None)\n"
        (self.place / "nbgrader_config.py").write_text(f"{configuration}\n{without}")
        nbgrader = [sys.executable, "-m", "nbgrader"]
        self._run([*nbgrader, "generate_assignment", NAME, "--create", "--force"])
        self.hand_in(notebooks)
        one = self._run([*nbgrader, "autograde", NAME, "--create", "--student", "student-00000"])
        whole = self._run([*nbgrader, "autograde", NAME, "--create", "--force"])
        shutil.copy(ROOT / "nbgrader_config.py", self.place)
        self._hold(wanted)
        return 1000 * (whole - one) / (len(notebooks) - 1)

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


def compare(title: str, lesson: Lesson, assignment: Assignment, notebooks: Sequence[NotebookNode], stock: int) -> None:
    """Measure all sides on a class, nbgrader on its first `stock` + 1 submissions, and print the ratios."""
    wanted = [in_one_process(assignment, notebook) for notebook in notebooks]
    print(f"{title}, {len(notebooks)} submissions, {statistics.mean(wanted):.0f} points on average")
    floor = each(lambda notebook: in_one_process(assignment, notebook), notebooks, wanted)
    engine = each(lambda notebook: grade(notebook, assignment).score, notebooks, wanted)
    print(f"  one process, no isolation: {floor:.1f} ms a submission")
    above = f"{engine / floor:.2f} times that, {engine - floor:.0f} ms more (figure: 3 times, or 30 ms more)"
    print(f"  engine (`grade`): {engine:.1f} ms, {above}")
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name), lesson)
        course = folder.course_grade(notebooks, wanted)
        print(f"  course grade, with journal, folders and gradebook: {course:.1f} ms")
        if stock:
            nbgrader = folder.nbgrader(notebooks[: stock + 1], wanted[: stock + 1])
            print(f"  nbgrader autograde: {nbgrader:.0f} ms, {nbgrader / course:.1f} times as long (figure: {FIGURE})")


def prepared(name: str) -> tuple[Lesson, NotebookNode, Assignment]:
    """Return a lesson, its notebook as it is released, and the assignment that grades it."""
    lesson = read_lesson(ROOT / "lessons" / name)
    released = nbformat.read(ROOT / "notebooks" / name / f"{name}.ipynb", 4)
    with tempfile.TemporaryDirectory() as place:
        key = Path(place) / "course.key"
        write_hidden_key(key, [lesson], "a term")
        return lesson, released, Assignment.from_notebook(ROOT / "solutions" / name / f"{name}.ipynb", key)


def compare_each(count: int) -> None:
    """Measure the engine on each lesson, and print the ratio to one process."""
    print(f"Each notebook, all right, {count} submissions")
    for place in sorted((ROOT / "solutions").glob("*/*.ipynb")):
        lesson, released, assignment = prepared(place.stem)
        notebooks = [submission(lesson, released) for _ in range(count)]
        wanted = [in_one_process(assignment, notebooks[0])] * count
        floor = each(lambda notebook, by=assignment: in_one_process(by, notebook), notebooks, wanted)
        engine = each(lambda notebook, by=assignment: grade(notebook, by).score, notebooks, wanted)
        above = f"{engine / floor:.1f} times, {engine - floor:.0f} ms more"
        print(f"  {place.stem}: one process {floor:.0f} ms, engine {engine:.0f} ms; {above}", flush=True)


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="submissions that are right")
    parser.add_argument("--nbgrader", type=int, default=5, help="how many of a class nbgrader grades (0: none)")
    parser.add_argument("--whole", type=int, default=2, help="the same with experiments in them (0: leave that out)")
    parser.add_argument("--mixed", type=int, default=100, help="submissions of the mixed class (0: leave it out)")
    parser.add_argument("--each", type=int, default=5, help="submissions of each notebook (0: leave that out)")
    return parser.parse_args()


def main() -> None:
    counts = asked()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    lesson, released, assignment = prepared(NAME)
    whole = submission(lesson, released)
    released.cells = [cell for cell in released.cells if "experiment" not in cell.metadata.get("tags", [])]
    print(f"machine: {os.cpu_count()} cores, one of them used, load {os.getloadavg()[0]:.1f} over the last minute")
    right = [submission(lesson, released) for _ in range(counts.count)]
    compare("All right", lesson, assignment, right, counts.nbgrader)
    if counts.whole:
        notebooks = [nbformat.from_dict(whole) for _ in range(max(20, counts.whole + 1))]
        compare("All right, with experiments", lesson, assignment, notebooks, counts.whole)
    if counts.mixed:
        compare("Mixed", lesson, assignment, mixed_class(lesson, released, counts.mixed), counts.nbgrader)
    if counts.each:
        compare_each(counts.each)


if __name__ == "__main__":
    main()
