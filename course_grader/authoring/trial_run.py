"""Rehearses grading: runs a lesson's notebook without its experiments, on fresh keys, and expects full marks."""

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
    """Run every cell but the experiments with the keys of `published` and a hidden key of its own; LessonProblem
    where one fails."""
    with _keys(lesson, published):
        run_graded_cells(lesson)


def run_graded_cells(lesson: Lesson) -> None:
    """Run every cell but the experiments, in silence; LessonProblem where one fails."""
    # Not every release rehearses, and this takes half a second.
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
    """Write the hidden key of the lessons for a course run with this secret, whole or not at all.

    questions: the secret of an earlier key, by which concept questions stay as they were handed out; "" is the same
    secret, and with None no question is drawn.
    """
    drawn = secret if questions == "" else questions
    made = {name: key for lesson in lessons for name, key in lesson_keys(lesson, secret, drawn).items()}
    exercises = {name: with_fingerprint(key, known_exercises()[name]) for name, key in made.items()}
    data = {"format": keys.FORMAT, "secret": secret, "questions": drawn or secret, "exercises": exercises}
    write_atomic(path, json.dumps(data, separators=(",", ":")), PRIVATE)


@dataclass(frozen=True)
class KeySummary:
    """What a hidden key says of itself: its secret, the secret by which its questions are drawn, and its exercises,
    each with the names of its parts."""

    secret: str
    questions: str
    parts: Mapping[str, frozenset[str]]


def known_of_hidden_key(path: Path) -> KeySummary:
    """Return what a hidden key of any version says of itself; CourseError if it cannot be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        parts = {name: frozenset(key.get("parts", ())) for name, key in data["exercises"].items()}
        return KeySummary(str(data["secret"]), str(data.get("questions", data["secret"])), parts)
    except FileNotFoundError:
        raise CourseError(f"There is no key {path.name} to make again: make one with `course key`.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CourseError(
            f"{path.name} cannot be read, so that its secret is lost: take your copy, or move it away and make another."
        ) from error
