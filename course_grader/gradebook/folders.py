"""Writes the folders that nbgrader's formgrader and feedback read. Each file is written atomically."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from course_grader.gradebook.course import Course
from course_grader.gradebook.privacy import file_mode, make_folder
from course_grader.gradebook.timestamps import FORMAT, nbgrader_reads
from course_grader.submissions.times import TIMESTAMP
from course_utils.files import write_atomic


def write_autograded(
    course: Course, student: str, assignment: str, notebook: str, text: str, when: datetime | None
) -> None:
    """Write a student's autograded notebook, and the time of its submission."""
    folder = course.folder("autograded", student, assignment)
    make_folder(course, folder)
    # Read-only, as nbgrader makes it, so that nobody changes a graded notebook by accident.
    mode = file_mode(course) if course.directory.groupshared else 0o400
    _write_time(folder, when, mode)
    write_atomic(folder / f"{notebook}.ipynb", text, mode)


def write_submitted(
    course: Course, student: str, assignment: str, notebook: str, content: bytes, when: datetime | None
) -> Path:
    """Copy a submission from elsewhere into the folder of submissions; return the notebook's path."""
    folder = course.folder("submitted", student, assignment)
    make_folder(course, folder)
    place = folder / f"{notebook}.ipynb"
    is_new = not place.is_file() or place.read_bytes() != content
    # A zip contains no times: keep the time that a teacher wrote beside the same notebook.
    if is_new or when is not None:
        _write_time(folder, when, file_mode(course))
    if is_new:
        write_atomic(place, content, file_mode(course))
    return place


def _write_time(folder: Path, when: datetime | None, mode: int) -> None:
    place = folder / TIMESTAMP
    if when is None:
        place.unlink(missing_ok=True)
    elif not place.is_file() or nbgrader_reads(place.read_bytes()) != when:
        write_atomic(place, f"{when.astimezone(UTC).strftime(FORMAT)}\n", mode)
