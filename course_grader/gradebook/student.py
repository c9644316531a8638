"""Who a student is, in the gradebook, in a roster and in an export."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Student:
    """A student of the gradebook; what is not known is empty. `lms` is the number that the LMS has for the student."""

    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    lms: str = ""
