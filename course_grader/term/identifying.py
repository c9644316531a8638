"""Whose a submission is, by the roster: a zip knows students by the platform's numbers and names, not by their ids."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from course_grader.exports.scores import read_students
from course_grader.gradebook.book import Book
from course_grader.gradebook.course import Course
from course_grader.gradebook.student import Student
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
    shares. What is not known, or would give one student two submissions, stays as it is.
    """
    names = _names(students)
    meant = [names.get(key, "") if (key := _key(one, names)) else "" for one in found.submissions]
    times = Counter(meant)
    submissions = tuple(
        replace(one, student=student) if student and times[student] == 1 else one
        for one, student in zip(found.submissions, meant, strict=True)
    )
    return replace(found, submissions=submissions)


def _key(submission: Submission, names: dict[str, str]) -> str:
    """Return what names the student, in the order of how sure it is; empty where nothing is known."""
    wanted = [f"id {_folded(submission.student)}", f"lms {_folded(submission.student)}"]
    if submission.name:
        # Canvas writes lovelaceada for Lovelace, Ada, and Moodle the name in full.
        wanted += [f"lms {_folded(submission.participant)}", f"name {_letters(submission.name)}"]
    return next((key for key in wanted if key in names), "")


def _names(students: Iterable[Student]) -> dict[str, str]:
    """Return the student whom each key means, without those that mean several."""
    meant: dict[str, set[str]] = defaultdict(set)
    for one in students:
        keys = {f"id {_folded(one.id)}", f"lms {_folded(one.lms)}"}
        keys |= {f"name {_letters(one.first + one.last)}", f"name {_letters(one.last + one.first)}"}
        for key in keys:
            if key.split(" ", 1)[1]:
                meant[key].add(one.id)
    return {key: next(iter(ids)) for key, ids in meant.items() if len(ids) == 1}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold().strip())


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", _folded(text))
