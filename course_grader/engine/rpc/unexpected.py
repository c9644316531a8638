"""What a submission returned that a test of plain asserts may not expect: an object of a class of its own, an empty
array or list.

An object that crosses the wire as a handle makes a test raise an error which is not the test's fault.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PLAIN = (int, float, complex, str, bytes, list, tuple, dict, set, np.ndarray, np.float64)


@dataclass
class UnexpectedValues:
    """What came from a submission since a test cell began: the class of the latest object that is not plain, and
    whether there was an empty array, list or tuple."""

    class_name: str = ""
    has_empty: bool = False

    def explains(self, error: BaseException) -> str:
        """Return why a test that expects plain values raised this error, or "" if what came does not explain it."""
        if self.class_name and (isinstance(error, TypeError | ValueError) or _is_of_plain_values(error)):
            return (
                f"The answer returned an object of the class {self.class_name}, where the test expects a plain value, "
                "such as a number, a string, a list or an array."
            )
        if self.has_empty and isinstance(error, ValueError | IndexError) and _is_about_emptiness(str(error)):
            return "The answer returned an empty array or list, where the test expects one with values."
        return ""


def _is_of_plain_values(error: BaseException) -> bool:
    # What the test asked for, an object of the expected class may have in an assignment that is about classes.
    return isinstance(error, AttributeError) and any(hasattr(kind, str(error.name)) for kind in PLAIN)


def _is_about_emptiness(text: str) -> bool:
    return any(words in text for words in ("empty", "zero-size", "size 0", "size: 0"))
