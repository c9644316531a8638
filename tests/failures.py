"""What pytest prints of a failed test: where two large values differ first, on one screen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

# Shorter values are shown best by pytest itself.
LARGE = 300
# What fits on a screen: a line; the first lines of a failure, the test's own; the last, the error's; and the last that
# the test printed.
WIDE, FIRST, LAST, PRINTED = 240, 8, 14, 12
# How much of a text is shown before and behind the first difference.
BEFORE, BEHIND = 30, 60
MISSING = "nothing there"


class Difference(NamedTuple):
    """Where two values differ first, as in `.cells[3].source`, and what is there in each."""

    path: str
    left: str
    right: str


def explain(left: Any, right: Any) -> list[str] | None:
    """Return what to print for `assert left == right`, or None for values that pytest shows as well."""
    if len(repr(left)) <= LARGE and len(repr(right)) <= LARGE:
        return None
    found = first_difference(left, right)
    if found is None:
        return None
    name = type(left).__name__
    return [
        f"{name} == {type(right).__name__}, which differ first at {found.path or 'the top'}:",
        f"left:  {found.left[:WIDE]}",
        f"right: {found.right[:WIDE]}",
    ]


def first_difference(left: Any, right: Any, path: str = "") -> Difference | None:
    """Return where two values differ first; None if they are equal, or differ in nothing that can be shown."""
    if isinstance(left, str | bytes) and isinstance(right, type(left)):
        return _of_texts(left, right, path)
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray) and left.shape == right.shape:
        left, right = left.tolist(), right.tolist()
    if type(left) is type(right) and (pairs := _parts(left, right)) is not None:
        for step, one, other in pairs:
            if one is MISSING or other is MISSING:
                return Difference(path + step, _shown(one), _shown(other))
            if found := first_difference(one, other, path + step):
                return found
        return None
    return None if _equal(left, right) else Difference(path, _shown(left), _shown(right))


def _parts(left: Any, right: Any) -> Iterator[tuple[str, Any, Any]] | None:
    """Return the parts of two values of one type, each with the step that leads to it; None for what has no parts."""
    if isinstance(left, Mapping):
        keys = list(dict.fromkeys([*left, *right]))
        return ((f"[{key!r}]", left.get(key, MISSING), right.get(key, MISSING)) for key in keys)
    if dataclasses.is_dataclass(left) and not isinstance(left, type):
        names = [field.name for field in dataclasses.fields(left) if field.compare]
        return ((f".{name}", getattr(left, name), getattr(right, name)) for name in names)
    if isinstance(left, list | tuple):
        longest = range(max(len(left), len(right)))
        return ((f"[{i}]", *(value[i] if i < len(value) else MISSING for value in (left, right))) for i in longest)
    if isinstance(left, set | frozenset):
        return (
            (" (a set)", *(item if item in value else MISSING for value in (left, right)))
            for item in sorted(left ^ right, key=repr)
        )
    return None


def _of_texts(left: Any, right: Any, path: str) -> Difference | None:
    if left == right:
        return None
    shorter = min(len(left), len(right))
    place = next((i for i in range(shorter) if left[i] != right[i]), shorter)
    if shorter <= BEHIND:
        return Difference(path, repr(left), repr(right))
    newline = "\n" if isinstance(left, str) else b"\n"
    line = left.count(newline, 0, place) + 1
    around = slice(max(place - BEFORE, 0), place + BEHIND)
    return Difference(f"{path} line {line}, character {place}".strip(), f"...{left[around]!r}", f"...{right[around]!r}")


def _equal(left: Any, right: Any) -> bool:
    try:
        return bool(left == right)
    except Exception:
        return False


def _shown(value: Any) -> str:
    return MISSING if value is MISSING else repr(value)


def fit_on_screen(report: pytest.TestReport) -> None:
    """Shorten what a failed test prints, if it does not fit on a screen."""
    if not report.failed:
        return
    report.sections = [(name, "\n".join(text.rstrip().split("\n")[-PRINTED:])) for name, text in report.sections]
    lines = str(report.longrepr).split("\n")
    if len(lines) <= FIRST + LAST + 1 and max(map(len, lines)) <= WIDE:
        return
    lines = [line if len(line) <= WIDE else f"{line[:WIDE]} ..." for line in lines]
    left_out = len(lines) - FIRST - LAST
    if left_out > 1:
        lines[FIRST:-LAST] = [f"... {left_out} lines left out: -vv shows them ..."]
    report.longrepr = "\n".join(lines)
