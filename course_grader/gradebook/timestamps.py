"""Rewrites the timestamp.txt files in nbgrader's folder of submissions that nbgrader would misread.

nbgrader reads them in three places that cannot be replaced: when the formgrader lists submissions, when it chooses what
to autograde again, and when it autogrades. So a file that nbgrader would misread is rewritten in nbgrader's own format,
and one without a valid time is removed. The original content is kept in the journal and read again in later runs, so
that setting `timezone` in course.toml later still has an effect.
"""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from nbgrader.utils import parse_utc

from course_grader.engine.notebook.read import Unreadable
from course_grader.gradebook.journal import Journal, Stamp
from course_grader.submissions import Submission
from course_grader.submissions.times import LONGEST, TIMESTAMP, UNREADABLE, Time, time_in
from course_utils.files import write_atomic

# nbgrader's own format, which its parse_utc reads.
FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"


class SubmissionTimes:
    """Reads and rewrites the timestamps of a course.

    zone: the course's time zone. rewrites: False for a preview, which does not change any file.
    """

    def __init__(self, journal: Journal, zone: ZoneInfo | None, rewrites: bool = True) -> None:
        self._journal, self._zone, self._rewrites = journal, zone, rewrites

    def timed(self, submission: Submission, place: Path, assignment: str, is_in_place: bool) -> Submission:
        """Return a submission with the time in nbgrader's folder of submissions.

        place: the notebook's path in that folder. is_in_place: whether the submission comes from there. Otherwise the
        time counts only if the same notebook is there: a zip has no times, but a teacher may have written one.
        """
        if submission.problem or not place.is_file():
            return submission
        try:
            if is_in_place:
                is_same = isinstance(submission.place, Path) and submission.place.samefile(place)
            else:
                is_same = submission.submitted is None and self._has_time(place, assignment, submission.student)
                is_same = is_same and submission.content() == place.read_bytes()
            if not is_same:
                return submission
            time = self.read_and_normalise(place, assignment, submission.student)
        except (OSError, Unreadable):
            return submission
        notes = tuple(note for note in submission.notes if not note.startswith(TIMESTAMP))
        notes += (time.problem,) if time.problem else ()
        return replace(submission, submitted=time.when, time_source=time.source(submission.late), notes=notes)

    def _has_time(self, place: Path, assignment: str, student: str) -> bool:
        return place.with_name(TIMESTAMP).exists() or self._journal.stamp(assignment, student) is not None

    def read_and_normalise(self, notebook: Path, assignment: str, student: str) -> Time:
        """Return the time beside a student's notebook, and rewrite the file so that nbgrader reads the same time.

        Raises OSError if the file cannot be rewritten, and CourseError if the journal cannot be written.
        """
        place = notebook.with_name(TIMESTAMP)
        try:
            current = _content(place)
        except (OSError, ValueError):
            if self._rewrites:
                _move_away(place)
            return UNREADABLE
        known = self._journal.stamp(assignment, student)
        # Another file or notebook was put there since: the record does not apply to it.
        if known and ((current or b"").strip() != known.written or known.notebook != _digest(notebook)):
            known = None
        original = known.given if known else current
        if original is None:
            return Time()
        time = time_in(original, self._zone)
        if current is not None and time.when is not None and nbgrader_reads(current) == time.when:
            return time
        written = time.when.strftime(FORMAT).encode() if time.when else b""
        if self._rewrites and written != (current or b"").strip():
            self._journal.add_stamp(assignment, student, Stamp(_digest(notebook), original, written))
            _rewrite(place, written)
        return time


def nbgrader_reads(content: bytes) -> datetime | None:
    """Return the time that nbgrader reads in a timestamp.txt, or None if it fails to read it."""
    try:
        # nbgrader's reader warns about unknown zones.
        with warnings.catch_warnings(action="ignore"):
            when: datetime = parse_utc(content.decode("ascii").strip())
    except Exception:
        return None
    return when.replace(tzinfo=UTC)


def _content(place: Path) -> bytes | None:
    """Return the first bytes of a regular file, or None if there is no file. Does not follow links or wait for pipes.

    Raises OSError or ValueError if it is anything else.
    """
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


def _move_away(place: Path) -> None:
    """Remove or rename an unreadable timestamp.txt, because nbgrader would follow a link and fail on anything else."""
    if place.is_symlink() or not (place.is_dir() or place.is_file()):
        place.unlink()
    else:
        place.replace(place.with_name(f"{TIMESTAMP}.refused"))


def _digest(notebook: Path) -> str:
    return hashlib.sha256(notebook.read_bytes()).hexdigest()
