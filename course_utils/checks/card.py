"""The card that a check shows, as HTML in a notebook and as text in a terminal."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.checks.judge import Failure
from course_utils.checks.recorder import Call
from course_utils.checks.values import Arguments, Array, Number, Other, Raised, Truth, name_of

# Of an array with more entries than this, only the first wrong entry is shown.
FEW = 12
# Limits of what is shown of a value: items, axes of an array, and characters of a text.
MOST_ITEMS, MOST_AXES, LONGEST = 60, 5, 1000
TONES = {
    "right": ("✓", "#00795c"),
    "wrong": ("✗", "#c2410c"),
    "neutral": ("•", "#1d6fa5"),
}


@dataclass(frozen=True)
class Card:
    """A title, a sentence, and rows of (label, text); rows whose label is in `code` have a fixed-width font.

    `tone` is a key of TONES. `hidden` is set by hidden checks: how many passed, and how many there are.
    """

    tone: str
    title: str
    sentence: str = ""
    rows: Sequence[tuple[str, str]] = ()
    code: frozenset[str] = frozenset({"Try this call", "Expected", "Yours", "Where"})
    hidden: tuple[int, int] | None = None

    def __repr__(self) -> str:
        lines = [f"{TONES[self.tone][0]} {self.title}"] + ([f"  {self.sentence}"] if self.sentence else [])
        for label, text in self.rows:
            first, *others = text.split("\n")
            lines += [f"  {label + ':':<15}{first}", *(" " * 17 + line for line in others)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        mark, color = TONES[self.tone]
        rows = "".join(self._row(label, text) for label, text in self.rows)
        table = f'<table style="margin:.4em 0 0;border-collapse:collapse">{rows}</table>' if rows else ""
        sentence = f'<div style="margin-top:.2em">{html.escape(self.sentence)}</div>' if self.sentence else ""
        frame = f"border-left:5px solid {color};padding:.5em .9em;margin:.2em 0;max-width:58em;line-height:1.45"
        # Mixed with the page's text colour: darker on a light page, lighter on a dark one.
        ink = f"color:color-mix(in srgb, {color} 60%, currentColor)"
        title = f'<span style="{ink}">{mark}</span> {html.escape(self.title)}'
        return f'<div style="{frame}"><div style="font-weight:600">{title}</div>{sentence}{table}</div>'

    def _row(self, label: str, text: str) -> str:
        font = (
            "font-family:var(--jp-code-font-family,monospace);font-size:.92em;white-space:pre-wrap"
            if label in self.code
            else ""
        )
        cell = "padding:.15em .8em .15em 0;vertical-align:top;text-align:left;background:none;border:0"
        weight = "font-weight:600" if label == "Hint" else ""
        return (
            f'<tr style="background:none"><td style="{cell};white-space:nowrap;opacity:.75">{html.escape(label)}</td>'
            f'<td style="{cell};{font}{weight}">{html.escape(text)}</td></tr>'
        )


def call_text(call: Call, name: str) -> str:
    """Return a call as code that a learner can paste. For callables and random generators it contains only a name."""
    if call.shown:
        return call.shown
    args = [argument_text(value) for value in call.args]
    args += [f"{key}={argument_text(value)}" for key, value in call.kwargs.items()]
    return f"{name}({', '.join(args)})"


def argument_text(value: Any) -> str:
    """Return an argument as code; for a callable or a random generator, a name."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, separator=", ", threshold=60, precision=6)
        return f"np.array({text})"
    if isinstance(value, float | np.floating):
        return f"{float(value):.10g}"
    if isinstance(value, np.integer | np.bool_):
        return repr(value.item())
    if isinstance(value, list | tuple):
        inside = ", ".join(argument_text(item) for item in value) + (
            "," if isinstance(value, tuple) and len(value) == 1 else ""
        )
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {argument_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, np.random.Generator):
        return "rng"
    if callable(value):
        return getattr(value, "__name__", "function").strip("<>")
    return repr(value)


def value_text(value: Any) -> str:
    """Return a short text for a plain value."""
    if isinstance(value, Array):
        # NumPy abbreviates long axes only, so that an array with many short axes would take long to print.
        if value.data is None or value.data.ndim > MOST_AXES:
            return name_of(value)
        return np.array2string(value.data, separator=", ", threshold=60, precision=8)
    if isinstance(value, Raised):
        return f"raises {value.error}" + ("" if value.has_message else " without a message")
    if isinstance(value, Number | Truth | Other):
        return name_of(value)
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, dict):
        return "{" + _some(f"{key[:LONGEST]!r}: {value_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple | list):
        inside = _some(map(value_text, value))
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]!r}..."
    return repr(value)


def _some(texts: Iterator[str]) -> str:
    """Return the first MOST_ITEMS texts, joined with commas, so that showing a huge result takes no time."""
    first = list(itertools.islice(texts, MOST_ITEMS + 1))
    return ", ".join([*first[:MOST_ITEMS], *(["..."] if len(first) > MOST_ITEMS else [])])


def failure_rows(failure: Failure, name: str) -> list[tuple[str, str]]:
    """Return the rows of a card: the call, what was expected, and what was received."""
    expected, received = failure.expected.value, failure.received.value
    rows = []
    if failure.received.call is not None:
        rows.append(("Try this call", call_text(failure.received.call, name)))
    if isinstance(expected, bool | Arguments):
        return rows
    if failure.difference.kind == "value" and isinstance(expected, Array) and isinstance(received, Array):
        both = expected.data, received.data
        if both[0] is not None and both[1] is not None and both[0].size > FEW:
            return [*rows, *_first_wrong_entry(both[0], both[1], failure)]
    return [*rows, ("Expected", value_text(expected)), ("Yours", value_text(received))]


def _first_wrong_entry(expected: np.ndarray, received: np.ndarray, failure: Failure) -> list[tuple[str, str]]:
    tolerance = failure.expected.tolerance
    wrong = np.argwhere(~np.isclose(received, expected, rtol=tolerance.rtol, atol=tolerance.atol, equal_nan=True))
    if not len(wrong):
        return []
    at = tuple(int(i) for i in wrong[0])
    place = f"at index {at if len(at) > 1 else at[0]}: "
    return [("Expected", place + value_text(expected[at].item())), ("Yours", place + value_text(received[at].item()))]
