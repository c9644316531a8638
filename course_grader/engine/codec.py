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

from course_grader.engine import stdlib
from course_grader.engine.odd import Odd
from course_grader.engine.packing import ExtType, pack
from course_grader.engine.wire import WireError
from course_utils.checks.there import Made
from course_utils.checks.trial import KNOWN

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
BARE = ATOMS - {str}
BIT_GENERATORS = {"PCG64": np.random.PCG64, "PCG64DXSM": np.random.PCG64DXSM, "SFC64": np.random.SFC64}
# What holds other values, and can hold itself.
CONTAINERS = (list, dict, deque)
DOUBLE, PAIR = struct.Struct("<d"), struct.Struct("<dd")


def is_bare(value: Any) -> bool:
    """Tell whether msgpack holds the value as it is, and in a few bytes."""
    kind = type(value)
    return kind in BARE or (kind is int and -(2**63) <= value < 2**63)


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


class Side(Protocol):
    """What encoder and decoder need of the side they work for; `owner` marks what came from the other side."""

    owner: object
    odd: Odd

    def give(self, value: Any) -> int:
        """Return a handle for a value of this side's."""

    def take(self, handle: int) -> Any:
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


class Encoder:
    """Encodes one message. `shared` has what the other side knows already; with `asking`, the message is a call, and
    what can change in its arguments joins `shared`."""

    def __init__(self, side: Side, shared: Shared, limit: int, trusted: bool, asking: bool = False) -> None:
        self._side, self._shared, self._limit, self._trusted, self._asking = side, shared, limit, trusted, asking
        self.size = self._nodes = 0
        # Containers on the way to the value at hand, and those that this message has sent.
        self._open: set[int] = set()
        self._sent: set[int] = set()
        # Numbers of the shared objects in what was encoded since this was emptied, and of those in a shared container.
        self.touched: set[int] = set()
        self._inside: dict[int, set[int]] = {}

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Return the value as msgpack can hold it; WireError where it is too large."""
        kind = type(value)
        if kind in ATOMS:
            if kind is str:
                self._count(len(value))
            return value
        if kind is int:
            return value if -(2**63) <= value < 2**63 else self._big(value)
        self._count(16)
        if kind is np.float64:
            return ExtType(FLOAT, DOUBLE.pack(value))
        if depth > DEPTH:
            return self._opaque(value)
        if (remote := getattr(value, "remote", None)) and isinstance(remote, tuple) and remote[0] is self._side.owner:
            return self._hand_back(value, remote[1], depth)
        number = self._shared.numbers.get(id(value))
        if number is not None and (self._trusted or id(value) not in self._sent):
            self.touched |= {number} | self._inside.get(number, set())
            return ExtType(REFERENCE, pack(number))
        if kind in stdlib.NAMES:
            return self._standard(value, depth)
        if kind in stdlib.HOLDER_NAMES:
            return self._holder(value, depth)
        for types, method in ENCODINGS:
            if isinstance(value, types):
                return method(self, value, depth)
        if callable(value):
            name = getattr(value, "__name__", None)
            shown = name if isinstance(name, str) else ""
            known = getattr(value, KNOWN)() if self._trusted and hasattr(value, KNOWN) else None
            answers = None if known is None else self._answers(known, depth)
            return ExtType(CALLABLE, pack([0, self._side.give(value), shown[:200], isinstance(value, type), answers]))
        return self._opaque(value)

    def contents(self, value: Any, before: Any) -> Any:
        """Return how a shared object stands now. A list or dict in it stays itself where it stood in it `before`."""
        if isinstance(value, np.ndarray):
            return self._array_body(value)
        if isinstance(value, np.random.Generator):
            return state_of(value)
        if isinstance(value, bytearray):
            return self._bytes(value, 0)
        kept = {id(item) for item in before}
        items = [item for pair in value.items() for item in pair] if isinstance(value, dict) else value
        return [self._child(item, kept) for item in items]

    def _child(self, item: Any, kept: set[int]) -> Any:
        if not isinstance(item, CONTAINERS) or id(item) in kept:
            return self.encode(item, 1)
        number = self._shared.numbers.pop(id(item), None)
        try:
            return self.encode(item, 1)
        finally:
            if number is not None:
                self._shared.numbers[id(item)] = number

    def _count(self, size: int) -> None:
        self.size += size
        self._nodes += 1
        if self.size > self._limit or self._nodes > NODES:
            raise WireError("The value is too large to be sent.")

    def _register(self, value: Any, weight: int) -> int:
        is_container = isinstance(value, CONTAINERS)
        # Nobody asks later how a result stands; an array that is in it twice is one array all the same.
        if id(value) in self._shared.numbers or (is_container and not self._asking):
            return -1
        if is_container:
            # The referee takes no container twice in a worker's message: it could close a circle.
            self._sent.add(id(value))
        number = len(self._shared.objects)
        self._shared.add(value, number, weight)
        self.touched.add(number)
        return number

    def _hand_back(self, value: Any, handle: int, depth: int) -> Any:
        if isinstance(value, RemoteList | RemoteDict):
            body = self._dict(value, depth) if isinstance(value, dict) else self._list(value, depth)
            return ExtType(VIEW, pack([1, handle, body]))
        return ExtType(OPAQUE, pack([1, handle, "", -1, []]))

    def _answers(self, known: dict[int, Any] | list[Any] | Made, depth: int) -> list[Any]:
        """Return the arguments, None for answers in turn, and the answers; of a function that the other side makes too,
        what makes it, and from what."""
        if isinstance(known, Made):
            return [[known.module, known.name], [self.encode(item, depth + 1) for item in known.args]]
        arguments, answers = ([*known], known.values()) if isinstance(known, dict) else (None, known)
        return [arguments, [self.encode(answer, depth + 1) for answer in answers]]

    def _opaque(self, value: Any) -> Any:
        if self._trusted:
            raise WireError(f"An object of type {type(value).__name__} cannot be passed to a student's function.")
        name, handle = type(value).__name__[:200], self._side.give(value)
        if not hasattr(type(value), "__next__"):
            return ExtType(OPAQUE, pack([0, handle, name, -1, []]))
        drawn = {n: item for n, item in self._shared.objects.items() if isinstance(item, np.random.Generator)}
        advance = self._side.give(Advance(value, list(drawn.values())))
        return ExtType(OPAQUE, pack([0, handle, name, advance, list(drawn)]))

    def _big(self, value: int) -> Any:
        size = value.bit_length() // 8 + 1
        self._count(size)
        if size > BIG_INT_BYTES:
            return self._opaque(value)
        return ExtType(BIG_INT, value.to_bytes(size, "little", signed=True))

    def _integer(self, value: int, depth: int) -> Any:
        return self.encode(int(value), depth)

    def _scalar(self, value: np.generic, depth: int) -> Any:
        if value.dtype.kind not in "biufc":
            return self.encode(value.item(), depth) if isinstance(value, np.str_) else self._opaque(value)
        return ExtType(SCALAR, pack([value.dtype.str, value.tobytes()]))

    def _complex(self, value: complex, depth: int) -> Any:
        return ExtType(COMPLEX, PAIR.pack(value.real, value.imag))

    def _array(self, value: np.ndarray, depth: int) -> Any:
        if value.dtype.kind not in "biufc":
            text = "O" if value.dtype.kind == "O" else str(value.dtype)[:80]
            return ExtType(FORM, pack([text, list(value.shape)]))
        body = self._view_of_base(value, depth) or self._array_body(value)
        number = self._register(value, value.nbytes)
        return ExtType(ARRAY, pack([number, *body]))

    def _view_of_base(self, value: np.ndarray, depth: int) -> list[Any]:
        """Return an argument that is a view as such: what two views share, they share there too."""
        base = value.base
        if not self._trusted or type(base) is not np.ndarray or base.dtype.kind not in "biufc" or not base.flags.forc:
            return []
        if base.nbytes > max(LARGEST_BASE, 8 * value.nbytes):
            return []
        offset = value.__array_interface__["data"][0] - base.__array_interface__["data"][0]
        place = [self.encode(base, depth + 1), offset, list(value.strides)]
        return [value.dtype.str, list(value.shape), BASED, bool(value.flags.writeable), place]

    def _array_body(self, value: np.ndarray) -> list[Any]:
        self._count(value.nbytes)
        flags = value.flags
        layout = IN_C_ORDER if flags.c_contiguous else IN_FORTRAN_ORDER if flags.f_contiguous else IN_NO_ORDER
        data = np.ndarray.tobytes(value, order="F" if layout == IN_FORTRAN_ORDER else "C")
        return [value.dtype.str, list(value.shape), layout, bool(flags.writeable), data]

    def _tuple(self, value: tuple[Any, ...], depth: int) -> Any:
        items = self._items(value, tuple.__iter__(value), depth)
        body = ExtType(TUPLE, pack(items))
        return body if type(value) is tuple else self._view(value, body)

    def _list(self, value: list[Any], depth: int) -> Any:
        number = self._register(value, 16 * len(value))
        items = self._shared_items(number, value, list.__iter__(value), depth)
        body = ExtType(LIST, pack([number, items]))
        return body if type(value) in (list, RemoteList) else self._view(value, body)

    def _dict(self, value: dict[Any, Any], depth: int) -> Any:
        number = self._register(value, 32 * len(value))
        pairs = (item for pair in dict.items(value) for item in pair)
        body = ExtType(DICT, pack([number, self._shared_items(number, value, pairs, depth)]))
        return body if type(value) in (dict, RemoteDict) else self._view(value, body)

    def _standard(self, value: Any, depth: int) -> Any:
        try:
            parts = stdlib.parts_of(value)
        except ValueError:
            return self._opaque(value)
        return ExtType(STANDARD, pack([stdlib.NAMES[type(value)], [self.encode(part, depth + 1) for part in parts]]))

    def _holder(self, value: Any, depth: int) -> Any:
        number, extra, body = self._register(value, 16 * len(value)), None, None
        if isinstance(value, bytearray):
            body = self._bytes(value, depth)
        elif isinstance(value, dict):
            made = getattr(value, "default_factory", None)
            name = stdlib.FACTORY_NAMES.get(made) if isinstance(made, type) else None
            extra = name or self.encode(made, depth + 1)
            body = self._shared_items(number, value, (item for pair in value.items() for item in pair), depth)
        else:
            extra = value.maxlen
            body = self._shared_items(number, value, iter(value), depth)
        return ExtType(HOLDER, pack([number, stdlib.HOLDER_NAMES[type(value)], extra, body]))

    def _set(self, value: Any, depth: int) -> Any:
        code = SET if isinstance(value, set) else FROZENSET
        items = set.__iter__(value) if isinstance(value, set) else frozenset.__iter__(value)
        # In an order of their own: that of a set hangs on where its objects lie, and a question stays the same.
        return ExtType(code, pack(sorted(self._items(value, items, depth), key=pack)))

    def _shared_items(self, number: int, value: Any, items: Iterator[Any], depth: int) -> list[Any]:
        before, self.touched = self.touched, set()
        encoded = self._items(value, items, depth)
        self._inside[number] = self.touched
        self.touched = before | self.touched
        return encoded

    def _items(self, value: Any, items: Iterator[Any], depth: int) -> list[Any]:
        if id(value) in self._open:
            raise WireError("A container that holds itself cannot be sent.")
        self._open.add(id(value))
        self._count(8 * len(value))
        try:
            return [self.encode(item, depth + 1) for item in items]
        finally:
            self._open.discard(id(value))

    def _view(self, value: Any, body: Any) -> Any:
        return body if self._trusted else ExtType(VIEW, pack([0, self._side.give(value), body]))

    def _generator(self, value: np.random.Generator, depth: int) -> Any:
        if type(value.bit_generator).__name__ not in BIT_GENERATORS:
            return self._opaque(value)
        number = self._register(value, 64)
        return ExtType(GENERATOR, pack([number, *state_of(value)]))

    def _bytes(self, value: bytes | bytearray, depth: int) -> Any:
        self._count(len(value))
        return bytes(value)

    def _text(self, value: str, depth: int) -> Any:
        return self.encode(str.__str__(value), depth)

    def _float(self, value: float, depth: int) -> Any:
        return float.__float__(value)


# In this order: bool is an int, np.float64 a float, a named tuple a tuple.
ENCODINGS: Sequence[tuple[Any, Callable[[Encoder, Any, int], Any]]] = (
    (np.generic, Encoder._scalar),
    (np.ndarray, Encoder._array),
    (tuple, Encoder._tuple),
    (dict, Encoder._dict),
    (list, Encoder._list),
    (complex, Encoder._complex),
    (np.random.Generator, Encoder._generator),
    ((set, frozenset), Encoder._set),
    (int, Encoder._integer),
    (float, Encoder._float),
    (str, Encoder._text),
    (bytes, Encoder._bytes),
)


def state_of(generator: np.random.Generator) -> list[Any]:
    """Return name, state and seed of a bit generator as a list of integers and bytes."""
    state: Any = generator.bit_generator.state
    inner = state["state"]
    words = inner["state"] if isinstance(inner["state"], np.ndarray) else [inner["state"], inner["inc"]]
    numbers = [int(word).to_bytes(16, "little") for word in words]
    seed = _seed_of(generator.bit_generator.seed_seq)
    return [state["bit_generator"], numbers, int(state["has_uint32"]), int(state["uinteger"]), seed]


def _seed_of(seed: Any) -> list[Any] | None:
    """Return entropy, key and number of children of a seed, which the children that are spawned later hang on; None for
    what is no SeedSequence."""
    if type(seed) is not np.random.SeedSequence or seed.entropy is None:
        return None
    # One number and a list with it alone are the same to NumPy.
    words = [seed.entropy] if isinstance(seed.entropy, int) else seed.entropy
    entropy = [int(word).to_bytes(int(word).bit_length() // 8 + 1, "little") for word in words]
    return [entropy, list(seed.spawn_key), seed.n_children_spawned]
