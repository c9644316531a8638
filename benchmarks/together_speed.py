"""The mode together against nbgrader's own Execute, for the same submissions; both must give the same points.

    python benchmarks/together_speed.py [NAME ...]      assignments of tests/own/assignments

Prints for each assignment the milliseconds per submission of both, and their ratio. The goal is 20. The start of the
commands and of the zygote is not counted.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

from traitlets.config import Config

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from course_grader import Assignment, grade  # noqa: E402
from tests.own.build import Own, own_assignments  # noqa: E402
from tests.own.course import autograde, make_course, nbgrader, scores  # noqa: E402

NAMES = ("values_numbers", "classes_stack", "model_classifier", "tensor_module")
OURS = 40


def compare(own: Own) -> tuple[float, float]:
    """Return the seconds per submission in nbgrader, and together. Raises AssertionError if points differ."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "course"
        assert not make_course(folder, [own])
        [notebook] = own.notebooks
        source = folder / "source" / own.name
        assignment = replace(
            Assignment.from_notebook(source / f"{notebook}.ipynb", None, files=source), mode="together"
        )
        handed_in = {who: folder / "submitted" / who / own.name / f"{notebook}.ipynb" for who in own.submissions}
        points = {who: grade(path, assignment).score for who, path in handed_in.items()}
        start = time.perf_counter()
        for _ in range(rounds := max(1, OURS // len(handed_in))):
            for path in handed_in.values():
                grade(path, assignment)
        mine = (time.perf_counter() - start) / (rounds * len(handed_in))
        start = time.perf_counter()
        autograde(folder, own, nbgrader(folder, Config()))
        theirs = (time.perf_counter() - start) / len(handed_in)
        given = {
            who: sum(cell[0] or 0 for cell in found[notebook].values()) for who, found in scores(folder, own).items()
        }
        assert given == points, f"{own.name}: nbgrader {given}, here {points}"
    return theirs, mine


def main() -> None:
    # SQLAlchemy's advice to nbgrader.
    warnings.simplefilter("ignore")
    every = own_assignments()
    for name in sys.argv[1:] or NAMES:
        theirs, mine = compare(every[name])
        print(
            f"{name}: nbgrader {theirs * 1000:,.0f} ms, together {mine * 1000:.1f} ms, {theirs / mine:.0f} times",
            flush=True,
        )


if __name__ == "__main__":
    main()
