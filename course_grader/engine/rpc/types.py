"""Values on the wire: what msgpack knows as it is, and extension types for the rest.

    Plain values cross by value. What can be changed (array, list, dict, deque, Generator) has a number in its message,
    so that one object passed twice stays one and the reply can say how it stands after the call. A callable crosses as
    a handle, and so does anything else: the other side can only hand it back.

The referee reads what an untrusted worker wrote. Whatever the bytes are, `Decoder` returns values of exact built-in and
NumPy types or raises WireError, in time and memory bounded by the size of the message.
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
# Keys with equal hashes make a set or a dict slow: each is compared with all others in one step that cannot be stopped.
HASHED, ALIKE = 10_000, 20
NODES = 2_000_000
# Of a random generator's seed: the numbers that it is made of, and the children that it may have.
SEED_WORDS, SEED_BYTES, CHILDREN = 16, 64, 10_000
# What it takes in memory to stand for a function or an object of the other side's, which take a few bytes on the wire.
STAND_IN = 1000
DTYPE = re.compile(r"[<>|=](b1|[iu][1248]|f(2|4|8|16)|c(8|16|32))")
ATOMS = frozenset({type(None), bool, float, str})
SCALARS = ATOMS - {str}
BIT_GENERATORS = {"PCG64": np.random.PCG64, "PCG64DXSM": np.random.PCG64DXSM, "SFC64": np.random.SFC64}
# What holds other values, and can hold itself.
CONTAINERS = (list, dict, deque)
DOUBLE, PAIR = struct.Struct("<d"), struct.Struct("<dd")


def is_scalar(value: Any) -> bool:
    """Tell whether msgpack holds the value as it is, and in a few bytes."""
    kind = type(value)
    return kind in SCALARS or (kind is int and -(2**63) <= value < 2**63)


class Opaque:
    """Something of the other side's that is not plain: it can be passed back, and nothing else."""

    remote: tuple[object, int]

    def __deepcopy__(self, memo: dict[int, Any]) -> Opaque:
        return self


class OpaqueIterator(Opaque):
    """An iterator or a generator of the other side's. Items come when they are asked for: it may never end."""

    advance: Callable[[], Any]

    def __iter__(self) -> OpaqueIterator:
        return self

    def __next__(self) -> Any:
        return self.advance()


class Advance:
    """Gives the next item of an iterator that was made in a call and may draw from the call's Generators until its end:
    they begin each time where the other side has them, and go back with the item."""

    def __init__(self, iterator: Iterator[Any], own: Sequence[np.random.Generator]) -> None:
        self._iterator, self._own = iterator, own

    def __call__(self, *theirs: np.random.Generator) -> Any:
        pairs = list(zip(self._own, theirs, strict=True))
        for one, other in pairs:
            one.bit_generator.state = other.bit_generator.state
        try:
            return next(self._iterator)
        finally:
            for one, other in pairs:
                other.bit_generator.state = one.bit_generator.state


class _Remote:
    """What can be read here and is itself when passed back. A copy of it stands for the same: what it holds is copied,
    and not the side that it came from."""

    base: type[Any]
    remote: tuple[object, int]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        twin: Any = type(self)(copy.deepcopy(self.base(self), memo))  # type: ignore[call-arg]
        twin.remote = self.remote
        return twin


class RemoteTuple(_Remote, tuple[Any, ...]):
    """A named tuple of the other side's: a tuple here."""

    base = tuple


class RemoteList(_Remote, list[Any]):
    """A list of the other side's own class: a list here."""

    base = list


class RemoteDict(_Remote, dict[Any, Any]):
    """A dict of the other side's own class: a dict here."""

    base = dict


class PeerSide(Protocol):
    """What encoder and decoder need of the side they work for; `owner` marks what came from the other side."""

    owner: object
    unexpected: UnexpectedValues

    def export(self, value: Any) -> int:
        """Return a handle for a value of this side's."""

    def resolve(self, handle: int) -> Any:
        """Return the value of a handle; WireError where there is none."""

    def function(self, handle: int, name: str, is_class: bool, answers: list[Any] | None = None) -> Any:
        """Return what stands here for a callable of the other side's, and which of its answers are known."""


@dataclass
class Shared:
    """The changeable objects of a call's arguments, by number, as both sides know them."""

    objects: dict[int, Any] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    weights: dict[int, int] = field(default_factory=dict)

    def add(self, value: Any, number: int, weight: int = 0) -> None:
        self.objects[number] = value
        self.numbers[id(value)] = number
        self.weights[number] = weight

    def cut(self, begin: int) -> None:
        """Forget the objects that were added from this number on."""
        for number in range(begin, len(self.objects)):
            del self.numbers[id(self.objects.pop(number))], self.weights[number]

    def part(self, numbers: Sequence[int]) -> Shared:
        """Return those objects alone, numbered again in the given order; KeyError where there is no such object."""
        part = Shared()
        for number, old in enumerate(numbers):
            part.add(self.objects[old], number, self.weights[old])
        return part
