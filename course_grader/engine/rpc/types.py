"""How values are encoded: msgpack's own types as they are, and extension types for the rest.

    Plain values are sent by value. A mutable object (array, list, dict, deque, Generator) has a number in its message,
    so that one object passed twice stays one object, and the reply can contain its contents after the call. A callable
    is sent as a handle. So is any other object; the other side can only pass it back.

The referee decodes messages of an untrusted worker. For any bytes, `Decoder` returns values of exact built-in and NumPy
types or raises WireError, in time and memory bounded by the size of the message.
"""

from __future__ import annotations

import copy
import re
import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from course_grader.engine.rpc.unexpected import UnexpectedValues

TUPLE, SET, FROZENSET, COMPLEX, BIG_INT, ARRAY, SCALAR, LIST, DICT, GENERATOR = range(1, 11)
CALLABLE, OPAQUE, REFERENCE, FORM, VIEW, FLOAT, STANDARD, HOLDER = range(11, 19)
DEPTH = 48
# Layouts of an array: C or Fortran order, neither, or a view of another array.
IN_C_ORDER, IN_FORTRAN_ORDER, IN_NO_ORDER, BASED = range(4)
LARGEST_BASE = 1 << 16
# Enough for any sum of products; Python refuses to print integers of more digits than about twice this.
BIG_INT_BYTES = 800
# Keys with equal hashes make a set or a dict slow: each is compared with all others, and that cannot be interrupted.
HASHED, ALIKE = 10_000, 20
NODES = 2_000_000
# The seed of a random generator: how many numbers, bytes of each, and how many spawned children.
SEED_WORDS, SEED_BYTES, CHILDREN = 16, 64, 10_000
# Bytes in memory of a proxy for the other side's function or object, which takes only a few bytes in a message.
STAND_IN = 1000
DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f(2|4|8|16)|c(8|16|32))")
ATOMS = frozenset({type(None), bool, float, str})
SCALARS = ATOMS - {str}
BIT_GENERATORS = {"PCG64": np.random.PCG64, "PCG64DXSM": np.random.PCG64DXSM, "SFC64": np.random.SFC64}
# Types that contain other values, and can contain themselves.
CONTAINERS = (list, dict, deque)
DOUBLE, PAIR = struct.Struct("<d"), struct.Struct("<dd")


def is_scalar(value: Any) -> bool:
    """Return whether msgpack encodes the value itself, in a few bytes: None, a bool, a float or a 64-bit int."""
    kind = type(value)
    return kind in SCALARS or (kind is int and -(2**63) <= value < 2**63)


class Opaque:
    """An object of the other side that is not plain. It can only be passed back."""

    remote: tuple[object, int]

    def __deepcopy__(self, memo: dict[int, Any]) -> Opaque:
        return self


class OpaqueIterator(Opaque):
    """An iterator or generator of the other side. Each item is fetched by a call, since it may be endless."""

    advance: Callable[[], Any]

    def __iter__(self) -> OpaqueIterator:
        return self

    def __next__(self) -> Any:
        return self.advance()


class Advance:
    """Returns the next item of an iterator that a call returned and that may draw from the call's random generators.

    Before each item, the iterator's generators get the current state of the caller's generators; their new state is
    returned with the item.
    """

    def __init__(self, iterator: Iterator[Any], generators: Sequence[np.random.Generator]) -> None:
        self._iterator, self._generators = iterator, generators

    def __call__(self, *current: np.random.Generator) -> Any:
        pairs = list(zip(self._generators, current, strict=True))
        for local, remote in pairs:
            local.bit_generator.state = remote.bit_generator.state
        try:
            return next(self._iterator)
        finally:
            for local, remote in pairs:
                remote.bit_generator.state = local.bit_generator.state


class _Remote:
    """A copy of the other side's container that is the original object again when passed back.

    A deep copy keeps the handle: its contents are copied, the other side's object is not.
    """

    base: type[Any]
    remote: tuple[object, int]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied: Any = type(self)(copy.deepcopy(self.base(self), memo))  # type: ignore[call-arg]
        copied.remote = self.remote
        return copied


class RemoteTuple(_Remote, tuple[Any, ...]):
    """A tuple here, and a named tuple (or another subclass) on the other side."""

    base = tuple


class RemoteList(_Remote, list[Any]):
    """A list here, and an instance of a subclass on the other side."""

    base = list


class RemoteDict(_Remote, dict[Any, Any]):
    """A dict here, and an instance of a subclass on the other side."""

    base = dict


class PeerSide(Protocol):
    """What encoder and decoder need from their peer. Each object from the other side has `owner` in its `remote`."""

    owner: object
    unexpected: UnexpectedValues

    def export(self, value: Any) -> int:
        """Return a handle for a value of this side."""

    def resolve(self, handle: int) -> Any:
        """Return the value of a handle of this side. Raises WireError if the handle is unknown."""

    def function(self, handle: int, name: str, is_class: bool, answers: list[Any] | None = None) -> Any:
        """Return a proxy for the other side's callable. `answers` are [arguments, values] known in advance, or None."""


@dataclass
class Shared:
    """The mutable objects in a call's arguments, by the number that both sides use."""

    objects: dict[int, Any] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    weights: dict[int, int] = field(default_factory=dict)

    def add(self, value: Any, number: int, weight: int = 0) -> None:
        self.objects[number] = value
        self.numbers[id(value)] = number
        self.weights[number] = weight

    def cut(self, begin: int) -> None:
        """Remove the objects with this number and above."""
        for number in range(begin, len(self.objects)):
            del self.numbers[id(self.objects.pop(number))], self.weights[number]

    def part(self, numbers: Sequence[int]) -> Shared:
        """Return only these objects, renumbered in the given order. Raises KeyError for an unknown number."""
        part = Shared()
        for number, old in enumerate(numbers):
            part.add(self.objects[old], number, self.weights[old])
        return part
