"""Hints: what a learner reads who made a known mistake, in one generated file for each lesson.

`course build` writes `course_utils/checks/hints/LESSON.json` from the lesson's `mistakes.py`, one line for each mistake:
its name, `exercise.mistake`, and the hint. Those of concept questions are in a folder of their own there, since they say
much about the answers. No file is read before an answer turns out to be a known mistake.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from course_utils.checks.keys import QUESTIONS, KeyProblem

FOLDER = files("course_utils.checks") / "hints"
UNREADABLE = "(The hints of this course cannot be read: install course_utils again.)"


def hint_of(exercise: str, mistake: str) -> str:
    """Return the hint for a known mistake; "" if no lesson has this mistake, and a sentence that says so if the files
    cannot be read: a missing hint must not hide what the check found."""
    name = f"{exercise}.{mistake}"
    try:
        return _hints_in(FOLDER).get(name) or _hints_in(FOLDER / QUESTIONS).get(name, "")
    except (OSError, ValueError, TypeError):
        return UNREADABLE


@functools.cache
def _hints_in(folder: Traversable) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for path in folder.iterdir():
        if path.name.endswith(".json"):
            found.update(json.loads(path.read_text(encoding="utf-8")))
    return found


def with_hints(key: Mapping[str, Any]) -> dict[str, Any]:
    """Return a key, as JSON has it, with a hint for each of its mistakes: the key's own, or else the lesson's.

    Raises KeyProblem if the data is not a key.
    """
    try:
        name = key["exercise"]
        parts = {
            part: data | {"mistakes": [{"hint": hint_of(name, one["id"])} | one for one in data["mistakes"]]}
            for part, data in key["parts"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise KeyProblem(f"The key is damaged ({type(error).__name__}: {error}): make it again.") from error
    return {**key, "parts": parts}
