"""Makes files for Moodle: one for its import of grades, and the offline grading worksheet with the grades filled in.

How Moodle imports grades: the teacher chooses the columns, and a student is found by username, ID number or e-mail
address. One unknown student, or a grade that is not a number, aborts the whole import. How Moodle reads the worksheet:
it finds the student only by `Identifier`, reads `Grade` and the feedback columns, and requires `Last modified (grade)`.
It silently skips a grade above the maximum. Both accept the decimal sign of the site's language. Source: Moodle's
documentation, `grade/import/csv/classes/load_data.php` and `mod/assign/feedback/offline`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args

from course_grader.exports.csv_table import Table, format_number, is_formula, text
from course_grader.exports.match_rows import Filled, match, require_all, ungraded
from course_grader.exports.read_csv import clean_cell
from course_grader.exports.scores import AssignmentScores
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError

DecimalSign = Literal["point", "comma"]
DECIMAL_SIGNS: tuple[DecimalSign, ...] = get_args(DecimalSign)
SIGNS = {"point": ".", "comma": ","}
WHAT = "Moodle's worksheet"
IDENTIFIER, NAME, GRADE, MAXIMUM, MODIFIED = (
    "Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)",
)  # fmt: skip
NEEDED = (IDENTIFIER, GRADE, MODIFIED)
STATUS, CHANGEABLE, SCALE = "status", "grade can be changed", "scale"
# Columns between the name and the grade that do not identify a student: a group can have the same name as a student.
NO_IDS = {
    STATUS,
    "group",
    "groups",
    "team",
    "marker",
    "markers",
    "allocated marker",
    "marking workflow state",
    "workflow state",
}
# Columns that identify exactly one student, if the site shows them.
IDS = {"email address", "email", "id number", "username"}
PARTICIPANT = re.compile(r"(\d+)\D*$")


def grades(
    assignments: Sequence[AssignmentScores], students: Sequence[Student], decimal: DecimalSign = "point"
) -> Filled:
    """Return a table for Moodle's Grades > Import > CSV file: one row per graded student, one column per assignment.

    The first four columns are those by which Moodle may find the student.
    """
    names = [text(assignment.assignment) for assignment in assignments]
    rows = [["ID number", "Email address", "First name", "Last name", *names]]
    notes = [note for assignment in assignments for note in ungraded(assignment, students)]
    for student in students:
        own = [assignment.by_student.get(student.id) for assignment in assignments]
        totals = [score.total if score else None for score in own]
        if all(total is None for total in totals):
            continue
        if is_formula(student.id) or is_formula(student.email):
            # With an apostrophe in front, the id would be unknown, and one unknown student aborts Moodle's import.
            notes.append(
                f"{student.id!r} is left out, because a spreadsheet program could run the id or address as a formula. "
                "Enter this grade by hand."
            )
            continue
        cells = [student.id, student.email, text(student.first), text(student.last)]
        rows.append([*cells, *(format_number(total, SIGNS[decimal]) for total in totals)])
    return Filled(rows, len(rows) - 1, tuple(notes))


def fill(
    table: Table,
    scores: AssignmentScores,
    students: Sequence[Student],
    decimal: DecimalSign | None = None,
    partial: bool = False,
    scale: bool = False,
) -> Filled:
    """Return the downloaded offline grading worksheet with an assignment's grades filled in.

    decimal: the decimal sign of Moodle's language; by default the one in the worksheet's maximum grade. partial: leave
    out graded students who are not in the worksheet. scale: convert grades to Moodle's maximum. Raises CourseError if
    the file is not a worksheet, if a graded student is not in it, or if a grade is above its maximum.
    """
    header = _header(table)
    maximum = _maximum(table, header)
    sign = SIGNS[decimal] if decimal else _sign(table, header)
    found = match(students, [_keys(header, row) for row in table.rows], WHAT)
    notes = [require_all(scores, students, found, WHAT, partial), *ungraded(scores, students)]
    factor = maximum / scores.max_score if scale and maximum and scores.max_score else 1.0
    totals = {found[student]: score.total * factor for student, score in scores.by_student.items()
              if student in found and score.total is not None}  # fmt: skip
    locked = sorted(place for place in totals if _is_locked(header, table.rows[place]))
    notes += [f"{_called(header, table.rows[place])} gets no grade: Moodle does not allow changes to it."
              for place in locked]  # fmt: skip
    totals = {place: total for place, total in totals.items() if place not in locked}
    _require_room(totals, maximum, scores)
    if maximum and maximum != scores.max_score and not scale:
        notes.append(
            f"Moodle's maximum is {format_number(maximum)}, but the notebook has "
            f"{format_number(scores.max_score)} points."
        )
    rows = [list(table.header)]
    for place, row in enumerate(table.rows):
        cells = [_kept(cell, at, header) for at, cell in enumerate(row)]
        if place in totals:
            cells[header[GRADE.casefold()]] = format_number(totals[place], sign)
        rows.append(cells)
    return Filled(rows, len(totals), tuple(note for note in notes if note))


def _header(table: Table) -> dict[str, int]:
    """Return the index of each column by its name in lower case. Raises CourseError if it is not a worksheet."""
    names = [name.casefold() for name in table.header]
    header = {name: place for place, name in enumerate(names)}
    if missing := [name for name in NEEDED if name.casefold() not in header]:
        raise CourseError(
            f"{WHAT} has no column {missing[0]!r}. Set Moodle's language to English, open the assignment's submissions "
            "and choose Download grading worksheet."
        )
    if doubled := [name for name in NEEDED if names.count(name.casefold()) > 1]:
        raise CourseError(f"{WHAT} has two columns {doubled[0]!r}: rename or hide the other one in Moodle.")
    if SCALE in header and MAXIMUM.casefold() not in header:
        raise CourseError(f"{WHAT} has no points: this assignment is graded on a scale.")
    return header


def _numbers(table: Table, header: dict[str, int], name: str) -> list[str]:
    place = header.get(name.casefold())
    return [] if place is None else [row[place].strip() for row in table.rows if row[place].strip()]


def _maximum(table: Table, header: dict[str, int]) -> float | None:
    found = set()
    for cell in _numbers(table, header, MAXIMUM):
        try:
            found.add(float(cell.replace(",", ".")))
        except ValueError:
            raise CourseError(
                f"{WHAT} has the maximum grade {cell!r}: this assignment is graded on a scale, not in points."
            ) from None
    return min(found) if found else None


def _sign(table: Table, header: dict[str, int]) -> str:
    return "," if any("," in cell for cell in _numbers(table, header, MAXIMUM)) else "."


def _keys(header: dict[str, int], row: Sequence[str]) -> dict[str, str]:
    participant = PARTICIPANT.search(row[header[IDENTIFIER.casefold()]])
    first = header.get(NAME.casefold(), header[IDENTIFIER.casefold()]) + 1
    # The ids that the site shows are between the name and the status.
    last = min(header.get(STATUS, len(row)), header[GRADE.casefold()])
    shown = {name: row[place] for name, place in header.items() if first <= place < last and name not in NO_IDS}
    called = _called(header, row)
    # Two people may share a name, so it is used only if the site shows no id or address.
    has_id = any(clean_cell(cell) and (name in IDS or "@" in cell) for name, cell in shown.items())
    number = participant[1] if participant else ""
    # Moodle numbers participants separately in each course, so in another course this number may be another person's.
    return {"lms": number, "called": called, "login": "\n".join(shown.values()), "name": "" if has_id else called}


def _called(header: dict[str, int], row: Sequence[str]) -> str:
    return row[header[NAME.casefold()]] if NAME.casefold() in header else ""


def _is_locked(header: dict[str, int], row: Sequence[str]) -> bool:
    return CHANGEABLE in header and clean_cell(row[header[CHANGEABLE]]).casefold() == "no"


def _require_room(totals: dict[int, float], maximum: float | None, scores: AssignmentScores) -> None:
    if maximum is not None and totals and max(totals.values()) > maximum:
        raise CourseError(
            f"{scores.assignment} has a grade of {format_number(max(totals.values()))}, but Moodle's maximum is "
            f"{format_number(maximum)}, and Moodle would skip higher grades. Set the maximum to "
            f"{format_number(scores.max_score)} in Moodle and download the worksheet again, or export with --scale."
        )


def _kept(cell: str, place: int, header: dict[str, int]) -> str:
    # Feedback is the teacher's text, which Moodle imports again: an apostrophe in front would become part of it.
    is_feedback = place > header[MODIFIED.casefold()]
    is_number = place in (header[GRADE.casefold()], header.get(MAXIMUM.casefold()))
    return cell if is_feedback or is_number else text(cell)
