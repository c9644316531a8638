"""Refuse comparisons between an empty array and a value.

NumPy broadcasts the value to an empty array and compares no elements, so an assertion about an empty answer would pass.
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
    """An empty array or list was compared with something that is not empty; NumPy would have compared no elements."""


@contextmanager
def no_empty_comparisons(unexpected: UnexpectedValues) -> Iterator[None]:
    """Make NumPy's array comparisons raise EmptyCompared inside the block, if exactly one side is empty.

    This applies only after the submission returned something empty (`unexpected.has_empty`). It patches NumPy for the
    whole process: no other thread may compare arrays of a submission meanwhile.
    """
    # Comparisons that broadcast one side to the other. All array assertions of numpy.testing call the first.
    patched = ((_private.utils, "assert_array_compare"), (np, "allclose"), (np, "isclose"), (np, "array_equiv"))
    originals = [(module, name, getattr(module, name)) for module, name in patched]
    try:
        for module, name, function in originals:
            setattr(module, name, _refusing_empty(function, unexpected))
        yield
    finally:
        for module, name, function in originals:
            setattr(module, name, function)


def _refusing_empty(function: Callable[..., Any], unexpected: UnexpectedValues) -> Callable[..., Any]:
    # assert_array_compare takes the comparison function first, and then the two values.
    start = 1 if function.__name__ == "assert_array_compare" else 0

    @functools.wraps(function)
    def compared(*args: Any, **kwargs: Any) -> Any:
        if unexpected.has_empty:
            values = [*args[start : start + 2], *(kwargs[name] for name in ("a", "b", "a1", "a2") if name in kwargs)]
            _require_same_emptiness(values)
        return function(*args, **kwargs)

    return compared


def _require_same_emptiness(values: list[Any]) -> None:
    sizes = [_size(value) for value in values]
    if len(sizes) == 2 and 0 in sizes and any(sizes):
        empty = values[sizes.index(0)]
        what = f"array of shape {empty.shape}" if isinstance(empty, np.ndarray) else type(empty).__name__
        raise EmptyCompared(f"an empty {what} was compared with something that is not empty.")


def _size(value: Any) -> int:
    if not isinstance(value, np.ndarray | list | tuple):
        return 1
    try:
        return int(np.size(value))
    except ValueError:
        # A ragged list is not empty.
        return 1
