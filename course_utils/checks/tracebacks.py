"""The learner's part of a traceback."""

from __future__ import annotations

import traceback
from pathlib import Path


def learner_traceback(error: BaseException) -> str:
    """Return the lines of a traceback that are the learner's code, innermost last; empty if there are none.

    Frames of this package and of installed libraries are left out.
    """
    here = str(Path(__file__).parents[1])
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        if any(mark in frame.filename for mark in (here, "site-packages", "importlib", ".pyx")):
            continue
        lines.append(f"line {frame.lineno} of {frame.name}" + (f": {frame.line}" if frame.line else ""))
    return "\n".join(lines)
