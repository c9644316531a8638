"""A cache of the messages of earlier test cells and of their results: most submissions give the same answers.

The result of a test cell depends only on the messages that the worker sends in it. If a worker sends byte for byte what
an earlier one sent, the referee does not need to run the test to find its next call or its result. It still sends every
call, since each submission has its own worker. At the first new reply the test cell itself runs (`Conversation`), and
the messages so far are replayed to it without being sent again.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from course_grader.engine.result import CellResult
from course_grader.engine.rpc.channel import Channel, WireError

# Bytes of the whole cache, and of one test cell of one submission; the overhead of a message in memory.
MOST_BYTES, LONGEST, BESIDE = 1 << 25, 1 << 22, 500
# Only the digest of a longer reply is kept.
LONG = 1 << 12
# Bytes of all replies of one test cell: `play` keeps them in memory until the cell's last reply is known.
MOST_HELD = 1 << 26


class Event(NamedTuple):
    """A message of a test cell. "put" is a message that was sent together with the next one. "digest" replaces a long
    message that was received; `size` is the size of that message in bytes."""

    kind: Literal["sent", "put", "received", "digest"]
    message: bytes
    size: int = 0


@dataclass
class _Node:
    """A node of the tree of replies: what the referee sends next, and then the result or the nodes after each reply."""

    sends: tuple[Event, ...] = ()
    result: CellResult | None = None
    after: dict[Event, _Node] = field(default_factory=dict)


class Conversation:
    """A transport for one test cell that wraps the channel and records its messages (long replies by their digest).

    past: messages that were already exchanged. They are not sent again, and their replies are returned again.
    `diverged` is True if the test cell sends something that is not in `past`.
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
        self.events.append(_compact(Event("received", message)))
        self.last_size = len(message)
        return message

    def _is_past(self, event: Event) -> bool:
        self.events.append(event)
        if not self._past:
            return False
        self.diverged = self._past.popleft() != event
        if self.diverged:
            raise WireError("The test sends different calls than before.")
        return True


class ReplayCache:
    """The cached test cells of one assignment, each a tree of the worker's replies."""

    def __init__(self) -> None:
        self._roots: dict[str, _Node] = {}
        self._given_up: set[str] = set()
        self._size = 0

    def play(self, grade_id: str, channel: Channel, deadline: float | None) -> tuple[CellResult | None, list[Event]]:
        """Send the messages of earlier runs of a test cell, as long as the replies are known.

        Return the result, or None if a reply is new, and the messages that were exchanged. Raises WireError.
        """
        node, events = self._roots.get(grade_id), list[Event]()
        while node is not None:
            for event in node.sends:
                (channel.send if event.kind == "sent" else channel.put)(event.message, deadline)
            events += node.sends
            if node.result is not None:
                return node.result, events
            reply = Event("received", channel.receive(deadline))
            events.append(reply)
            node = node.after.get(_compact(reply))
        return None, events

    def keep(self, grade_id: str, events: list[Event], result: CellResult) -> None:
        """Store the messages of a test cell and its result, unless they are too large."""
        events = list(map(_compact, events))
        if grade_id in self._given_up or _weight(events) > LONGEST or sum(event.size for event in events) > MOST_HELD:
            return
        if self._size > MOST_BYTES:
            self._roots.clear()
            self._size = 0
        node, sends = self._roots.setdefault(grade_id, _Node()), list[Event]()
        for event in events:
            if event.kind in ("sent", "put"):
                sends.append(event)
                continue
            self._fill(node, sends)
            if event not in node.after:
                node.after[event] = _Node()
                self._size += _weight([event])
            node, sends = node.after[event], []
        self._fill(node, sends)
        node.result = result

    def give_up(self, grade_id: str) -> None:
        """Never cache this test cell again: its calls differ from run to run, and finding that out would cost each
        submission a worker."""
        self._given_up.add(grade_id)
        self._roots.pop(grade_id, None)

    def _fill(self, node: _Node, sends: list[Event]) -> None:
        if not node.sends:
            node.sends = tuple(sends)
            self._size += _weight(sends)


def _compact(event: Event) -> Event:
    """Return the event as it is stored: a long reply is replaced by its SHA-256 digest, which nobody can forge."""
    if event.kind != "received" or len(event.message) <= LONG:
        return event
    return Event("digest", hashlib.sha256(event.message).digest(), len(event.message))


def _weight(events: list[Event]) -> int:
    """Return how many bytes the events take in memory."""
    return sum(len(event.message) + BESIDE for event in events)
