"""Reads a file's name: whether it is a notebook, which attempt, which student. Makes names safe for folders."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import PurePosixPath

from course_grader.engine.rpc.clean_text import UNFIT

# A browser adds the second suffix if it does not know the first.
NOTEBOOK = re.compile(r"(?P<stem>.*)\.ipynb(?P<more>\.(txt|json))?", re.IGNORECASE | re.DOTALL)
# Google Drive writes "copy" in the user's language before or after the name: `x.ipynb의 사본`.
INSIDE = re.compile(r"(?P<stem>.*)\.ipynb", re.IGNORECASE | re.DOTALL)
# Canvas numbers attempts, a browser downloads, JupyterLab duplicates.
ATTEMPT = re.compile(
    r"(?P<stem>.+?)(?:-(?P<canvas>\d{1,4})| ?\((?P<browser>\d{1,4})\)|-Copy(?P<lab>\d{1,4}))", re.DOTALL
)
COPY = re.compile(r"^Copy of |(?: - Copy| copy(?: \d{1,3})?| ?\(\d{1,4}\)|-Copy\d{1,4})$", re.IGNORECASE)
IGNORED = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", "__pycache__", ".git"}
LONGEST_ID = 120
# Characters with a special meaning in file systems or in glob patterns.
UNSAFE = re.compile(r'[/\\:*?"<>|\[\]]')


def stem_of(file: str) -> str:
    """Return a notebook's name without its suffix; empty if it is not a notebook's name."""
    known = NOTEBOOK.fullmatch(file)
    return known["stem"] if known else ""


def stem_inside(file: str) -> str:
    """Return the part of a name before its last `.ipynb`, wherever that is; the whole name if there is none."""
    known = INSIDE.match(file)
    return known["stem"] if known else file


def is_notebook(file: str) -> bool:
    """Return whether the name ends like a notebook's."""
    return NOTEBOOK.fullmatch(file) is not None


def may_be_notebook(file: str) -> bool:
    """Return whether the name has a notebook's suffix, at its end or elsewhere."""
    return INSIDE.match(file) is not None


def attempt(file: str, assignment: str) -> tuple[int, int, str]:
    """Return how well a notebook's name fits, the number of the attempt, and the name without that number.

    The fit is 2 for the assignment's name or a Canvas attempt of it, 1 if it contains the assignment's name, else 0.
    """
    stem = folded(stem_of(file))
    fits = stem == folded(assignment)
    stem = stem or folded(stem_inside(file))
    numbered = ATTEMPT.fullmatch(stem)
    if fits or not numbered:
        return (2 if fits else 1 if folded(assignment) in stem else 0), 0, stem
    number = int(next(filter(None, numbered.groups()[1:])))
    # A second upload to Canvas is as good as the first.
    if numbered["stem"] == folded(assignment):
        return (2 if numbered["canvas"] else 1), number, numbered["stem"]
    return (1 if folded(assignment) in stem else 0), number, numbered["stem"]


def student_of(file: str, assignment: str) -> str:
    """Return the student in a file's name: the name without the assignment's, and without endings such as "(1)" that
    mark a copy; empty if nothing is left."""
    stem = stem_inside(file) if may_be_notebook(file) else PurePosixPath(file).stem or file
    around = rf"(?:^|[\s_.\-]+){re.escape(assignment)}(?:-\d+| ?\(\d+\)|-Copy\d+)?(?=$|[\s_.\-])"
    plain = _without_copy(unicodedata.normalize("NFC", stem))
    rest = re.sub(around, " ", plain, count=1, flags=re.IGNORECASE)
    return _without_copy(stem if rest == plain else rest.strip(" _.-"))


def _without_copy(stem: str) -> str:
    while (shorter := COPY.sub("", stem)) != stem:
        stem = shorter
    return stem


def folded(text: str) -> str:
    """Return a form of a name that ignores case and Unicode normal form, to compare names."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def letters(text: str) -> str:
    """Return a form of a name that ignores case, spaces, punctuation and Unicode normal form, to compare names."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", text.casefold()))


def safe_id(text: str) -> str:
    """Return a student's id that is safe as a folder's name and safe to show."""
    shown = " ".join(UNFIT.sub("", UNSAFE.sub("-", unicodedata.normalize("NFC", text))).split())
    if not shown.strip(". "):
        return f"unnamed-{_digest(text)}"
    # A name that begins with a dot would be hidden.
    shown = re.sub(r"^\.+", lambda dots: "-" * len(dots[0]), shown)
    if len(shown.encode()) > LONGEST_ID:
        shown = shown.encode()[: LONGEST_ID - 9].decode(errors="ignore") + f"-{_digest(text)}"
    return shown


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


def is_ignored(parts: tuple[str, ...]) -> bool:
    """Return whether a path was made by the operating system or a tool, so that no student submitted it."""
    return any(part in IGNORED or part.startswith("._") for part in parts)


def climbs(name: str) -> bool:
    """Return whether the path of a zip's member would lead out of the folder that the zip is unpacked in."""
    path = name.replace("\\", "/")
    return path.startswith("/") or ".." in path.split("/") or bool(re.match(r"[A-Za-z]:", path))
