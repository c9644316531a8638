"""Records explorers with a lesson's references, for learners who have not written the functions yet."""

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

# Recorded numbers have four digits. Another machine may round the last one differently.
TOLERANCE = 5e-3
# The call in a lesson's cell that shows an explorer.
SHOWN = re.compile(r'^explore\(\s*"(\w+)"', re.MULTILINE)
NUMBER = re.compile(r"[\d.]+(e[+-]?\d+)?")


def lesson_recordings(lesson: Lesson, known: Path) -> Iterator[tuple[str, str]]:
    """Yield the file name and text of each recording that is made with the lesson's references.

    known: the folder of earlier recordings. If the recording there is equal up to rounding, its text is kept.
    Raises LessonProblem if an explorer does not exist, or if the lesson does not have its functions.
    """
    shown = explorers_of(lesson)
    names = namespace(lesson) if shown else {}
    for explorer in shown:
        yield f"{explorer.name}.json", _text(known / f"{explorer.name}.json", _recording(lesson, explorer, names))


def explorers_of(lesson: Lesson) -> list[Explorer]:
    """Return the explorers that the lesson shows, in order. Raises LessonProblem if one does not exist."""
    shown = []
    for cell in lesson.cells:
        for name in SHOWN.findall(cell.source) if cell.kind != "markdown" else ():
            if name not in explorers():
                raise LessonProblem(lesson.path, cell.line, f"there is no explorer {name!r}.")
            shown.append(explorers()[name])
    return shown


def _recording(lesson: Lesson, explorer: Explorer, names: dict[str, Any]) -> Recording:
    if missing := [name for name in explorer.exercises if name not in names]:
        sentence = f"the explorer {explorer.name!r} needs {missing[0]}, which is not a function of this lesson."
        raise LessonProblem(lesson.path, 1, sentence)
    try:
        return record(explorer, tuple(names[name] for name in explorer.exercises))
    except Exception as error:
        sentence = f"the explorer {explorer.name!r} fails on the references: {type(error).__name__}: {error}"
        raise LessonProblem(lesson.path, 1, sentence) from error


def _text(path: Path, recording: Recording) -> str:
    with contextlib.suppress(OSError, ValueError):
        old = path.read_text(encoding="utf-8")
        if _is_similar(json.loads(old), recording):
            return old
    return json.dumps(recording, separators=(",", ":"), ensure_ascii=False).replace('{"panels"', '\n{"panels"') + "\n"


def _is_similar(old: Any, new: Any) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        if "png" in old and "png" in new:
            return _same_picture(old["png"], new["png"])
        return old.keys() == new.keys() and all(_is_similar(old[key], new[key]) for key in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and (_close(old, new) or all(map(_is_similar, old, new)))
    if isinstance(old, str) and isinstance(new, str):
        # Numbers in a sentence come from the curves, which are compared anyway.
        return NUMBER.sub("", old) == NUMBER.sub("", new)
    return bool(old == new)


def _same_picture(old: str, new: str) -> bool:
    a, b = (pixels_of(png).astype(int) for png in (old, new))
    return a.shape == b.shape and int(np.abs(a - b).max(initial=0)) <= 1


def _close(old: list[Any], new: list[Any]) -> bool:
    """Return whether two lists of numbers are equal up to rounding, relative to their largest number."""
    if not all(isinstance(item, float | int) for item in [*old, *new]):
        return False
    a, b = np.array(old, dtype=float), np.array(new, dtype=float)
    return bool(np.all(np.abs(a - b) <= TOLERANCE * max(np.abs(a).max(initial=0.0), 1e-12)))
