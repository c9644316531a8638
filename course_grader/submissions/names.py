"""What the names of files and folders say: whose they are, whether they came late, which attempt it was."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from course_grader.engine.text import UNFIT

# "Download submissions" of Canvas, as in lovelaceada_LATE_4711_990001_01_learning_rate_decay-1.ipynb; where marking is
# anonymous, the name is "anon" and the number five letters and digits.
CANVAS = re.compile(
    r"(?P<name>.+?)_(?P<late>LATE_)?(?P<user>\d+|(?<=anon_).{5}|(?<=anon_LATE_).{5})_\d+_(?P<original>.+)",
    re.DOTALL,
)
# "Download all submissions" of Moodle, as in "Ada Lovelace_4711_assignsubmission_file_/notebook.ipynb", or without
# folders "Ada Lovelace_4711_assignsubmission_file_notebook.ipynb".
MOODLE = re.compile(r"(?P<name>.+?)_(?P<participant>\d+)_assignsubmission_[a-z]+(?:_(?P<original>.*))?", re.DOTALL)
# A browser adds the second suffix where it does not know the first.
NOTEBOOK = re.compile(r"(?P<stem>.*)\.ipynb(?P<more>\.(txt|json))?", re.IGNORECASE | re.DOTALL)
# Canvas numbers attempts, a browser copies, JupyterLab duplicates.
ATTEMPT = re.compile(
    r"(?P<stem>.+?)(?:-(?P<canvas>\d{1,4})| ?\((?P<browser>\d{1,4})\)|-Copy(?P<lab>\d{1,4}))", re.DOTALL
)
IGNORED = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", "__pycache__", ".git"}
LONGEST_ID = 120
# What a file system, or a search for files by pattern, understands as something else.
UNSAFE = re.compile(r'[/\\:*?"<>|\[\]]')


@dataclass(frozen=True)
class Owner:
    """Whose a file is. `student` is what stands for the student, not yet safe as a folder's name; `name` the student's
    name where the platform tells it; `original` the file's name as the student gave it."""

    student: str
    original: str
    name: str = ""
    participant: str = ""
    late: bool = False


def owner_of(parts: tuple[str, ...], assignment: str) -> Owner:
    """Return whose the file with this path is."""
    if found := _moodle(parts):
        return found
    if place := is_below(parts, assignment):
        return Owner(parts[place - 1], parts[-1])
    if len(parts) > 1:
        return Owner(parts[0], parts[-1])
    if canvas := CANVAS.fullmatch(parts[0]):
        return Owner(canvas["user"], canvas["original"], canvas["name"], late=bool(canvas["late"]))
    return Owner(_student_of(parts[0], assignment), parts[0])


def is_below(parts: tuple[str, ...], assignment: str) -> int:
    """Return where the assignment's folder stands in a path of nbgrader's layout; 0 where it does not."""
    return next((i for i, part in enumerate(parts[:-1]) if i and folded(part) == folded(assignment)), 0)


def _moodle(parts: tuple[str, ...]) -> Owner | None:
    for place, part in enumerate(parts):
        if moodle := MOODLE.fullmatch(part):
            is_file = place == len(parts) - 1
            original = (moodle["original"] or part) if is_file else parts[-1]
            return Owner(moodle["name"], original, moodle["name"], moodle["participant"])
    return None


def _student_of(file: str, assignment: str) -> str:
    """Return the student that a file is named after: its name without the assignment's."""
    stem = stem_of(file) or file
    around = rf"(?:^|[\s_.\-]+){re.escape(assignment)}(?:-\d+| ?\(\d+\)|-Copy\d+)?(?:$|[\s_.\-]+)"
    rest = re.sub(around, "", stem, count=1, flags=re.IGNORECASE)
    return rest or stem


def stem_of(file: str) -> str:
    """Return a notebook's name without its suffix; empty where the file is no notebook."""
    known = NOTEBOOK.fullmatch(file)
    return known["stem"] if known else ""


def is_notebook(file: str) -> bool:
    return NOTEBOOK.fullmatch(file) is not None


def attempt(file: str, assignment: str) -> tuple[int, int]:
    """Return how well a notebook's name fits the assignment (2: its own, 1: a copy's, 0: another), and the number of
    the attempt."""
    stem = folded(stem_of(file))
    numbered = ATTEMPT.fullmatch(stem)
    number = int(next(filter(None, numbered.groups()[1:]), 0)) if numbered else 0
    if stem == folded(assignment):
        return 2, 0
    # A second upload to Canvas is as good as the first.
    if numbered and numbered["stem"] == folded(assignment):
        return (2 if numbered["canvas"] else 1), number
    return (1 if folded(assignment) in stem else 0), number


def folded(text: str) -> str:
    """Return what names that differ only in case or in Unicode normal form have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def safe_id(text: str) -> str:
    """Return a student's id that can stand as the name of a folder, and be shown."""
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
    """Tell whether a path is what systems leave behind and nobody handed in."""
    return any(part in IGNORED or part.startswith("._") for part in parts)


def climbs(name: str) -> bool:
    """Tell whether the name of a zip's member leads out of the folder that it would be unpacked in."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or bool(re.match(r"[A-Za-z]:", name))
