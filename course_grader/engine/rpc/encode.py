"""Encode values for messages. See `types` for their encoding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from course_grader.engine.rpc import stdlib_types
from course_grader.engine.rpc.channel import WireError
from course_grader.engine.rpc.message import ExtType, pack
from course_grader.engine.rpc.types import (
    ARRAY,
    ATOMS,
    BASED,
    BIG_INT,
    BIG_INT_BYTES,
    BIT_GENERATORS,
    CALLABLE,
    COMPLEX,
    CONTAINERS,
    DEPTH,
    DICT,
    DOUBLE,
    FLOAT,
    FORM,
    FROZENSET,
    GENERATOR,
    HOLDER,
    IN_C_ORDER,
    IN_FORTRAN_ORDER,
    IN_NO_ORDER,
    LARGEST_BASE,
    LIST,
    NODES,
    OPAQUE,
    PAIR,
    REFERENCE,
    SCALAR,
    SET,
    STANDARD,
    TUPLE,
    VIEW,
    Advance,
    PeerSide,
    RemoteDict,
    RemoteList,
    Shared,
)
from course_utils.checks.remote_calls import Made, Promise, promised


class Encoder:
    """Encodes one message.

    shared: the mutable objects that the other side already has.
    limit: the largest message, in bytes.
    trusted: this side is the trusted one, the referee, so the receiver is not trusted.
    asking: the message is a call, and the mutable objects in its arguments are added to `shared`.
    """

    def __init__(self, side: PeerSide, shared: Shared, limit: int, trusted: bool, asking: bool = False) -> None:
        self._side, self._shared, self._limit, self._trusted, self._asking = side, shared, limit, trusted, asking
        self.size = self._nodes = 0
        # The ids of containers that contain the current value, and of containers that this message has sent.
        self._open: set[int] = set()
        self._sent: set[int] = set()
        # The numbers of shared objects in what was encoded since this was reset, and of those inside each container.
        self.touched: set[int] = set()
        self._inside: dict[int, set[int]] = {}

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Return the value as data for msgpack. Raises WireError if it is too large or cannot be sent."""
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
            return self._encode_remote(value, remote[1], depth)
        number = self._shared.numbers.get(id(value))
        if number is not None and (self._trusted or id(value) not in self._sent):
            self.touched |= {number} | self._inside.get(number, set())
            return ExtType(REFERENCE, pack(number))
        if kind in stdlib_types.NAMES:
            return self._standard(value, depth)
        if kind in stdlib_types.HOLDER_NAMES:
            return self._holder(value, depth)
        for types, method in ENCODINGS:
            if isinstance(value, types):
                return method(self, value, depth)
        if callable(value):
            name = getattr(value, "__name__", None)
            shown = name if isinstance(name, str) else ""
            known = promised(value) if self._trusted else None
            answers = None if known is None else self._answers(known, depth)
            body = [0, self._side.export(value), shown[:200], isinstance(value, type), answers]
            return ExtType(CALLABLE, pack(body))
        return self._opaque(value)

    def contents(self, value: Any, before: Any) -> Any:
        """Return the current contents of a shared object, encoded.

        before: its items before the call. A container in it is sent as a reference only if it was among them.
        """
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
        # The contents of a result's containers are never sent again. An array gets a number all the same: if it is in a
        # result twice, it stays one array.
        if id(value) in self._shared.numbers or (is_container and not self._asking):
            return -1
        if is_container:
            # The referee refuses two references to one container in a worker's message: they could create a cycle.
            self._sent.add(id(value))
        number = len(self._shared.objects)
        self._shared.add(value, number, weight)
        self.touched.add(number)
        return number

    def _encode_remote(self, value: Any, handle: int, depth: int) -> Any:
        """Encode an object that belongs to the other side, by its handle."""
        if isinstance(value, RemoteList | RemoteDict):
            body = self._dict(value, depth) if isinstance(value, dict) else self._list(value, depth)
            return ExtType(VIEW, pack([1, handle, body]))
        return ExtType(OPAQUE, pack([1, handle, "", -1, []]))

    def _answers(self, known: Promise, depth: int) -> list[Any]:
        """Return [arguments, answers] of a function whose answers are known; arguments are None if the answers come in
        turn. For a function that the other side can make itself, return [[module, name], arguments] of its factory."""
        if isinstance(known, Made):
            return [[known.module, known.name], [self.encode(item, depth + 1) for item in known.args]]
        arguments, answers = (None, known) if isinstance(known, list) else ([*known], known.values())
        return [arguments, [self.encode(answer, depth + 1) for answer in answers]]

    def _opaque(self, value: Any) -> Any:
        if self._trusted:
            raise WireError(f"An object of type {type(value).__name__} cannot be passed to a student's function.")
        name, handle = type(value).__name__[:200], self._side.export(value)
        if not hasattr(type(value), "__next__"):
            return ExtType(OPAQUE, pack([0, handle, name, -1, []]))
        drawn = {n: item for n, item in self._shared.objects.items() if isinstance(item, np.random.Generator)}
        advance = self._side.export(Advance(value, list(drawn.values())))
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
        """Return the encoding of an argument that is a view of another array, or [] if it is encoded as a plain array.

        Views that share memory here then share it on the other side too.
        """
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
            parts = stdlib_types.parts_of(value)
        except ValueError:
            return self._opaque(value)
        return ExtType(
            STANDARD, pack([stdlib_types.NAMES[type(value)], [self.encode(part, depth + 1) for part in parts]])
        )

    def _holder(self, value: Any, depth: int) -> Any:
        number, extra, body = self._register(value, 16 * len(value)), None, None
        if isinstance(value, bytearray):
            body = self._bytes(value, depth)
        elif isinstance(value, dict):
            factory = getattr(value, "default_factory", None)
            name = stdlib_types.FACTORY_NAMES.get(factory) if isinstance(factory, type) else None
            extra = name or self.encode(factory, depth + 1)
            body = self._shared_items(number, value, (item for pair in value.items() for item in pair), depth)
        else:
            extra = value.maxlen
            body = self._shared_items(number, value, iter(value), depth)
        return ExtType(HOLDER, pack([number, stdlib_types.HOLDER_NAMES[type(value)], extra, body]))

    def _set(self, value: Any, depth: int) -> Any:
        code = SET if isinstance(value, set) else FROZENSET
        items = set.__iter__(value) if isinstance(value, set) else frozenset.__iter__(value)
        # Sorted: a set's own order may depend on memory addresses, and equal calls must make equal messages.
        return ExtType(code, pack(sorted(self._items(value, items, depth), key=pack)))

    def _shared_items(self, number: int, value: Any, items: Iterator[Any], depth: int) -> list[Any]:
        before, self.touched = self.touched, set()
        encoded = self._items(value, items, depth)
        self._inside[number] = self.touched
        self.touched = before | self.touched
        return encoded

    def _items(self, value: Any, items: Iterator[Any], depth: int) -> list[Any]:
        if id(value) in self._open:
            raise WireError("A container that contains itself cannot be sent.")
        self._open.add(id(value))
        self._count(8 * len(value))
        try:
            return [self.encode(item, depth + 1) for item in items]
        finally:
            self._open.discard(id(value))

    def _view(self, value: Any, body: Any) -> Any:
        return body if self._trusted else ExtType(VIEW, pack([0, self._side.export(value), body]))

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


# The order matters: np.float64 is a float, and must be encoded as a NumPy scalar.
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
    """Return [name, state, has_uint32, uinteger, seed] of a bit generator, made of strings, integers and bytes."""
    state: Any = generator.bit_generator.state
    inner = state["state"]
    words = inner["state"] if isinstance(inner["state"], np.ndarray) else [inner["state"], inner["inc"]]
    numbers = [int(word).to_bytes(16, "little") for word in words]
    seed = _seed_of(generator.bit_generator.seed_seq)
    return [state["bit_generator"], numbers, int(state["has_uint32"]), int(state["uinteger"]), seed]


def _seed_of(seed: Any) -> list[Any] | None:
    """Return [entropy, spawn key, number of spawned children] of a seed, since later children depend on them. Return
    None if it is not a SeedSequence."""
    if type(seed) is not np.random.SeedSequence or seed.entropy is None:
        return None
    # NumPy treats a single number like a list with that number.
    words = [seed.entropy] if isinstance(seed.entropy, int) else seed.entropy
    entropy = [int(word).to_bytes(int(word).bit_length() // 8 + 1, "little") for word in words]
    return [entropy, list(seed.spawn_key), seed.n_children_spawned]
