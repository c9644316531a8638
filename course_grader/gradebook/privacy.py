"""Who may read a course's files: the user who makes them, with nbgrader's `groupshared` the group too, and nobody else.

Gradebook, results, submissions and a term's sources hold grades, names and hidden tests.
"""

from __future__ import annotations

import contextlib
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from course_grader.gradebook.course import Course

FOLDERS = ("submitted", "autograded", "feedback")


def file_mode(course: Course) -> int:
    """Return the permissions of a new file."""
    return 0o660 if course.directory.groupshared else 0o600


def make_folder(course: Course, folder: Path) -> None:
    """Make a folder and those above it that are missing, open to those who may read the course's files."""
    if folder.is_dir():
        return
    make_folder(course, folder.parent)
    # The new folder's files belong to its group.
    mode = 0o2770 if course.directory.groupshared else 0o700
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(mode)


def make_file(course: Course, path: Path) -> None:
    """Make an empty file, where there is none, that nobody else can open. SQLite takes it as a new database."""
    if not path.exists():
        path.touch(mode=0o600)
        path.chmod(file_mode(course))


def prepare(course: Course) -> None:
    """Make the gradebook's file and the folders that nbgrader fills, before others make them open to all."""
    # Where that fails, what is written there later fails too, and says so.
    with contextlib.suppress(OSError):
        if course.database is not None:
            make_file(course, course.database)
        for step in FOLDERS:
            make_folder(course, course.folder(step, ".", "."))


def warning(course: Course) -> str:
    """Return the sentence on what other users can read, empty if they can read nothing."""
    found = [str(place.relative_to(course.root)) if place.is_relative_to(course.root) else str(place)
             for place in open_to_others(course)]  # fmt: skip
    if not found:
        return ""
    close = f"chmod {'o' if course.directory.groupshared else 'go'}-rwx {shlex.join(found)}"
    return f"Other users of this machine can read {', '.join(found)}: `{close}` in the course's folder closes that."


def open_to_others(course: Course) -> Iterator[Path]:
    """Yield those files and folders of a course that other users of this machine can read."""
    places = [course.key, course.journal, course.modes, *(course.folder(step, ".", ".") for step in FOLDERS)]
    if course.database is not None:
        places.append(course.database)
    if (course.root / "course.toml").is_file():
        places.append(course.folder("source", ".", "."))
    others = stat.S_IRWXO if course.directory.groupshared else stat.S_IRWXO | stat.S_IRWXG
    for place in places:
        if place.exists() and place.stat().st_mode & others and _is_reachable(place.resolve(), others):
            yield place


def _is_reachable(place: Path, others: int) -> bool:
    """Return whether others may pass through all folders on the way."""
    return all(folder.stat().st_mode & others & 0o111 for folder in place.parents)
