"""Whose lines an error came through."""

from __future__ import annotations

import traceback
from pathlib import Path


def learner_traceback(error: BaseException) -> str:
    """Return the learner's own lines of a traceback, innermost last: no frame of this package or of a library."""
    here = str(Path(__file__).parents[1])
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        if any(mark in frame.filename for mark in (here, "site-packages", "importlib", ".pyx")):
            continue
        lines.append(f"line {frame.lineno} of {frame.name}" + (f": {frame.line}" if frame.line else ""))
    return "\n".join(lines)
