"""What passed over the wire in earlier test cells, and what came of it: most answers have been given before.

A test cell's result hangs on what the worker sends in it and on nothing else. So where a worker sends, byte for byte,
what another one sent, the referee need neither work out its next question nor judge the answers. It still asks every
question, since each submission has a worker of its own. With the first reply that is new the test cell itself takes
over (`Conversation`), and goes through what has passed until then without asking again.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from course_grader.engine.result import CellResult
from course_grader.engine.rpc.channel import Channel, WireError

# Bytes that are remembered together, and of one test cell of one submission; a message takes 500 more than its own.
MOST_BYTES, LONGEST, BESIDE = 1 << 25, 1 << 22, 500
# Of a longer reply the digest is remembered.
LONG = 1 << 12
# Bytes of all replies of one test cell, of submissions that answer the same: they are kept until the last is known.
MOST_HELD = 1 << 26


class Event(NamedTuple):
    """A message of a test cell. "put" is one that was sent together with the next; "digest" stands for a long one that
    was received, of this size."""

    kind: Literal["sent", "put", "received", "digest"]
    message: bytes
    size: int = 0


@dataclass
class _Place:
    """What the referee sends, once the worker's replies have led here; then the result, or the next reply."""

    sends: tuple[Event, ...] = ()
    result: CellResult | None = None
    after: dict[Event, _Place] = field(default_factory=dict)


class Conversation:
    """Stands for the channel during one test cell and keeps what passes, of long replies the digest.

    What is in `past` has passed already: it is not sent again, and the replies are those that came. `diverged` says
    that the test cell sent something else than it did with the same replies before.
    """

    def __init__(self, channel: Channel, past: Iterable[Event] = ()) -> None:
        self.limit, self.last_size, self.diverged = channel.limit, 0, False
        self.events: list[Event] = []
        self._channel, self._past = channel, deque(past)

    def send(self, message: bytes, deadline: float | None = None) -> None:
        if not self._is_past(Event("sent", message)):
            self._channel.send(message, deadline)

    def put(self, message: bytes, deadline: float | None = None) -> None:
        if not self._is_past(Event("put", message)):
            self._channel.put(message, deadline)

    def receive(self, deadline: float | None = None) -> bytes:
        message = self._past.popleft().message if self._past else self._channel.receive(deadline)
        self.events.append(_kept(Event("received", message)))
        self.last_size = len(message)
        return message

    def _is_past(self, event: Event) -> bool:
        self.events.append(event)
        if not self._past:
            return False
        self.diverged = self._past.popleft() != event
        if self.diverged:
            raise WireError("The test asks something else than before.")
        return True


class ReplayCache:
    """The test cells of one assignment, each a tree of the worker's replies."""

    def __init__(self) -> None:
        self._roots: dict[str, _Place] = {}
        self._given_up: set[str] = set()
        self._size = 0

    def play(self, grade_id: str, channel: Channel, deadline: float | None) -> tuple[CellResult | None, list[Event]]:
        """Ask what was asked before, as long as the replies are known; return the result, where they lead to one, and
        what has passed."""
        place, events = self._roots.get(grade_id), list[Event]()
        while place is not None:
            for event in place.sends:
                (channel.send if event.kind == "sent" else channel.put)(event.message, deadline)
            events += place.sends
            if place.result is not None:
                return place.result, events
            reply = Event("received", channel.receive(deadline))
            events.append(reply)
            place = place.after.get(_kept(reply))
        return None, events

    def keep(self, grade_id: str, events: list[Event], result: CellResult) -> None:
        """Remember the events of a test cell and its result."""
        events = list(map(_kept, events))
        if grade_id in self._given_up or _weight(events) > LONGEST or sum(one.size for one in events) > MOST_HELD:
            return
        if self._size > MOST_BYTES:
            self._roots.clear()
            self._size = 0
        place, sends = self._roots.setdefault(grade_id, _Place()), list[Event]()
        for event in events:
            if event.kind in ("sent", "put"):
                sends.append(event)
                continue
            self._fill(place, sends)
            if event not in place.after:
                place.after[event] = _Place()
                self._size += _weight([event])
            place, sends = place.after[event], []
        self._fill(place, sends)
        place.result = result

    def give_up(self, grade_id: str) -> None:
        """Forget a test cell whose questions are not the same each time, for good: it would cost each submission a
        worker to find that out."""
        self._given_up.add(grade_id)
        self._roots.pop(grade_id, None)

    def _fill(self, place: _Place, sends: list[Event]) -> None:
        if not place.sends:
            place.sends = tuple(sends)
            self._size += _weight(sends)


def _kept(event: Event) -> Event:
    """Return what is remembered of an event. Nobody knows two replies with one digest of SHA-256."""
    if event.kind != "received" or len(event.message) <= LONG:
        return event
    return Event("digest", hashlib.sha256(event.message).digest(), len(event.message))


def _weight(events: list[Event]) -> int:
    """Return how many bytes it takes to remember these events."""
    return sum(len(one.message) + BESIDE for one in events)
