"""A student: id, names, e-mail address and the platform's number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nbgrader.api import Gradebook

from course_grader.submissions.filenames import letters
from course_utils.errors import CourseError

# The word that a platform shows instead of a hidden name.
HIDDEN = "participant"


@dataclass(frozen=True)
class Student:
    """A student; unknown values are empty. `lms`: the student's number in the learning platform."""

    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    lms: str = ""

    @property
    def called(self) -> str:
        """The name in spoken order, with the id: Ada Lovelace (s01). Only the id if no name is known."""
        return self._with_id(f"{self.first} {self.last}".strip())

    @property
    def listed(self) -> str:
        """The name with the last name first, for lists: Lovelace, Ada (s01). Only the id if no name is known."""
        return self._with_id(", ".join(filter(None, [self.last, self.first])))

    def _with_id(self, name: str) -> str:
        return f"{name} ({self.id})" if name else self.id

    @property
    def names(self) -> set[str]:
        """The full name in both orders, as `letters` returns it; empty if no name is known."""
        return {letters(self.first + self.last), letters(self.last + self.first)} - {""}

    def may_be(self, name: str) -> bool:
        """Return whether a full name can be this student's; True if either name is unknown or hidden."""
        called = letters(name)
        return not called or not self.names or called in self.names or called.rstrip("0123456789") == HIDDEN


def read_students(database: Gradebook, only: Iterable[str] = ()) -> list[Student]:
    """Return the students in the gradebook, sorted by last name.

    only: ids of students; all if empty. Raises CourseError if one of them is not in the gradebook.
    """
    students = {
        row.id: Student(row.id, row.first_name or "", row.last_name or "", row.email or "", row.lms_user_id or "")
        for row in database.students
    }
    wanted = list(only) or list(students)
    if unknown := [name for name in wanted if name not in students]:
        raise CourseError(f"The gradebook has no student {unknown[0]!r}. Check the spelling, or the roster.")
    chosen = (students[name] for name in dict.fromkeys(wanted))
    return sorted(chosen, key=lambda student: (student.last.casefold(), student.first.casefold(), student.id))
