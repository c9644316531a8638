"""A key made on one processor holds on another: no known answer is rounding alone.

OpenBLAS rounds differently on each kind of processor. An answer that solves a singular system, such as a least-squares
step without its damping, is then another one on each machine, and its hint would be lost. The oldest and a newer kernel
of OpenBLAS stand for two machines; where NumPy has another library, both runs are the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from course_grader.authoring.lesson import Lesson
from course_utils.checks.judge import max_deviation
from course_utils.checks.keys import Key, key_from_json
from course_utils.checks.probe import exercises

KERNELS = ("Prescott", "Haswell")
PROGRAM = """
import json, sys
from pathlib import Path
from course_grader.authoring.build_keys import lesson_keys
from course_grader.authoring.lesson import read_lesson
from course_utils.checks.keys import key_to_json

print(json.dumps([key_to_json(key) for key in lesson_keys(read_lesson(Path(sys.argv[1])), sys.argv[2]).values()]))
"""


def keys_with(kernel: str, lesson: Lesson, secret: str) -> list[Key]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(lesson.folder), secret],
        env=os.environ | {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [key_from_json(key) for key in json.loads(done.stdout)]


def test_no_known_answer_depends_on_the_processor(lesson: Lesson) -> None:
    one, other = (keys_with(kernel, lesson, "a term") for kernel in KERNELS)
    moved = [
        f"{here.exercise} ({part}): {name}"
        for here, there in zip(one, other, strict=True)
        for part in here.parts
        for name, runs, others in runs_of(here, there, part)
        if max_deviation(runs, others, exercises()[here.exercise].float32) > 0
    ]
    assert not moved, moved


def runs_of(here: Key, there: Key, part: str) -> list[tuple[str, tuple, tuple]]:
    """Return the runs of the reference and of each mistake, side by side."""
    one, other = here.parts[part], there.parts[part]
    mistakes = [(a.id, a.runs, b.runs) for a, b in zip(one.mistakes, other.mistakes, strict=True)]
    return [("the reference", one.runs, other.runs), *mistakes]
