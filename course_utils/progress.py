"""What has been solved so far, kept beside each notebook in `.course-progress.json`; it never leaves the machine.

The checks write it, `course progress` reads it. Deleting the file costs nothing: run a notebook's checks again.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course_utils import notebooks
from course_utils.errors import CourseError
from course_utils.files import write_atomic

FILE = ".course-progress.json"
# The end of a test cell's grade_id, and the part of the exercise that the cell checks.
PARTS = {"visible": "values", "arguments": "arguments"}
ANSWERED = "answered"

Record = dict[str, dict[str, bool]]


def record(exercise: str, part: str, passed: bool, folder: Path | None = None) -> None:
    """Note whether one part of an exercise ("values" or "arguments") passed; the latest check counts. Of a concept
    question in a class's notebook only `ANSWERED` is noted: that it has an answer of the right form.

    Writes to `folder`, by default the current one, which for a notebook is its own. Where that is not possible it does
    nothing: no check fails over it. Nor does it where `COURSE_KEY` names a file, for then a grader is at work.
    """
    if Path(os.environ.get("COURSE_KEY", "")).is_file():
        return
    with contextlib.suppress(OSError):
        # A folder that is gone is not made again for this.
        folder = (Path.cwd() if folder is None else folder).resolve(strict=True)
        known = load(folder)
        known.setdefault(exercise, {})[part] = bool(passed)
        write_atomic(folder / FILE, json.dumps({"exercises": known}, indent=1, sort_keys=True) + "\n")


def load(folder: Path) -> Record:
    """Return what was noted in a folder, as `{exercise: {part: passed}}`; empty where nothing readable stands."""
    try:
        exercises = json.loads((folder / FILE).read_text(encoding="utf-8"))["exercises"]
        return {name: {part: bool(passed) for part, passed in parts.items()} for name, parts in exercises.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


@dataclass(frozen=True)
class ExerciseProgress:
    """One exercise: whether every check that a learner sees passed, and the points of those that did.

    `answered` is a concept question whose answer can be read, and whose check does not say whether it is right.
    """

    name: str
    passed: bool
    answered: bool
    points: float
    possible: float
    hidden: float  # the points of hidden checks, which the teacher's grading gives


@dataclass(frozen=True)
class LessonProgress:
    """One notebook's exercises, in its order; the title is empty if the notebook has none.

    `problem` says why the notebook cannot be read; it has no exercises then.
    """

    lesson: str
    title: str
    exercises: tuple[ExerciseProgress, ...]
    problem: CourseError | None = None

    @property
    def passed(self) -> int:
        return sum(exercise.passed for exercise in self.exercises)

    @property
    def answered(self) -> int:
        return sum(exercise.answered for exercise in self.exercises)

    @property
    def points(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    @property
    def possible(self) -> float:
        return sum(exercise.possible for exercise in self.exercises)

    @property
    def hidden(self) -> float:
        return sum(exercise.hidden for exercise in self.exercises)

    def as_dict(self) -> dict[str, Any]:
        """Return what `course progress --json` prints."""
        sums = {name: getattr(self, name) for name in ("passed", "answered", "points", "possible", "hidden")}
        found = {"lesson": self.lesson, **sums, "exercises": [asdict(exercise) for exercise in self.exercises]}
        return found | {"problem": str(self.problem)} if self.problem else found


def summary(folder: Path) -> list[LessonProgress]:
    """Return the progress in each notebook of a folder of notebooks, or why it cannot be read."""
    return [_of_lesson(path) for path in notebooks.lessons_in(folder)]


def _of_lesson(path: Path) -> LessonProgress:
    tests: dict[str, dict[str, float]] = {}
    notebook = notebooks.try_read(path)
    if isinstance(notebook, CourseError):
        return LessonProgress(path.stem, "", (), notebook)
    for cell in notebooks.test_cells(notebook):
        exercise, suffix = notebooks.exercise_of(notebooks.grade_id(cell))
        tests.setdefault(exercise, {})[suffix] = notebooks.points(cell)
    known = load(path.parent)
    exercises = tuple(_of_exercise(name, points, known) for name, points in tests.items())
    return LessonProgress(path.stem, notebooks.title(notebook), exercises)


def _of_exercise(name: str, points: dict[str, float], known: Record) -> ExerciseProgress:
    parts = {suffix: PARTS.get(suffix, suffix.removesuffix("_visible")) for suffix in points if "hidden" not in suffix}
    seen = {suffix: known.get(name, {}).get(part, False) for suffix, part in parts.items()}
    passed = bool(seen) and all(seen.values())
    return ExerciseProgress(
        name,
        passed=passed,
        answered=not passed and known.get(name, {}).get(ANSWERED, False),
        points=sum(points[suffix] for suffix, passed in seen.items() if passed),
        possible=sum(points[suffix] for suffix in seen),
        hidden=sum(value for suffix, value in points.items() if suffix not in seen),
    )
