"""The grade book of Canvas: the file that the teacher downloads there, with one assignment filled in.

Canvas reads: columns named in the header, the student's columns first and `Section` the last of them; an assignment's
title as `Name (id)`, where an unknown one becomes a new assignment; a row `Points Possible` that sets the assignment's
points; a student by ID, then by SIS ids. A blank cell takes a grade away. Grades have a decimal point. All this stands
in Canvas's guides and in its `lib/gradebook_importer.rb`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from course_grader.exports.csv_table import Table, number, text
from course_grader.exports.match_rows import Filled, match, require_all, ungraded
from course_grader.exports.scores import AssignmentScores
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError

WHAT = "Canvas's file"
COLUMN = re.compile(r"(?P<title>.*\S)\s*\((?P<id>\d+)\)")
POINTS, EXCUSED = "Points Possible", "EX"
# Canvas takes each column with one of these in its title for one that it computes itself, and imports nothing from it.
IGNORED = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
# What Canvas writes for a student who does not have the assignment; it ignores a grade there.
UNASSIGNED = "N/A"
HIDDEN = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE)


def fill(
    table: Table,
    marks: AssignmentScores,
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
    rows, above = student_rows(table)
    place = _assignment_column(table, width, above, column or marks.assignment)
    possible = _points_possible(above, place)
    found = match(students, [_keys(table.header, row, width) for row in rows], WHAT)
    notes = [_ignored(table.header[place]), require_all(marks, students, found, WHAT, partial)]
    notes += ungraded(marks, students)
    factor, said = _factor(marks, possible, scale)
    grades = {found[one]: score.total * factor for one, score in marks.scores.items()
              if one in found and score.total is not None}  # fmt: skip
    kept = {at: why for at in sorted(grades) if (why := _kept(rows[at][place].strip().upper()))}
    notes += [f"{rows[at][0]} {why}" for at, why in kept.items()]
    grades = {at: grade for at, grade in grades.items() if at not in kept}
    filled = [[*table.header[:width], table.header[place]]]
    filled += [[*(text(cell) for cell in row[:width]), row[place]] for row in above]
    for at, row in enumerate(rows):
        # What Canvas has already stays: an empty cell would take it away.
        grade = number(grades[at]) if at in grades else row[place]
        filled.append([*(text(cell) for cell in row[:width]), grade])
    return Filled(filled, len(grades), tuple(note for note in (*notes, said) if note))


def _ignored(title: str) -> str:
    """Return a sentence if Canvas ignores the column because of its title, or an empty text."""
    words = IGNORED.search(title)
    if words is None:
        return ""
    return (
        f"Warning: Canvas ignores a column with {words[0]!r} in its title, and so it will import no grade from "
        f"{title!r}. Give the assignment another title in Canvas, download the file again and export again."
    )


def _kept(cell: str) -> str:
    """Return why what Canvas has in a cell must stay, or an empty text."""
    if cell == EXCUSED:
        return "is excused in Canvas, and stays so."
    if cell == UNASSIGNED:
        return f"is not assigned this in Canvas ({UNASSIGNED}), and gets no grade: Canvas would ignore it."
    return ""


def is_canvas(table: Table) -> bool:
    """Return whether the columns are those of Canvas's grade book."""
    return _id_column(table) is not None and "Section" in table.header


def _id_column(table: Table) -> int | None:
    names = table.header
    return 1 if names[:2] == ("Student", "ID") else 2 if names[:3] == ("LastName", "FirstName", "ID") else None


def _student_columns(table: Table) -> int:
    """Return how many columns describe the student; `Section` is the last of them."""
    names = table.header
    if not is_canvas(table):
        raise CourseError(
            f"{WHAT} must begin with the columns Student, ID, ..., Section, and this one has {', '.join(names[:5])}: "
            "in Canvas, open Grades and choose Export > Export Entire Gradebook, in English."
        )
    return names.index("Section") + 1


def _assignment_column(table: Table, width: int, above: Sequence[Sequence[str]], wanted: str) -> int:
    titles = {place: COLUMN.fullmatch(name) for place, name in enumerate(table.header) if place >= width}
    named = [place for place, match in titles.items() if match and wanted in (match["id"], match[0])]
    same = [place for place, match in titles.items() if match and match["title"].casefold() == wanted.casefold()]
    chosen = named or same
    if len(chosen) == 1:
        return chosen[0]
    computed = {place for row in above for place, cell in enumerate(row) if "read only" in cell.lower()}
    known = ", ".join(match[0] for place, match in titles.items() if match and place not in computed)
    problem = f"has {len(chosen)} assignments {wanted!r}" if chosen else f"has no assignment {wanted!r}"
    raise CourseError(
        f"{WHAT} {problem}. It has {known or 'no assignment at all'}. Nothing was written: give the number in brackets "
        "with --column, or create the assignment in Canvas and download the file again."
    )


def student_rows(table: Table) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the students' rows, and those above them, of which Canvas writes up to two."""
    place = _id_column(table) or 0
    above, students = [], []
    for line, row in zip(table.lines, table.rows, strict=True):
        if POINTS in row[0] or all(map(HIDDEN.fullmatch, row)):
            above.append(row)
        elif row[place].strip().isdigit():
            students.append(row)
        else:
            raise CourseError(
                f"{WHAT} has {row[place]!r} as the ID of {row[0]!r} in line {line}, which is no number: download it "
                "again."
            )
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


def _factor(marks: AssignmentScores, possible: float | None, scale: bool) -> tuple[float, str]:
    """Return what to multiply grades by, and a sentence where Canvas has other points than the assignment."""
    if not possible or possible == marks.max_score:
        return 1.0, ""
    if scale and marks.max_score:
        return possible / marks.max_score, ""
    return 1.0, (
        f"Canvas has {number(possible)} points for this assignment, and its notebook {number(marks.max_score)}: change "
        "the points in Canvas, or export with --scale."
    )
