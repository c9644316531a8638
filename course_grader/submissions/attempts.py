"""Chooses which of a student's files is the submission: by its name, the platform's numbering or its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_grader.engine.limits import MIB
from course_grader.engine.notebook.read import Unreadable
from course_grader.engine.rpc.clean_text import clean
from course_grader.submissions.archives import ArchiveEntry, entries
from course_grader.submissions.filenames import attempt, is_notebook, may_be_notebook
from course_grader.submissions.layout import FileOwner

# A notebook is a JSON object. Format 4 requires the keys "nbformat" and "cells", format 3 "nbformat" and "worksheets".
KEYS = (b'"nbformat"', b'"cells"', b'"worksheets"')
HEAD = 1024
# If no file has a notebook's name, at most this many files of a student are read, none larger than this.
MOST_LOOKS, LARGEST_LOOK = 20, 10 * MIB
# Smaller differences in time say nothing: copying a folder gives all files nearly the same time.
SECONDS = 1.0


@dataclass(frozen=True)
class File:
    """A file, and the student it belongs to according to the layout."""

    owner: FileOwner
    entry: ArchiveEntry

    @property
    def shown(self) -> str:
        """The path as the student wrote it, without what the platform or the teacher put in front of it."""
        return clean("/".join(self.owner.original) or self.entry.parts[-1], 100)

    @property
    def name(self) -> str:
        """The file's own name."""
        return (self.owner.original or self.entry.parts)[-1]


@dataclass(frozen=True)
class ChosenFile:
    """The file that counts, or None if no file does, and the reason. `notebooks`: all files that were candidates."""

    file: File | None
    reason: str
    notebooks: tuple[File, ...] = ()


def choose_file(own: Sequence[File], assignment: str) -> ChosenFile:
    """Return which of a student's files is the submission for an assignment."""
    notebooks = notebooks_of(own)
    if not notebooks:
        return ChosenFile(None, _no_notebook(own))
    candidates = _best_named(notebooks, assignment)
    if len(candidates) == 1:
        return ChosenFile(candidates[0], "its name fits best", tuple(notebooks))
    for newest, reason in (
        (_by_number(candidates, assignment), "it has the highest number from the platform or browser"),
        (_by_time(candidates), "it is the newest"),
    ):
        if newest:
            return ChosenFile(newest, reason, tuple(notebooks))
    if _are_equal(candidates):
        return ChosenFile(candidates[0], "the others have the same content", tuple(notebooks))
    names = ", ".join(file.shown for file in candidates[:3]) + (" ..." if candidates[3:] else "")
    return ChosenFile(
        None,
        f"This student has {len(candidates)} notebooks, and neither a number nor a time shows which is the newest. "
        f"They are {names}.",
        tuple(notebooks),
    )


def own_notebook(folder: Path, assignment: str) -> tuple[Path, tuple[str, ...]]:
    """Return the submission among the files in one student's folder, and notes about the choice.

    Raises Unreadable if there is none.
    """
    own = [entry for entry in entries(folder) if isinstance(entry, ArchiveEntry) and not entry.is_system]
    choice = choose_file([File(FileOwner("", entry.parts), entry) for entry in own], assignment)
    if choice.file is None or choice.file.entry.problem or not isinstance(choice.file.entry.place, Path):
        problem = choice.file.entry.problem if choice.file else choice.reason
        raise Unreadable(f"{problem} Submit only the file {assignment}.ipynb.")
    return choice.file.entry.place, (note_on(choice),) if len(choice.notebooks) > 1 else ()


def note_on(choice: ChosenFile) -> str:
    """Return the sentence that says which of several notebooks counts, and why; empty if none counts."""
    if choice.file is None:
        return ""
    rest = [file.shown for file in choice.notebooks if file is not choice.file]
    others = ", ".join(rest[:3]) + (" ..." if rest[3:] else "")
    return (
        f"This student has {len(choice.notebooks)} notebooks. {choice.file.shown} counts because {choice.reason}. "
        f"Not graded: {others}."
    )


def notebooks_of(own: Sequence[File]) -> list[File]:
    """Return the files that are notebooks, by the end of the name or, if that does not decide it, by the content."""
    files = [file for file in own if not file.entry.is_folder]
    named = [file for file in files if is_notebook(file.name)]
    inside = [file for file in files if not is_notebook(file.name) and may_be_notebook(file.name)]
    named += [file for file in inside[:MOST_LOOKS] if is_like_notebook(file.entry)]
    small = [file for file in files if file.entry.size <= LARGEST_LOOK] if not named else []
    return named or [file for file in small[:MOST_LOOKS] if is_like_notebook(file.entry)]


def is_like_notebook(entry: ArchiveEntry) -> bool:
    """Return whether the content of a file looks like a notebook."""
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
    """Return the notebooks whose names fit best. If several have exactly the assignment's name, prefer one that is not
    in a subfolder."""
    fits = {id(file): attempt(file.name, assignment)[0] for file in notebooks}
    best = [file for file in notebooks if fits[id(file)] == max(fits.values())]
    top = [file for file in best if len(file.owner.original) == 1]
    return top if top and max(fits.values()) == 2 else best


def _by_number(candidates: Sequence[File], assignment: str) -> File | None:
    numbers = [file.owner.number for file in candidates]
    if not all(numbers):
        attempts = [attempt(file.name, assignment) for file in candidates]
        if len({(file.owner.original[:-1], stem) for file, (_, _, stem) in zip(candidates, attempts, strict=True)}) > 1:
            return None
        numbers = [number for _, number, _ in attempts]
    return candidates[numbers.index(max(numbers))] if numbers.count(max(numbers)) == 1 else None


def _by_time(candidates: Sequence[File]) -> File | None:
    *_, before, last = sorted(candidates, key=lambda file: file.entry.changed)
    return last if last.entry.changed - before.entry.changed >= SECONDS else None


def _are_equal(candidates: Sequence[File]) -> bool:
    if len({file.entry.size for file in candidates}) > 1 or any(file.entry.problem for file in candidates):
        return False
    try:
        content = candidates[0].entry.read()
        return all(file.entry.read() == content for file in candidates[1:])
    except (OSError, Unreadable):
        return False


def _no_notebook(own: Sequence[File]) -> str:
    if not own:
        return "It contains no notebook."
    if problem := next((file.entry.problem for file in own if file.entry.problem), ""):
        return problem
    names = ", ".join(clean(file.name, 60) for file in own[:3])
    # Two sentences: an anonymous report shows only the first, without the names of files.
    return f"There is no notebook (.ipynb). There is only {names}{' ...' if own[3:] else '.'}"
