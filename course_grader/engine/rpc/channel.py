"""Messages between referee and worker over a socket pair: a length, and then that many bytes of msgpack.

Pickle is never used: decoding a message cannot run code. Messages have a size limit and a deadline.
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
# A timeout of a quarter of a second, as a struct timeval.
WAKE = struct.pack("@ll", 0, 250_000)


class WireError(Exception):
    """The other side sent an invalid message, or one that is too large."""


class WireClosed(WireError):
    """The other side is gone."""


class DeadlinePassed(WireError):
    """The other side did not answer in time."""


class Transport(Protocol):
    """The interface for sending and receiving messages; see `Channel`."""

    limit: int
    last_size: int

    def send(self, message: bytes, deadline: float | None = None) -> None: ...
    def put(self, message: bytes, deadline: float | None = None) -> None: ...
    def receive(self, deadline: float | None = None) -> bytes: ...


class Channel:
    """One end of the connection. `limit` is the size of the largest message, in bytes."""

    def __init__(self, end: socket.socket, limit: int) -> None:
        self.limit = limit
        self._socket = end
        # A blocking socket with a short timeout needs one system call for a message. Polling would need three.
        end.setblocking(True)
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            end.setsockopt(socket.SOL_SOCKET, direction, WAKE)
        self._buffer = bytearray()
        self._unsent: list[bytes] = []
        self.last_size = 0
        # A callback when a deadline has passed: it returns by how many seconds to extend it, or 0. `extra` is their sum
        # until a new deadline is set.
        self.more_time: Callable[[], float] = float
        self.extra = 0.0

    def send(self, message: bytes, deadline: float | None = None) -> None:
        """Send one message. `deadline` is a time of `time.monotonic()`; with None, wait without limit.

        Raises WireError if the message is too large, WireClosed if the other side is gone, and DeadlinePassed.
        """
        if len(message) > self.limit:
            raise WireError(f"A message of {len(message)} bytes is above the limit of {self.limit}.")
        left: bytes | memoryview = b"".join((*self._unsent, LENGTH.pack(len(message)), message))
        self._unsent.clear()
        while left:
            try:
                sent = self._socket.send(left)
            except BlockingIOError:
                self._check_deadline(deadline, "The other side does not read its messages.")
            except OSError as error:
                raise WireClosed(f"The other side is gone ({error.strerror}).") from None
            else:
                left = b"" if sent == len(left) else memoryview(left)[sent:]

    def put(self, message: bytes, deadline: float | None = None) -> None:
        """Queue one message, to be sent together with the next; send all now if many are queued."""
        if len(self._unsent) >= MOST_WAITING:
            self.send(message, deadline)
        else:
            self._unsent += (LENGTH.pack(len(message)), message)

    def receive(self, deadline: float | None = None) -> bytes:
        """Return the next message. Raises WireError, WireClosed or DeadlinePassed, as `send`."""
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
                # recv allocates the size that it is asked for, so ask for little unless the message is large.
                chunk = self._socket.recv(min(max(size - len(self._buffer), PAGE), CHUNK))
            except BlockingIOError:
                self._check_deadline(deadline, "No answer came in time.")
                continue
            except OSError as error:
                raise WireClosed(f"The other side is gone ({error.strerror}).") from None
            if not chunk:
                raise WireClosed("The other side is gone.")
            # Also here, so that a side which sends byte by byte has no more time than a silent one.
            self._check_deadline(deadline, "No answer came in time.")
            self._buffer += chunk

    def _check_deadline(self, deadline: float | None, sentence: str) -> None:
        while deadline is not None and time.monotonic() > deadline + self.extra:
            more = self.more_time()
            if not more:
                raise DeadlinePassed(sentence)
            self.extra += more
