"""Memory of `course grade` while a class goes through it: flat, and its own process under 300 MiB.

    .venv/bin/python benchmarks/memory.py [--count 10000] [--workers N]

The submissions are copies of notebook 00, each with a different student's name, so that each is graded. The memory of
the command's own process and of the grading processes is measured ten times during the run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.sample_submissions import write_samples
from course_grader.authoring.trial_run import write_hidden_key

ROOT = Path(__file__).parents[1]
NAME = "00_start_here"
FIGURE = 300
COMMAND = [sys.executable, "-c", "from course_utils.__main__ import run; run()", "grade", "submitted", "--json"]


def make_class(folder: Path, name: str, kind: str, count: int) -> None:
    """Make a course with `count` submissions that differ only in a name."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for part in ("solutions", "notebooks"):
        shutil.copytree(ROOT / part / name, folder / part / name)
    lesson = read_lesson(ROOT / "lessons" / name)
    write_hidden_key(folder / "course.key", [lesson], "a term")
    write_samples(ROOT, lesson, folder / "samples")
    notebook = json.loads((folder / "samples" / kind / name / f"{name}.ipynb").read_text())
    for i in range(count):
        place = folder / "submitted" / f"student-{i:05}" / name / f"{name}.ipynb"
        place.parent.mkdir(parents=True)
        notebook["metadata"]["student"] = i
        place.write_text(json.dumps(notebook))


def mib(pid: int, what: str) -> float:
    """Return a line of /proc/PID/status in MiB; 0 if the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{what}:")), 0)


def below(pid: int) -> Iterator[int]:
    """Yield a process's descendants."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            yield child
            yield from below(child)


def watch(folder: Path, count: int, workers: int) -> list[tuple[int, float, float, float]]:
    """Grade; return at each tenth how many are done, the MiB of the command and of all below it, and the seconds."""
    seen = []
    begin = time.perf_counter()
    with subprocess.Popen(
        [*COMMAND, "--workers", str(workers)], cwd=folder, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as run:
        assert run.stdout is not None
        for done, _ in enumerate(run.stdout, 1):
            if done % max(1, count // 10) == 0 and done <= count:
                others = sum(mib(pid, "RssAnon") for pid in set(below(run.pid)))
                seen.append((done, mib(run.pid, "VmRSS"), others, time.perf_counter() - begin))
    if run.returncode:
        raise SystemExit(f"course grade ended with {run.returncode}")
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        make_class(Path(name), NAME, "blank", asked.count)
        seen = watch(Path(name), asked.count, asked.workers)
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} over the last minute")
    print("submissions  command MiB  other processes MiB  seconds")
    for done, own, others, seconds in seen:
        print(f"{done:11}  {own:11.0f}  {others:19.0f}  {seconds:7.0f}")
    most, growth = max(own for _, own, _, _ in seen), seen[-1][1] / seen[0][1]
    print(f"largest {most:.0f} MiB (goal: {FIGURE}); at the end {growth:.2f} times that at a tenth (goal: 1)")


if __name__ == "__main__":
    main()
