"""Whose a submission is, by the roster: a zip knows students by the platform's numbers and names, not by their ids."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from course_grader.gradebook.book import Book
from course_grader.gradebook.course import Course
from course_grader.gradebook.student import Student, letters, read_students
from course_grader.submissions import Found, Submission

LATE = "Canvas marks it as handed in late."


def by_roster(course: Course, found: Found) -> Found:
    """As `identified`, with the students of a course's gradebook; and with a note of what Canvas marks as late."""
    found = replace(found, submissions=tuple(map(_with_note, found.submissions)))
    if course.database is not None and not course.database.is_file():
        return found
    with Book(course) as book:
        return identified(found, read_students(book.gradebook))


def _with_note(submission: Submission) -> Submission:
    # Its zip does not say when: without the note, nobody would hear of it.
    is_told = not submission.late or submission.submitted is not None
    return submission if is_told else replace(submission, notes=(*submission.notes, LATE))


def identified(found: Found, students: Iterable[Student]) -> Found:
    """Return the submissions with the ids of the gradebook, where one student alone can be meant.

    A student is known by the id, else by the platform's number (the roster's lms_id), else by a full name that nobody
    shares. In a platform's zip the number comes first: an earlier grading may have made it an id. What is not known, or
    would give one student two submissions, stays as it is.
    """
    students = list(students)
    keys, by_id = _keys(students), {one.id: one for one in students}
    meant = [_meant(one, keys, by_id) for one in found.submissions]
    times = Counter(meant)
    submissions = tuple(
        replace(one, student=student) if student and times[student] == 1 else one
        for one, student in zip(found.submissions, meant, strict=True)
    )
    return replace(found, submissions=submissions)


def _meant(submission: Submission, keys: dict[str, str], students: dict[str, Student]) -> str:
    """Return the id of the student whose submission it is; empty where nobody is known, or several are."""
    by_number = keys.get(f"lms {_folded(submission.student)}")
    by_id = keys.get(f"id {_folded(submission.student)}")
    if not submission.name:
        return by_id or by_number or ""
    # Moodle counts its participants anew in each course: the number alone can be somebody else's.
    participant = keys.get(f"lms {_folded(submission.participant)}")
    if participant and not students[participant].may_be(submission.name):
        participant = None
    if student := by_number or participant or by_id:
        return student
    # Canvas writes lovelaceada for Lovelace, Ada, and Moodle the name in full.
    return keys.get(f"name {letters(submission.name)}", "")


def _keys(students: Iterable[Student]) -> dict[str, str]:
    """Return the student whom each key means, without those that mean several."""
    meant: dict[str, set[str]] = defaultdict(set)
    for one in students:
        keys = {f"id {_folded(one.id)}", f"lms {_folded(one.lms)}", *(f"name {name}" for name in one.names)}
        for key in keys:
            if key.split(" ", 1)[1]:
                meant[key].add(one.id)
    return {key: next(iter(ids)) for key, ids in meant.items() if len(ids) == 1}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold().strip())
