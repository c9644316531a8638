"""Batch deferred calls into one message: a message costs more than most of the calls in it.

A call can be deferred if it affects nothing in the referee but its own result: its arguments are plain values, or
functions whose answers are known in advance. The worker makes the calls in order. An array or list that is an argument
of several calls is one object there too, as without a batch. A call that is repeated with the same objects as arguments
is sent once, with a count.
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
DEFERRABLE = frozenset({type(None), bool, int, float, str, np.float64, np.float32, np.int64, np.bool_})
DEFERRABLE |= {np.ndarray, np.random.Generator}
NOT_SCALAR = object()
# The handle of a function; or [handle, module, name] for a loop over its calls that the worker runs.
Handle = int | list[Any]


def encode_scalar(value: Any) -> Any:
    """Encode a bare number as a complete reply, or return NOT_SCALAR if the value needs a full one."""
    if is_scalar(value):
        return value
    return ExtType(FLOAT, DOUBLE.pack(value)) if type(value) is np.float64 else NOT_SCALAR


def decode_scalar(reply: Any) -> Any:
    """Return the number if a reply is a bare number, or NOT_SCALAR if it is a full reply."""
    if type(reply) is ExtType and reply.code == FLOAT and len(reply.data) == DOUBLE.size:
        return np.float64(DOUBLE.unpack(reply.data)[0])
    return reply if is_scalar(reply) else NOT_SCALAR


class BatchedReply:
    """One reply to several equal calls; the calls take their results from it one after another."""

    def __init__(self, renewed: list[Any], count: int, columns: Any) -> None:
        self.renewed, self.count, self.columns = renewed, count, columns
        self.results: Iterator[Any] | None = None


class Caller(PeerSide, Protocol):
    """The methods that a batch uses on the side that makes the calls."""

    def exchange(self, batch: CallBatch) -> None:
        """Send the calls of a batch and fill in its replies."""

    def outcome(self, reply: Any, shared: Shared) -> Any:
        """Return the result in a reply, or raise the error in it."""

    def results_of(self, reply: BatchedReply, shared: Shared) -> list[Any]:
        """Return the results in a reply to several calls, one for each call."""


def _is_repetition(
    call: tuple[Handle, Sequence[Any], dict[str, Any]], last: tuple[Handle, Sequence[Any], dict[str, Any]]
) -> bool:  # fmt: skip
    """Return whether a call has the very same function and arguments (the same objects) as the last one."""
    if call[0] != last[0] or [*call[2]] != [*last[2]]:
        return False
    if call[1] is last[1] and call[2] is last[2]:
        return True
    values, last_values = (*call[1], *call[2].values()), (*last[1], *last[2].values())
    return len(values) == len(last_values) and all(map(operator.is_, values, last_values))


def _can_repeat(value: Any) -> bool:
    """Return whether an argument needs no new encoding when the call is repeated. A function whose known answers come
    in turn does: its list of answers is another one at each call."""
    if type(value) in (tuple, list, dict):
        return all(map(_can_repeat, value.values() if type(value) is dict else value))
    return type(value) in DEFERRABLE or not isinstance(promised(value), list | None)


class CallBatch:
    """Calls in order, and their replies after `Caller.exchange`.

    A call is [handle, arguments]. If the arguments are not all bare numbers, the keyword arguments and the numbers of
    the shared objects follow, and then a count if the call is repeated. If a call returned a number and changed
    nothing, its reply is that number. The replies to a repeated call may come together, see `columns`.
    """

    def __init__(self, caller: Caller, limit: int) -> None:
        self._caller, self._shared = caller, Shared()
        self._encoder = Encoder(caller, self._shared, limit, trusted=True, asking=True)
        self.calls: list[list[Any]] = []
        # For each call, repetitions included, its index in `calls`; and the last call, if it can be repeated.
        self.places: list[int] = []
        self._last: tuple[Handle, Sequence[Any], dict[str, Any]] | None = None
        self.replies: list[Any] | None = None

    @property
    def is_full(self) -> bool:
        return len(self.places) >= MOST_CALLS or self._encoder.size > MOST_BYTES

    def add(self, handle: Handle, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        """Add a call and return True; return False, and add nothing, if the call cannot be deferred."""
        added = handle, args, kwargs
        if self._last is not None and _is_repetition(added, self._last):
            self._count_repetition()
            return True
        if not self._add(handle, args, kwargs):
            return False
        self.places.append(len(self.calls) - 1)
        is_repeatable = len(self.calls[-1]) > 2 and all(map(_can_repeat, (*args, *kwargs.values())))
        self._last = added if is_repeatable else None
        return True

    def _count_repetition(self) -> None:
        self.places.append(len(self.calls) - 1)
        call = self.calls[-1]
        call[4:] = [call[4] + 1 if len(call) > 4 else 2]

    def _add(self, handle: Handle, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        if not kwargs and all(map(is_scalar, args)):
            self.calls.append([handle, args])
            return True
        values = (*args, *kwargs.values())
        if not all(map(self._can_defer, values)):
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
        """Return the result of the call at this index of `places`, or raise the error that it raised."""
        if self.replies is None:
            self._caller.exchange(self)
        # A reply is missing if the worker ended before it sent all of them.
        reply = self.replies[place] if self.replies and place < len(self.replies) else []
        if (value := decode_scalar(reply)) is not NOT_SCALAR:
            return value
        if isinstance(reply, BatchedReply):
            if reply.results is None:
                reply.results = iter(self._caller.results_of(reply, self._part(place)))
            return next(reply.results)
        return self._caller.outcome(reply, self._part(place))

    def add_reply(self, reply: Any) -> None:
        """Add a received reply, to one call or to several."""
        replies = self.replies if self.replies is not None else []
        match reply:
            case ["several", list(renewed), int(count), columns] if 0 < count <= len(self.places) - len(replies):
                replies += [BatchedReply(renewed, count, columns)] * count
            case _:
                replies.append(reply)

    def _part(self, place: int) -> Shared:
        call = self.calls[self.places[place]]
        return self._shared.part(call[3] if len(call) > 2 else ())

    def _can_defer(self, value: Any) -> bool:
        kind = type(value)
        if kind in DEFERRABLE:
            return True
        if kind is tuple or kind is list:
            return all(map(self._can_defer, value))
        if kind is dict:
            return all(type(key) is str and self._can_defer(item) for key, item in value.items())
        if promised(value) is not None:
            return True
        # An object of the worker is passed back by its handle.
        remote = getattr(value, "remote", None)
        return isinstance(value, Opaque | RemoteTuple) and remote is not None and remote[0] is self._caller.owner
