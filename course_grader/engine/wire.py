"""The wire between referee and worker: messages over a socket pair, each a length and as many bytes of msgpack.

Never pickle: reading a message can do nothing but make values. A message has a size limit and a deadline.
"""

from __future__ import annotations

import socket
import struct
import time

LENGTH = struct.Struct("<I")
CHUNK = 1 << 18


class WireError(Exception):
    """The other side sent what is no message, or one that is too large."""


class WireClosed(WireError):
    """The other side is gone."""


class DeadlinePassed(WireError):
    """The other side did not answer in time."""


class Channel:
    """One end of the wire. `limit` is the largest message in bytes."""

    def __init__(self, end: socket.socket, limit: int) -> None:
        self._socket = end
        self.limit = limit
        self._buffer = bytearray()

    def send(self, message: bytes, deadline: float | None = None) -> None:
        """Send one message; `deadline` is a time of `time.monotonic()`, None waits for ever."""
        if len(message) > self.limit:
            raise WireError(f"A message of {len(message)} bytes is above the limit of {self.limit}.")
        self._wait_until(deadline)
        try:
            self._socket.sendall(LENGTH.pack(len(message)) + message)
        except TimeoutError:
            raise DeadlinePassed("The worker does not take what it is sent.") from None
        except OSError as error:
            raise WireClosed(f"The other side is gone ({error.strerror}).") from None

    def receive(self, deadline: float | None = None) -> bytes:
        """Return the next message."""
        self._fill(LENGTH.size, deadline)
        (size,) = LENGTH.unpack_from(self._buffer)
        if size > self.limit:
            raise WireError(f"A message of {size} bytes is above the limit of {self.limit}.")
        self._fill(LENGTH.size + size, deadline)
        message = bytes(memoryview(self._buffer)[LENGTH.size : LENGTH.size + size])
        del self._buffer[: LENGTH.size + size]
        return message

    def close(self) -> None:
        self._socket.close()

    def _fill(self, size: int, deadline: float | None) -> None:
        while len(self._buffer) < size:
            self._wait_until(deadline)
            try:
                chunk = self._socket.recv(CHUNK)
            except TimeoutError:
                raise DeadlinePassed("No answer came in time.") from None
            except OSError as error:
                raise WireClosed(f"The other side is gone ({error.strerror}).") from None
            if not chunk:
                raise WireClosed("The other side is gone.")
            self._buffer += chunk

    def _wait_until(self, deadline: float | None) -> None:
        if deadline is None:
            self._socket.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise DeadlinePassed("No answer came in time.")
        self._socket.settimeout(left)
