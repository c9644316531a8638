"""The result of a search for submissions in a folder or zip."""

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

    student: the id in the gradebook. It is a safe folder name, and unique even if case is ignored. It comes from
        the folder or file name; in a Canvas zip it is the user's number; in a Moodle zip the full name, with the
        participant's number if two students share the name.
    place: the file, or the member of a zip.
    submitted: when it was submitted, with a time zone, if nbgrader's timestamp.txt says so.
    time_source: where the time or the lateness comes from; empty if neither is known.
    late: whether Canvas marks it as late.
    notes: sentences for student and teacher.
    name, participant: the name in the Canvas or Moodle zip, and Moodle's number of the participant.
    problem: why there is no notebook that can be graded, empty if there is one. With a problem, `place` is the file or
        folder that the problem is about.
    called: the student's name in the layout, before it became a safe id.
    file: the path of the notebook in the folder or zip, safe to show.
    closest: students of the class with similar names, if this one is not in the class.
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
        """Return the submitted file byte for byte. Raises OSError or Unreadable if it can no longer be read."""
        return self.place.read_bytes() if isinstance(self.place, Path) else self.place.read()


@dataclass(frozen=True)
class LeftOut:
    """Files that are not graded, all for the same reason. `owner`: their student, empty if they belong to nobody."""

    owner: str
    reason: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The submissions in a folder or zip.

    submissions: in the order of the students. problems: files that could not be read and belong to no student. layout:
    None if no folder was searched. is_zip: whether it was a zip. left_out: files that are not graded. remarks:
    sentences for the teacher. missing: students of the roster without a submission.
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
        """A short description, such as "Canvas zip, 42 submissions"; empty without a layout."""
        if self.layout is None:
            return ""
        place = TITLES[self.layout].format("zip" if self.is_zip else "folder")
        return f"{place}, {plural(len(self.submissions), 'submission')}"
