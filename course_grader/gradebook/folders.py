"""The folders that nbgrader's formgrader and feedback read, each file written whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from course_grader.gradebook.course import Course
from course_grader.gradebook.privacy import file_mode, make_folder
from course_utils.files import write_whole

TIMESTAMP = "timestamp.txt"
# nbgrader's own format, which its parse_utc reads.
TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"


def write_autograded(
    course: Course, student: str, assignment: str, notebook: str, text: str, when: datetime | None
) -> None:
    """Write the autograded notebook of a student, and when it was handed in."""
    folder = course.folder("autograded", student, assignment)
    make_folder(course, folder)
    # As nbgrader has it: what was graded is not written to by chance.
    mode = file_mode(course) if course.directory.groupshared else 0o400
    _write_time(folder, when, mode)
    write_whole(folder / f"{notebook}.ipynb", text, mode)


def write_submitted(
    course: Course, student: str, assignment: str, notebook: str, content: bytes, when: datetime | None
) -> Path:
    """Write what came from elsewhere into the folder of submissions; return the notebook's path."""
    folder = course.folder("submitted", student, assignment)
    make_folder(course, folder)
    place = folder / f"{notebook}.ipynb"
    is_new = not place.is_file() or place.read_bytes() != content
    # A zip tells no time; what a teacher wrote beside the same notebook stays.
    if is_new or when is not None:
        _write_time(folder, when, file_mode(course))
    if is_new:
        write_whole(place, content, file_mode(course))
    return place


def _write_time(folder: Path, when: datetime | None, mode: int) -> None:
    place = folder / TIMESTAMP
    if when is None:
        place.unlink(missing_ok=True)
    elif time_in(place) != _naive(when):
        write_whole(place, f"{_naive(when).strftime(TIME_FORMAT)}\n", mode)


def time_in(place: Path) -> datetime | None:
    """Return the time in a timestamp.txt as UTC without a zone, as the gradebook holds it; None where there is none."""
    try:
        return _naive(parse_utc(place.read_text(encoding="utf-8").strip()))
    except (OSError, ValueError, OverflowError):
        return None


def _naive(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
