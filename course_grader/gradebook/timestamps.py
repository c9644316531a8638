"""The timestamp.txt files in nbgrader's folder of submissions, rewritten where nbgrader would read another time.

nbgrader reads them in three places that nothing can replace: the list of submissions in the formgrader, the choice of
what to autograde again, and autograding itself. So a file that nbgrader would misread is rewritten in nbgrader's own
format, and one that gives no time is taken away. What it was is in the journal, and is read again in later runs: a
`timezone` that comes into course.toml afterwards still helps.
"""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from nbgrader.utils import parse_utc

from course_grader.engine.notebook.read import Unreadable
from course_grader.gradebook.journal import Journal, Stamp
from course_grader.submissions import Submission
from course_grader.submissions.times import (
    FROM_CANVAS,
    FROM_NBGRADER,
    LONGEST,
    TIMESTAMP,
    UNKNOWN,
    TimeProblem,
    read_time,
)  # fmt: skip
from course_utils.files import write_atomic

# nbgrader's own format, which its parse_utc reads.
FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"


@dataclass(frozen=True)
class Time:
    """When a submission was handed in, or None; `problem` is a sentence if a file was there and gives no time."""

    when: datetime | None = None
    problem: str = ""


class SubmissionTimes:
    """Reads and rewrites the timestamps of a course; `zone` is the course's own. A preview rewrites nothing."""

    def __init__(self, journal: Journal, zone: ZoneInfo | None, rewrites: bool = True) -> None:
        self._journal, self._zone, self._rewrites = journal, zone, rewrites

    def timed(self, submission: Submission, place: Path, assignment: str, is_in_place: bool) -> Submission:
        """Return a submission with the time beside it in nbgrader's folder of submissions, or beside the same notebook
        there: a zip has no times, and a teacher may have written one. place: where that folder has it."""
        if submission.problem or not place.is_file():
            return submission
        try:
            if is_in_place:
                is_there = isinstance(submission.place, Path) and submission.place.samefile(place)
            else:
                is_there = submission.submitted is None and self._has_time(place, assignment, submission.student)
                is_there = is_there and submission.content() == place.read_bytes()
            if not is_there:
                return submission
            time = self.settle(place, assignment, submission.student)
        except (OSError, Unreadable):
            return submission
        notes = tuple(note for note in submission.notes if not note.startswith(TIMESTAMP))
        source = FROM_NBGRADER if time.when else FROM_CANVAS if submission.late else ""
        notes += (time.problem,) if time.problem else ()
        return replace(submission, submitted=time.when, time_source=source, notes=notes)

    def _has_time(self, place: Path, assignment: str, student: str) -> bool:
        return place.with_name(TIMESTAMP).exists() or self._journal.stamp(assignment, student) is not None

    def settle(self, notebook: Path, assignment: str, student: str) -> Time:
        """Return the time beside a student's notebook, and make nbgrader read the same.

        Raises OSError if the file cannot be rewritten, and CourseError if the journal cannot.
        """
        place = notebook.with_name(TIMESTAMP)
        try:
            found = _content(place)
        except (OSError, ValueError):
            if self._rewrites:
                _take_away(place)
            return Time(problem=f"{TIMESTAMP} cannot be read. {UNKNOWN}")
        known = self._journal.stamp(assignment, student)
        if known and ((found or b"").strip() != known.written or known.notebook != _digest(notebook)):
            known = None
        given = known.given if known else found
        if given is None:
            return Time()
        time = _time(given, self._zone)
        if found is not None and time.when is not None and nbgrader_reads(found) == time.when:
            return time
        written = time.when.strftime(FORMAT).encode() if time.when else b""
        if self._rewrites and written != (found or b"").strip():
            self._journal.add_stamp(assignment, student, Stamp(_digest(notebook), given, written))
            _rewrite(place, written)
        return time


def nbgrader_reads(content: bytes) -> datetime | None:
    """Return the time that nbgrader itself finds in a timestamp.txt, or None if it fails at it."""
    try:
        # It warns of zones that it does not know.
        with warnings.catch_warnings(action="ignore"):
            when: datetime = parse_utc(content.decode("ascii").strip())
    except Exception:
        return None
    return when.replace(tzinfo=UTC)


def _time(content: bytes, zone: ZoneInfo | None) -> Time:
    try:
        return Time(read_time(content, zone, datetime.now(UTC)))
    except TimeProblem as problem:
        return Time(problem=f"{problem} {UNKNOWN}")


def _content(place: Path) -> bytes | None:
    """Return what a regular file holds, or None if there is none; nothing is followed or waited for."""
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("not a regular file")
        return file.read(LONGEST + 1)


def _rewrite(place: Path, written: bytes) -> None:
    if written:
        write_atomic(place, written + b"\n")
    else:
        place.unlink(missing_ok=True)


def _take_away(place: Path) -> None:
    """Move what is no readable file out of nbgrader's sight, which would follow a link and fail at anything else."""
    if place.is_symlink() or not (place.is_dir() or place.is_file()):
        place.unlink()
    else:
        place.replace(place.with_name(f"{TIMESTAMP}.refused"))


def _digest(notebook: Path) -> str:
    return hashlib.sha256(notebook.read_bytes()).hexdigest()
