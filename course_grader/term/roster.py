"""The roster: who is in the class, from a table into the gradebook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import timedelta
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.api import Student as Row

from course_grader.exports.cells import Table, is_formula, read_table
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError

# What the columns are called in rosters that registrars, Canvas and Moodle give, in small letters without signs.
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id", "studentid", "student", "username", "idnumber", "sisloginid", "login"),
    "first": ("first", "firstname", "givenname"),
    "last": ("last", "lastname", "surname", "familyname"),
    "email": ("email", "emailaddress", "mail"),
    "lms": ("lmsid", "lmsuserid", "lms", "canvasid", "moodleid"),
}
# A student's id becomes the name of a folder.
UNFIT = re.compile(r"[/\\\x00-\x1f\x7f]|^\.|^~")
LONGEST = 128


@dataclass(frozen=True)
class Change:
    """What a roster changed in the gradebook, by student ids; `absent` are in the gradebook and not in the roster."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    absent: tuple[str, ...]


def read_roster(path: Path) -> list[Student]:
    """Return the lines of a CSV file with a column `id`, and first, last, email and lms_id where it has them.

    Raises CourseError with a sentence, and the line, for each empty, doubled or unfit id.
    """
    table = read_table(path, "The roster")
    places = _places(table)
    if "id" not in places:
        raise CourseError(f"The roster {path} has no column `id`; it has {', '.join(table.header)}.")
    entries = [_entry(row, places) for row in table.rows]
    if problems := list(_problems(entries, table.lines)):
        raise CourseError("\n".join(["The roster is refused, and the gradebook stays as it is.", *problems]))
    return entries


def _places(table: Table) -> dict[str, int]:
    names = [re.sub(r"[^a-z]", "", name.casefold()) for name in table.header]
    found = {key: [names.index(name) for name in known if name in names] for key, known in COLUMNS.items()}
    return {key: places[0] for key, places in found.items() if places}


def _entry(row: Sequence[str], places: Mapping[str, int]) -> Student:
    return Student(**{key: row[place].strip() for key, place in places.items()})


def _problems(entries: Sequence[Student], lines: Sequence[int]) -> Iterator[str]:
    seen: dict[str, int] = {}
    lms: dict[str, int] = {}
    for line, entry in zip(lines, entries, strict=True):
        name = f"{entry.first} {entry.last}".strip()
        who = f" ({name})" if name else ""
        if not entry.id:
            yield f"Line {line}: the id is empty{who}."
        elif UNFIT.search(entry.id) or is_formula(entry.id) or len(entry.id) > LONGEST:
            yield f"Line {line}: {entry.id!r} cannot be an id: it names a folder, and begins with a letter or a digit."
        # Some disks take two ids for one folder that differ in capitals alone.
        elif (known := seen.setdefault(entry.id.casefold(), line)) != line:
            yield f"Line {line}: the id {entry.id!r} stands in line {known} already."
        if entry.lms and (known := lms.setdefault(entry.lms.casefold(), line)) != line:
            yield f"Line {line}: the lms_id {entry.lms!r} stands in line {known} already."


def enter(book: Gradebook, entries: Sequence[Student]) -> Change:
    """Bring the roster into the gradebook in one transaction. Nobody is taken out; what a line leaves empty stays."""
    known = {student.id: student for student in book.students}
    added, changed = [], []
    for entry in entries:
        student = known.get(entry.id) or Row(id=entry.id)
        before = (student.first_name, student.last_name, student.email, student.lms_user_id)
        after = tuple(new or old for new, old in zip(astuple(entry)[1:], before, strict=True))
        student.first_name, student.last_name, student.email, student.lms_user_id = after
        if entry.id not in known:
            added.append(entry.id)
            book.db.add(student)
        elif after != before:
            changed.append(entry.id)
    book.db.commit()
    ids = {entry.id for entry in entries}
    return Change(tuple(added), tuple(changed), tuple(sorted(set(known) - ids)))


def extend(book: Gradebook, assignment: str, student: str, extension: timedelta) -> None:
    """Give a student more time; none, where the extension is 0. CourseError for an unknown assignment or student.

    Penalties follow with the next grading.
    """
    try:
        due = book.find_assignment(assignment).duedate
        book.find_student(student)
    except MissingEntry as error:
        raise CourseError(f"The gradebook does not know this: {error}.") from None
    if due is None:
        raise CourseError(f"{assignment} has no due date, so that nothing can be late.")
    try:
        submission = book.find_submission(assignment, student)
    except MissingEntry:
        with book.db.no_autoflush:
            submission = book.add_submission(assignment, student)
    submission.extension = extension or None
    book.db.commit()
