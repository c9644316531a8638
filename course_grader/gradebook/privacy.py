"""Restricts who can read a course's files: only their owner and, with nbgrader's `groupshared`, the group.

Gradebook, results, submissions and a term's sources contain grades, names and hidden tests.
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
    """Create a folder, and missing folders above it, with the permissions of the course's files."""
    if folder.is_dir():
        return
    make_folder(course, folder.parent)
    # With 2 (setgid), new files in the folder belong to its group.
    mode = 0o2770 if course.directory.groupshared else 0o700
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(mode)


def make_file(course: Course, path: Path) -> None:
    """Create an empty private file if there is none. SQLite treats an empty file as a new database."""
    if not path.exists():
        path.touch(mode=0o600)
        path.chmod(file_mode(course))


def make_private_files(course: Course) -> None:
    """Create the gradebook's file and nbgrader's folders as private, before nbgrader creates them readable for all."""
    # If this fails, later writes fail too, and report why.
    with contextlib.suppress(OSError):
        if course.database is not None:
            make_file(course, course.database)
        for step in FOLDERS:
            make_folder(course, course.folder(step, ".", "."))


def warning(course: Course) -> str:
    """Return a sentence about files that other users can read, and how to change that; empty if there are none."""
    places = [str(place.relative_to(course.root)) if place.is_relative_to(course.root) else str(place)
              for place in open_to_others(course)]  # fmt: skip
    if not places:
        return ""
    command = f"chmod {'o' if course.directory.groupshared else 'go'}-rwx {shlex.join(places)}"
    return (
        f"Other users of this machine can read {', '.join(places)}. To prevent that, run `{command}` in the course's "
        "folder."
    )


def open_to_others(course: Course) -> Iterator[Path]:
    """Yield the private files and folders of a course that other users of this machine can read."""
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
    """Return whether others may enter all folders above a file."""
    return all(folder.stat().st_mode & others & 0o111 for folder in place.parents)
