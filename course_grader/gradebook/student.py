"""Who a student is, in the gradebook, in a roster and in an export."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

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
    def names(self) -> set[str]:
        """The full name in both orders, by its letters; empty where none is known."""
        return {letters(self.first + self.last), letters(self.last + self.first)} - {""}

    def may_be(self, name: str) -> bool:
        """Tell whether someone of this full name can be the student, as far as both names are known."""
        called = letters(name)
        return not called or not self.names or called in self.names or called.rstrip("0123456789") == HIDDEN


def letters(text: str) -> str:
    """Return what spellings of a name have in common that differ in case, spaces, signs or Unicode normal form."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", text.casefold()))
