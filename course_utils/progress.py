"""Which exercises are solved, stored next to each notebook in `.course-progress.json`; it never leaves the machine.

The checks write the file and `course progress` reads it. If it is deleted, run the notebook's checks again.
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
# The suffix of a test cell's grade_id -> the part of the exercise that the cell checks.
PARTS = {"visible": "values", "arguments": "arguments"}
ANSWERED = "answered"

Record = dict[str, dict[str, bool]]


def record(exercise: str, part: str, passed: bool, folder: Path | None = None) -> None:
    """Record whether one part of an exercise ("values" or "arguments") passed; the latest check counts. For a concept
    question in the notebook of a class, the only part is `ANSWERED`: the answer has a valid format.

    Writes to `folder`, by default the current folder, which is the notebook's own. If the file cannot be written, the
    progress is lost, but no check fails. Nothing is written if `COURSE_KEY` names a file, since that means grading.
    """
    if Path(os.environ.get("COURSE_KEY", "")).is_file():
        return
    with contextlib.suppress(OSError):
        # strict: do not create the folder again if it was deleted.
        folder = (Path.cwd() if folder is None else folder).resolve(strict=True)
        known = load(folder)
        known.setdefault(exercise, {})[part] = bool(passed)
        write_atomic(folder / FILE, json.dumps({"exercises": known}, indent=1, sort_keys=True) + "\n")


def load(folder: Path) -> Record:
    """Return what is recorded in a folder, as `{exercise: {part: passed}}`; empty if the file is missing or damaged."""
    try:
        exercises = json.loads((folder / FILE).read_text(encoding="utf-8"))["exercises"]
        return {name: {part: bool(passed) for part, passed in parts.items()} for name, parts in exercises.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


@dataclass(frozen=True)
class ExerciseProgress:
    """One exercise: whether all of its visible checks passed, and the points of those that did.

    `answered`: a concept question with a valid answer, whose check does not say whether the answer is correct.
    """

    name: str
    passed: bool
    answered: bool
    points: float
    possible: float
    hidden: float  # the points of hidden checks, which run when the teacher grades


@dataclass(frozen=True)
class LessonProgress:
    """One notebook's exercises, in order; the title is empty if the notebook has none.

    `problem` says why the notebook cannot be read; it then has no exercises.
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
    """Return the progress in each notebook of a folder; for a notebook that cannot be read, the problem."""
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
