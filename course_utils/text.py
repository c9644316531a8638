"""Words of the messages that depend on a number."""

from __future__ import annotations


def plural(number: float, what: str) -> str:
    """Return a number with what it counts: "1 lesson", "2 lessons", "0.5 days". The plural is one with an s."""
    return f"{number:g} {what}{'' if number == 1 else 's'}"
