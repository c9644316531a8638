"""Fills one assignment's grades into the gradebook file that the teacher downloaded from Canvas.

How Canvas reads the file: the student's columns come first, and `Section` is the last of them. The title of an
assignment's column is `Name (id)`; an unknown title creates a new assignment. The row `Points Possible` sets the
assignment's points. A student is found by ID, then by SIS ids. An empty cell deletes a grade. Grades have a decimal
point. Source: Canvas's guides and its `lib/gradebook_importer.rb`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from course_grader.exports.csv_table import Table, format_number, text
from course_grader.exports.match_rows import Filled, match, require_all, ungraded
from course_grader.exports.scores import AssignmentScores
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError

WHAT = "Canvas's file"
COLUMN = re.compile(r"(?P<title>.*\S)\s*\((?P<id>\d+)\)")
POINTS, EXCUSED = "Points Possible", "EX"
# If a column's title contains one of these, Canvas thinks that it computes this column itself, and does not import it.
IGNORED = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
# Canvas writes this for a student to whom the assignment is not assigned, and ignores a grade there.
UNASSIGNED = "N/A"
HIDDEN = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE)


def fill(
    table: Table,
    scores: AssignmentScores,
    students: Sequence[Student],
    column: str = "",
    partial: bool = False,
    scale: bool = False,
) -> Filled:
    """Return the downloaded table with an assignment's grades filled in, without the columns of other assignments.

    column: the assignment's id or title in Canvas; by default the column whose title is the assignment's name.
    partial: leave out graded students who are not in the file. scale: convert grades to the points that Canvas has for
    the assignment. Raises CourseError if the file is not from Canvas, or if the assignment or a graded student is not
    in it.
    """
    width = _student_columns(table)
    rows, above = student_rows(table)
    place = _assignment_column(table, width, above, column or scores.assignment)
    possible = _points_possible(above, place)
    found = match(students, [_keys(table.header, row, width) for row in rows], WHAT)
    notes = [_ignored(table.header[place]), require_all(scores, students, found, WHAT, partial)]
    notes += ungraded(scores, students)
    factor, scale_note = _factor(scores, possible, scale)
    grades = {found[student]: score.total * factor for student, score in scores.by_student.items()
              if student in found and score.total is not None}  # fmt: skip
    kept = {at: why for at in sorted(grades) if (why := _kept(rows[at][place].strip().upper()))}
    notes += [f"{rows[at][0]} {why}" for at, why in kept.items()]
    grades = {at: grade for at, grade in grades.items() if at not in kept}
    filled = [[*table.header[:width], table.header[place]]]
    filled += [[*(text(cell) for cell in row[:width]), row[place]] for row in above]
    for at, row in enumerate(rows):
        # Keep the grade that Canvas already has: an empty cell would delete it.
        grade = format_number(grades[at]) if at in grades else row[place]
        filled.append([*(text(cell) for cell in row[:width]), grade])
    return Filled(filled, len(grades), tuple(note for note in (*notes, scale_note) if note))


def _ignored(title: str) -> str:
    """Return a warning if Canvas ignores the column because of its title, else an empty string."""
    words = IGNORED.search(title)
    if words is None:
        return ""
    return (
        f"Warning: Canvas ignores columns with {words[0]!r} in the title, so it will not import any grade from "
        f"{title!r}. Rename the assignment in Canvas, download the file again and export again."
    )


def _kept(cell: str) -> str:
    """Return why Canvas's value in a cell must be kept, or an empty string if it may be replaced."""
    if cell == EXCUSED:
        return "is excused in Canvas, so no grade is entered."
    if cell == UNASSIGNED:
        return f"does not have this assignment in Canvas ({UNASSIGNED}), so no grade is entered."
    return ""


def is_canvas(table: Table) -> bool:
    """Return whether the columns are those of a Canvas gradebook."""
    return _id_column(table) is not None and "Section" in table.header


def _id_column(table: Table) -> int | None:
    names = table.header
    return 1 if names[:2] == ("Student", "ID") else 2 if names[:3] == ("LastName", "FirstName", "ID") else None


def _student_columns(table: Table) -> int:
    """Return how many columns describe the student; `Section` is the last of them."""
    names = table.header
    if not is_canvas(table):
        raise CourseError(
            f"{WHAT} must begin with the columns Student, ID, ..., Section, but this one has {', '.join(names[:5])}. "
            "Set Canvas to English, open Grades and choose Export > Export Entire Gradebook."
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
        f"{WHAT} {problem}. It has {known or 'no assignments'}. Nothing was written. Pass the number in brackets with "
        "--column, or create the assignment in Canvas and download the file again."
    )


def student_rows(table: Table) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the students' rows, and the rows above them, of which Canvas writes at most two.

    Raises CourseError if a student's ID is not a number.
    """
    place = _id_column(table) or 0
    above, students = [], []
    for line, row in zip(table.lines, table.rows, strict=True):
        if POINTS in row[0] or all(map(HIDDEN.fullmatch, row)):
            above.append(row)
        elif row[place].strip().isdigit():
            students.append(row)
        else:
            raise CourseError(
                f"{WHAT} has the ID {row[place]!r} for {row[0]!r} in line {line}, which is not a number. Download the "
                "file again."
            )
    return students, above


def _points_possible(above: Sequence[Sequence[str]], place: int) -> float | None:
    for row in above:
        if POINTS in row[0]:
            if "read only" in row[place].lower():
                raise CourseError(f"In {WHAT}, this column is read only. Choose another one with --column.")
            try:
                return float(row[place].replace(",", "."))
            except ValueError:
                return None
    return None


def _keys(header: Sequence[str], row: Sequence[str], width: int) -> dict[str, str]:
    cells = dict(zip(header[:width], row, strict=False))
    logins = (cells.get("SIS User ID", ""), cells.get("SIS Login ID", ""), cells.get("Integration ID", ""))
    # Names are not used: Canvas always has its ID, and two students may share a name.
    return {"lms": cells["ID"], "login": "\n".join(logins)}


def _factor(scores: AssignmentScores, possible: float | None, scale: bool) -> tuple[float, str]:
    """Return the factor for grades, and a sentence if Canvas's points differ from the assignment's."""
    if not possible or possible == scores.max_score:
        return 1.0, ""
    if scale and scores.max_score:
        return possible / scores.max_score, ""
    return 1.0, (
        f"This assignment has {format_number(possible)} points in Canvas, but {format_number(scores.max_score)} "
        "in its notebook. Change the points in Canvas, or export with --scale."
    )
