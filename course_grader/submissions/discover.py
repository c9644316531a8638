"""Finds one notebook for each student in a folder, a zip or a file."""

from __future__ import annotations

import dataclasses
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from course_grader.engine.notebook.read import Unreadable
from course_grader.engine.rpc.clean_text import clean
from course_grader.submissions.archives import ArchiveEntry, Member, Problem, damage, entries, shown_path
from course_grader.submissions.attempts import ChosenFile, File, choose_file, note_on, notebooks_of
from course_grader.submissions.filenames import folded, may_be_notebook, safe_id
from course_grader.submissions.found import Found, LeftOut, Submission
from course_grader.submissions.known import KnownNames
from course_grader.submissions.layout import MISPLACED, Layout, LayoutPlan, decide
from course_grader.submissions.team_uploads import Teams, hidden_names, members_of
from course_grader.submissions.times import LONGEST, TIMESTAMP, UNREADABLE, Time, time_in
from course_utils.errors import CourseError

SYSTEM = "The operating system or a tool made it; it is not a submission."
EXTRA = "It is not a notebook."
NOT_CHOSEN = "Another notebook of this student counts."
ELSEWHERE = "It is not in the assignment's folder."


def find_submissions(
    place: Path,
    assignment: str,
    known: KnownNames | None = None,
    teams: Teams | None = None,
    is_wrapped: bool = True,
    zone: ZoneInfo | None = None,
) -> Found:
    """Return the submissions for an assignment.

    place: a folder in nbgrader's layout (STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb), with one folder per student, or with
        notebooks named after students; a zip from Canvas or Moodle, or a zip of such a folder; or one notebook.
    known: the students of the class, if there is a list. It decides how ambiguous names are read.
    teams: the members of the teams that submit together in Moodle, if known.
    is_wrapped: whether the students' folders or notebooks may be inside other folders.
    zone: the course's time zone, for times that do not name one.
    Raises CourseError if the place cannot be read, or contains no submission. Everything else that is wrong becomes a
    problem or a note, and affects only the student whose file it is.
    """
    known = known or KnownNames()
    everything = list(entries(place, known.fits))
    problems = [item for item in everything if isinstance(item, Problem)]
    listed = [item for item in everything if isinstance(item, ArchiveEntry)]
    own = [entry for entry in listed if not entry.is_system]
    plan = decide(own, assignment, known, place.stem, is_wrapped)
    sorter = _Sorter(plan, place.is_file() and not may_be_notebook(place.name), zone)
    sorter.leave(SYSTEM, [entry for entry in listed if entry.is_system])
    sorter.add(own)
    found = sorter.found(teams)
    if not found.submissions and not found.problems and not problems:
        raise CourseError(
            f"{place} contains no submission for {assignment}. Pass the folder or zip that you downloaded."
        )
    checked = [
        submission if submission.problem else dataclasses.replace(submission, problem=damage(submission.place))
        for submission in _with_bar(found.submissions)
    ]
    return dataclasses.replace(
        found,
        submissions=tuple(sorted(checked, key=lambda submission: submission.student)),
        problems=(*problems, *found.problems),
    )


class _Sorter:
    """Groups the files of an input by student; files that belong to nobody are grouped by the reason."""

    def __init__(self, plan: LayoutPlan, is_zip: bool, zone: ZoneInfo | None) -> None:
        self._plan, self._is_zip, self._zone = plan, is_zip, zone
        self._problems: list[Problem] = []
        self._left: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._files: list[File] = []

    def leave(self, reason: str, files: Iterable[ArchiveEntry], owner: str = "") -> None:
        """Record files that are not graded, and why."""
        for entry in files:
            self._left[owner, entry.problem or reason].append(shown_path(entry.parts) + "/" * entry.is_folder)

    def add(self, files: Iterable[ArchiveEntry]) -> None:
        """Record which student each file belongs to."""
        for entry in files:
            owner = self._plan.owner(entry)
            if owner is None:
                self._misplaced(entry, MISPLACED[self._plan.layout])
            elif not owner.student:
                self._misplaced(
                    entry, "Its name is the assignment's and does not name a student. Rename it to STUDENT.ipynb."
                )
            elif owner.also:
                self._misplaced(
                    entry,
                    f"Its name can mean user {owner.student} or user {owner.also}. Check in Canvas whose it is.",
                )
            else:
                self._files.append(File(owner, entry))

    def _misplaced(self, entry: ArchiveEntry, reason: str) -> None:
        """Record a file that belongs to nobody: as a problem if it could be a student's work, else as left out."""
        if entry.problem or entry.is_folder or may_be_notebook(entry.parts[-1]):
            self._problems.append(Problem(shown_path(entry.parts), entry.problem or reason))
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
            upload = self._choose_submission(student, own, notes)
            if upload is None:
                continue
            if self._plan.layout != Layout.MOODLE:
                submissions.append(upload)
                continue
            handed_in = members_of(upload.name, upload.participant, are_teams, self._plan.known, teams)
            if handed_in.problem:
                self._problems.append(Problem(upload.student, handed_in.problem))
            submissions += [
                dataclasses.replace(
                    upload,
                    student=member,
                    called=member,
                    name="",
                    participant="",
                    notes=(*upload.notes, handed_in.note),
                )
                for member in handed_in.members
            ]
            if handed_in.is_student:
                submissions.append(upload)
        left = tuple(LeftOut(*key, tuple(files)) for key, files in sorted(self._left.items()))
        return Found(tuple(submissions), tuple(self._problems), self._plan.layout, self._is_zip, left)

    def _choose_submission(self, student: str, own: list[File], notes: list[str]) -> Submission | None:
        """Return a student's submission; None if the student submitted nothing for this assignment."""
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
        choice = choose_file(own, assignment) if whole is None else ChosenFile(None, whole.problem)
        stamp = _stamp(own, self._plan.layout)
        used = {id(file.entry) for file in (choice.file or own[0], stamp) if file}
        candidates = {id(file.entry) for file in choice.notebooks}
        reason = NOT_CHOSEN if choice.file else choice.reason
        self.leave(reason, [f.entry for f in own if id(f.entry) in candidates - used], student)
        self.leave(EXTRA, [f.entry for f in own if id(f.entry) not in candidates | used], student)
        return self._submission(student, own, choice, stamp, notes)

    def _is_stray(self, own: Sequence[File]) -> bool:
        """Return whether a name in a flat folder is no student's because it has no notebook; record its files if so."""
        if notebooks_of(own) or self._plan.known.by_any(own[0].owner.student):
            return False
        for file in own:
            if self._plan.known and not file.entry.problem:
                self.leave(EXTRA, [file.entry])
            else:
                self._problems.append(
                    Problem(shown_path(file.entry.parts), choose_file([file], self._plan.assignment).reason)
                )
        return True

    def _submission(
        self, student: str, own: Sequence[File], choice: ChosenFile, stamp: File | None, notes: list[str]
    ) -> Submission:
        chosen = choice.file or own[0]
        time = _submitted(stamp, self._zone) if choice.file else Time()
        if choice.file and len(choice.notebooks) > 1:
            notes.append(note_on(choice))
        problem = chosen.entry.problem if choice.file else choice.reason
        if choice.notebooks and not choice.file:
            problem += " Keep only one of them, and grade again."
        owner = chosen.owner
        return Submission(
            student, chosen.entry.place, time.when, owner.late,
            (*notes, *filter(None, [time.problem])), clean(owner.name, 200), owner.participant, problem, owner.student,
            shown_path(chosen.entry.parts), time_source=time.source(owner.late),
        )  # fmt: skip

    def _outside(self, student: str, own: Sequence[File], notes: list[str]) -> Submission | None:
        """Return a submission that reports a notebook beside the assignment's folder; None if there is no notebook."""
        loose = [file for file in own if len(file.owner.original) < 2 and (file.entry.problem or _is_notebook(file))]
        if not loose:
            return None
        file = loose[0]
        problem = file.entry.problem or (
            f"This student has no folder {self._plan.assignment}. Create it and move {file.shown} into it."
        )
        place = shown_path(file.entry.parts)
        return Submission(
            student, file.entry.place, notes=tuple(notes), problem=problem, called=file.owner.student, file=place
        )


def _is_notebook(file: File) -> bool:
    return may_be_notebook(file.name)


def _parted(own: Sequence[File], assignment: str) -> tuple[list[File], list[File]]:
    """Return a student's files in the assignment's folder, and all others. If no folder has exactly the assignment's
    name, one that differs only in case or Unicode form counts."""
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
    """Return nbgrader's STUDENT/ASSIGNMENT/timestamp.txt, or None if there is none.

    nbgrader's exchange overwrites a timestamp.txt that the student made. In every other layout the file is the
    student's, so it proves nothing.
    """
    if layout != Layout.NBGRADER:
        return None
    return next((file for file in own if file.owner.original == (TIMESTAMP,) and not file.entry.problem), None)


def _submitted(stamp: File | None, zone: ZoneInfo | None) -> Time:
    """Return the time that nbgrader's exchange wrote."""
    if stamp is None:
        return Time()
    try:
        return time_in(stamp.entry.read(LONGEST + 1), zone)
    except (OSError, Unreadable):
        return UNREADABLE


def _by_student(files: Sequence[File]) -> Mapping[str, tuple[list[str], list[File]]]:
    """Return each student's notes and files by id. Ids are safe as folder names and differ even if case is ignored."""
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
            # Without a second pair of quotes: the report hides quoted names when it is anonymous.
            notes.append(f"This name cannot be the name of a folder. The student is called {wanted!r} instead.")
        if twin := taken.get(folded(wanted)):
            notes.append(f"The name differs from {twin!r} only in case or Unicode form. They are graded separately.")
            number = next(n for n in range(2, len(taken) + 3) if folded(f"{wanted} ({n})") not in taken)
            wanted = f"{wanted} ({number})"
        taken[folded(wanted)] = wanted
        named[wanted] = notes, own
    return named


def _with_bar(submissions: Sequence[Submission]) -> Iterable[Submission]:
    if not sys.stderr.isatty() or not any(isinstance(submission.place, Member) for submission in submissions):
        return submissions
    from rich.console import Console
    from rich.progress import track

    return track(submissions, "Reading", console=Console(stderr=True), transient=True)
