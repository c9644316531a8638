"""Note values from a submission that a test of plain asserts may not expect: objects of the student's own classes, and
empty arrays or lists.

The referee has only a handle of such an object, so the test raises an error that is not the test's fault.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PLAIN = (int, float, complex, str, bytes, list, tuple, dict, set, np.ndarray, np.float64)


@dataclass
class UnexpectedValues:
    """Unexpected values since a test cell began.

    class_name: the class of the latest object that is not plain, or "". has_empty: whether there was an empty array or
    container.
    """

    class_name: str = ""
    has_empty: bool = False

    def explains(self, error: BaseException) -> str:
        """Return why a test that expects plain values raised this error, or "" if the values do not explain it."""
        if self.class_name and (isinstance(error, TypeError | ValueError) or _is_of_plain_values(error)):
            return (
                f"The answer returned an object of the class {self.class_name}, but the test expects a plain value, "
                "such as a number, a string, a list or an array."
            )
        if self.has_empty and isinstance(error, ValueError | IndexError) and _is_about_emptiness(str(error)):
            return "The answer returned an empty array or list, but the test expects one with values."
        return ""


def _is_of_plain_values(error: BaseException) -> bool:
    # Only attributes that plain values have: in an assignment about classes, a test may expect attributes of a class.
    return isinstance(error, AttributeError) and any(hasattr(kind, str(error.name)) for kind in PLAIN)


def _is_about_emptiness(text: str) -> bool:
    return any(words in text for words in ("empty", "zero-size", "size 0", "size: 0"))
