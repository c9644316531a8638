"""Decode values from messages. See `types` for their encoding, and for what is guaranteed for hostile bytes."""

from __future__ import annotations

import functools
import math
import re
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from course_grader.engine.rpc import stdlib_types
from course_grader.engine.rpc.channel import WireError
from course_grader.engine.rpc.clean_text import clean
from course_grader.engine.rpc.message import DAMAGE, ExtType, unpack
from course_grader.engine.rpc.types import (
    ALIKE,
    ARRAY,
    BASED,
    BIG_INT,
    BIG_INT_BYTES,
    BIT_GENERATORS,
    CALLABLE,
    CHILDREN,
    COMPLEX,
    CONTAINERS,
    DEPTH,
    DICT,
    DOUBLE,
    DTYPE,
    FLOAT,
    FORM,
    FROZENSET,
    GENERATOR,
    HASHED,
    HOLDER,
    IN_FORTRAN_ORDER,
    IN_NO_ORDER,
    LIST,
    NODES,
    OPAQUE,
    PAIR,
    REFERENCE,
    SCALAR,
    SEED_BYTES,
    SEED_WORDS,
    SET,
    STAND_IN,
    STANDARD,
    TUPLE,
    VIEW,
    Opaque,
    OpaqueIterator,
    PeerSide,
    RemoteDict,
    RemoteList,
    RemoteTuple,
    Shared,
)

# Characters that are removed from the names of types and functions: they could only confuse a reader.
UNFIT_FOR_NAME = re.compile(r"[^\w.<>]")


class Decoder:
    """Decodes one message.

    weight: limits the total size in bytes of the decoded values; an object counts again at each reference to it.
    trusted: this side is the trusted one, the referee, so the sender is not trusted.
    asked: the message is a call, and the mutable objects in its arguments are added to `shared`.
    """

    def __init__(self, side: PeerSide, shared: Shared, weight: int, trusted: bool, asked: bool = False) -> None:
        self._side, self._shared, self._left, self._trusted, self._asked = side, shared, weight, trusted, asked
        self._nodes = NODES
        # Containers that the message may refer to; None allows all of the call's arguments.
        self._allowed: set[int] | None = set() if trusted and asked else None

    def decode(self, node: Any, depth: int = 0) -> Any:
        """Return the value of a node. Raises WireError if it is damaged or too large."""
        kind = type(node)
        if kind is ExtType:
            if depth > DEPTH + 2:
                raise WireError("A value is nested too deeply.")
            self._spend(16)
            try:
                return DECODINGS[node.code](self, node.data, depth)
            except DAMAGE as error:
                raise WireError(f"A value is damaged ({type(error).__name__}).") from None
        if kind is str or kind is bytes:
            self._spend(len(node))
        elif kind not in (int, float, bool, type(None)):
            raise WireError("A value is damaged (a list or dict was sent without being encoded).")
        return node

    def renew(self, number: Any, body: Any) -> None:
        """Replace the contents of a shared object by those that it has on the other side. Raises WireError if they do
        not fit."""
        try:
            self._renew(self._shared.objects[number], body)
        except DAMAGE as error:
            raise WireError(f"An argument came back damaged ({type(error).__name__}).") from None

    def _renew(self, value: Any, body: list[Any]) -> None:
        if isinstance(value, np.ndarray):
            fresh = self._plain_array(body)
            if fresh.shape != value.shape or fresh.dtype != value.dtype or not value.flags.writeable:
                raise WireError("An array came back with a different shape or dtype.")
            np.copyto(value, fresh)
        elif isinstance(value, np.random.Generator):
            _renew_generator(value, body)
        elif isinstance(value, list):
            self._allowed = {id(item) for item in value}
            value[:] = self._items(body, 1)
        elif isinstance(value, dict):
            self._allowed = {id(item) for item in value.values()}
            pairs = self._pairs(body, 1)
            # `dict.clear` would not clear the order that an OrderedDict keeps separately.
            value.clear() if type(value) in stdlib_types.HOLDER_NAMES else dict.clear(value)
            value.update(pairs)
        elif isinstance(value, deque):
            self._allowed = {id(item) for item in value}
            items = self._items(body, 1)
            value.clear()
            value.extend(items)
        elif isinstance(value, bytearray):
            value[:] = self._content(body)
        else:
            raise WireError("An argument came back that is immutable.")
        self._allowed = None

    def notice(self, is_full: bool) -> None:
        """Note whether a received value is empty, for the message of a failing test."""
        self._side.unexpected.has_empty |= not is_full

    def spend(self, weight: int, nodes: int) -> None:
        """Count `nodes` values of `weight` bytes in total. Raises WireError if the message exceeds its limits."""
        self._spend(weight)
        self._nodes -= nodes

    def _spend(self, weight: int) -> None:
        self._left -= weight
        self._nodes -= 1
        if self._left < 0 or self._nodes < 0:
            raise WireError("A value is too large.")

    def _register(self, value: Any, number: int, weight: int) -> None:
        if number == -1:
            return
        if number != len(self._shared.objects) or (isinstance(value, CONTAINERS) and not self._asked):
            raise WireError("The objects of a message are numbered wrongly.")
        self._shared.add(value, number, weight)

    def _items(self, body: Any, depth: int) -> list[Any]:
        if type(body) is not list:
            raise WireError("A container is damaged.")
        self._spend(16 * len(body))
        self._side.unexpected.has_empty |= not body
        return [self.decode(item, depth + 1) for item in body]

    def _pairs(self, body: Any, depth: int) -> dict[Any, Any]:
        items = self._items(body, depth)
        if len(items) > 2 * HASHED or len(items) % 2:
            raise WireError("A dict has too many keys.")
        _check_hashes(items[::2])
        return dict(zip(items[::2], items[1::2], strict=True))

    def _tuple(self, data: bytes, depth: int) -> Any:
        return tuple(self._items(unpack(data), depth))

    def _set(self, data: bytes, depth: int) -> Any:
        items = self._items(unpack(data), depth)
        if len(items) > HASHED:
            raise WireError("A set has too many items.")
        _check_hashes(items)
        return set(items)

    def _frozenset(self, data: bytes, depth: int) -> Any:
        return frozenset(self._set(data, depth))

    def _list(self, data: bytes, depth: int, into: Any = None) -> Any:
        number, items = unpack(data)
        value = [] if into is None else into
        # Register it before its items: on the side that trusts the sender, a list may contain itself.
        self._register(value, number, 0)
        list.__setitem__(value, slice(None), self._items(items, depth))
        return value

    def _dict(self, data: bytes, depth: int, into: Any = None) -> Any:
        number, items = unpack(data)
        value: dict[Any, Any] = {} if into is None else into
        self._register(value, number, 0)
        pairs = self._pairs(items, depth)
        dict.clear(value)
        dict.update(value, pairs)
        return value

    def _standard(self, data: bytes, depth: int) -> Any:
        name, parts = unpack(data)
        value = stdlib_types.made_of(name, self._items(parts, depth))
        self._spend(stdlib_types.weight_of(value))
        return value

    def _holder(self, data: bytes, depth: int) -> Any:
        number, name, extra, body = unpack(data)
        value = stdlib_types.empty(name, self.decode(extra, depth + 1))
        # Before its items, as for a list.
        self._register(value, number, 0)
        if isinstance(value, bytearray):
            value[:] = self._content(body)
        elif isinstance(value, dict):
            value.update(self._pairs(body, depth))
        else:
            value.extend(self._items(body, depth))
        return value

    def _content(self, body: Any) -> bytes:
        if type(body) is not bytes:
            raise WireError("A bytearray is damaged.")
        self._spend(len(body))
        return body

    def _complex(self, data: bytes, depth: int) -> Any:
        return complex(*_pair(data))

    def _big(self, data: bytes, depth: int) -> Any:
        if len(data) > BIG_INT_BYTES:
            raise WireError("An integer is too large.")
        return int.from_bytes(data, "little", signed=True)

    def _float(self, data: bytes, depth: int) -> Any:
        if len(data) != DOUBLE.size:
            raise WireError("A number is damaged.")
        return np.float64(DOUBLE.unpack(data)[0])

    def _scalar(self, data: bytes, depth: int) -> Any:
        dtype, content = unpack(data)
        return np.frombuffer(content, dtype_of(dtype), count=1)[0]

    def _array(self, data: bytes, depth: int) -> Any:
        number, *body = unpack(data)
        value = self._view_of_base(body, depth) if body[2] == BASED else self._plain_array(body)
        self._register(value, number, value.nbytes)
        return value

    def _view_of_base(self, body: list[Any], depth: int) -> np.ndarray:
        text, shape, _, writeable, place = body
        if self._trusted:
            raise WireError("An array has a layout that only the referee may send.")
        base, offset, strides = place
        owner = self.decode(base, depth + 1)
        value: np.ndarray = np.ndarray(shape, dtype_of(text), owner, offset, strides)
        value.flags.writeable = writeable
        return value

    def _plain_array(self, body: list[Any]) -> np.ndarray:
        text, shape, layout, writeable, data = body
        dtype, shape = dtype_of(text), shape_of(shape)
        if math.prod(shape) * dtype.itemsize != len(data):
            raise WireError("An array does not have the size that its shape requires.")
        self._spend(len(data))
        self._side.unexpected.has_empty |= not data
        flat = np.frombuffer(data, dtype)
        if layout == IN_NO_ORDER:
            # A view of every second entry of a larger array: the sender's array is not contiguous either, and code may
            # depend on that.
            value = np.zeros((*shape, 2), dtype)[..., 0]
            value[...] = flat.reshape(shape)
        else:
            value = flat.reshape(shape, order="F" if layout == IN_FORTRAN_ORDER else "C").copy(order="K")
        value.flags.writeable = bool(writeable)
        return cast(np.ndarray, value)

    def _form(self, data: bytes, depth: int) -> Any:
        text, shape = unpack(data)
        shape = shape_of(shape)
        if math.prod(shape) > NODES:
            return self._named(Opaque, "ndarray")
        self._spend(8 * math.prod(shape))
        is_text = isinstance(text, str) and re.fullmatch(r"[<>]U\d{1,4}", text)
        return np.zeros(shape, "U1") if is_text else np.full(shape, None, object)

    def _generator(self, data: bytes, depth: int) -> Any:
        number, *body = unpack(data)
        state = _state(body)
        entropy, key, children = _seed(body)
        seed = np.random.SeedSequence(entropy, spawn_key=key, n_children_spawned=children)
        value = np.random.Generator(BIT_GENERATORS[state["bit_generator"]](seed))
        value.bit_generator.state = state
        self._register(value, number, 64)
        return value

    def _callable(self, data: bytes, depth: int) -> Any:
        owner, handle, name, is_class, answers = unpack(data)
        if owner == 1:
            return self._side.resolve(handle)
        self._spend(STAND_IN)
        # The referee ignores answers that a worker claims to know, and calls it each time.
        known = None
        if answers is not None and not self._trusted:
            arguments, values = answers
            known = [arguments, [self.decode(value, depth + 1) for value in values]]
        return self._side.function(_handle(handle), _name(name), bool(is_class), known)

    def _opaque(self, data: bytes, depth: int) -> Any:
        owner, handle, name, advance, drawn = unpack(data)
        if owner == 1:
            return self._side.resolve(handle)
        self._spend(STAND_IN)
        value = self._named(Opaque if advance == -1 else OpaqueIterator, _name(name))
        self._side.unexpected.class_name = type(value).__name__
        if isinstance(value, OpaqueIterator):
            generators = [self._shared.objects[number] for number in drawn]
            value.advance = functools.partial(self._side.function(_handle(advance), "next", False), *generators)
        value.remote = (self._side.owner, _handle(handle))
        return value

    @staticmethod
    def _named(base: type[Opaque], name: str) -> Opaque:
        # The class gets the name of the original type, since a check shows it to the learner.
        return cast(Opaque, type(name or "object", (base,), {})())

    def _view(self, data: bytes, depth: int) -> Any:
        owner, handle, body = unpack(data)
        if owner == 1:
            exported, decode = self._side.resolve(handle), {LIST: self._list, DICT: self._dict}[body.code]
            return decode(body.data, depth, exported)
        value = self.decode(body, depth + 1)
        view = VIEWS[type(value)](value)
        view.remote = (self._side.owner, _handle(handle))
        return view

    def _reference(self, data: bytes, depth: int) -> Any:
        number = unpack(data)
        value = self._shared.objects[number]
        self._spend(self._shared.weights[number])
        if self._allowed is not None and isinstance(value, CONTAINERS) and id(value) not in self._allowed:
            raise WireError("A container is put into another one, which could create a cycle.")
        return value


VIEWS: dict[type, Any] = {tuple: RemoteTuple, list: RemoteList, dict: RemoteDict}
DECODINGS: dict[int, Callable[[Decoder, bytes, int], Any]] = {
    TUPLE: Decoder._tuple,
    SET: Decoder._set,
    FROZENSET: Decoder._frozenset,
    COMPLEX: Decoder._complex,
    BIG_INT: Decoder._big,
    ARRAY: Decoder._array,
    SCALAR: Decoder._scalar,
    LIST: Decoder._list,
    DICT: Decoder._dict,
    GENERATOR: Decoder._generator,
    CALLABLE: Decoder._callable,
    OPAQUE: Decoder._opaque,
    REFERENCE: Decoder._reference,
    FORM: Decoder._form,
    VIEW: Decoder._view,
    FLOAT: Decoder._float,
    STANDARD: Decoder._standard,
    HOLDER: Decoder._holder,
}


def _pair(data: bytes) -> tuple[float, float]:
    if len(data) != PAIR.size:
        raise WireError("A complex number is damaged.")
    return cast(tuple[float, float], PAIR.unpack(data))


def dtype_of(text: Any) -> np.dtype[Any]:
    """Return the dtype of a boolean, integer, float or complex array. Raises WireError for any other."""
    if not isinstance(text, str) or not DTYPE.fullmatch(text):
        raise WireError("An array has a dtype that is not plain.")
    return np.dtype(text)


def shape_of(shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple. Raises WireError if it is not a list of at most 32 sizes below 2**31."""
    if type(shape) is not list or len(shape) > 32 or any(type(n) is not int or not 0 <= n < 2**31 for n in shape):
        raise WireError("An array has no proper shape.")
    return tuple(shape)


def _check_hashes(keys: list[Any]) -> None:
    if len(keys) - len(set(map(hash, keys))) > ALIKE:
        raise WireError("A set or a dict contains too many keys with equal hashes.")


def _handle(handle: Any) -> int:
    if type(handle) is not int or not 0 <= handle < 2**40:
        raise WireError("A handle is damaged.")
    return handle


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise WireError("A name is damaged.")
    return UNFIT_FOR_NAME.sub("", clean(name, 100))


def _state(body: list[Any]) -> dict[str, Any]:
    """Return the state of a bit generator. Only types whose state contains no index into memory are accepted."""
    name, numbers, has_uint32, uinteger, _ = body
    is_valid = (name in BIT_GENERATORS, has_uint32 in (0, 1), type(uinteger) is int and 0 <= uinteger < 2**32)
    words = [int.from_bytes(word, "little") for word in numbers if type(word) is bytes and len(word) == 16]
    if not all(is_valid) or len(words) != len(numbers) or len(words) != (4 if name == "SFC64" else 2):
        raise WireError("A random generator is damaged.")
    if name != "SFC64" and words[1] % 2 == 0:
        # NumPy never makes an even increment. With it the state can stop changing, and code that draws until a draw
        # fits would loop forever.
        raise WireError("A random generator is damaged: its increment is even.")
    inner: dict[str, Any] = (
        {"state": np.array(words, dtype=np.uint64)} if name == "SFC64" else {"state": words[0], "inc": words[1]}
    )
    return {"bit_generator": name, "state": inner, "has_uint32": has_uint32, "uinteger": uinteger}


def _seed(body: list[Any]) -> tuple[list[int], tuple[int, ...], int]:
    """Return the entropy, spawn key and number of spawned children of the seed of a bit generator."""
    if body[-1] is None:
        return [0], (), 0
    entropy, key, children = body[-1]
    is_valid = (
        len(entropy) <= SEED_WORDS and all(type(word) is bytes and len(word) <= SEED_BYTES for word in entropy),
        len(key) <= SEED_WORDS and all(type(word) is int and 0 <= word < 2**32 for word in key),
        type(children) is int and 0 <= children <= CHILDREN,
    )
    if not all(is_valid):
        raise WireError("A random generator is damaged.")
    return [int.from_bytes(word, "little") for word in entropy], tuple(key), children


def _renew_generator(value: np.random.Generator, body: list[Any]) -> None:
    state, (_, _, children), seed = _state(body), _seed(body), value.bit_generator.seed_seq
    value.bit_generator.state = state
    if isinstance(seed, np.random.SeedSequence) and children > seed.n_children_spawned:
        # Children that the other side spawned count here too, so that the next children are new ones.
        seed.spawn(children - seed.n_children_spawned)
