"""Text that came from a submission, made fit to be shown: no control characters, no length without end."""

from __future__ import annotations

import re

# All but tab and line feed: terminal escapes begin with one, and others move the cursor.
CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
# Marks that turn the direction of writing (Unicode UAX #9), zero-width characters, and halves of surrogate pairs.
INVISIBLE = r"\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
ESCAPES = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
UNFIT = re.compile(f"[{CONTROLS}{INVISIBLE}]")


def storable(text: str) -> str:
    """Return the text with a question mark for each half of a surrogate pair, which JSON can name and no file hold."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def clean(text: str, limit: int = 2000) -> str:
    """Return the text without escape sequences and invisible characters, and at most about `limit` characters of it."""
    # Twice the limit is looked at, so that a long text costs no time and a coloured one keeps its length.
    head = text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n")
    shown = UNFIT.sub("", ESCAPES.sub("", head))
    if len(text) <= 2 * limit and len(shown) <= limit:
        return shown
    return shown[:limit] + " [...]"
