"""Records the explorers from a lesson's references, for learners who have not written the functions yet."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from course_grader.authoring.lesson import Lesson
from course_grader.authoring.lesson_cells import LessonProblem
from course_grader.authoring.reference import namespace
from course_utils.explorers.catalogue import Explorer, explorers
from course_utils.explorers.recording import Recording, record
from course_utils.explorers.scene import pixels_of

# Recorded numbers have four digits, the last of which another machine may round otherwise.
TOLERANCE = 5e-3
# How a lesson's cell shows an explorer.
SHOWN = re.compile(r'^explore\(\s*"(\w+)"', re.MULTILINE)
NUMBER = re.compile(r"[\d.]+(e[+-]?\d+)?")


def lesson_recordings(lesson: Lesson, known: Path) -> Iterator[tuple[str, str]]:
    """Yield file name and text of each recording that the lesson's references make.

    known: the folder of earlier recordings; a text there that says the same within rounding stays as it is.
    Raises LessonProblem for an explorer that there is not, or whose functions the lesson has not.
    """
    shown = explorers_of(lesson)
    names = namespace(lesson) if shown else {}
    for explorer in shown:
        yield f"{explorer.name}.json", _text(known / f"{explorer.name}.json", _recording(lesson, explorer, names))


def explorers_of(lesson: Lesson) -> list[Explorer]:
    """Return the explorers that the lesson shows, in order; LessonProblem for one that there is not."""
    found = []
    for cell in lesson.cells:
        for name in SHOWN.findall(cell.source) if cell.kind != "markdown" else ():
            if name not in explorers():
                raise LessonProblem(lesson.path, cell.line, f"there is no explorer {name!r}.")
            found.append(explorers()[name])
    return found


def _recording(lesson: Lesson, explorer: Explorer, names: dict[str, Any]) -> Recording:
    if lacking := [name for name in explorer.exercises if name not in names]:
        sentence = f"the explorer {explorer.name!r} asks for {lacking[0]}, which is no function of this lesson."
        raise LessonProblem(lesson.path, 1, sentence)
    try:
        return record(explorer, tuple(names[name] for name in explorer.exercises))
    except Exception as error:
        sentence = f"the explorer {explorer.name!r} fails on the references: {type(error).__name__}: {error}"
        raise LessonProblem(lesson.path, 1, sentence) from error


def _text(path: Path, recording: Recording) -> str:
    with contextlib.suppress(OSError, ValueError):
        old = path.read_text(encoding="utf-8")
        if _alike(json.loads(old), recording):
            return old
    return json.dumps(recording, separators=(",", ":"), ensure_ascii=False).replace('{"panels"', '\n{"panels"') + "\n"


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        if "png" in one and "png" in other:
            return _same_picture(one["png"], other["png"])
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and (_close(one, other) or all(map(_alike, one, other)))
    if isinstance(one, str) and isinstance(other, str):
        # The numbers of a sentence are those of the curves, which are compared already.
        return NUMBER.sub("", one) == NUMBER.sub("", other)
    return bool(one == other)


def _same_picture(one: str, other: str) -> bool:
    a, b = (pixels_of(png).astype(int) for png in (one, other))
    return a.shape == b.shape and int(np.abs(a - b).max(initial=0)) <= 1


def _close(one: list[Any], other: list[Any]) -> bool:
    """Return whether two lists of numbers differ by rounding alone, beside their largest."""
    if not all(isinstance(item, float | int) for item in [*one, *other]):
        return False
    a, b = np.array(one, dtype=float), np.array(other, dtype=float)
    return bool(np.all(np.abs(a - b) <= TOLERANCE * max(np.abs(a).max(initial=0.0), 1e-12)))
