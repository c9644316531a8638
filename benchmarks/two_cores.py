"""`course grade` with two processes against one: the ratio of submissions per second.

    .venv/bin/python benchmarks/two_cores.py [--count 60] [--lesson 01_learning_rate_decay]

The submissions are correct answers to a whole notebook. It measures the time from the first result to the last, and the
time of the whole command with its imports. Other work on the machine makes the results noisy: look at the load.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

from memory import COMMAND, make_class

FIGURE = 1.8


def measure(folder: Path, count: int, workers: int) -> tuple[float, float]:
    """Grade the class again; return the seconds between the first result and the last, and those of the command."""
    for old in folder.glob("gradebook*"):
        old.unlink()
    begin = time.perf_counter()
    with subprocess.Popen([*COMMAND, "--workers", str(workers)], cwd=folder, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        times = [time.perf_counter() for _ in run.stdout]
    assert run.returncode == 0, run.returncode
    assert len(times) == count + 1
    return times[-2] - times[0], time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--lesson", default="01_learning_rate_decay")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_class(folder, asked.lesson, "right", asked.count)
        (one, one_whole), (two, two_whole) = (measure(folder, asked.count, workers) for workers in (1, 2))
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} over the last minute")
    print(f"one process: {one:.1f} s for {asked.count} submissions, {one_whole:.1f} s with its start")
    print(f"two processes: {two:.1f} s, {two_whole:.1f} s with their start")
    print(f"ratio {one / two:.2f} (goal: {FIGURE}), with the start {one_whole / two_whole:.2f}")


if __name__ == "__main__":
    main()
