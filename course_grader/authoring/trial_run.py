"""Runs a lesson's cells, except the experiments, with new keys; every check must pass. Also writes hidden keys."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_grader.authoring.build_keys import lesson_keys
from course_grader.authoring.lesson import Lesson
from course_grader.authoring.reference import execute
from course_grader.environment import environment
from course_utils.checks import keys
from course_utils.checks.fingerprint import with_fingerprint
from course_utils.checks.probe import exercises as known_exercises
from course_utils.errors import CourseError
from course_utils.files import PRIVATE, write_atomic


def rehearse(lesson: Lesson, published: Path) -> None:
    """Run all cells except the experiments, with the keys in `published` and a temporary hidden key.

    Raises LessonProblem if a cell fails.
    """
    with _keys(lesson, published):
        run_graded_cells(lesson)


def run_graded_cells(lesson: Lesson) -> None:
    """Run all cells except the experiments, without showing their output. Raises LessonProblem if one fails."""
    # Imported here, because it takes half a second and not every release needs it.
    import matplotlib.pyplot as plt

    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in lesson.cells:
            if cell.kind not in ("markdown", "experiment"):
                execute(lesson, cell, cell.source, names)
                plt.close("all")


@contextlib.contextmanager
def _keys(lesson: Lesson, published: Path) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "course.key"
        write_hidden_key(path, [lesson], "rehearsal", None)
        before, keys.PUBLISHED = keys.PUBLISHED, published
        keys.published_key.cache_clear()
        try:
            with environment(COURSE_KEY=str(path)):
                yield
        finally:
            keys.PUBLISHED = before
            keys.published_key.cache_clear()


def write_hidden_key(path: Path, lessons: list[Lesson], secret: str, questions: str | None = "") -> None:
    """Write the hidden key of the lessons, made with a secret, to a private file. The file is replaced atomically.

    questions: the secret that chooses the concept questions, such as that of an earlier key if they must stay the same;
    "" means `secret`, and None means the questions of self-study. Raises LessonProblem if a lesson is not valid.
    """
    drawn = secret if questions == "" else questions
    lesson_key = {name: key for lesson in lessons for name, key in lesson_keys(lesson, secret, drawn).items()}
    exercises = {name: with_fingerprint(key, known_exercises()[name]) for name, key in lesson_key.items()}
    data = {"format": keys.FORMAT, "secret": secret, "questions": drawn or secret, "exercises": exercises}
    write_atomic(path, json.dumps(data, separators=(",", ":")), PRIVATE)


@dataclass(frozen=True)
class KeySummary:
    """The contents of a hidden key without its values: its secret, the secret that chooses its concept questions, and
    the names of the parts of each exercise."""

    secret: str
    questions: str
    parts: Mapping[str, frozenset[str]]


def known_of_hidden_key(path: Path) -> KeySummary:
    """Return the summary of a hidden key of any version. Raises CourseError if there is none or it cannot be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        parts = {name: frozenset(key.get("parts", ())) for name, key in data["exercises"].items()}
        return KeySummary(str(data["secret"]), str(data.get("questions", data["secret"])), parts)
    except FileNotFoundError:
        raise CourseError(f"There is no key {path.name} yet. Make one with `course key`.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(
            f"{path.name} cannot be read, so its secret is lost. Use your copy of it, or move it away and make a new "
            "key."
        ) from error
