"""Rehearses grading: runs a lesson's notebook without its experiments, on fresh keys, and expects full marks."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from course_grader.authoring.keying import lesson_keys
from course_grader.authoring.lesson import Lesson
from course_grader.authoring.reference import execute
from course_grader.environment import environment
from course_utils.checks import keys
from course_utils.files import PRIVATE, write_whole


def rehearse(lesson: Lesson, published: Path) -> None:
    """Run every cell but the experiments with the keys of `published` and a hidden key of its own; LessonProblem
    where one fails."""
    with _keys(lesson, published):
        run_graded_cells(lesson)


def run_graded_cells(lesson: Lesson) -> None:
    """Run every cell but the experiments, in silence; LessonProblem where one fails."""
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
        write_hidden_key(path, [lesson], "rehearsal")
        before, keys.PUBLISHED = keys.PUBLISHED, published
        keys.published_key.cache_clear()
        try:
            with environment(COURSE_KEY=str(path)):
                yield
        finally:
            keys.PUBLISHED = before
            keys.published_key.cache_clear()


def write_hidden_key(path: Path, lessons: list[Lesson], secret: str) -> None:
    """Write the hidden key of the lessons for a course run with this secret, whole or not at all."""
    exercises = {name: keys.key_to_json(key) for lesson in lessons for name, key in lesson_keys(lesson, secret).items()}
    text = json.dumps({"format": keys.FORMAT, "secret": secret, "exercises": exercises}, separators=(",", ":"))
    write_whole(path, text, PRIVATE)
