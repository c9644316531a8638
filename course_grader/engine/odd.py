"""What a submission returned that a test of plain asserts may not expect: an object of a class of its own, an empty
array or list.

NumPy compares an empty array with a number without comparing anything, so that an assertion about it passes. And an
object that crosses the wire as a handle makes a test raise an error which is not the test's fault.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

PLAIN = (int, float, complex, str, bytes, list, tuple, dict, set, np.ndarray, np.float64)


class EmptyCompared(AssertionError):
    """An empty array or list was compared with something that is not empty: NumPy would have compared nothing."""


@dataclass
class Odd:
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


@contextmanager
def no_empty_comparisons(odd: Odd) -> Iterator[None]:
    """Within it, NumPy's comparisons of arrays raise EmptyCompared if a submission returned something empty and one
    side alone is empty. The process must run no other thread that compares arrays of a submission."""
    # Only the referee needs it, and a worker imports this module too.
    from numpy.testing import _private

    # Comparisons that broadcast one side to the other. All assertions of numpy.testing about arrays call the first.
    places = ((_private.utils, "assert_array_compare"), (np, "allclose"), (np, "isclose"), (np, "array_equiv"))
    before = [(module, name, getattr(module, name)) for module, name in places]
    try:
        for module, name, function in before:
            setattr(module, name, _refusing(function, odd))
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


def _refusing(function: Callable[..., Any], odd: Odd) -> Callable[..., Any]:
    # numpy.testing gives the comparison first, and then what is compared.
    start = 1 if function.__name__ == "assert_array_compare" else 0

    @functools.wraps(function)
    def compared(*args: Any, **kwargs: Any) -> Any:
        if odd.has_empty:
            given = [*args[start : start + 2], *(kwargs[name] for name in ("a", "b", "a1", "a2") if name in kwargs)]
            _require_both(given)
        return function(*args, **kwargs)

    return compared


def _require_both(given: list[Any]) -> None:
    sizes = [_size(value) for value in given]
    if len(sizes) == 2 and 0 in sizes and any(sizes):
        empty = given[sizes.index(0)]
        what = f"array of shape {empty.shape}" if isinstance(empty, np.ndarray) else type(empty).__name__
        raise EmptyCompared(f"an empty {what} was compared with something that is not empty.")


def _size(value: Any) -> int:
    if not isinstance(value, np.ndarray | list | tuple):
        return 1
    try:
        return int(np.size(value))
    except ValueError:
        # Lists of different lengths.
        return 1
