"""Finds one notebook for each student in what a teacher has: a folder, a zip, a file."""

from __future__ import annotations

import dataclasses
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from course_grader.engine.notebook.read import Unreadable
from course_grader.engine.rpc.clean_text import clean
from course_grader.submissions.archives import ArchiveEntry, Member, Problem, damage, entries, shown
from course_grader.submissions.attempts import ChosenFile, File, choose, note_on, notebooks_of
from course_grader.submissions.filenames import folded, may_be_notebook, safe_id
from course_grader.submissions.found import Found, LeftOut, Submission
from course_grader.submissions.known import KnownNames
from course_grader.submissions.layout import MISPLACED, Layout, LayoutPlan, decide
from course_grader.submissions.team_uploads import Teams, hidden_names, members_of
from course_grader.submissions.times import (
    FROM_CANVAS,
    FROM_NBGRADER,
    LONGEST,
    TIMESTAMP,
    UNKNOWN,
    TimeProblem,
    read_time,
)  # fmt: skip
from course_utils.errors import CourseError

SYSTEM = "Systems leave it behind; nobody handed it in."
EXTRA = "It is not a notebook."
NOT_CHOSEN = "Another notebook of the student counts."
ELSEWHERE = "It is not in the assignment's folder."


def find_submissions(
    place: Path,
    assignment: str,
    known: KnownNames | None = None,
    teams: Teams | None = None,
    is_wrapped: bool = True,
    zone: ZoneInfo | None = None,
) -> Found:
    """Return the submissions of an assignment.

    place: a folder in nbgrader's layout (STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb), with a folder a student, or with
        notebooks named after students; a zip from Canvas or Moodle, or of such a folder; or one notebook.
    known: the students of the class, if there is a list: they decide what names can be read in two ways.
    teams: the members of the teams that hand in together in Moodle, if known.
    is_wrapped: whether there may be other folders around the students'.
    zone: the course's own, for times that name none.
    Raises CourseError if the place cannot be read at all. Whatever else is wrong is a problem or a note, and costs
    nobody but the student whose file it is.
    """
    known = known or KnownNames()
    whole = list(entries(place, known.fits))
    problems = [one for one in whole if isinstance(one, Problem)]
    listed = [one for one in whole if isinstance(one, ArchiveEntry)]
    own = [entry for entry in listed if not entry.is_system]
    plan = decide(own, assignment, known, place.stem, is_wrapped)
    sorter = _Sorter(plan, place.is_file() and not may_be_notebook(place.name), zone)
    sorter.leave(SYSTEM, [entry for entry in listed if entry.is_system])
    sorter.take(own)
    found = sorter.found(teams)
    if not found.submissions and not found.problems and not problems:
        raise CourseError(f"{place} holds no submission of {assignment}: name the folder or zip that was downloaded.")
    read = [
        one if one.problem else dataclasses.replace(one, problem=damage(one.place))
        for one in _with_bar(found.submissions)
    ]
    return dataclasses.replace(
        found,
        submissions=tuple(sorted(read, key=lambda one: one.student)),
        problems=(*problems, *found.problems),
    )


class _Sorter:
    """Sorts the files of an input by student, and what is nobody's by the reason."""

    def __init__(self, plan: LayoutPlan, is_zip: bool, zone: ZoneInfo | None) -> None:
        self._plan, self._is_zip, self._zone = plan, is_zip, zone
        self._problems: list[Problem] = []
        self._left: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._files: list[File] = []

    def leave(self, reason: str, some: Iterable[ArchiveEntry], owner: str = "") -> None:
        """Note files that are left out."""
        for entry in some:
            self._left[owner, entry.problem or reason].append(shown(entry.parts) + "/" * entry.is_folder)

    def take(self, some: Iterable[ArchiveEntry]) -> None:
        """Note whose each file is."""
        for entry in some:
            owner = self._plan.owner(entry)
            if owner is None:
                self._misplaced(entry, MISPLACED[self._plan.layout])
            elif not owner.student:
                self._misplaced(
                    entry, "Its name is the assignment's and says nothing of a student: rename it to STUDENT.ipynb."
                )
            elif owner.also:
                self._misplaced(
                    entry,
                    f"Its name can mean the user {owner.student} or the user {owner.also}: see in Canvas whose it is.",
                )
            else:
                self._files.append(File(owner, entry))

    def _misplaced(self, entry: ArchiveEntry, reason: str) -> None:
        """Note a file that is nobody's: as a problem if it may be somebody's work."""
        if entry.problem or entry.is_folder or may_be_notebook(entry.parts[-1]):
            self._problems.append(Problem(shown(entry.parts), entry.problem or reason))
        else:
            self.leave(reason, [entry])

    def found(self, teams: Teams | None) -> Found:
        """Return the submissions, problems, and files left out."""
        if self._plan.layout == Layout.MOODLE:
            hidden = hidden_names({file.owner for file in self._files})
            self._files = [
                File(dataclasses.replace(file.owner, name=""), file.entry) if file.owner.name in hidden else file
                for file in self._files
            ]
        by_student = _by_student(self._files)
        are_teams = self._plan.layout == Layout.MOODLE and any(not file.owner.participant for file in self._files)
        submissions: list[Submission] = []
        for student, (notes, own) in by_student.items():
            one = self._take(student, own, notes)
            if one is None:
                continue
            if self._plan.layout != Layout.MOODLE:
                submissions.append(one)
                continue
            handed_in = members_of(one.name, one.participant, are_teams, self._plan.known, teams)
            if handed_in.problem:
                self._problems.append(Problem(one.student, handed_in.problem))
            submissions += [
                dataclasses.replace(
                    one, student=member, called=member, name="", participant="", notes=(*one.notes, handed_in.note)
                )
                for member in handed_in.members
            ]
            if handed_in.is_student:
                submissions.append(one)
        left = tuple(LeftOut(*key, tuple(files)) for key, files in sorted(self._left.items()))
        return Found(tuple(submissions), tuple(self._problems), self._plan.layout, self._is_zip, left)

    def _take(self, student: str, own: list[File], notes: list[str]) -> Submission | None:
        """Return a student's submission; None if the student handed in nothing of this assignment."""
        assignment = self._plan.assignment
        if self._plan.layout == Layout.FLAT and self._is_stray(own):
            return None
        if self._plan.layout == Layout.NBGRADER:
            inside, outside = _parted(own, assignment)
            self.leave(ELSEWHERE, [file.entry for file in outside], student)
            if not inside:
                return self._outside(student, own, notes)
            own = [_below_assignment(file) for file in inside]
        whole = next((file.entry for file in own if not file.owner.original), None)
        choice = choose(own, assignment) if whole is None else ChosenFile(None, whole.problem)
        stamp = _stamp(own, self._plan.layout)
        used = {id(file.entry) for file in (choice.file or own[0], stamp) if file}
        candidates = {id(file.entry) for file in choice.notebooks}
        reason = NOT_CHOSEN if choice.file else choice.reason
        self.leave(reason, [f.entry for f in own if id(f.entry) in candidates - used], student)
        self.leave(EXTRA, [f.entry for f in own if id(f.entry) not in candidates | used], student)
        return self._submission(student, own, choice, stamp, notes)

    def _is_stray(self, own: Sequence[File]) -> bool:
        """Return whether a name in a flat folder is nobody's, since there is no notebook of it; note its files."""
        if notebooks_of(own) or self._plan.known.meant(own[0].owner.student):
            return False
        for file in own:
            if self._plan.known and not file.entry.problem:
                self.leave(EXTRA, [file.entry])
            else:
                self._problems.append(Problem(shown(file.entry.parts), choose([file], self._plan.assignment).reason))
        return True

    def _submission(
        self, student: str, own: Sequence[File], choice: ChosenFile, stamp: File | None, notes: list[str]
    ) -> Submission:
        chosen = choice.file or own[0]
        when, said = _submitted(stamp, self._zone) if choice.file else (None, [])
        if choice.file and len(choice.notebooks) > 1:
            notes.append(note_on(choice))
        problem = chosen.entry.problem if choice.file else choice.reason
        if choice.notebooks and not choice.file:
            problem += " Leave one of them, and grade again."
        owner = chosen.owner
        return Submission(
            student, chosen.entry.place, when, owner.late,
            (*notes, *said), clean(owner.name, 200), owner.participant, problem, owner.student,
            shown(chosen.entry.parts), time_source=FROM_NBGRADER if when else FROM_CANVAS if owner.late else "",
        )  # fmt: skip

    def _outside(self, student: str, own: Sequence[File], notes: list[str]) -> Submission | None:
        """Return what says that a student's notebook is beside the assignment's folder, if there is one."""
        loose = [file for file in own if len(file.owner.original) < 2 and (file.entry.problem or _is_notebook(file))]
        if not loose:
            return None
        file = loose[0]
        problem = file.entry.problem or (
            f"There is no folder {self._plan.assignment} of this student; {file.shown} is beside it: move it there."
        )
        place = shown(file.entry.parts)
        return Submission(
            student, file.entry.place, notes=tuple(notes), problem=problem, called=file.owner.student, file=place
        )


def _is_notebook(file: File) -> bool:
    return may_be_notebook(file.name)


def _parted(own: Sequence[File], assignment: str) -> tuple[list[File], list[File]]:
    """Return a student's files in the folder of the assignment, and all others. A folder whose name differs in case
    counts if there is none with just the name."""
    tops = [
        file.owner.original[0] if len(file.owner.original) > 1 or (file.entry.is_folder and file.owner.original) else ""
        for file in own
    ]
    if assignment in tops:
        is_in = [top == assignment for top in tops]
    else:
        is_in = [folded(top) == folded(assignment) for top in tops]
    both = list(zip(own, is_in, strict=True))
    return [file for file, inside in both if inside], [file for file, inside in both if not inside]


def _below_assignment(file: File) -> File:
    return File(dataclasses.replace(file.owner, original=file.owner.original[1:]), file.entry)


def _stamp(own: Sequence[File], layout: Layout) -> File | None:
    """Return nbgrader's timestamp.txt: STUDENT/ASSIGNMENT/timestamp.txt, which its exchange writes over a student's.
    In every other layout a file of this name is the student's own."""
    if layout != Layout.NBGRADER:
        return None
    return next((file for file in own if file.owner.original == (TIMESTAMP,) and not file.entry.problem), None)


def _submitted(stamp: File | None, zone: ZoneInfo | None) -> tuple[datetime | None, list[str]]:
    """Return the time that nbgrader's exchange wrote, and a note if it cannot be read."""
    if stamp is None:
        return None, []
    try:
        return read_time(stamp.entry.read(LONGEST + 1), zone, datetime.now(UTC)), []
    except TimeProblem as problem:
        return None, [f"{problem} {UNKNOWN}"]
    except (OSError, Unreadable):
        return None, [f"{TIMESTAMP} cannot be read. {UNKNOWN}"]


def _by_student(files: Sequence[File]) -> Mapping[str, tuple[list[str], list[File]]]:
    """Return each student's files, under ids that are safe and differ in more than case and normal form."""
    participants: dict[str, set[str]] = defaultdict(set)
    for file in files:
        participants[file.owner.student].add(file.owner.participant)
    by_owner: dict[tuple[str, str], list[File]] = defaultdict(list)
    for file in files:
        owner = file.owner
        shared = len(participants[owner.student]) > 1 or bool(owner.participant and not owner.name)
        by_owner[owner.student, owner.participant if shared else ""].append(file)
    named: dict[str, tuple[list[str], list[File]]] = {}
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


def _with_bar(submissions: Sequence[Submission]) -> Iterable[Submission]:
    if not sys.stderr.isatty() or not any(isinstance(one.place, Member) for one in submissions):
        return submissions
    from rich.console import Console
    from rich.progress import track

    return track(submissions, "Reading", console=Console(stderr=True), transient=True)
