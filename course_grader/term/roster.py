"""The roster: who is in the class, from a table into the gradebook."""

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
from course_grader.exports.read_csv import WESTERN, name_of, plain, plain_id
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError

# What the columns are called in rosters that registrars, Canvas and Moodle give, in small letters without signs.
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
# What Excel makes of a long number: 2.02601E+11.
ROUNDED = re.compile(r"\d[.,]\d+E\+?\d+", re.IGNORECASE)
WHAT = "The roster"
REFUSED = "The roster is refused, and the gradebook stays as it is."
LOGIN, TEST_STUDENT = "SIS Login ID", ("Student", "Test")
SHOWN = 10


@dataclass(frozen=True)
class Change:
    """What a roster changed in the gradebook, by student ids; `absent` are in the gradebook and not in the roster."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    absent: tuple[str, ...]


@dataclass(frozen=True)
class Roster:
    """The students of a roster, the line of each, and what the teacher should know, in sentences."""

    students: tuple[Student, ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()


def read_roster(path: Path) -> list[Student]:
    """Return the students of a roster, as `read` does."""
    return list(read(path).students)


def read(path: Path, encoding: str = "") -> Roster:
    """Return the lines of a CSV file with a column `id`, and first, last, email and lms_id if it has them, or of the
    grade book that Canvas exports.

    encoding: that of the file, if it is not Unicode. Raises CourseError with a sentence, and the line, for each id that
    is empty, doubled or unfit, and if the table is not understood as a whole.
    """
    table = read_table(path, WHAT, encoding, western=True)
    _require_titles(table, path)
    found = _of_canvas(table) if is_canvas(table) else _of_columns(table, path)
    if problems := list(_problems(found.students, found.lines, table.encoding)):
        raise CourseError("\n".join([REFUSED, *problems]))
    return replace(found, notes=(*found.notes, *_on_encoding(found.students, table.encoding)))


def _require_titles(table: Table, path: Path) -> None:
    """Raise CourseError if there is text beyond the last column that has a title."""
    width = max((place for place, title in enumerate(table.header, 1) if title), default=0)
    for line, row in zip(table.lines, table.rows, strict=True):
        if extra := next(filter(None, map(plain, row[width:])), ""):
            raise CourseError(
                f"{WHAT} {path} has {extra!r} in line {line}, in a column without a title: give the column a title, or "
                "put text that contains the delimiter in quotation marks."
            )


def _of_columns(table: Table, path: Path) -> Roster:
    places = _places(table)
    if "id" not in places:
        known = ", ".join(filter(None, table.header))
        raise CourseError(f"{WHAT} {path} has no column `id`; it has {known}.")
    return Roster(tuple(_entry(row, places) for row in table.rows), table.lines)


def _places(table: Table) -> dict[str, int]:
    names = [name_of(title) for title in table.header]
    found = {key: next((name for name in known if name in names), "") for key, known in COLUMNS.items()}
    for name in filter(None, found.values()):
        columns = [place for place, other in enumerate(names) if other == name]
        for line, row in zip(table.lines, table.rows, strict=True):
            if len({plain_id(row[place]) for place in columns}) > 1:
                raise CourseError(
                    f"{WHAT} has {len(columns)} columns {table.header[columns[0]]!r} that differ in line {line}: "
                    "delete or rename all but one."
                )
    return {key: names.index(name) for key, name in found.items() if name}


def _entry(row: Sequence[str], places: Mapping[str, int]) -> Student:
    cells = {key: plain(row[place]) if key in ("first", "last") else _id(row[place]) for key, place in places.items()}
    return Student(**cells)


def _id(cell: str) -> str:
    return unicodedata.normalize("NFC", plain_id(cell))


def _of_canvas(table: Table) -> Roster:
    """Return the students of Canvas's grade book: the login is the id, and Canvas's own number the lms_id."""
    if LOGIN not in table.header:
        raise CourseError(f"{WHAT} is Canvas's grade book, but has no column {LOGIN!r}, which has the students' ids.")
    students, lines, left_out = [], [], []
    _, above = student_rows(table)
    for line, row in zip(table.lines, table.rows, strict=True):
        if row in above:
            continue
        cells = dict(zip(table.header, map(plain, row), strict=True))
        first, last = cells.get("FirstName", ""), cells.get("LastName", "")
        if "Student" in cells:
            last, _, first = (part.strip() for part in cells["Student"].partition(","))
        if (last, first) == TEST_STUDENT and not cells.get("SIS User ID"):
            left_out.append(f"Line {line}: Canvas's test student is left out.")
            continue
        students.append(Student(_id(cells[LOGIN]), first, last, lms=cells["ID"]))
        lines.append(line)
    note = f"This is Canvas's grade book: {LOGIN} is taken for the id, and ID for lms_id."
    return Roster(tuple(students), tuple(lines), (note, *left_out))


def _on_encoding(students: Sequence[Student], encoding: str) -> Iterator[str]:
    """Yield a sentence with the names that depend on an encoding that was only assumed."""
    names = [f"{one.first} {one.last}".strip() for one in students]
    if encoding == WESTERN and (shown := [name for name in names if not name.isascii()]):
        yield (
            f"The file is not UTF-8 and was read as {encoding}: {', '.join(shown[:SHOWN])}"
            f"{' ...' if len(shown) > SHOWN else ''}. If a name is wrong, save the file as 'CSV UTF-8', or name its "
            "encoding with --encoding, and enter it again."
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
            yield f"Line {line}: {entry.id!r} cannot be an id: it names a folder, and begins with a letter or a digit."
        elif ROUNDED.fullmatch(entry.id):
            yield f"Line {line}: {entry.id!r} is a number that a spreadsheet program rounded: make the column text."
        elif encoding == WESTERN and not entry.id.isascii():
            yield f"Line {line}: the file is not UTF-8, and so {entry.id!r} may be wrong: save it as 'CSV UTF-8'."
        # Some disks take two ids for one folder that differ in capitals alone.
        elif (known := seen.setdefault(entry.id.casefold(), line)) != line:
            yield f"Line {line}: the id {entry.id!r} is already in line {known}."
        if entry.lms and (known := lms.setdefault(entry.lms.casefold(), line)) != line:
            yield f"Line {line}: the lms_id {entry.lms!r} is already in line {known}."


def enter(database: Gradebook, entries: Sequence[Student]) -> Change:
    """Bring the roster into the gradebook in one transaction. Nobody is taken out; what a line leaves empty stays.

    Raises CourseError if an lms_id belongs to another student of the gradebook; then nothing has changed.
    """
    known = {student.id: student for student in database.students}
    owners = {one.lms_user_id: one.id for one in known.values() if one.lms_user_id}
    if twice := [one for one in entries if one.lms and owners.get(one.lms, one.id) != one.id]:
        raise CourseError(
            f"{REFUSED}\nThe lms_id {twice[0].lms!r} of {twice[0].id!r} is that of {owners[twice[0].lms]!r} in the "
            "gradebook: if they are one student, take that one out with `nbgrader db student remove`, or keep the id."
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
    return Change(tuple(added), tuple(changed), tuple(sorted(set(known) - ids)))


def extend(database: Gradebook, assignment: str, student: str, extension: timedelta) -> None:
    """Give a student more time; none, where the extension is 0. CourseError for an unknown assignment or student.

    Penalties follow with the next grading.
    """
    try:
        due = database.find_assignment(assignment).duedate
        database.find_student(student)
    except MissingEntry as error:
        raise CourseError(f"The gradebook does not know this: {error}.") from None
    if due is None:
        raise CourseError(f"{assignment} has no due date, so that nothing can be late.")
    try:
        submission = database.find_submission(assignment, student)
    except MissingEntry:
        with database.db.no_autoflush:
            submission = database.add_submission(assignment, student)
    submission.extension = extension or None
    database.db.commit()
