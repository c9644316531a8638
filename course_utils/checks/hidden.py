"""Reads the hidden key from the file that the environment variable `COURSE_KEY` names while a teacher grades."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

from course_utils.checks.fingerprint import require_current
from course_utils.checks.keys import Key, KeyProblem, key_from_json


def hidden_key(exercise: str) -> Key:
    """Return the hidden key of an exercise. Raises KeyProblem if there is none, if it cannot be read, or if it was made
    for another version of the checks."""
    name = os.environ.get("COURSE_KEY", "")
    if not name or not Path(name).is_file():
        raise KeyProblem("Hidden checks run only while a teacher grades: COURSE_KEY does not name a key file.")
    path = Path(name)
    keys = _hidden_file(path, path.stat().st_mtime_ns)
    if exercise not in keys:
        raise KeyProblem(f"The hidden key contains nothing for {exercise!r}: make it again with `course key`.")
    require_current({exercise: keys[exercise]})
    return key_from_json(keys[exercise])


@functools.lru_cache(maxsize=1)
def _hidden_file(path: Path, modified: int) -> dict[str, Any]:
    try:
        keys = json.loads(path.read_text(encoding="utf-8"))["exercises"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyProblem("The hidden key cannot be read: make it again with `course key`.") from error
    return dict(keys)
