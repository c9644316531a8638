"""Text helpers for messages."""

from __future__ import annotations


def plural(number: float, what: str) -> str:
    """Return a number with its noun: "1 lesson", "2 lessons", "0.5 days". The plural is formed with an s."""
    return f"{number:g} {what}{'' if number == 1 else 's'}"
