"""Hints: what a learner reads after a known mistake, in one generated file per lesson.

`course build` writes `course_utils/checks/hints/LESSON.json` from the lesson's `mistakes.py`, one line for each
mistake: its name, `exercise.mistake`, and the hint. Hints on concept questions give away much of the answers, so they
are in a subfolder that submissions cannot read. A file is read only when an answer turns out to be a known mistake.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_utils.checks.keys import QUESTIONS, KeyProblem

FOLDER = Path(__file__).parent / "hints"
UNREADABLE = "The hints of this course cannot be read: install course_utils again, or run `course build` in a clone."


def hint_of(exercise: str, mistake: str) -> str:
    """Return the hint for a known mistake; "" if no lesson has this mistake.

    If the files cannot be read, it returns a sentence that says so: a missing hint must not hide what a check found.
    """
    try:
        return _hint(exercise, mistake)
    except KeyProblem as problem:
        return str(problem)


def with_hints(key: Mapping[str, Any]) -> dict[str, Any]:
    """Return a key, as values for JSON, with a hint for each of its mistakes: the one in the key, or else the lesson's.

    Raises KeyProblem if the data is not a key, or if the hints cannot be read.
    """
    try:
        name = key["exercise"]
        parts = {
            part: data | {"mistakes": [{"hint": _hint(name, one["id"])} | one for one in data["mistakes"]]}
            for part, data in key["parts"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise KeyProblem(f"The key is damaged ({type(error).__name__}: {error}): make it again.") from error
    return {**key, "parts": parts}


def _hint(exercise: str, mistake: str) -> str:
    name = f"{exercise}.{mistake}"
    return _hints_in(FOLDER).get(name) or _hints_in(FOLDER / QUESTIONS).get(name, "")


@functools.cache
def _hints_in(folder: Path) -> Mapping[str, str]:
    """Return the hints of a folder's files by the names of the mistakes; KeyProblem if one cannot be read."""
    found: dict[str, str] = {}
    if folder.name == QUESTIONS and not folder.is_dir():
        # A course may have no concept questions.
        return found
    try:
        for path in folder.iterdir():
            if path.suffix == ".json" and not path.name.startswith("."):
                found.update(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise KeyProblem(UNREADABLE) from error
    return found
