"""What was found in a folder or zip: the submissions, and what is not one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from course_grader.submissions.archives import Member, Problem
from course_grader.submissions.layout import TITLES, Layout
from course_utils.text import plural


@dataclass(frozen=True)
class Submission:
    """One student's notebook.

    student: the id in the gradebook, safe as the name of a folder and unlike every other whatever its case: what the
        layout calls the student; in a zip of Canvas the user's number; in one of Moodle the full name, with the
        participant's number if two share a name.
    place: the file, or the member of a zip.
    submitted: when it was handed in, with a time zone, if nbgrader's timestamp.txt says so.
    time_source: where the time comes from, or that it was late; empty if neither is known.
    late: whether Canvas marks it so.
    notes: sentences for student and teacher.
    name, participant: the name that Canvas or Moodle gives, and Moodle's number of the participant.
    problem: why it has no notebook that can be graded, empty if it has one; `place` is then what there is.
    called: what the layout calls the student, before it became a safe id.
    file: the path of the notebook in the folder or zip, as it can be shown.
    closest: students of the class with similar names, if this one is not in it.
    """

    student: str
    place: Path | Member
    submitted: datetime | None = None
    late: bool = False
    notes: tuple[str, ...] = ()
    name: str = ""
    participant: str = ""
    problem: str = ""
    called: str = ""
    file: str = ""
    closest: tuple[str, ...] = ()
    time_source: str = ""

    def content(self) -> bytes:
        """Return what was handed in, byte for byte; OSError or Unreadable if it cannot be read any more."""
        return self.place.read_bytes() if isinstance(self.place, Path) else self.place.read()


@dataclass(frozen=True)
class LeftOut:
    """Files of one student, or of nobody, that are not graded for one reason."""

    owner: str
    reason: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What a place holds.

    submissions: by student. problems: what could not be taken and belongs to no student. layout: None if there is no
    place. is_zip: whether the place is one. left_out: files that are not graded. remarks: sentences for the teacher.
    missing: students of the roster of whom there is nothing.
    """

    submissions: tuple[Submission, ...]
    problems: tuple[Problem, ...]
    layout: Layout | None = None
    is_zip: bool = False
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What was found, such as "Canvas zip, 42 submissions"; empty without a layout."""
        if self.layout is None:
            return ""
        place = TITLES[self.layout].format("zip" if self.is_zip else "folder")
        return f"{place}, {plural(len(self.submissions), 'submission')}"
