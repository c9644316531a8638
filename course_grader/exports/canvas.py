"""The grade book of Canvas: the file that the teacher downloads there, with one assignment filled in.

Canvas reads: columns named in the header, the student's columns first and `Section` the last of them; an assignment's
title as `Name (id)`, where an unknown one becomes a new assignment; a row `Points Possible` that sets the assignment's
points; a student by ID, then by SIS ids. A blank cell takes a grade away. Grades have a decimal point. All this stands
in Canvas's guides and in its `lib/gradebook_importer.rb`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from course_grader.exports.cells import Table, number, text
from course_grader.exports.matching import Filled, match, require_all, ungraded
from course_grader.exports.scores import Marks
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError

WHAT = "Canvas's file"
COLUMN = re.compile(r"(?P<title>.*\S)\s*\((?P<id>\d+)\)")
POINTS, EXCUSED = "Points Possible", "EX"
# Canvas computes these columns itself, and ignores them in an import.
COMPUTED = re.compile(r"(Current|Final|Override) (Score|Points|Grade|Status)")


def fill(
    table: Table,
    marks: Marks,
    students: Sequence[Student],
    column: str = "",
    partial: bool = False,
    scale: bool = False,
) -> Filled:
    """Return the downloaded table with an assignment's grades in it, and without the columns of other assignments.

    column: the assignment's id in Canvas, or its title; by default the title that is the assignment's name. partial:
    leave out graded students whom the file lacks. scale: bring grades to the points that Canvas has for the assignment.
    Raises CourseError where the file is none of Canvas's, or has no such assignment, or lacks a student.
    """
    width = _student_columns(table)
    place = _assignment_column(table, width, column or marks.assignment)
    rows, above = _student_rows(table)
    possible = _points_possible(above, place)
    found = match(students, [_keys(table.header, row, width) for row in rows], WHAT)
    notes = [require_all(marks, students, found, WHAT, partial), *ungraded(marks, students)]
    factor, said = _factor(marks, possible, scale)
    grades = {found[one]: score.total * factor for one, score in marks.scores.items()
              if one in found and score.total is not None}  # fmt: skip
    excused = {at for at in grades if rows[at][place].strip().upper() == EXCUSED}
    notes += [f"{rows[at][0]} is excused in Canvas, and stays so." for at in sorted(excused)]
    grades = {at: grade for at, grade in grades.items() if at not in excused}
    filled = [[*table.header[:width], table.header[place]]]
    filled += [[*(text(cell) for cell in row[:width]), row[place]] for row in above]
    for at, row in enumerate(rows):
        # What Canvas has already stays: an empty cell would take it away.
        grade = number(grades[at]) if at in grades else row[place]
        filled.append([*(text(cell) for cell in row[:width]), grade])
    return Filled(filled, len(grades), tuple(note for note in (*notes, said) if note))


def _student_columns(table: Table) -> int:
    """Return how many columns describe the student; `Section` is the last of them."""
    names = table.header
    by_parts = names[:3] == ("LastName", "FirstName", "ID")
    if not (by_parts or names[:2] == ("Student", "ID")) or "Section" not in names:
        raise CourseError(
            f"{WHAT} must begin with the columns Student, ID, ..., Section, and this one has {', '.join(names[:5])}: "
            "in Canvas, open Grades and choose Export > Export Entire Gradebook, in English."
        )
    return names.index("Section") + 1


def _assignment_column(table: Table, width: int, wanted: str) -> int:
    titles = {place: COLUMN.fullmatch(name) for place, name in enumerate(table.header) if place >= width}
    named = [place for place, match in titles.items() if match and wanted in (match["id"], match[0])]
    same = [place for place, match in titles.items() if match and match["title"].casefold() == wanted.casefold()]
    chosen = named or same
    if len(chosen) == 1:
        return chosen[0]
    known = ", ".join(match[0] for match in titles.values() if match and not COMPUTED.search(match[0]))
    problem = f"has {len(chosen)} assignments {wanted!r}" if chosen else f"has no assignment {wanted!r}"
    raise CourseError(
        f"{WHAT} {problem}. It has {known or 'no assignment at all'}. Nothing was written: give the number in brackets "
        "with --column, or create the assignment in Canvas and download the file again."
    )


def _student_rows(table: Table) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the students' rows, and those above them, of which Canvas writes up to two."""
    above = [row for row in table.rows if POINTS in row[0] or not row[1]]
    students = [row for row in table.rows if row not in above]
    if wrong := next((row for row in students if not row[1].isdigit()), None):
        raise CourseError(f"{WHAT} has {wrong[1]!r} as the ID of {wrong[0]!r}, which is no number: download it again.")
    return students, above


def _points_possible(above: Sequence[Sequence[str]], place: int) -> float | None:
    for row in above:
        if POINTS in row[0]:
            if "read only" in row[place].lower():
                raise CourseError(f"{WHAT} says that this column is read only: choose another one with --column.")
            try:
                return float(row[place].replace(",", "."))
            except ValueError:
                return None
    return None


def _keys(header: Sequence[str], row: Sequence[str], width: int) -> dict[str, str]:
    cells = dict(zip(header[:width], row, strict=False))
    logins = (cells.get("SIS User ID", ""), cells.get("SIS Login ID", ""), cells.get("Integration ID", ""))
    # No name: Canvas's ID is always there, and two students may share a name.
    return {"lms": cells["ID"], "login": "\n".join(logins)}


def _factor(marks: Marks, possible: float | None, scale: bool) -> tuple[float, str]:
    """Return what to multiply grades by, and a sentence where Canvas has other points than the assignment."""
    if not possible or possible == marks.max_score:
        return 1.0, ""
    if scale and marks.max_score:
        return possible / marks.max_score, ""
    return 1.0, (
        f"Canvas has {number(possible)} points for this assignment, and its notebook {number(marks.max_score)}: change "
        "the points in Canvas, or export with --scale."
    )
