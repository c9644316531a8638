"""Whose a submission is, by the roster: a zip knows students by the platform's numbers and names, not by their ids."""

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

LATE = "Canvas marks it as handed in late."
# The search for similar names takes a moment for each.
MOST_SUGGESTED, SUGGESTIONS = 50, 2
SIMILAR: dict[str, Any] = {"scorer": fuzz.ratio, "limit": SUGGESTIONS, "score_cutoff": 60}
TEAMS = (
    "None of the names in the zip is one of the roster's, though the numbers are: if teams handed in together, Canvas "
    "gives each team's work under one member's number, and the grades of the other members are missing."
)


OTHER_NUMBER = "The name is that of {}, but the roster has the number {} for this student: see in Moodle whose it is."


@dataclass(frozen=True)
class ClassList:
    """The students of a course's gradebook, and whether a teacher entered them: then nobody else is a student."""

    students: tuple[Student, ...] = ()
    has_roster: bool = False

    @property
    def known(self) -> KnownNames:
        """What these students are called."""
        return KnownNames.of((one.id, one.lms, one.names) for one in self.students)


def read_class(course: Course) -> ClassList:
    """Return the students of a course's gradebook; none if there is no gradebook yet."""
    if course.database is not None and not course.database.is_file():
        return ClassList()
    with Database(course) as database:
        students = tuple(read_students(database.gradebook))
        # Grading adds students by their id alone, each with a submission.
        by_hand = any(one.first or one.last or one.email or one.lms for one in students)
        return ClassList(students, by_hand or bool({one.id for one in students} - database.with_submissions()))


def find_for(course: Course, people: ClassList, place: Path, assignment: str, teams: Teams | None = None) -> Found:
    """Return the submissions in a place under the ids of a course's gradebook."""
    # The course's own folder has the students' folders in it and no other around them.
    is_own = place.resolve() == course.folder("submitted", "", "").resolve()
    found = find_submissions(place, assignment, people.known, teams, not is_own, course.zone)
    found = replace(found, submissions=tuple(map(_with_note, found.submissions)))
    found = identified(found, people.students)
    if people.has_roster:
        handed_in = {one.student for one in found.submissions}
        found = replace(found, missing=tuple(one.id for one in people.students if one.id not in handed_in))
    return found


def _with_note(submission: Submission) -> Submission:
    # Its zip does not say when: without the note, nobody would hear of it.
    is_told = not submission.late or submission.submitted is not None
    return submission if is_told else replace(submission, notes=(*submission.notes, LATE))


def identified(found: Found, students: Iterable[Student]) -> Found:
    """Return the submissions with the ids of the gradebook, if one student alone can be meant.

    A student is known by the id, else by the platform's number (the roster's lms_id), else by a full name that nobody
    shares. In a platform's zip the number comes first: an earlier grading may have made it an id. If several
    submissions mean one student, the one counts that has the platform's number, or is alone in having exactly the id;
    else none of them is graded. What is not known stays as it is, with the students of similar names.
    """
    people = {one.id: one for one in students}
    known = KnownNames.of((one.id, one.lms, one.names) for one in people.values())
    meant: dict[str, list[tuple[int, Submission]]] = defaultdict(list)
    everybody = [(*_meant(one, known, people), one) for one in found.submissions]
    for student, strength, one in _with_other_numbers(everybody, people):
        meant[student].append((strength, one))
    submissions = _with_closest([one for _, one in meant.pop("", [])], people)
    for student, several in meant.items():
        submissions += _settled(student, several)
    found = replace(found, submissions=tuple(sorted(submissions, key=lambda one: one.student)))
    return replace(found, remarks=(*found.remarks, *_remarks(found, people)))


def _settled(student: str, several: Sequence[tuple[int, Submission]]) -> list[Submission]:
    """Return the submissions that mean a student: the strongest is the student's, the others have a problem."""
    # A file that is no notebook takes nobody's place.
    whole = [one for one in several if not one[1].problem] or several
    best = max(strength for strength, _ in whole)
    first = [one for strength, one in whole if strength == best]
    # An exact id is better than one that differs in case, but no better than a name that somebody else may have.
    is_weak = best == EXACT_ID and any(strength == NAME for strength, _ in whole)
    if len(first) > 1 or is_weak:
        names = " and ".join(sorted(one.file or one.student for _, one in whole)[:3])
        problem = f"{names} mean the same student, {student}. See whose they are, rename or remove one; grade again."
        return [replace(one, problem=one.problem or problem) for _, one in several]
    problem = f"This also means the student {student}, whose submission is {first[0].file or first[0].student}."
    return [
        replace(one, student=student) if one is first[0] else replace(one, problem=one.problem or problem)
        for _, one in several
    ]


def _with_other_numbers(
    meant: Sequence[tuple[str, int, Submission]], students: Mapping[str, Student]
) -> list[tuple[str, int, Submission]]:
    """Return who is meant, without those who have a student's name and another number, if the roster has Moodle's
    numbers: people can change their names there."""
    has_numbers = any(strength == NUMBER and one.participant for _, strength, one in meant)
    return [
        (
            "",
            NAME,
            replace(one, problem=one.problem or OTHER_NUMBER.format(students[student].called, students[student].lms)),
        )
        if has_numbers and strength == NAME and one.participant and student and students[student].lms
        else (student, strength, one)
        for student, strength, one in meant
    ]


NAME, SAME_ID, EXACT_ID, NUMBER = 1, 2, 3, 4


def _meant(submission: Submission, known: KnownNames, students: dict[str, Student]) -> tuple[str, int]:
    """Return the id of the student whose submission it is, and how certain that is; empty if nobody is known, or
    several are."""
    called = submission.called or submission.student
    by_id = known.by_id(called) or known.by_id(submission.student)
    by_number = known.by_number(called) or known.by_number(submission.student)
    if not submission.name:
        # Blind marking: no name, but Moodle's number.
        if submission.participant and (student := known.by_number(submission.participant)):
            return student, NUMBER
        if by_id:
            return by_id, EXACT_ID if called == by_id else SAME_ID
        return (by_number or known.by_name(called)), NAME
    # Moodle counts its participants again in each course: the number alone can be somebody else's.
    participant = known.by_number(submission.participant)
    if participant and not students[participant].may_be(submission.name):
        participant = ""
    if student := by_number or participant:
        return student, NUMBER
    # Canvas writes lovelaceada for Lovelace, Ada, and Moodle the name in full.
    return (by_id, SAME_ID) if by_id else (known.by_name(submission.name), NAME)


def _with_closest(unknown: Sequence[Submission], students: dict[str, Student]) -> list[Submission]:
    """Return submissions of nobody in the class, with students of similar names."""
    spellings = {
        letters(text): one.called
        for one in students.values()
        for text in (one.id, one.lms, f"{one.first}{one.last}", f"{one.last}{one.first}")
        if text
    }
    found = []
    for place, one in enumerate(unknown):
        texts = {letters(one.called or one.student), letters(one.name)} - {""} if place < MOST_SUGGESTED else set()
        similar = [each for text in sorted(texts) for each in process.extract(text, spellings.keys(), **SIMILAR)]
        best = sorted(similar, key=lambda each: -each[1])
        closest = tuple(dict.fromkeys(spellings[spelling] for spelling, *_ in best))
        found.append(replace(one, closest=closest[:SUGGESTIONS]))
    return found


def _remarks(found: Found, students: dict[str, Student]) -> Collection[str]:
    if found.layout != Layout.CANVAS:
        return ()
    named = [(letters(one.name), students.get(one.student)) for one in found.submissions]
    certain = [(name, one) for name, one in named if one and one.names and name]
    strange = [
        name for name, one in certain
        if not any(letters(part) and letters(part) in name for part in (one.first, one.last))
    ]  # fmt: skip
    return (TEAMS,) if len(certain) > 1 and len(strange) == len(certain) else ()
