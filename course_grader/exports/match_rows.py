"""Finds the gradebook's students in a learning platform's file, and reports who is missing before it is written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from course_grader.exports.read_csv import clean_id
from course_grader.exports.scores import AssignmentScores
from course_grader.gradebook.student import Student
from course_grader.submissions.filenames import letters
from course_utils.errors import CourseError

SHOWN = 10


@dataclass(frozen=True)
class Filled:
    """A table with grades filled in: its rows, the number of grades, and sentences for the teacher."""

    rows: Sequence[Sequence[str]]
    grades: int
    notes: tuple[str, ...] = ()


def match(students: Iterable[Student], keys: Sequence[Mapping[str, str]], what: str) -> dict[str, int]:
    """Return the index of each student's row, by the student's id, for students who have one.

    keys: for each row, the values that identify its student: "lms" is the platform's own id, "login" other ids or
    e-mail addresses, one per line, "name" the full name; an empty value matches nobody. They are tried in this order.
    "called" is the name that the file shows beside the platform's id: if it is clearly another person's, the id does
    not match. Raises CourseError if two rows match one student, or two students match one row.
    """
    places: dict[str, dict[str, list[int]]] = {kind: {} for kind in ("lms", "login", "name")}
    for number, row in enumerate(keys):
        for kind in places:
            for value in row.get(kind, "").split("\n"):
                if folded := _folded(kind, value):
                    places[kind].setdefault(folded, []).append(number)
    found: dict[str, int] = {}
    owner: dict[int, str] = {}
    for student in students:
        place = _place(student, places, keys, what)
        if place is None:
            continue
        if place in owner:
            raise CourseError(
                f"{student.id!r} and {owner[place]!r} match the same row of {what}. Correct their ids in the roster, "
                "and import it again with `course roster`."
            )
        owner[place] = student.id
        found[student.id] = place
    return found


def _place(
    student: Student, places: Mapping[str, Mapping[str, list[int]]], keys: Sequence[Mapping[str, str]], what: str
) -> int | None:
    candidates = [
        ("lms", student.lms), ("login", student.id), ("login", student.email), ("login", student.lms),
        ("name", f"{student.first} {student.last}"), ("name", f"{student.last} {student.first}"),
    ]  # fmt: skip
    for kind, value in candidates:
        folded = _folded(kind, value)
        rows = sorted(set(places[kind].get(folded, []))) if folded else []
        if kind == "lms":
            rows = [row for row in rows if student.may_be(keys[row].get("called", ""))]
        if len(rows) > 1:
            raise CourseError(
                f"{value!r} is in {len(rows)} rows of {what}, so it is not clear which is {student.id!r}. Add this "
                "student's id on the platform to the roster, in the column lms_id."
            )
        if rows:
            return rows[0]
    return None


def _folded(kind: str, value: str) -> str:
    """Return a form of an id or name in which different spellings of it are equal."""
    return letters(value) if kind == "name" else unicodedata.normalize("NFC", clean_id(value).casefold())


def require_all(
    scores: AssignmentScores, students: Iterable[Student], found: Mapping[str, int], what: str, partial: bool
) -> str:
    """Return a sentence about graded students who are not in the file; empty if there are none.

    Raises CourseError instead if `partial` is not set.
    """
    missing = [student.id for student in students if student.id not in found and _has_grade(scores, student)]
    if not missing:
        return ""
    shown = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")
    sentence = f"{what} has no row for {shown}, who {'has a grade' if len(missing) == 1 else 'have grades'}"
    if partial:
        return f"{sentence}: enter these by hand."
    raise CourseError(
        f"{sentence}. Nothing was written. Add their ids on the platform to the roster (column lms_id), or export only "
        "the others with --partial."
    )


def _has_grade(scores: AssignmentScores, student: Student) -> bool:
    score = scores.by_student.get(student.id)
    return score is not None and score.total is not None


def ungraded(scores: AssignmentScores, students: Iterable[Student]) -> list[str]:
    """Return a sentence for each student whose submission has no grade."""
    found = ((student.id, scores.by_student[student.id]) for student in students if student.id in scores.by_student)
    return [
        f"{name} gets no grade for {scores.assignment}: {' '.join(score.remarks)}"
        for name, score in found
        if score.total is None
    ]
