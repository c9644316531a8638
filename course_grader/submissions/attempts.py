"""Which of one student's files is the submission: by its name, the platform's numbering or the time, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_grader.engine.limits import MIB
from course_grader.engine.notebook.read import Unreadable
from course_grader.engine.rpc.clean_text import clean
from course_grader.submissions.archives import ArchiveEntry, entries
from course_grader.submissions.filenames import attempt, is_notebook, may_be_notebook
from course_grader.submissions.layout import Owner

# A notebook begins with a brace, and these are its only required parts in formats 3 and 4.
KEYS = (b'"nbformat"', b'"cells"', b'"worksheets"')
HEAD = 1024
# At most this many files of a student are read, and none that is larger, if no name says that it is a notebook.
MOST_LOOKS, LARGEST_LOOK = 20, 10 * MIB
# Copying a folder gives all files nearly the same time, and a zip counts in twos.
SECONDS = 1.0


@dataclass(frozen=True)
class File:
    """A student's file."""

    owner: Owner
    entry: ArchiveEntry

    @property
    def shown(self) -> str:
        """The path as the student gave it, below what the platform or the teacher added."""
        return clean("/".join(self.owner.original) or self.entry.parts[-1], 100)

    @property
    def name(self) -> str:
        """The file's own name."""
        return (self.owner.original or self.entry.parts)[-1]


@dataclass(frozen=True)
class ChosenFile:
    """The file that counts, and by what; or None and why there is none. `notebooks`: all that could have counted."""

    file: File | None
    reason: str
    notebooks: tuple[File, ...] = ()


def choose(own: Sequence[File], assignment: str) -> ChosenFile:
    """Return which of a student's files is the submission of an assignment."""
    notebooks = notebooks_of(own)
    if not notebooks:
        return ChosenFile(None, _no_notebook(own))
    left = _best_named(notebooks, assignment)
    if len(left) == 1:
        return ChosenFile(left[0], "by its name", tuple(notebooks))
    for newest, reason in (
        (_by_number(left, assignment), "the platform's or the browser's number is the highest"),
        (_by_time(left), "the newest"),
    ):
        if newest:
            return ChosenFile(newest, reason, tuple(notebooks))
    if _are_equal(left):
        return ChosenFile(left[0], "the others are the same", tuple(notebooks))
    names = ", ".join(file.shown for file in left[:3]) + (" ..." if left[3:] else "")
    return ChosenFile(
        None,
        f"There are {len(left)} notebooks of this student, {names}, and neither a number nor a time says which is the "
        "newest.",
        tuple(notebooks),
    )


def own_notebook(folder: Path, assignment: str) -> tuple[Path, tuple[str, ...]]:
    """Return the submission among the files of one student, and notes; Unreadable if there is none."""
    found = [one for one in entries(folder) if isinstance(one, ArchiveEntry) and not one.is_system]
    choice = choose([File(Owner("", entry.parts), entry) for entry in found], assignment)
    if choice.file is None or choice.file.entry.problem or not isinstance(choice.file.entry.place, Path):
        problem = choice.file.entry.problem if choice.file else choice.reason
        raise Unreadable(f"{problem} Hand in the one file {assignment}.ipynb.")
    return choice.file.entry.place, (note_on(choice),) if len(choice.notebooks) > 1 else ()


def note_on(choice: ChosenFile) -> str:
    """Return the sentence that says which of several notebooks counts, and why; empty if there is none."""
    if choice.file is None:
        return ""
    rest = [file.shown for file in choice.notebooks if file is not choice.file]
    others = ", ".join(rest[:3]) + (" ..." if rest[3:] else "")
    return (
        f"There are {len(choice.notebooks)} notebooks of this student. {choice.file.shown} counts: {choice.reason}; "
        f"not graded: {others}."
    )


def notebooks_of(own: Sequence[File]) -> list[File]:
    """Return the notebooks: by the end of the name, and by content if the name leaves it open."""
    files = [file for file in own if not file.entry.is_folder]
    named = [file for file in files if is_notebook(file.name)]
    inside = [file for file in files if not is_notebook(file.name) and may_be_notebook(file.name)]
    named += [file for file in inside[:MOST_LOOKS] if is_like_notebook(file.entry)]
    small = [file for file in files if file.entry.size <= LARGEST_LOOK] if not named else []
    return named or [file for file in small[:MOST_LOOKS] if is_like_notebook(file.entry)]


def is_like_notebook(entry: ArchiveEntry) -> bool:
    """Return whether a file has the content of a notebook."""
    if entry.problem or entry.is_folder:
        return False
    try:
        if not entry.read(HEAD).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
        content = entry.read()
    except (OSError, Unreadable):
        return False
    return KEYS[0] in content and any(key in content for key in KEYS[1:])


def _best_named(notebooks: Sequence[File], assignment: str) -> list[File]:
    """Return those whose names fit best; of those with the assignment's own name, the one that is in no subfolder."""
    fits = {id(file): attempt(file.name, assignment)[0] for file in notebooks}
    best = [file for file in notebooks if fits[id(file)] == max(fits.values())]
    top = [file for file in best if len(file.owner.original) == 1]
    return top if top and max(fits.values()) == 2 else best


def _by_number(left: Sequence[File], assignment: str) -> File | None:
    numbers = [file.owner.number for file in left]
    if not all(numbers):
        found = [attempt(file.name, assignment) for file in left]
        if len({(file.owner.original[:-1], stem) for file, (_, _, stem) in zip(left, found, strict=True)}) > 1:
            return None
        numbers = [number for _, number, _ in found]
    return left[numbers.index(max(numbers))] if numbers.count(max(numbers)) == 1 else None


def _by_time(left: Sequence[File]) -> File | None:
    *_, before, last = sorted(left, key=lambda file: file.entry.changed)
    return last if last.entry.changed - before.entry.changed >= SECONDS else None


def _are_equal(left: Sequence[File]) -> bool:
    if len({file.entry.size for file in left}) > 1 or any(file.entry.problem for file in left):
        return False
    try:
        content = left[0].entry.read()
        return all(file.entry.read() == content for file in left[1:])
    except (OSError, Unreadable):
        return False


def _no_notebook(own: Sequence[File]) -> str:
    if not own:
        return "There is no notebook in it."
    if problem := next((file.entry.problem for file in own if file.entry.problem), ""):
        return problem
    names = ", ".join(clean(file.name, 60) for file in own[:3])
    return f"There is no notebook (.ipynb). There is only {names}{' ...' if own[3:] else '.'}"
