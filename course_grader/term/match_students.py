"""Matches submissions to students of the roster: a zip has the platform's numbers and names, not the roster's ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database
from course_grader.gradebook.student import Student, read_students
from course_grader.submissions import Found, KnownNames, Layout, Submission, find_submissions
from course_grader.submissions.filenames import letters
from course_grader.submissions.team_uploads import Teams

LATE = "Canvas marks it as late."
# Similar names are suggested only for the first unknown submissions, because the search is slow.
MOST_SUGGESTED, SUGGESTIONS = 50, 2
SIMILAR: dict[str, Any] = {"scorer": fuzz.ratio, "limit": SUGGESTIONS, "score_cutoff": 60}
TEAMS = (
    "The numbers in the zip are in the roster, but none of the names is. If teams submitted together, Canvas lists "
    "each team's work under the number of one member, and the other members get no grade."
)


# The first sentence of a problem names nobody, because an anonymous report shows it.
OTHER_NUMBER = (
    "The roster has this name with another number. {} has the number {} there: check in Moodle whose this is."
)


@dataclass(frozen=True)
class ClassList:
    """The students of a course's gradebook. `has_roster`: whether a teacher entered them, so the list is complete."""

    students: tuple[Student, ...] = ()
    has_roster: bool = False

    @property
    def known(self) -> KnownNames:
        """The ids, numbers and names of these students."""
        return KnownNames.of((student.id, student.lms, student.names) for student in self.students)


def read_class(course: Course) -> ClassList:
    """Return the students of a course's gradebook; none if there is no gradebook yet."""
    if course.database is not None and not course.database.is_file():
        return ClassList()
    with Database(course) as database:
        students = tuple(read_students(database.gradebook))
        # Grading also adds students, but only with an id, and each of them has a submission.
        has_details = any(student.first or student.last or student.email or student.lms for student in students)
        is_without = bool({student.id for student in students} - database.with_submissions())
        return ClassList(students, has_details or is_without)


def find_for(course: Course, people: ClassList, place: Path, assignment: str, teams: Teams | None = None) -> Found:
    """Return the submissions in a folder or zip, with the ids of a course's gradebook.

    Raises CourseError if there is no submission or `place` cannot be read.
    """
    # The top-level folders in the course's own folder for submissions are always the students'.
    is_own = place.resolve() == course.folder("submitted", "", "").resolve()
    found = find_submissions(place, assignment, people.known, teams, not is_own, course.zone)
    found = replace(found, submissions=tuple(map(_with_note, found.submissions)))
    found = identified(found, people.students)
    if people.has_roster:
        submitted = {submission.student for submission in found.submissions}
        missing = tuple(student.id for student in people.students if student.id not in submitted)
        found = replace(found, missing=missing)
    return found


def _with_note(submission: Submission) -> Submission:
    # A Canvas zip has no times, so the note is the only sign of lateness.
    needs_note = submission.late and submission.submitted is None
    return replace(submission, notes=(*submission.notes, LATE)) if needs_note else submission


def identified(found: Found, students: Iterable[Student]) -> Found:
    """Return the submissions with the ids of the gradebook, for each that matches exactly one student.

    A student is recognised by the id, else by the platform's number (the roster's lms_id), else by a full name that
    only one student has. In a platform's zip the number is tried first: an earlier grading may have used it as an id.
    If several submissions match one student, the one with the platform's number counts, or the only one with exactly
    the id; otherwise none of them is graded. A submission that matches nobody keeps its id and lists students with
    similar names.
    """
    people = {student.id: student for student in students}
    known = KnownNames.of((student.id, student.lms, student.names) for student in people.values())
    by_student: dict[str, list[tuple[int, Submission]]] = defaultdict(list)
    matches = [(*_match(submission, known, people), submission) for submission in found.submissions]
    for student_id, strength, submission in _with_other_numbers(matches, people):
        by_student[student_id].append((strength, submission))
    submissions = _with_closest([submission for _, submission in by_student.pop("", [])], people)
    for student_id, several in by_student.items():
        submissions += _resolved(student_id, several)
    found = replace(found, submissions=tuple(sorted(submissions, key=lambda submission: submission.student)))
    return replace(found, remarks=(*found.remarks, *_remarks(found, people)))


def _resolved(student: str, several: Sequence[tuple[int, Submission]]) -> list[Submission]:
    """Return the submissions that match a student: the strongest match is the student's, the others get a problem."""
    # A file without a usable notebook does not compete with one that has it.
    whole = [match for match in several if not match[1].problem] or several
    best = max(strength for strength, _ in whole)
    first = [submission for strength, submission in whole if strength == best]
    # An exact id beats one that differs in case, but not a name, which somebody else may have.
    is_weak = best == EXACT_ID and any(strength == NAME for strength, _ in whole)
    if len(first) > 1 or is_weak:
        names = " and ".join(sorted(submission.file or submission.student for _, submission in whole)[:3])
        problem = (
            f"Several submissions match the same student. They are {names}, and the student is {student}. Find out "
            "whose they are, rename or remove one, and grade again."
        )
        return [replace(submission, problem=submission.problem or problem) for _, submission in several]
    chosen = first[0]
    problem = (
        f"Another submission counts for the same student. It is {chosen.file or chosen.student}, and the student is "
        f"{student}."
    )
    return [
        replace(submission, student=student)
        if submission is chosen
        else replace(submission, problem=submission.problem or problem)
        for _, submission in several
    ]


def _with_other_numbers(
    matches: Sequence[tuple[str, int, Submission]], students: Mapping[str, Student]
) -> list[tuple[str, int, Submission]]:
    """Return the matches; one by name alone, with another number than the roster's, becomes a problem instead.

    This applies if the roster has Moodle's numbers: people can change their names in Moodle.
    """
    has_numbers = any(strength == NUMBER and submission.participant for _, strength, submission in matches)

    def checked(match: tuple[str, int, Submission]) -> tuple[str, int, Submission]:
        student_id, strength, submission = match
        student = students.get(student_id)
        if not (has_numbers and strength == NAME and submission.participant and student and student.lms):
            return match
        problem = submission.problem or OTHER_NUMBER.format(student.called, student.lms)
        return "", NAME, replace(submission, problem=problem)

    return [checked(match) for match in matches]


NAME, SAME_ID, EXACT_ID, NUMBER = 1, 2, 3, 4


def _match(submission: Submission, known: KnownNames, students: dict[str, Student]) -> tuple[str, int]:
    """Return the id of the student whom a submission matches, empty if there is none or several, and how certain the
    match is: NAME, SAME_ID, EXACT_ID or NUMBER."""
    called = submission.called or submission.student
    by_id = known.by_id(called) or known.by_id(submission.student)
    by_number = known.by_number(called) or known.by_number(submission.student)
    if not submission.name:
        # With anonymous submissions, Moodle writes no name, only the number.
        if submission.participant and (student := known.by_number(submission.participant)):
            return student, NUMBER
        if by_id:
            return by_id, EXACT_ID if called == by_id else SAME_ID
        return (by_number or known.by_name(called)), NAME
    # Moodle numbers participants separately in each course, so the same number can belong to somebody else.
    participant = known.by_number(submission.participant)
    if participant and not students[participant].may_be(submission.name):
        participant = ""
    if student := by_number or participant:
        return student, NUMBER
    # Canvas writes lovelaceada for "Lovelace, Ada"; Moodle writes the full name.
    return (by_id, SAME_ID) if by_id else (known.by_name(submission.name), NAME)


def _with_closest(unknown: Sequence[Submission], students: dict[str, Student]) -> list[Submission]:
    """Return the submissions that match nobody in the class, with the students whose names are most similar."""
    spellings = {
        letters(text): student.called
        for student in students.values()
        for text in (
            student.id,
            student.lms,
            f"{student.first}{student.last}",
            f"{student.last}{student.first}",
        )
        if text
    }
    with_closest = []
    for place, submission in enumerate(unknown):
        texts = {letters(submission.called or submission.student), letters(submission.name)} - {""}
        if place >= MOST_SUGGESTED:
            texts = set()
        similar = [match for text in sorted(texts) for match in process.extract(text, spellings.keys(), **SIMILAR)]
        best = sorted(similar, key=lambda match: -match[1])
        closest = tuple(dict.fromkeys(spellings[spelling] for spelling, *_ in best))
        with_closest.append(replace(submission, closest=closest[:SUGGESTIONS]))
    return with_closest


def _remarks(found: Found, students: dict[str, Student]) -> Collection[str]:
    if found.layout != Layout.CANVAS:
        return ()
    named = [(letters(submission.name), students.get(submission.student)) for submission in found.submissions]
    certain = [(name, student) for name, student in named if student and student.names and name]
    differing = [
        name for name, student in certain
        if not any(letters(part) and letters(part) in name for part in (student.first, student.last))
    ]  # fmt: skip
    return (TEAMS,) if len(certain) > 1 and len(differing) == len(certain) else ()
