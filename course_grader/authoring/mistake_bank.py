"""The banks of a lesson: likely mistakes with their hints, and correct answers that differ from the reference.

`mistakes.py` is a list of edits of the reference's text, or of rewritten answers if an edit is not enough::

    MISTAKES = [
        edit("sgd_step", "plus_sign", "w - lr * grad", "w + lr * grad", "Your step climbs. Which way is uphill?"),
    ]

`alternatives.py` is in percent format, with one alternative per cell::

    # %% exercise="sgd_step" id="by_loop"
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_grader.authoring.lesson_cells import percent_cells


@dataclass(frozen=True)
class Mistake:
    """One likely wrong answer: the reference with `old` replaced by `new`. If `old` is None, `new` is the whole cell.

    line: its line in `mistakes.py`.
    """

    exercise: str
    id: str
    old: str | None
    new: str
    hint: str
    line: int


@dataclass(frozen=True)
class Alternative:
    """A correct answer that differs from the reference: the source of a whole answer cell."""

    exercise: str
    id: str
    source: str
    line: int


def edit(exercise: str, id: str, old: str, new: str, hint: str) -> Mistake:
    """Return the mistake that replaces `old`, which must occur once in the reference's solution, by `new`."""
    return Mistake(exercise, id, old, new, hint, sys._getframe(1).f_lineno)


def rewrite(exercise: str, id: str, source: str, hint: str) -> Mistake:
    """Return the mistake whose whole answer cell is `source`."""
    return Mistake(exercise, id, None, textwrap.dedent(source).strip(), hint, sys._getframe(1).f_lineno)


def read_alternatives(path: Path) -> Iterator[Alternative]:
    """Yield the alternatives of a percent-format file. Cells without an exercise, such as imports, are skipped."""
    text = path.read_text(encoding="utf-8")
    starts = [number for number, line in enumerate(text.split("\n"), 1) if re.match(r"# %%(\s|$)", line)]
    cells = percent_cells(text)
    for line, cell in zip(starts, cells[len(cells) - len(starts) :], strict=True):
        if "exercise" in cell.metadata:
            yield Alternative(cell.metadata["exercise"], cell.metadata.get("id", ""), cell.source, line)
