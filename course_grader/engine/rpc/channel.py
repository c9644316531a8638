"""The wire between referee and worker: messages over a socket pair, each a length and as many bytes of msgpack.

Never pickle: reading a message can do nothing but make values. A message has a size limit and a deadline.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from typing import Protocol

LENGTH = struct.Struct("<I")
CHUNK, PAGE = 1 << 18, 1 << 13
MOST_WAITING = 200
# A quarter of a second, as the system takes it.
WAKE = struct.pack("@ll", 0, 250_000)


class WireError(Exception):
    """The other side sent what is no message, or one that is too large."""


class WireClosed(WireError):
    """The other side is gone."""


class DeadlinePassed(WireError):
    """The other side did not answer in time."""


class Transport(Protocol):
    """What a side sends its messages by; see `Channel`."""

    limit: int
    last_size: int

    def send(self, message: bytes, deadline: float | None = None) -> None: ...
    def put(self, message: bytes, deadline: float | None = None) -> None: ...
    def receive(self, deadline: float | None = None) -> bytes: ...


class Channel:
    """One end of the wire. `limit` is the largest message in bytes."""

    def __init__(self, end: socket.socket, limit: int) -> None:
        self.limit = limit
        self._socket = end
        # The system waits, and wakes to let a deadline pass: one call where another way takes three.
        end.setblocking(True)
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            end.setsockopt(socket.SOL_SOCKET, direction, WAKE)
        self._buffer = bytearray()
        self._unsent: list[bytes] = []
        self.last_size = 0
        # What is asked when a deadline has passed, for seconds to go on waiting; 0 where it stays. Then `extra` has
        # them, until a new deadline begins.
        self.more_time: Callable[[], float] = float
        self.extra = 0.0

    def send(self, message: bytes, deadline: float | None = None) -> None:
        """Send one message; `deadline` is a time of `time.monotonic()`, None waits for ever."""
        if len(message) > self.limit:
            raise WireError(f"A message of {len(message)} bytes is above the limit of {self.limit}.")
        left: bytes | memoryview = b"".join((*self._unsent, LENGTH.pack(len(message)), message))
        self._unsent.clear()
        while left:
            try:
                sent = self._socket.send(left)
            except BlockingIOError:
                self._look_at(deadline, "The worker does not take what it is sent.")
            except OSError as error:
                raise WireClosed(f"The other side is gone ({error.strerror}).") from None
            else:
                left = b"" if sent == len(left) else memoryview(left)[sent:]

    def put(self, message: bytes, deadline: float | None = None) -> None:
        """Send one message with the next, or at once where many wait."""
        if len(self._unsent) >= MOST_WAITING:
            self.send(message, deadline)
        else:
            self._unsent += (LENGTH.pack(len(message)), message)

    def receive(self, deadline: float | None = None) -> bytes:
        """Return the next message."""
        buffer = self._buffer
        if len(buffer) < LENGTH.size:
            self._fill(LENGTH.size, deadline)
        (size,) = LENGTH.unpack_from(buffer)
        if size > self.limit:
            raise WireError(f"A message of {size} bytes is above the limit of {self.limit}.")
        end = LENGTH.size + size
        if len(buffer) < end:
            self._fill(end, deadline)
        self.last_size = size
        message = bytes(memoryview(buffer)[LENGTH.size : end])
        del buffer[:end]
        return message

    def close(self) -> None:
        self._socket.close()

    def _fill(self, size: int, deadline: float | None) -> None:
        while len(self._buffer) < size:
            try:
                # Room for the whole of a large message, and not the cost of it for a small one.
                chunk = self._socket.recv(min(max(size - len(self._buffer), PAGE), CHUNK))
            except BlockingIOError:
                self._look_at(deadline, "No answer came in time.")
                continue
            except OSError as error:
                raise WireClosed(f"The other side is gone ({error.strerror}).") from None
            if not chunk:
                raise WireClosed("The other side is gone.")
            # A side that trickles its bytes is waited for no longer than one that is silent.
            self._look_at(deadline, "No answer came in time.")
            self._buffer += chunk

    def _look_at(self, deadline: float | None, sentence: str) -> None:
        while deadline is not None and time.monotonic() > deadline + self.extra:
            more = self.more_time()
            if not more:
                raise DeadlinePassed(sentence)
            self.extra += more
