"""How long a learner waits for `check(f)`: the median and the slowest over all exercises, each with its reference."""

from __future__ import annotations

import contextlib
import io
import statistics
import tempfile
import time
from pathlib import Path

from course_grader.authoring.lesson import read_lessons
from course_grader.authoring.reference import namespace
from course_utils.checks import check
from course_utils.checks.probe import exercises

ROOT = Path(__file__).parents[1]
MEDIAN_FIGURE, WORST_FIGURE = 0.050, 2.0


def seconds_of_checks() -> dict[str, float]:
    """Return the seconds of each exercise's checks together, best of three."""
    seconds = {}
    for lesson in read_lessons(ROOT):
        names = namespace(lesson)
        for name in lesson.answers:
            exercise = exercises()[name]
            answers = [names[other] for other in (name, *exercise.needs)]
            seconds[name] = min(_timed(name, answers, list(exercise.parts)) for _ in range(3))
    return seconds


def _timed(name: str, answers: list[object], parts: list[str]) -> float:
    begin = time.perf_counter()
    for part in parts:
        with contextlib.redirect_stdout(io.StringIO()):
            check(name, *answers, part=part)
    return time.perf_counter() - begin


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        seconds = seconds_of_checks()
    median = statistics.median(seconds.values())
    slowest = max(seconds, key=lambda name: seconds[name])
    print(f"{len(seconds)} exercises; median {1000 * median:.1f} ms: {median / MEDIAN_FIGURE:.2f} of the goal")
    print(f"slowest {slowest}, {1000 * seconds[slowest]:.0f} ms: {seconds[slowest] / WORST_FIGURE:.2f} of the goal")


if __name__ == "__main__":
    main()
