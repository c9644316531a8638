"""Calls that can wait, sent together in one message: a message costs more than most of the calls that it carries.

A call can wait where nothing in the referee hangs on it but its own answer: it is given plain values, and no
function but one whose answers are known. The calls are made in their order. One array or list in several of them is
one object for the function, as it is where the calls are made one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from course_grader.engine.codec import DOUBLE, FLOAT, Encoder, Opaque, RemoteTuple, Shared, Side, is_bare
from course_grader.engine.packing import ExtType
from course_grader.engine.wire import WireError
from course_utils.checks.trial import KNOWN

MOST_CALLS = 1000
MOST_BYTES = 1 << 20
WAITING = frozenset({type(None), bool, int, float, str, np.float64, np.float32, np.int64, np.bool_})
WAITING |= {np.ndarray, np.random.Generator}
CLOTHED = object()


def stripped(value: Any) -> Any:
    """Return a number as it stands alone for a whole reply; CLOTHED for what needs more to be said."""
    if is_bare(value):
        return value
    return ExtType(FLOAT, DOUBLE.pack(value)) if type(value) is np.float64 else CLOTHED


def number_in(reply: Any) -> Any:
    """Return the number of a reply that is nothing but a number; CLOTHED where it is something else."""
    if type(reply) is ExtType and reply.code == FLOAT and len(reply.data) == DOUBLE.size:
        return np.float64(DOUBLE.unpack(reply.data)[0])
    return reply if is_bare(reply) else CLOTHED


class Caller(Side, Protocol):
    """What a batch needs of the side that calls."""

    def exchange(self, batch: Batch) -> None:
        """Send the calls of a batch and fill in its replies."""

    def outcome(self, reply: Any, shared: Shared) -> Any:
        """Return what a reply says, or raise it."""


class Batch:
    """The calls in the order in which they are made, and their replies, once `Caller.exchange` has brought them.

    A call is a handle and arguments; where these are more than bare numbers, named arguments and the numbers of the
    shared objects follow. The reply to a call that returned a number and changed nothing is that number.
    """

    def __init__(self, caller: Caller, limit: int) -> None:
        self._caller, self._shared = caller, Shared()
        self._encoder = Encoder(caller, self._shared, limit, trusted=True, asking=True)
        self.calls: list[list[Any]] = []
        self.replies: list[Any] | None = None

    @property
    def is_full(self) -> bool:
        return len(self.calls) >= MOST_CALLS or self._encoder.size > MOST_BYTES

    def add(self, handle: int, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        """Add a call; False where it cannot wait, and nothing was added."""
        if not kwargs and all(map(is_bare, args)):
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
        if (value := number_in(reply)) is not CLOTHED:
            return value
        touched = self.calls[place][3] if len(self.calls[place]) > 2 else ()
        return self._caller.outcome(reply, self._shared.part(touched))

    def _can_wait(self, value: Any) -> bool:
        kind = type(value)
        if kind in WAITING:
            return True
        if kind is tuple or kind is list:
            return all(map(self._can_wait, value))
        if kind is dict:
            return all(type(key) is str and self._can_wait(item) for key, item in value.items())
        if hasattr(value, KNOWN):
            return True
        # What came from the other side as a whole: it goes back by its handle.
        remote = getattr(value, "remote", None)
        return isinstance(value, Opaque | RemoteTuple) and remote is not None and remote[0] is self._caller.owner
