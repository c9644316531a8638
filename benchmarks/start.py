"""CPU and wall time of each verb of `course`, from start to end, compared with stock `nbgrader --version`.

    .venv/bin/python benchmarks/start.py [--rounds 5] [VERB ...]

In each round every verb runs once, right after its own `nbgrader --version`, so that both have the same load. CPU time
is that of the command and of all its descendants, including those that outlive the command: this program adopts them
and waits for them. Medians over the rounds are printed, also of the ratios.

The course is a copy of this clone with a term of one assignment, notebook 01, and one submission with correct answers.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.source_notebook import file_content

ROOT = Path(__file__).parents[1]
NAME = "01_learning_rate_decay"
PR_SET_CHILD_SUBREAPER = 36
COURSE = (sys.executable, "-P", "-c", "from course_utils.__main__ import run; run()")
NBGRADER = (sys.executable, "-P", "-m", "nbgrader", "--version")
PARTS = ("lessons", "solutions", "notebooks", "nbgrader_config.py", "pyproject.toml")
TERM = f"""course = "descent-2026"
timezone = "Europe/Berlin"

[assignments.{NAME}]
due = 2026-10-19T18:00:00
"""
ROSTER = "id,first,last,email,lms_id\nada,Ada,Lovelace,ada@example.org,4711\n"
FIRST_LINE = 0.5


@dataclass(frozen=True)
class Cost:
    """CPU seconds, seconds until the end, and seconds until the first line."""

    cpu: float
    wall: float
    first: float


@dataclass(frozen=True)
class Verb:
    """A command, and a function that prepares the folder for it. `limit` is the goal for its CPU ratio, if there is
    one."""

    name: str
    words: tuple[str, ...]
    limit: float | None = None
    before: Callable[[Path], None] = lambda folder: None
    place: str = "."


def cost(command: tuple[str, ...], folder: Path) -> Cost:
    """Run a command, and wait for it and for all processes that it started."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        first = time.perf_counter() - begin
        said += process.stdout.read()
    wall = time.perf_counter() - begin
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{said.decode()}")
    await_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, first)


def await_orphans() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def forget_grades(folder: Path) -> None:
    for place in folder.glob("gradebook*"):
        place.unlink()
    shutil.rmtree(folder / "autograded", ignore_errors=True)


def forget_results(folder: Path) -> None:
    """Keep the gradebook, as when one more submission arrives."""
    for place in folder.glob("gradebook.results*"):
        place.unlink()
    shutil.rmtree(folder / "autograded", ignore_errors=True)


def forget_learner(folder: Path) -> None:
    shutil.rmtree(folder / "learner", ignore_errors=True)


VERBS = (
    Verb("help", ("--help",)),
    Verb("key", ("key", "--to", "other.key"), before=lambda folder: (folder / "other.key").unlink(missing_ok=True)),
    Verb("roster", ("roster", "roster.csv")),
    Verb("release, first", ("release", NAME), 1, forget_grades),
    Verb("release, again", ("release", NAME), 1),
    Verb("grade --dry-run", ("grade", "submitted", "--dry-run")),
    Verb("grade, one notebook", ("grade", f"submitted/ada/{NAME}/{NAME}.ipynb")),
    Verb("grade, new gradebook", ("grade", "submitted"), 1, forget_grades),
    Verb("grade, one submission", ("grade", "submitted"), 1, forget_results),
    Verb("grade, nothing new", ("grade", "submitted"), 1),
    Verb("feedback", ("feedback", NAME), 1),
    Verb("report", ("report", NAME), 1),
    Verb("similar", ("similar", NAME)),
    Verb("export csv", ("export", "csv", "--to", "scores.csv")),
    Verb("build --check", ("build", "--check", NAME), 1, place=str(ROOT)),
    Verb("start", ("start", "learner"), before=forget_learner),
    Verb("update", ("update",), place="learner"),
    Verb("progress", ("progress",), place="learner"),
    Verb("gather", ("gather", "--replace", "--json"), place="gathered"),
    Verb("doctor", ("doctor", "--json")),
    Verb("check", ("check", "00"), place="gathered"),
)


def make_course(folder: Path) -> None:
    """Copy the parts of this clone that a term needs, with a key, a roster and a submission."""
    for part in PARTS:
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, folder / part)
    (folder / "course.toml").write_text(TERM)
    (folder / "roster.csv").write_text(ROSTER)
    run = lambda *words: cost((*COURSE, *words), folder)  # noqa: E731
    run("key", NAME)
    run("release", NAME)
    run("start", "learner")
    shutil.copytree(folder / "solutions", folder / "gathered")
    released = nbformat.read(folder / "term" / "release" / NAME / f"{NAME}.ipynb", 4)
    place = folder / "submitted" / "ada" / NAME / f"{NAME}.ipynb"
    place.parent.mkdir(parents=True)
    place.write_text(file_content(submission(read_lesson(folder / "lessons" / NAME), released)))


def compare(verb: Verb, folder: Path) -> tuple[Cost, Cost]:
    """Return the time of the verb and of stock nbgrader, run one right after the other."""
    stock = cost(NBGRADER, folder)
    verb.before(folder)
    return cost((*COURSE, *verb.words), folder / verb.place), stock


def shown(verb: Verb, pairs: list[tuple[Cost, Cost]]) -> str:
    median = statistics.median
    cpu, wall, first = (median(getattr(ours, part) for ours, _ in pairs) for part in ("cpu", "wall", "first"))
    ratios = sorted(ours.cpu / stock.cpu for ours, stock in pairs)
    waited = median(ours.wall / stock.wall for ours, stock in pairs)
    figure = "" if verb.limit is None else f"  (figure: {verb.limit:g})"
    return (
        f"{verb.name:22} CPU {cpu:5.2f} s, {median(ratios):5.2f} times [{ratios[0]:.2f} to {ratios[-1]:.2f}]{figure:14}"
        f" wall {wall:5.2f} s, {waited:5.2f} times; first line {first:.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verbs", nargs="*", metavar="VERB", help="verbs whose names begin with this; all by default")
    parser.add_argument("--rounds", type=int, default=5, help="number of measurements of each")
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    verbs = [verb for verb in VERBS if not asked.verbs or verb.name.startswith(tuple(asked.verbs))]
    costs: dict[str, list[tuple[Cost, Cost]]] = {verb.name: [] for verb in verbs}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_course(folder)
        # Before the first round: create what the verbs need, such as a gradebook for `feedback`.
        cost((*COURSE, "grade", "submitted"), folder)
        for _ in range(asked.rounds):
            for verb in verbs:
                costs[verb.name].append(compare(verb, folder))
                print(f"  {verb.name}: CPU", *(f"{one.cpu:.2f} s" for one in costs[verb.name][-1]), flush=True)
    stock = [pair[1] for pairs in costs.values() for pair in pairs]
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} over the last minute")
    middle = statistics.median(one.cpu for one in stock), statistics.median(one.wall for one in stock)
    print(f"nbgrader --version: CPU {middle[0]:.2f} s, wall {middle[1]:.2f} s ({len(stock)} runs)")
    for verb in verbs:
        print(shown(verb, costs[verb.name]))
    print(f"(goal for the first line of `course grade` on an idle machine: {FIRST_LINE} s)")


if __name__ == "__main__":
    main()
