"""Refuses assertions that compare nothing.

NumPy compares an empty array with a number without comparing anything, so that an assertion about an empty answer would
pass.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.testing import _private

from course_grader.engine.rpc.unexpected import UnexpectedValues


class EmptyCompared(AssertionError):
    """An empty array or list was compared with something that is not empty: NumPy would have compared nothing."""


@contextmanager
def no_empty_comparisons(seen: UnexpectedValues) -> Iterator[None]:
    """Within it, NumPy's comparisons of arrays raise EmptyCompared if a submission returned something empty and one
    side alone is empty. The process must run no other thread that compares arrays of a submission."""
    # Comparisons that broadcast one side to the other. All assertions of numpy.testing about arrays call the first.
    places = ((_private.utils, "assert_array_compare"), (np, "allclose"), (np, "isclose"), (np, "array_equiv"))
    before = [(module, name, getattr(module, name)) for module, name in places]
    try:
        for module, name, function in before:
            setattr(module, name, _refusing(function, seen))
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


def _refusing(function: Callable[..., Any], seen: UnexpectedValues) -> Callable[..., Any]:
    # numpy.testing gives the comparison first, and then what is compared.
    start = 1 if function.__name__ == "assert_array_compare" else 0

    @functools.wraps(function)
    def compared(*args: Any, **kwargs: Any) -> Any:
        if seen.has_empty:
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
