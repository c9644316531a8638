"""Finding the gradebook's students in a file of a learning platform; telling who is missing before it is written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from course_grader.exports.read_csv import plain_id
from course_grader.exports.scores import AssignmentScores
from course_grader.gradebook.student import Student
from course_grader.submissions.filenames import letters
from course_utils.errors import CourseError

SHOWN = 10


@dataclass(frozen=True)
class Filled:
    """A file that was filled in: its rows, how many grades it holds, and what the teacher should know, in sentences."""

    rows: Sequence[Sequence[str]]
    grades: int
    notes: tuple[str, ...] = ()


def match(students: Iterable[Student], keys: Sequence[Mapping[str, str]], what: str) -> dict[str, int]:
    """Return the place of each student's row, for those who have one.

    keys: for each row, what names its student: "lms" the platform's own id, "login" any other id or e-mail address,
    "name" the full name; what is empty names nobody. A student is sought by each of these in turn. "called" is the name
    that the file shows beside a number: a number does not make one person another. Raises CourseError where two rows,
    or two students, are one.
    """
    places: dict[str, dict[str, list[int]]] = {kind: {} for kind in ("lms", "login", "name")}
    for number, row in enumerate(keys):
        for kind in places:
            for one in row.get(kind, "").split("\n"):
                if folded := _folded(kind, one):
                    places[kind].setdefault(folded, []).append(number)
    found: dict[str, int] = {}
    owner: dict[int, str] = {}
    for student in students:
        place = _place(student, places, keys, what)
        if place is None:
            continue
        if place in owner:
            raise CourseError(
                f"{student.id!r} and {owner[place]!r} are one student in {what}: correct their ids in the roster and "
                "give it to `course roster` again."
            )
        owner[place] = student.id
        found[student.id] = place
    return found


def _place(
    student: Student, places: Mapping[str, Mapping[str, list[int]]], keys: Sequence[Mapping[str, str]], what: str
) -> int | None:
    sought = [
        ("lms", student.lms), ("login", student.id), ("login", student.email), ("login", student.lms),
        ("name", f"{student.first} {student.last}"), ("name", f"{student.last} {student.first}"),
    ]  # fmt: skip
    for kind, value in sought:
        folded = _folded(kind, value)
        rows = sorted(set(places[kind].get(folded, []))) if folded else []
        if kind == "lms":
            rows = [row for row in rows if student.may_be(keys[row].get("called", ""))]
        if len(rows) > 1:
            raise CourseError(
                f"{value!r} stands in {len(rows)} rows of {what}, and one of them must be {student.id!r}: give that "
                "student's id on the platform in the roster, in its column lms_id."
            )
        if rows:
            return rows[0]
    return None


def _folded(kind: str, value: str) -> str:
    """Return what spellings of an id, or of a name, have in common."""
    return letters(value) if kind == "name" else unicodedata.normalize("NFC", plain_id(value).casefold())


def require_all(
    marks: AssignmentScores, students: Iterable[Student], found: Mapping[str, int], what: str, partial: bool
) -> str:
    """Return a sentence on graded students whom the file lacks, empty where there are none.

    Without `partial` it is raised as a CourseError instead.
    """
    missing = [one.id for one in students if one.id not in found and _has_grade(marks, one)]
    if not missing:
        return ""
    shown = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else "")
    sentence = f"{what} has no row for {shown}, who {'has a grade' if len(missing) == 1 else 'have grades'}"
    if partial:
        return f"{sentence}: enter what is missing by hand."
    raise CourseError(
        f"{sentence}. Nothing was written. Give their ids on the platform in the roster (column lms_id), or export the "
        "others alone with --partial."
    )


def _has_grade(marks: AssignmentScores, student: Student) -> bool:
    score = marks.scores.get(student.id)
    return score is not None and score.total is not None


def ungraded(marks: AssignmentScores, students: Iterable[Student]) -> list[str]:
    """Return a sentence for each student who handed something in that has no grade."""
    scores = ((one.id, marks.scores[one.id]) for one in students if one.id in marks.scores)
    return [
        f"{name} gets no grade for {marks.assignment}: {' '.join(score.remarks)}"
        for name, score in scores
        if score.total is None
    ]
