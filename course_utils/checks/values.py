"""Plain values: what a check stores of an answer, compares, and writes as JSON.

A learner's function can return anything. The *plain form* of a value is a snapshot built only from numbers, strings,
`Array` and a few containers. It does not change if the original does, it can be compared without running code of the
learner's classes, and it can be written to a key.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_DEPTH = 20


@dataclass(frozen=True, eq=False)
class Array:
    """A numeric array: its dtype's name, its shape, and its data (None if only dtype and shape are stored)."""

    dtype: str
    shape: tuple[int, ...]
    data: np.ndarray | None


@dataclass(frozen=True)
class Number:
    """Any number: stored instead of a number that is drawn at random."""


@dataclass(frozen=True)
class Truth:
    """Any bool: stored instead of a True or False that is drawn at random."""


@dataclass(frozen=True)
class Other:
    """Anything else, described for the learner, such as "a generator"."""

    name: str


@dataclass(frozen=True)
class Raised:
    """An exception: the name of its type, and whether it has a message."""

    error: str
    has_message: bool


@dataclass(frozen=True)
class Arguments:
    """Whether a call changed its arguments."""

    changed: bool


UNCHANGED, CHANGED = Arguments(False), Arguments(True)


ATOMS = frozenset({type(None), bool, int, float, str})
NUMBERS = (bool, int, float, complex, np.bool_, np.number)


def plain(value: Any, depth: int = 0) -> Any:
    """Return the plain form of `value`; zero-dimensional arrays count as numbers."""
    if type(value) in ATOMS:
        return value
    if depth > MAX_DEPTH:
        return Other("a structure nested too deeply")
    if value is None or isinstance(value, str | Array | Number | Truth | Other | Raised | Arguments):
        return value
    if isinstance(value, NUMBERS):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, list | tuple):
        items = [plain(item, depth + 1) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return {item if isinstance(item, str | int | float) else repr(item) for item in value}
    return Other(name_of(value))


def _plain_array(value: np.ndarray) -> Any:
    if value.dtype.kind not in "biufc":
        return Other("an array of objects" if value.dtype.kind == "O" else f"an array of dtype {value.dtype}")
    if value.ndim == 0:
        return value.item()
    data = np.array(value, subok=False)
    return Array(_dtype_name(data.dtype), data.shape, data)


@functools.lru_cache(maxsize=64)
def _dtype_name(dtype: np.dtype[Any]) -> str:
    return str(dtype.name)


def form(value: Any) -> Any:
    """Return a plain value's types and shapes without the numbers, for results that are drawn at random."""
    if isinstance(value, Array):
        return Array(value.dtype, value.shape, None)
    if isinstance(value, bool):
        return Truth()
    if isinstance(value, NUMBERS):
        return Number()
    if isinstance(value, tuple | list):
        return type(value)(form(item) for item in value)
    if isinstance(value, dict):
        return {key: form(item) for key, item in value.items()}
    return value


def name_of(value: Any) -> str:
    """Return a description of a value's type for a message, such as "a generator" or "an array of shape (4, 3)"."""
    match value:
        case None:
            return "None"
        case bool() | Truth():
            return "True or False"
        case Number() | int() | float() | np.number():
            return "a number"
        case complex():
            return "a complex number"
        case str():
            return "a string"
        case Array():
            return f"an array of shape {value.shape}"
        case np.ndarray():
            return f"an array of shape {value.shape}"
        case tuple():
            return f"a tuple of {len(value)}"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "a dict"
        case set():
            return "a set"
        case Raised():
            return value.error
        case Other():
            return value.name
        case types.FunctionType() | types.BuiltinFunctionType() | types.MethodType():
            return "a function"
        case np.random.Generator():
            return "a random generator"
        case types.GeneratorType() | Iterator():
            return "a generator"
        case _ if callable(value):
            # A `functools.partial` or another callable object counts as a function.
            return "a function"
    return f"an object of type {type(value).__name__}"


def to_json(value: Any) -> Any:
    """Return a plain value as values for JSON, from which `from_json` restores it exactly. Raises TypeError if the
    value is not plain."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, complex):
        return {"complex": [to_json(value.real), to_json(value.imag)]}
    if isinstance(value, Array):
        data = None if value.data is None else [to_json(item) for item in value.data.ravel().tolist()]
        return {"array": data, "dtype": value.dtype, "shape": list(value.shape)}
    if isinstance(value, Number):
        return {"number": None}
    if isinstance(value, Truth):
        return {"truth": None}
    if isinstance(value, Other):
        return {"other": value.name}
    if isinstance(value, Raised):
        return {"raised": value.error, "has_message": value.has_message}
    if isinstance(value, Arguments):
        return {"changed": value.changed}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [to_json(item) for item in value]}
    if isinstance(value, set):
        return {"set": sorted((to_json(item) for item in value), key=str)}
    if isinstance(value, dict):
        return {"dict": {key: to_json(item) for key, item in value.items()}}
    raise TypeError(f"{name_of(value)} is not a plain value: pass it through plain() first.")


def from_json(value: Any) -> Any:
    """Return the plain value that `to_json` wrote. Raises ValueError if `value` cannot have come from there."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"float": text}:
            return float(text)
        case {"complex": [real, imag]}:
            return complex(from_json(real), from_json(imag))
        case {"array": data, "dtype": dtype, "shape": shape}:
            items = None if data is None else np.array([from_json(x) for x in data], dtype=dtype).reshape(shape)
            return Array(dtype, tuple(shape), items)
        case {"number": None}:
            return Number()
        case {"truth": None}:
            return Truth()
        case {"other": name}:
            return Other(name)
        case {"raised": error, "has_message": has_message}:
            return Raised(error, has_message)
        case {"changed": changed}:
            return CHANGED if changed else UNCHANGED
        case {"tuple": items}:
            return tuple(from_json(item) for item in items)
        case {"set": items}:
            return {from_json(item) for item in items}
        case {"dict": items}:
            return {key: from_json(item) for key, item in items.items()}
    raise ValueError(f"{sorted(value)} does not describe a plain value: the key is damaged. Build it again.")
