"""Prepares the outputs of a student's cell, as they were submitted, for an HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from course_grader.sanitize.page_content import PICTURES, picture_address, safe_html, safe_markdown, safe_text

MOST_OUTPUTS = 50
LONGEST_TEXT = 4000
LONGEST_HTML = 30_000
OTHER_PICTURES = ("image/svg+xml", "image/gif", "image/webp", "application/pdf")
NOT_SHOWN = "This figure is not shown, because files of its format can contain a program. Use PNG."


@dataclass(frozen=True)
class Shown:
    """One output: the data URL of a picture, HTML from the sanitizer, or text."""

    kind: Literal["picture", "html", "text", "left out"]
    content: str | Markup


class PictureBudget:
    """Limits the size of all pictures on a page, in characters."""

    def __init__(self, characters: int = 12 * 2**20) -> None:
        self.left = characters

    def take(self, mime: str, data: str) -> Markup:
        """Return the picture's data URL, or "" if there is no room for it or it cannot be shown."""
        if len(data) > self.left:
            return Markup()
        address = picture_address(mime, data)
        self.left -= len(address)
        return address


def shown_outputs(outputs: Iterable[Any], budget: PictureBudget) -> list[Shown]:
    """Return the parts of untrusted outputs that can be shown; damaged outputs are left out."""
    return _joined([part for output in list(outputs)[:MOST_OUTPUTS] if (part := _shown(output, budget))])


def _shown(output: Any, budget: PictureBudget) -> Shown | None:
    if not isinstance(output, Mapping):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        return _text(_string(output.get("text")))
    if kind == "error":
        name, value = _string(output.get("ename")), _string(output.get("evalue"))
        return _text(f"{name}: {value}" if value else name)
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(data, Mapping):
        return None
    for mime in PICTURES:
        if mime in data:
            address = budget.take(mime, _string(data[mime]))
            return Shown("picture", address) if address else Shown("left out", "This figure cannot be shown.")
    if any(mime in data for mime in OTHER_PICTURES):
        return Shown("left out", NOT_SHOWN)
    html, markdown = _string(data.get("text/html")), _string(data.get("text/markdown"))
    if html and len(html) <= LONGEST_HTML:
        return Shown("html", safe_html(html))
    if markdown and len(markdown) <= LONGEST_HTML:
        return Shown("html", safe_markdown(markdown))
    return _text(_string(data.get("text/plain")))


def _text(text: str) -> Shown | None:
    text = safe_text(text, LONGEST_TEXT)
    return Shown("text", text.rstrip()) if text.strip() else None


def _joined(parts: list[Shown]) -> list[Shown]:
    """Return the outputs with consecutive texts joined."""
    joined: list[Shown] = []
    for part in parts:
        if joined and joined[-1].kind == part.kind == "text":
            joined[-1] = Shown("text", safe_text(f"{joined[-1].content}\n{part.content}", LONGEST_TEXT))
        else:
            joined.append(part)
    return joined


def _string(value: Any) -> str:
    """Return text from a notebook, where it is a string or a list of lines; "" for anything else."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else ""
