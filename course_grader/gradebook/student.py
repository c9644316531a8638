"""Who a student is, in the gradebook, in a roster and in an export."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nbgrader.api import Gradebook

from course_grader.submissions.filenames import letters
from course_utils.errors import CourseError

# What a platform calls those whose names it hides.
HIDDEN = "participant"


@dataclass(frozen=True)
class Student:
    """A student of the gradebook; what is not known is empty. `lms` is the number that the LMS has for the student."""

    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    lms: str = ""

    @property
    def called(self) -> str:
        """The name as one says it, with the id: Ada Lovelace (s01). The id alone where no name is known."""
        return self._with_id(f"{self.first} {self.last}".strip())

    @property
    def listed(self) -> str:
        """The name as it stands in a list, with the id: Lovelace, Ada (s01). The id alone where no name is known."""
        return self._with_id(", ".join(filter(None, [self.last, self.first])))

    def _with_id(self, name: str) -> str:
        return f"{name} ({self.id})" if name else self.id

    @property
    def names(self) -> set[str]:
        """The full name in both orders, by its letters; empty where none is known."""
        return {letters(self.first + self.last), letters(self.last + self.first)} - {""}

    def may_be(self, name: str) -> bool:
        """Tell whether someone of this full name can be the student, as far as both names are known."""
        called = letters(name)
        return not called or not self.names or called in self.names or called.rstrip("0123456789") == HIDDEN


def read_students(database: Gradebook, only: Iterable[str] = ()) -> list[Student]:
    """Return the students of the gradebook, all or those named, by last name; CourseError for an unknown one."""
    found = {
        one.id: Student(one.id, one.first_name or "", one.last_name or "", one.email or "", one.lms_user_id or "")
        for one in database.students
    }
    wanted = list(only) or list(found)
    if unknown := [name for name in wanted if name not in found]:
        raise CourseError(f"The gradebook has no student {unknown[0]!r}: look at the spelling, or at the roster.")
    chosen = (found[name] for name in dict.fromkeys(wanted))
    return sorted(chosen, key=lambda one: (one.last.casefold(), one.first.casefold(), one.id))
