"""Make text from a submission safe to show: without control characters, and of limited length."""

from __future__ import annotations

import re

# All control characters except tab and line feed: they begin terminal escapes or move the cursor.
CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
# Marks that change the writing direction (Unicode UAX #9), zero-width characters, and lone surrogates.
INVISIBLE = r"\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
ESCAPES = re.compile(r"\x1b\[[0-9;:?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
UNFIT = re.compile(f"[{CONTROLS}{INVISIBLE}]")


def storable(text: str) -> str:
    """Return the text with a question mark for each lone surrogate: JSON allows it, but UTF-8 cannot encode it."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def clean(text: str, limit: int = 2000) -> str:
    """Return the text without escape sequences and invisible characters, and at most about `limit` characters of it."""
    # Only twice the limit is cleaned: a very long text then costs no time, and one with colour codes is not cut short.
    head = text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n")
    shown = UNFIT.sub("", ESCAPES.sub("", head))
    if len(text) <= 2 * limit and len(shown) <= limit:
        return shown
    return shown[:limit] + " [...]"
