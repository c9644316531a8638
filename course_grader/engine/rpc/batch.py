"""Calls that can wait, sent together in one message: a message costs more than most of the calls that it carries.

A call can wait where nothing in the referee hangs on it but its own answer: it is given plain values, and no
function but one whose answers are known. The calls are made in their order. One array or list in several of them is
one object for the function, as it is where the calls are made one by one. A call that is made again with the very same
arguments is sent once, with a count.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from course_grader.engine.rpc.channel import WireError
from course_grader.engine.rpc.encode import Encoder
from course_grader.engine.rpc.message import ExtType
from course_grader.engine.rpc.types import DOUBLE, FLOAT, Opaque, PeerSide, RemoteTuple, Shared, is_scalar
from course_utils.checks.remote_calls import promised

MOST_CALLS = 1000
MOST_BYTES = 1 << 20
WAITING = frozenset({type(None), bool, int, float, str, np.float64, np.float32, np.int64, np.bool_})
WAITING |= {np.ndarray, np.random.Generator}
NOT_SCALAR = object()
# Of a function; or of a loop over its calls too, which is a module and a name.
Handle = int | list[Any]


def encode_scalar(value: Any) -> Any:
    """Return a number as it stands alone for a whole reply; CLOTHED for what needs more to be said."""
    if is_scalar(value):
        return value
    return ExtType(FLOAT, DOUBLE.pack(value)) if type(value) is np.float64 else NOT_SCALAR


def decode_scalar(reply: Any) -> Any:
    """Return the number of a reply that is nothing but a number; CLOTHED where it is something else."""
    if type(reply) is ExtType and reply.code == FLOAT and len(reply.data) == DOUBLE.size:
        return np.float64(DOUBLE.unpack(reply.data)[0])
    return reply if is_scalar(reply) else NOT_SCALAR


class BatchedReply:
    """The reply to several calls, of which one after the other is asked for its result."""

    def __init__(self, renewed: list[Any], count: int, columns: Any) -> None:
        self.renewed, self.count, self.columns = renewed, count, columns
        self.results: Iterator[Any] | None = None


class Caller(PeerSide, Protocol):
    """What a batch needs of the side that calls."""

    def exchange(self, batch: CallBatch) -> None:
        """Send the calls of a batch and fill in its replies."""

    def outcome(self, reply: Any, shared: Shared) -> Any:
        """Return what a reply says, or raise it."""

    def results_of(self, reply: BatchedReply, shared: Shared) -> list[Any]:
        """Return the results of a reply to several calls, as many as there were calls."""


def _is_again(
    call: tuple[Handle, Sequence[Any], dict[str, Any]], last: tuple[Handle, Sequence[Any], dict[str, Any]]
) -> bool:  # fmt: skip
    """Return whether a call is made with the very same arguments as the last one."""
    if call[0] != last[0] or [*call[2]] != [*last[2]]:
        return False
    if call[1] is last[1] and call[2] is last[2]:
        return True
    values, others = (*call[1], *call[2].values()), (*last[1], *last[2].values())
    return len(values) == len(others) and all(map(operator.is_, values, others))


def _can_repeat(value: Any) -> bool:
    """Return whether the same value can be given to a call that is made again: what it is there, it is still."""
    if type(value) in (tuple, list, dict):
        return all(map(_can_repeat, value.values() if type(value) is dict else value))
    return type(value) in WAITING or not isinstance(promised(value), list | None)


class CallBatch:
    """The calls in the order in which they are made, and their replies, once `Caller.exchange` has brought them.

    A call is a handle and arguments; where these are more than bare numbers, named arguments and the numbers of the
    shared objects follow, and how often it is made if that is more than once. The reply to a call that returned a
    number and changed nothing is that number. The replies to calls of one kind may come together, see `columns`.
    """

    def __init__(self, caller: Caller, limit: int) -> None:
        self._caller, self._shared = caller, Shared()
        self._encoder = Encoder(caller, self._shared, limit, trusted=True, asking=True)
        self.calls: list[list[Any]] = []
        # Of each call, those made again counted, its place among `calls`; and the last call, if it can be made again.
        self.places: list[int] = []
        self._last: tuple[Handle, Sequence[Any], dict[str, Any]] | None = None
        self.replies: list[Any] | None = None

    @property
    def is_full(self) -> bool:
        return len(self.places) >= MOST_CALLS or self._encoder.size > MOST_BYTES

    def add(self, handle: Handle, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        """Add a call; False where it cannot wait, and nothing was added."""
        told = handle, args, kwargs
        if self._last is not None and _is_again(told, self._last):
            self._count_again()
            return True
        if not self._add(handle, args, kwargs):
            return False
        self.places.append(len(self.calls) - 1)
        is_alone = len(self.calls[-1]) > 2 and all(map(_can_repeat, (*args, *kwargs.values())))
        self._last = told if is_alone else None
        return True

    def _count_again(self) -> None:
        self.places.append(len(self.calls) - 1)
        call = self.calls[-1]
        call[4:] = [call[4] + 1 if len(call) > 4 else 2]

    def _add(self, handle: Handle, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        if not kwargs and all(map(is_scalar, args)):
            self.calls.append([handle, args])
            return True
        values = (*args, *kwargs.values())
        if not all(map(self._can_wait, values)):
            return False
        begin, self._encoder.touched = len(self._shared.objects), set()
        try:
            encoded = [self._encoder.encode(value) for value in values]
        except WireError:
            self._shared.cut(begin)
            return False
        count = len(args)
        named = [[name, item] for name, item in zip(kwargs, encoded[count:], strict=True)] if kwargs else []
        self.calls.append([handle, encoded[:count], named, sorted(self._encoder.touched)])
        return True

    def outcome(self, place: int) -> Any:
        """Return the result of the call at this place, or raise what it raised."""
        if self.replies is None:
            self._caller.exchange(self)
        # One is missing where the other side ended on the way.
        reply = self.replies[place] if self.replies and place < len(self.replies) else []
        if (value := decode_scalar(reply)) is not NOT_SCALAR:
            return value
        if isinstance(reply, BatchedReply):
            if reply.results is None:
                reply.results = iter(self._caller.results_of(reply, self._part(place)))
            return next(reply.results)
        return self._caller.outcome(reply, self._part(place))

    def take(self, reply: Any) -> None:
        """Add a reply that came, to one call or to several."""
        replies = self.replies if self.replies is not None else []
        match reply:
            case ["several", list(renewed), int(count), columns] if 0 < count <= len(self.places) - len(replies):
                replies += [BatchedReply(renewed, count, columns)] * count
            case _:
                replies.append(reply)

    def _part(self, place: int) -> Shared:
        call = self.calls[self.places[place]]
        return self._shared.part(call[3] if len(call) > 2 else ())

    def _can_wait(self, value: Any) -> bool:
        kind = type(value)
        if kind in WAITING:
            return True
        if kind is tuple or kind is list:
            return all(map(self._can_wait, value))
        if kind is dict:
            return all(type(key) is str and self._can_wait(item) for key, item in value.items())
        if promised(value) is not None:
            return True
        # What came from the other side as a whole: it goes back by its handle.
        remote = getattr(value, "remote", None)
        return isinstance(value, Opaque | RemoteTuple) and remote is not None and remote[0] is self._caller.owner
