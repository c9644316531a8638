"""The outputs of a student's cell as they were handed in, made fit for a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from course_grader.sanitize.page_content import PICTURES, picture, safe_html, safe_markdown, safe_text

MOST_OUTPUTS = 50
LONGEST_TEXT = 4000
LONGEST_HTML = 30_000
OTHER_PICTURES = ("image/svg+xml", "image/gif", "image/webp", "application/pdf")
NOT_SHOWN = "A figure in a format that is not shown here, since such a file can hold a program: use PNG."


@dataclass(frozen=True)
class Shown:
    """One output: a picture's address, HTML from the sanitizer, or text."""

    kind: Literal["picture", "html", "text", "left out"]
    content: str | Markup


class PictureBudget:
    """How many characters of pictures a page may still hold."""

    def __init__(self, characters: int = 12 * 2**20) -> None:
        self.left = characters

    def take(self, mime: str, data: str) -> Markup:
        """Return the picture's address, or "" where there is no room for it, or it cannot be shown."""
        if len(data) > self.left:
            return Markup()
        address = picture(mime, data)
        self.left -= len(address)
        return address


def shown_outputs(outputs: Iterable[Any], budget: PictureBudget) -> list[Shown]:
    """Return what can be shown of outputs that nobody has checked; what is damaged is left out."""
    found = [one for output in list(outputs)[:MOST_OUTPUTS] if (one := _shown(output, budget))]
    return _joined(found)


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
            return Shown("picture", address) if address else Shown("left out", "A figure that cannot be shown here.")
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


def _joined(found: list[Shown]) -> list[Shown]:
    """Return the outputs with the texts that follow each other in one."""
    joined: list[Shown] = []
    for one in found:
        if joined and joined[-1].kind == one.kind == "text":
            joined[-1] = Shown("text", safe_text(f"{joined[-1].content}\n{one.content}", LONGEST_TEXT))
        else:
            joined.append(one)
    return joined


def _string(value: Any) -> str:
    """Return text as notebooks hold it, a string or a list of lines; "" for anything else."""
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value if isinstance(value, str) else ""
