"""Finds one notebook a student in what a teacher has: a folder, a zip, a file."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import track

from course_grader.engine.intake import Unreadable
from course_grader.engine.text import clean
from course_grader.submissions.names import Owner, attempt, folded, is_below, is_notebook, owner_of, safe_id
from course_grader.submissions.places import Entry, Member, Problem, damage, entries
from course_grader.submissions.times import (
    FROM_CANVAS,
    FROM_NBGRADER,
    LONGEST,
    TIMESTAMP,
    UNKNOWN,
    TimeProblem,
    read_time,
)
from course_utils.errors import CourseError

WRAPPERS = {"submissions", "submitted"}


@dataclass(frozen=True)
class Submission:
    """One student's notebook.

    student: the id in the gradebook, safe as the name of a folder and unlike every other whatever its case: what the
        layout calls the student; in a zip of Canvas the user's number; in one of Moodle the full name, with the
        participant's number where two share a name.
    place: the file, or the member of a zip.
    submitted: when it was handed in, with a time zone, where nbgrader's timestamp.txt says so.
    late: whether Canvas marks it so.
    notes: sentences for student and teacher.
    name, participant: the name that Canvas or Moodle gives, and Moodle's number of the participant.
    time_source: where the time comes from, or that it was late; empty if neither is known.
    problem: why it holds no notebook that can be read, empty where there is one; `place` is then what there is.
    """

    student: str
    place: Path | Member
    submitted: datetime | None = None
    late: bool = False
    notes: tuple[str, ...] = ()
    name: str = ""
    participant: str = ""
    problem: str = ""
    time_source: str = ""

    def content(self) -> bytes:
        """Return what was handed in, byte for byte; OSError or Unreadable where it cannot be read any more."""
        return self.place.read_bytes() if isinstance(self.place, Path) else self.place.read()


@dataclass(frozen=True)
class Found:
    """What a place holds: the submissions, by student, and files that could not be taken and tell of no student."""

    submissions: tuple[Submission, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _File:
    owner: Owner
    entry: Entry


def find_submissions(place: Path, assignment: str, zone: ZoneInfo | None = None) -> Found:
    """Return the submissions of an assignment.

    place: a folder in nbgrader's layout (STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb), with a folder a student, or with
        notebooks named after students; a zip from Canvas or Moodle, or of such a folder; or one notebook.
    zone: the course's own, for times that name none.
    Raises CourseError where the place cannot be read at all. Whatever else is wrong is a problem or a note, and costs
    nothing but the file that it concerns.
    """
    problems: list[Problem] = []
    whole: list[Entry] = []
    for found in entries(place):
        if isinstance(found, Problem):
            problems.append(found)
        else:
            whole.append(found)
    files = list(_owned(_unwrapped(whole, place, assignment), assignment))
    submissions = [_take(student, own, assignment, notes, zone) for student, (notes, own) in _by_student(files).items()]
    if not submissions and not problems:
        raise CourseError(f"{place} holds no submission of {assignment}: name the folder or zip that was downloaded.")
    read = [
        one if one.problem else dataclasses.replace(one, problem=damage(one.place)) for one in _with_bar(submissions)
    ]
    return Found(tuple(sorted(read, key=lambda one: one.student)), tuple(problems))


def _unwrapped(whole: list[Entry], place: Path, assignment: str) -> list[Entry]:
    """Return the entries without a folder around all of them that says nothing of a student."""
    tops = {entry.parts[0] for entry in whole if len(entry.parts) > 1}
    if len(tops) == 1 and all(len(entry.parts) > 1 for entry in whole):
        top = folded(tops.pop())
        if top in WRAPPERS | {folded(assignment), folded(place.stem)}:
            return [dataclasses.replace(entry, parts=entry.parts[1:]) for entry in whole]
    return whole


def _owned(whole: list[Entry], assignment: str) -> Iterator[_File]:
    # Where nbgrader's layout is used, what lies in another folder of a student belongs to another assignment.
    is_course = any(is_below(entry.parts, assignment) for entry in whole)
    for entry in whole:
        elsewhere = is_course and len(entry.parts) > 2 and not is_below(entry.parts, assignment)
        if not elsewhere:
            yield _File(owner_of(entry.parts, assignment), entry)


def _by_student(files: list[_File]) -> dict[str, tuple[list[str], list[_File]]]:
    """Return each student's files, under ids that are safe and differ in more than case and normal form."""
    by_owner: dict[tuple[str, str], list[_File]] = defaultdict(list)
    participants: dict[str, set[str]] = defaultdict(set)
    for file in files:
        participants[file.owner.student].add(file.owner.participant)
    for file in files:
        owner = file.owner
        shared = len(participants[owner.student]) > 1 or owner.student == "Participant"
        by_owner[owner.student, owner.participant if shared else ""].append(file)
    named: dict[str, tuple[list[str], list[_File]]] = {}
    taken: dict[str, str] = {}
    for (student, participant), own in sorted(by_owner.items()):
        wanted = safe_id(f"{student} ({participant})" if participant else student)
        notes = []
        if not participant and wanted != student:
            notes.append(f"The name of the student is not fit for a folder; it became {wanted!r}.")
        if twin := taken.get(folded(wanted)):
            notes.append(f"The name differs from another, {twin!r}, in case or form alone; the two are kept apart.")
            number = next(n for n in range(2, len(taken) + 3) if folded(f"{wanted} ({n})") not in taken)
            wanted = f"{wanted} ({number})"
        taken[folded(wanted)] = wanted
        named[wanted] = notes, own
    return named


def _take(student: str, own: list[_File], assignment: str, notes: list[str], zone: ZoneInfo | None) -> Submission:
    """Return a student's submission."""
    notebooks = [file for file in own if is_notebook(file.entry.parts[-1])]
    ranked = sorted(notebooks or own, key=lambda file: _rank(file, assignment), reverse=True)
    chosen = ranked[0]
    if len(notebooks) > 1:
        others = ", ".join(clean(file.owner.original, 100) for file in ranked[1:4]) + (" ..." if ranked[4:] else "")
        notes.append(
            f"There are {len(ranked)} notebooks of this student. {clean(chosen.owner.original, 100)} is graded, the "
            f"newest that fits best by its name; not graded: {others}."
        )
    when, told = _submitted(chosen, own, assignment, zone)
    source = FROM_NBGRADER if when else FROM_CANVAS if chosen.owner.late else ""
    return Submission(
        student,
        chosen.entry.place,
        when,
        chosen.owner.late,
        (*notes, *told),
        clean(chosen.owner.name, 200),
        chosen.owner.participant,
        "" if notebooks else _no_notebook(own),
        source,
    )


def _rank(file: _File, assignment: str) -> tuple[int, int, float, tuple[str, ...]]:
    fit, number = attempt(file.owner.original, assignment)
    return fit, number, file.entry.changed, file.entry.parts


def _no_notebook(own: list[_File]) -> str:
    names = ", ".join(clean(file.owner.original, 60) for file in own[:3]) + (" ..." if own[3:] else "")
    return f"There is no notebook (.ipynb). There is only {names}."


def _submitted(
    chosen: _File, own: list[_File], assignment: str, zone: ZoneInfo | None
) -> tuple[datetime | None, list[str]]:
    """Return the time that nbgrader's exchange wrote, and notes; elsewhere timestamp.txt is the student's own file."""
    parts = chosen.entry.parts
    folder = is_below(parts, assignment)
    stamp = next((file.entry.place for file in own if file.entry.parts == (*parts[:-1], TIMESTAMP)), None)
    if stamp is None or chosen.owner.participant or not folder or folder != len(parts) - 2:
        return None, []
    try:
        if isinstance(stamp, Path):
            with stamp.open("rb") as file:
                content = file.read(LONGEST + 1)
        else:
            content = stamp.read()
        return read_time(content, zone, datetime.now(UTC)), []
    except TimeProblem as problem:
        return None, [f"{problem} {UNKNOWN}"]
    except (OSError, Unreadable):
        return None, [f"{TIMESTAMP} cannot be read. {UNKNOWN}"]


def _with_bar(submissions: list[Submission]) -> Iterable[Submission]:
    console = Console(stderr=True)
    quiet = not console.is_terminal or not any(isinstance(one.place, Member) for one in submissions)
    return track(submissions, "Reading", console=console, transient=True, disable=quiet)
