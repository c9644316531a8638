"""Decides how an input is laid out, once for the whole input, and which student each file belongs to.

A student is identified only by the part of a path that the platform or the teacher wrote, never by a part that a
student wrote, such as the names of files in the student's folder.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from course_grader.submissions.archives import ArchiveEntry, common_folders
from course_grader.submissions.filenames import folded, may_be_notebook, stem_inside, stem_of, student_of
from course_grader.submissions.known import KnownNames

# File names of Canvas, such as lovelaceada_LATE_4711_990001_01_learning_rate_decay-1.ipynb; for a typed answer or a
# link, lovelaceada_4711_text.html. With anonymous grading, five letters and digits replace the user's number.
CANVAS = re.compile(
    r"_(?P<late>LATE_)?(?P<user>[1-9]\d*|(?<=^anon_)[^\W_]{5}|(?<=^LATE_anon_)[^\W_]{5}|(?<=^anon_LATE_)[^\W_]{5})"
    r"(?:_(?P<file>[1-9]\d*)_(?P<original>.+)|_(?P<typed>text|link)\.html)",
    re.DOTALL,
)
# File names of Moodle, such as "Ada Lovelace_4711_assignsubmission_file_/notebook.ipynb", or without folders
# "Ada Lovelace_4711_assignsubmission_file_notebook.ipynb". Moodle removes "_" from students' names, so the first "_"
# always ends the name. A team has the number of its group, or no number.
MOODLE = re.compile(
    r"(?P<name>[^_]+)(?:_(?P<participant>\d+))?_assignsubmission_[a-z]+[a-z0-9]*(?:_(?P<original>.*))?", re.DOTALL
)
# Names of the folder around all submissions: Canvas's and nbgrader's.
WRAPPERS = {"submissions", "submitted"}
# In the names that Canvas makes, the numbers always start before this position.
MOST_CANVAS = 300
NUMBERED = re.compile(r"[ _]?\(\d+\)$|-\d+$")


class Layout(StrEnum):
    """The layouts of submissions that are recognised."""

    NBGRADER = "nbgrader"
    FOLDERS = "folders"
    FLAT = "flat"
    CANVAS = "canvas"
    MOODLE = "moodle"


TITLES = {
    Layout.NBGRADER: "nbgrader's layout in a {}",
    Layout.FOLDERS: "A {} with a folder for each student",
    Layout.FLAT: "A {} of notebooks named after students",
    Layout.CANVAS: "Canvas {}",
    Layout.MOODLE: "Moodle {}",
}  # fmt: skip
MISPLACED = {
    Layout.NBGRADER: "It is not in a student's folder.",
    Layout.FOLDERS: "It is not in a student's folder.",
    Layout.FLAT: "It is in a folder, but the other submissions are notebooks named after students.",
    Layout.CANVAS: "It is not named as Canvas names files.",
    Layout.MOODLE: "It is not named as Moodle names files.",
}
# These identify students by their own numbers, which a student cannot choose.
PLATFORMS = {Layout.CANVAS, Layout.MOODLE}


@dataclass(frozen=True)
class FileOwner:
    """Which student a file belongs to, according to the layout.

    student: the student's identifier in this layout, not yet safe as a folder's name. original: the file's path below
    the part that names the student. name: the student's full name, if the platform writes it. participant: Moodle's
    number. late: whether Canvas marks the file as late. number: Canvas's number of the file; a later file has a higher
    one. also: the number of another student whom the name could also mean.
    """

    student: str
    original: tuple[str, ...]
    name: str = ""
    participant: str = ""
    late: bool = False
    number: int = 0
    also: str = ""


@dataclass(frozen=True)
class LayoutPlan:
    """The layout of an input, the folders around all of its submissions, and the students it may name."""

    layout: Layout
    around: tuple[str, ...]
    assignment: str
    known: KnownNames

    def owner(self, entry: ArchiveEntry) -> FileOwner | None:
        """Return which student a file or folder belongs to; None if it belongs to nobody in this layout."""
        depth = len(self.around)
        own = entry.parts[depth:]
        if not own or entry.parts[:depth] != self.around:
            return None
        is_folder = entry.is_folder or len(own) > 1
        if self.layout == Layout.MOODLE:
            return _moodle(own)
        if self.layout in (Layout.NBGRADER, Layout.FOLDERS):
            return FileOwner(own[0], own[1:]) if is_folder else None
        if is_folder:
            return None
        if self.layout == Layout.CANVAS:
            return _canvas(own[0], self.known)
        return FileOwner(_named(own[0], self.assignment, self.known), own)


def decide(
    found: Sequence[ArchiveEntry], assignment: str, known: KnownNames, name: str, is_wrapped: bool = True
) -> LayoutPlan:
    """Return the layout of an input: the one that fits most of its top-level entries.

    name: the name of the folder or zip itself, without its suffix. is_wrapped: whether all submissions may be inside
    further folders.
    """
    paths = [entry.parts for entry in found]
    around = common_folders(paths) if is_wrapped else ()
    depth = _depth(paths, around, assignment, known, name)
    tops: dict[str, list[ArchiveEntry]] = defaultdict(list)
    for entry in found:
        if len(entry.parts) > depth and entry.parts[:depth] == around[:depth]:
            tops[entry.parts[depth]].append(entry)
    form = _most(tops, depth, assignment, known)
    if form == Layout.FOLDERS and _is_nbgrader(tops, depth, assignment):
        form = Layout.NBGRADER
    return LayoutPlan(form, around[:depth], assignment, known)


def _most(tops: dict[str, list[ArchiveEntry]], depth: int, assignment: str, known: KnownNames) -> Layout:
    """Return the layout that fits most entries. Each student counts once; if the input names any student of the class,
    only students of the class count."""
    votes: dict[Layout, set[str]] = {form: set() for form in Layout}
    hits: dict[Layout, set[str]] = {form: set() for form in Layout}
    for top, below in tops.items():
        is_folder = any(entry.is_folder or len(entry.parts) > depth + 1 for entry in below)
        for form, owner in _readings(top, is_folder, assignment, known):
            votes[form].add(owner.student)
            student = _student(owner, known)
            hits[form] |= {student} - {""}
    counts = hits if any(hits.values()) else votes
    # The order breaks ties. A student can create a folder, or name a file as a platform does, but in the layouts with
    # folders a student cannot put a notebook beside the folders.
    order = [Layout.FLAT, Layout.FOLDERS, Layout.CANVAS, Layout.MOODLE]
    return max(order, key=lambda form: len(counts[form]))


def _readings(top: str, is_folder: bool, assignment: str, known: KnownNames) -> Iterator[tuple[Layout, FileOwner]]:
    if moodle := _moodle((top, "") if is_folder else (top,)):
        yield Layout.MOODLE, moodle
    elif is_folder:
        yield Layout.FOLDERS, FileOwner(top, ())
    elif canvas := _canvas(top, known):
        yield Layout.CANVAS, canvas
    elif may_be_notebook(top):
        yield Layout.FLAT, FileOwner(_named(top, assignment, known), (top,))


def _student(owner: FileOwner, known: KnownNames) -> str:
    """Return the student of the class that an owner is; empty if there is none."""
    return known.by_name(owner.name) or known.by_number(owner.participant) or known.by_any(owner.student)


def _is_nbgrader(tops: dict[str, list[ArchiveEntry]], depth: int, assignment: str) -> bool:
    """Return whether most students' folders contain folders of assignments, as nbgrader's exchange collects them."""
    yes = no = 0
    for below in tops.values():
        inside = [entry.parts[depth + 1 :] for entry in below if len(entry.parts) > depth + 1]
        if not inside:
            continue
        loose = any(len(path) == 1 and may_be_notebook(path[0]) for path in inside)
        named = any(len(path) > 1 and folded(path[0]) == folded(assignment) for path in inside)
        like = any(len(path) == 2 and folded(stem_of(path[1])) == folded(path[0]) for path in inside)
        yes += not loose and (named or like)
        no += loose or not (named or like)
    return yes > no


def _depth(
    paths: Sequence[tuple[str, ...]], around: tuple[str, ...], assignment: str, known: KnownNames, name: str
) -> int:
    """Return how many of the folders around all files do not name a student."""
    platform = next((at for at, folder in enumerate(around) if _moodle((folder, ""))), None)
    if platform is not None:
        return platform
    inside = [path[len(around) :] for path in paths if len(path) > len(around) and path[: len(around)] == around]
    if not around or all(_canvas(path[0], known) or _moodle(path) for path in inside):
        return len(around)
    # If the class is known, the outermost folder with a student's name is that student's folder.
    for at, folder in enumerate(around):
        if known.by_any(folder):
            return at
    if any(known.by_any(path[0]) or known.by_any(_named(path[0], assignment, known)) for path in inside):
        return len(around)
    return _depth_by_form(inside, around, assignment, name)


def _depth_by_form(inside: Sequence[tuple[str, ...]], around: tuple[str, ...], assignment: str, name: str) -> int:
    """Return the same as `_depth`, for an input without any name of the class."""
    wanted, last = folded(assignment), len(around)
    folders = {path[0] for path in inside if len(path) > 1}
    notebooks = {path[0] for path in inside if len(path) == 1 and may_be_notebook(path[0])}
    if not notebooks:
        # One student's folder of assignments, or the students' folders.
        nested = {path[0] for path in inside if len(path) > 2 and folded(path[1]) == wanted}
        is_students = any(folded(folder) == wanted for folder in folders) and not nested
        return last - 1 if is_students else last
    unnamed = {file for file in notebooks if not student_of(file, assignment)}
    others = {folded(student_of(file, assignment)) for file in notebooks - unnamed}
    for at in range(last - 1, 0, -1):
        if folded(around[at]) == wanted:
            return at - 1 if unnamed and 2 * len(others) <= len(notebooks) else last
    if len(others) > 1 and len(others) > len(unnamed):
        return last
    is_wrapper = folded(NUMBERED.sub("", around[-1])) in WRAPPERS | {
        wanted,
        folded(name),
        folded(NUMBERED.sub("", name)),
    }
    return last if is_wrapper else last - 1


def _moodle(own: tuple[str, ...]) -> FileOwner | None:
    found = MOODLE.fullmatch(own[0])
    if not found:
        return None
    name, participant = found["name"], found["participant"] or ""
    return FileOwner(name, own[1:] or ((found["original"] or own[0]),), name, participant)


def _canvas(file: str, known: KnownNames) -> FileOwner | None:
    """Return which student a file belongs to by the name that Canvas gave it; None if it is not such a name.

    The first two consecutive numbers are the user's and the file's, unless the user's name itself ends in "_" and a
    number. (Canvas removes "_12_" from names, so there is at most one.) Only the class list can decide between these
    two readings: the second counts if its user is known and the first one's is not. If both are known, `also` is the
    second user.
    """
    places = (place for place, sign in enumerate(file[:MOST_CANVAS]) if sign == "_" and place)
    first = next(filter(None, (CANVAS.fullmatch(file, place) for place in places)), None)
    if first is None:
        return None
    owner = _canvas_owner(file, first)
    second = CANVAS.fullmatch(file, first.start("file") - 1) if first["file"] else None
    if second is None or not known.by_number(second["user"]):
        return owner
    if not known.by_number(owner.student):
        return _canvas_owner(file, second)
    return replace(owner, also=second["user"])


def _canvas_owner(file: str, found: re.Match[str]) -> FileOwner:
    name = file[: found.start()]
    late = bool(found["late"]) or name == "LATE_anon"
    original = found["original"] or f"{found['typed']}.html"
    return FileOwner(found["user"], (original,), name, late=late, number=int(found["file"] or 0))


def _named(file: str, assignment: str, known: KnownNames) -> str:
    """Return the student that a file is named after; empty if the name is only the assignment's."""
    whole = stem_inside(file)
    return whole if known.by_any(whole) else student_of(file, assignment)
