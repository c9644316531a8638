"""Reads the roster, a table of the students in the class, and imports it into the gradebook."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.api import Student as Row

from course_grader.exports.canvas import is_canvas, student_rows
from course_grader.exports.csv_table import Table, is_formula, read_table
from course_grader.exports.read_csv import WESTERN, clean_cell, clean_id, title_key
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError

# Column titles in the exports of registrars, Canvas and Moodle, in lower case without punctuation.
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "studentid", "student", "username", "idnumber", "sisloginid", "login", "sid"),
    "first": ("first", "firstname", "givenname"),
    "last": ("last", "lastname", "surname", "familyname"),
    "email": ("email", "emailaddress", "mail"),
    "lms": ("lmsid", "lmsuserid", "lms", "canvasid", "moodleid"),
}
# A student's id becomes the name of a folder.
UNFIT = re.compile(r"[/\\\x00-\x1f\x7f]|^\.|^~")
LONGEST = 128
# Excel writes a long number in this form: 2.02601E+11.
ROUNDED = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)
WHAT = "The roster"
REFUSED = "The roster was not imported, and the gradebook is unchanged."
LOGIN, TEST_STUDENT = "SIS Login ID", ("Student", "Test")
SHOWN = 10


@dataclass(frozen=True)
class RosterChanges:
    """The ids of students that an import added or changed; `absent` are in the gradebook but not in the roster."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True)
class Roster:
    """The students of a roster, the line of each, and sentences for the teacher."""

    students: tuple[Student, ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()


def read_roster(path: Path) -> list[Student]:
    """Return the students of a roster. Raises CourseError as `parse_roster` does."""
    return list(parse_roster(path).students)


def parse_roster(path: Path, encoding: str = "") -> Roster:
    """Return the roster in a CSV file: either with a column `id` and optionally first, last, email and lms_id, or the
    gradebook that Canvas exports.

    encoding: the encoding of the file, if it is not Unicode. Raises CourseError with a line number and a sentence for
    each id that is empty, repeated or invalid, and if the table as a whole cannot be understood.
    """
    table = read_table(path, WHAT, encoding, western=True)
    _require_titles(table, path)
    roster = _of_canvas(table) if is_canvas(table) else _of_columns(table, path)
    if problems := list(_problems(roster.students, roster.lines, table.encoding)):
        raise CourseError("\n".join([REFUSED, *problems]))
    return replace(roster, notes=(*roster.notes, *_encoding_note(roster.students, table.encoding)))


def _require_titles(table: Table, path: Path) -> None:
    """Raise CourseError if a row has text to the right of the last column with a title."""
    width = max((place for place, title in enumerate(table.header, 1) if title), default=0)
    for line, row in zip(table.lines, table.rows, strict=True):
        if extra := next(filter(None, map(clean_cell, row[width:])), ""):
            raise CourseError(
                f"{WHAT} {path} has {extra!r} in line {line}, in a column without a title. Give the column a title, or "
                "put quotation marks around text that contains the delimiter."
            )


def _of_columns(table: Table, path: Path) -> Roster:
    places = _places(table)
    if "id" not in places:
        known = ", ".join(filter(None, table.header))
        raise CourseError(f"{WHAT} {path} has no column `id`. Its columns are: {known}.")
    return Roster(tuple(_entry(row, places) for row in table.rows), table.lines)


def _places(table: Table) -> dict[str, int]:
    names = [title_key(title) for title in table.header]
    titles = {key: next((name for name in known if name in names), "") for key, known in COLUMNS.items()}
    for name in filter(None, titles.values()):
        columns = [place for place, other in enumerate(names) if other == name]
        for line, row in zip(table.lines, table.rows, strict=True):
            if len({clean_id(row[place]) for place in columns}) > 1:
                raise CourseError(
                    f"{WHAT} has {len(columns)} columns {table.header[columns[0]]!r}, and they differ in line {line}. "
                    "Delete or rename all but one."
                )
    return {key: names.index(name) for key, name in titles.items() if name}


def _entry(row: Sequence[str], places: Mapping[str, int]) -> Student:
    cells = {
        key: clean_cell(row[place]) if key in ("first", "last") else _id(row[place]) for key, place in places.items()
    }
    return Student(**cells)


def _id(cell: str) -> str:
    return unicodedata.normalize("NFC", clean_id(cell))


def _of_canvas(table: Table) -> Roster:
    """Return the students of Canvas's gradebook: the login becomes the id, and Canvas's number the lms_id."""
    if LOGIN not in table.header:
        raise CourseError(
            f"{WHAT} is a Canvas gradebook without the column {LOGIN!r}, which contains the students' ids."
        )
    students, lines, left_out = [], [], []
    _, above = student_rows(table)
    for line, row in zip(table.lines, table.rows, strict=True):
        if row in above:
            continue
        cells = dict(zip(table.header, map(clean_cell, row), strict=True))
        first, last = cells.get("FirstName", ""), cells.get("LastName", "")
        if "Student" in cells:
            last, _, first = (part.strip() for part in cells["Student"].partition(","))
        if (last, first) == TEST_STUDENT and not cells.get("SIS User ID"):
            left_out.append(f"Line {line}: Canvas's test student is left out.")
            continue
        students.append(Student(_id(cells[LOGIN]), first, last, lms=cells["ID"]))
        lines.append(line)
    note = f"This is a Canvas gradebook: {LOGIN} is used as the id, and ID as the lms_id."
    return Roster(tuple(students), tuple(lines), (note, *left_out))


def _encoding_note(students: Sequence[Student], encoding: str) -> Iterator[str]:
    """Yield a sentence about the non-ASCII names if the encoding was only guessed."""
    names = [f"{student.first} {student.last}".strip() for student in students]
    if encoding == WESTERN and (shown := [name for name in names if not name.isascii()]):
        yield (
            f"The file is not UTF-8 and was read as {encoding}: {', '.join(shown[:SHOWN])}"
            f"{' ...' if len(shown) > SHOWN else ''}. If a name is wrong, save the file as 'CSV UTF-8' or pass its "
            "encoding with --encoding, and import it again."
        )


def _problems(entries: Sequence[Student], lines: Sequence[int], encoding: str) -> Iterator[str]:
    seen: dict[str, int] = {}
    lms: dict[str, int] = {}
    for line, entry in zip(lines, entries, strict=True):
        name = f"{entry.first} {entry.last}".strip()
        who = f" ({name})" if name else ""
        if not entry.id:
            yield f"Line {line}: the id is empty{who}."
        elif UNFIT.search(entry.id) or is_formula(entry.id) or len(entry.id) > LONGEST:
            yield (
                f"Line {line}: {entry.id!r} cannot be an id. An id becomes the name of a folder: it is short, begins "
                "with a letter or digit and has no slash."
            )
        elif ROUNDED.fullmatch(entry.id):
            yield (
                f"Line {line}: {entry.id!r} is a number that a spreadsheet program has rounded. Format the column as "
                "text."
            )
        elif encoding == WESTERN and not entry.id.isascii():
            yield f"Line {line}: the file is not UTF-8, so {entry.id!r} may be wrong. Save it as 'CSV UTF-8'."
        # On some disks, two folder names that differ only in case are the same folder.
        elif (known := seen.setdefault(entry.id.casefold(), line)) != line:
            yield f"Line {line}: the id {entry.id!r} is already in line {known}."
        if entry.lms and (known := lms.setdefault(entry.lms.casefold(), line)) != line:
            yield f"Line {line}: the lms_id {entry.lms!r} is already in line {known}."


def enter_students(database: Gradebook, entries: Sequence[Student]) -> RosterChanges:
    """Import the roster into the gradebook in one transaction, and return what changed.

    No student is removed, and an empty cell does not overwrite a value. Raises CourseError if an lms_id belongs to
    another student in the gradebook; then nothing is changed.
    """
    known = {student.id: student for student in database.students}
    owners = {student.lms_user_id: student.id for student in known.values() if student.lms_user_id}
    if clash := next((entry for entry in entries if entry.lms and owners.get(entry.lms, entry.id) != entry.id), None):
        raise CourseError(
            f"{REFUSED}\nThe lms_id {clash.lms!r} of {clash.id!r} already belongs to {owners[clash.lms]!r} in the "
            f"gradebook. If both are the same student, use the id {owners[clash.lms]!r} in the roster, or remove "
            f"{owners[clash.lms]!r} with `nbgrader db student remove`."
        )
    added, changed = [], []
    for entry in entries:
        student = known.get(entry.id) or Row(id=entry.id)
        before = (student.first_name, student.last_name, student.email, student.lms_user_id)
        after = tuple(new or old for new, old in zip(astuple(entry)[1:], before, strict=True))
        student.first_name, student.last_name, student.email, student.lms_user_id = after
        if entry.id not in known:
            added.append(entry.id)
            database.db.add(student)
        elif after != before:
            changed.append(entry.id)
    database.db.commit()
    ids = {entry.id for entry in entries}
    return RosterChanges(tuple(added), tuple(changed), tuple(sorted(set(known) - ids)))


def set_extension(database: Gradebook, assignment: str, student: str, extension: timedelta) -> None:
    """Set a student's extension for an assignment; 0 removes it. The next grading updates the penalty.

    Raises CourseError if the assignment or the student is unknown, or if the assignment has no due date.
    """
    try:
        due = database.find_assignment(assignment).duedate
        database.find_student(student)
    except MissingEntry as error:
        raise CourseError(f"This is not in the gradebook: {error}.") from None
    if due is None:
        raise CourseError(f"{assignment} has no due date, so no submission can be late.")
    try:
        submission = database.find_submission(assignment, student)
    except MissingEntry:
        with database.db.no_autoflush:
            submission = database.add_submission(assignment, student)
    submission.extension = extension or None
    database.db.commit()
