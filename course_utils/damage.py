"""Recognise files that should be notebooks but are something else. Learners' commands and the grader use it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

SAVE = "Save the notebook again in JupyterLab, or take a fresh copy"
DOWNLOAD = "Download the notebook itself (on GitHub: Download raw file)"
USE = "Use the notebook itself, the file whose name ends in .ipynb"
EXTRACT = "Take the notebook out of it"
LINK = "Open the link and download the notebook (in Colab: File > Download > Download .ipynb)"
WEB_PAGE = "a web page, saved in place of the notebook"
WEB_LINK = "a link to a notebook, not the notebook itself"
# Number of characters at the start of a file in which its kind is looked for.
HEAD = 20_000

# The first bytes of binary files, what these files are, and what to do.
SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "a gzip archive", EXTRACT),
    (b"7z\xbc\xaf'\x1c", "a 7-Zip archive", EXTRACT),
    (b"Rar!", "a RAR archive", EXTRACT),
    (b"BZh", "a bzip2 archive", EXTRACT),
    (b"\xfd7zXZ", "an xz archive", EXTRACT),
    (b"%PDF", "a PDF document", USE),
    (b"\xd0\xcf\x11\xe0", "an Office document", USE),
    (b"{\\rtf", "an RTF document", USE),
    (b"\x89PNG", "a picture", USE),
    (b"\xff\xd8\xff", "a picture", USE),
    (b"GIF8", "a picture", USE),
    (b"bplist00", WEB_PAGE, DOWNLOAD),
)
# Office documents are zip files that contain these names.
OFFICE = {b"word/": "a Word document", b"xl/": "an Excel workbook", b"ppt/": "a PowerPoint presentation"}
PYTHON = re.compile(
    r"^(?:#!.*python|# *coding[:=]|# %%|import \w|from [\w.]+ import |def \w+\(|class \w+)", re.MULTILINE
)
ANSWER = re.compile(r"\s*(?:HTTP/\S+ )?([45]\d\d)\b[: ]*([A-Za-z ]{0,40})\s*")
TAG = re.compile(r"<(?:!doctype html|html|head|body|script|meta|title|iframe)\b")
CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)


class NotNotebook(Exception):
    """A file is not a notebook. `what` completes "The file is ..."; `remedy` is an imperative without a full stop."""

    def __init__(self, what: str, remedy: str = SAVE) -> None:
        super().__init__(f"The file is {what}. {remedy}.")
        self.what, self.remedy = what, remedy


def parse(content: bytes) -> dict[str, Any]:
    """Return the JSON object in a notebook's file. The caller must check that it has cells.

    Raises NotNotebook, which says what the file is, if it is not a JSON object.
    """
    if not content.strip(b" \t\r\n\0"):
        raise NotNotebook("empty")
    text = _text(content)
    try:
        found = json.loads(text)
    except RecursionError:
        raise NotNotebook("nested too deeply to be a notebook") from None
    except json.JSONDecodeError as error:
        raise _of_text(text, error) from None
    except ValueError as error:
        # Python rejects numbers with thousands of digits.
        raise NotNotebook(f"not a notebook: its JSON cannot be read ({str(error).split(';')[0]})") from None
    if not isinstance(found, dict):
        raise NotNotebook("JSON, but not a notebook")
    return found


def without_cells(data: Mapping[str, Any]) -> NotNotebook:
    """Return a NotNotebook that says what a JSON object without cells is."""
    if isinstance(data.get("url"), str) or "doc_id" in data:
        return NotNotebook(WEB_LINK, LINK)
    if isinstance(data.get("message"), str) or "error" in data:
        return NotNotebook("a server's error message, saved in place of the notebook", DOWNLOAD)
    return NotNotebook("JSON, but contains no cells of a notebook")


def _text(content: bytes) -> str:
    """Return the content as text. Raises NotNotebook if it is not text in UTF-8."""
    for start, what, remedy in SIGNATURES:
        if content.startswith(start):
            raise NotNotebook(what, remedy)
    if content.startswith(b"PK"):
        what = next((name for part, name in OFFICE.items() if part in content), "")
        raise NotNotebook(what or "a zip archive", USE if what else EXTRACT)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content[:2]:
        raise NotNotebook("text in UTF-16, but notebooks are in UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # The tags of a web page are ASCII in any older encoding.
        found = _kind(content[:HEAD].decode("latin-1").strip())
        raise found or NotNotebook("not UTF-8 text, but notebooks are") from None


def _kind(head: str) -> NotNotebook | None:
    return next(filter(None, (kind(head) for kind in KINDS)), None)


def _of_text(text: str, error: json.JSONDecodeError) -> NotNotebook:
    """Return a NotNotebook that says what a text is that is not valid JSON."""
    head = text[:HEAD].strip()
    if found := _kind(head):
        return found
    if conflict := CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        return NotNotebook(
            f"not a notebook: git left a merge conflict in it (line {line})",
            "Keep one of the two versions there and delete the lines with <<<<<<<, ======= and >>>>>>>, or take a "
            "fresh copy",
        )
    if not head.startswith(("{", "[")):
        return NotNotebook(f"text, but not a notebook: line {error.lineno} is not JSON ({error.msg})", USE)
    whole = text.rstrip()
    is_open = not whole.endswith(("}", "]")) and error.msg != "Extra data"
    if is_open or error.pos >= len(whole) or error.msg.startswith("Unterminated string"):
        return NotNotebook(f"incomplete: it breaks off in line {whole.count(chr(10)) + 1}")
    return NotNotebook(f"not a notebook: line {error.lineno} is not JSON ({error.msg})")


def _pointer(head: str) -> NotNotebook | None:
    if head.startswith("version https://git-lfs.github.com/spec/"):
        return NotNotebook("a Git LFS pointer: Git has not downloaded the notebook itself", "Run `git lfs pull`")
    return None


def _link(head: str) -> NotNotebook | None:
    is_shortcut = head.startswith("[InternetShortcut]") or ("<plist" in head and "<key>URL</key>" in head)
    is_address = head.startswith(("http://", "https://")) and "\n" not in head
    return NotNotebook(WEB_LINK, LINK) if is_shortcut or is_address else None


def _page(head: str) -> NotNotebook | None:
    start = head.lower()
    is_saved = start.startswith(("from: <saved by", "mime-version:")) and "multipart/related" in start
    if is_saved or (start.startswith("<") and TAG.search(start)):
        return NotNotebook(WEB_PAGE, DOWNLOAD)
    return NotNotebook("an XML document, not a notebook", DOWNLOAD) if start.startswith(("<?xml", "<error")) else None


def _answer(head: str) -> NotNotebook | None:
    if found := ANSWER.fullmatch(head):
        said = " ".join(part.strip() for part in found.groups() if part.strip())
        return NotNotebook(f"a server's answer ({said}), saved in place of the notebook", DOWNLOAD)
    return None


def _program(head: str) -> NotNotebook | None:
    if not head.startswith(("{", "[")) and PYTHON.search(head):
        return NotNotebook("Python code, not a notebook", USE)
    return None


KINDS: tuple[Callable[[str], NotNotebook | None], ...] = (_pointer, _link, _page, _answer, _program)
