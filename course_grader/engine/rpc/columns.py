"""Encode the results of a repeated call in columns: results of the same layout share one buffer for each part.

For example, a random function is called a thousand times and returns an array and a flag. Encoding each result costs
more than the call. Here the layout is sent once, with the bytes of all arrays and a list of all flags.

    [order, groups]: `order` has for each call the number of its group; a group is [layout, columns]

A layout is None for a scalar of msgpack, and otherwise [TUPLE, layouts], [DICT, keys, layouts], [ARRAY, dtype, shape,
writeable], [SCALAR, dtype], or [REFERENCE, number] for an argument that was returned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from course_grader.engine.rpc.channel import WireError
from course_grader.engine.rpc.decode import Decoder, dtype_of, shape_of
from course_grader.engine.rpc.message import DAMAGE
from course_grader.engine.rpc.types import ARRAY, DEPTH, DICT, REFERENCE, SCALAR, TUPLE, Shared, is_scalar

MOST_GROUPS, MOST_KEYS = 100, 1000
# The overhead of a value in memory, in bytes, besides its own bytes in the column.
ITEM = 100


class Columns:
    """Collects results, copied when they are added. `size` is their approximate size in bytes."""

    def __init__(self, shared: Shared) -> None:
        self._numbers = shared.numbers
        self._groups: dict[Any, tuple[int, list[list[Any]]]] = {}
        self._order = bytearray()
        self.size = 0

    def __len__(self) -> int:
        return len(self._order)

    def add(self, result: Any) -> bool:
        """Add a result and return True; return False, and add nothing, if it must be encoded by itself."""
        parts: list[Any] = []
        try:
            form = self._form(result, parts, [], 0)
        except _NoColumn:
            return False
        group = self._groups.get(form)
        if group is None:
            if len(self._groups) == MOST_GROUPS:
                return False
            group = self._groups[form] = len(self._groups), [[] for _ in parts]
        self.size += 16
        for column, part in zip(group[1], parts, strict=True):
            column.append(part)
            self.size += len(part) if type(part) is bytes else 9
        self._order.append(group[0])
        return True

    def body(self) -> list[Any]:
        """Return [order, groups], as it is sent."""
        groups = [[_as_list(form), list(map(_joined, columns))] for form, (_, columns) in self._groups.items()]
        return [bytes(self._order), groups]

    def _form(self, value: Any, parts: list[Any], seen: list[Any], depth: int) -> Any:
        """Return the form of a value, and append its contents to `parts`. Raises _NoColumn if it has no form."""
        kind = type(value)
        if is_scalar(value):
            parts.append(value)
            return None
        if kind is tuple and depth < DEPTH:
            return (TUPLE, tuple([self._form(item, parts, seen, depth + 1) for item in value]))
        if kind is dict and depth < DEPTH and self._is_new(value, seen) and set(map(type, value)) == {str}:
            return (DICT, tuple(value), tuple([self._form(item, parts, seen, depth + 1) for item in value.values()]))
        if kind is np.ndarray and value.dtype.kind in "biufc" and not any(value is other for other in seen):
            seen.append(value)
            if (number := self._numbers.get(id(value))) is not None:
                return (REFERENCE, number)
            if value.flags.c_contiguous:
                parts.append(value.tobytes())
                return (ARRAY, value.dtype.str, value.shape, value.flags.writeable)
        elif isinstance(value, np.generic) and kind.__module__ == "numpy" and value.dtype.kind in "biufc":
            parts.append(value.tobytes())
            return (SCALAR, value.dtype.str)
        raise _NoColumn

    def _is_new(self, value: Any, seen: list[Any]) -> bool:
        """Return whether a container is neither an argument nor already in the same result; note it in `seen`."""
        if id(value) in self._numbers or any(value is other for other in seen):
            return False
        seen.append(value)
        return True


class _NoColumn(Exception):
    """A value must be encoded by itself, such as a dict, or an array that is in a result twice."""


def _as_list(form: Any) -> Any:
    return list(map(_as_list, form)) if type(form) is tuple else form


def _joined(column: list[Any]) -> Any:
    return b"".join(column) if type(column[0]) is bytes else column


def results_in(decoder: Decoder, shared: Shared, body: Any) -> list[Any]:
    """Decode the results that the other side sent in columns. Raises WireError if they are damaged."""
    try:
        order, groups = body
        if type(order) is not bytes or len(groups) > MOST_GROUPS:
            raise WireError("The results of several calls are damaged.")
        results = []
        for number, (form, columns) in enumerate(groups):
            reader = _Reader(decoder, shared, order.count(number), iter(columns))
            results.append(iter(reader.read(form, 0)))
            if next(reader.columns, None) is not None:
                raise WireError("The results of several calls are damaged: there is more data than expected.")
        return [next(results[number]) for number in order]
    except DAMAGE as error:
        raise WireError(f"The results of several calls are damaged ({type(error).__name__}).") from None


class _Reader:
    """Decodes the columns of one group of `count` results."""

    def __init__(self, decoder: Decoder, shared: Shared, count: int, columns: Iterator[Any]) -> None:
        self._decoder, self._shared, self._count, self.columns = decoder, shared, count, columns

    def read(self, form: Any, depth: int) -> list[Any]:
        count = self._count
        if not count or depth > DEPTH:
            raise WireError("A form of results is damaged.")
        self._decoder.spend(ITEM * count, count)
        match form:
            case None:
                column = next(self.columns, None)
                if type(column) is not list or len(column) != count or not all(map(is_scalar, column)):
                    raise WireError("A column is damaged.")
                return column
            case [kind, list(forms)] if kind == TUPLE:
                parts = [self.read(part, depth + 1) for part in forms]
                self._decoder.notice(bool(forms))
                return list(zip(*parts, strict=True)) if parts else [()] * count
            case [kind, list(keys), list(forms)] if kind == DICT and 0 < len(keys) == len(set(keys)) <= MOST_KEYS:
                if set(map(type, keys)) != {str}:
                    raise WireError("A key in a column is damaged.")
                self._decoder.spend(sum(map(len, keys)), 0)
                parts = [self.read(part, depth + 1) for part in forms]
                return [dict(zip(keys, items, strict=True)) for items in zip(*parts, strict=True)]
            case [kind, dtype, shape, bool(writeable)] if kind == ARRAY:
                arrays = self._array(dtype, shape_of(shape))
                arrays.flags.writeable = writeable
                return list(arrays) if arrays.ndim > 1 else [arrays[i, ...] for i in range(count)]
            case [kind, dtype] if kind == SCALAR:
                return list(self._array(dtype, ()))
            case [kind, number] if kind == REFERENCE and isinstance(self._shared.objects[number], np.ndarray):
                self._decoder.spend(self._shared.weights[number] * count, 0)
                return [self._shared.objects[number]] * count
        raise WireError("A form of results is damaged.")

    def _array(self, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
        plain, data = dtype_of(dtype), next(self.columns, None)
        if type(data) is not bytes or math.prod(shape) * plain.itemsize * self._count != len(data):
            raise WireError("A column does not have the size that its form requires.")
        self._decoder.spend(len(data), 0)
        self._decoder.notice(bool(data))
        return np.frombuffer(data, plain).reshape(self._count, *shape).copy()
