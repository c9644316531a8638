"""Serialise messages with msgpack. Extension types are left to `encode` and `decode`."""

from __future__ import annotations

from typing import Any

import msgpack

from course_grader.engine.rpc.channel import WireError

ExtType: Any = msgpack.ExtType
DAMAGE = (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError, RecursionError, MemoryError)
LONG = 1 << 16
MOST_LISTS, LONGEST_LIST = 100_000, 2_000_000


class _Count:
    """Limits the number of lists in a message."""

    left = MOST_LISTS

    def __call__(self, found: list[Any]) -> list[Any]:
        self.left -= 1
        if self.left < 0:
            raise ValueError("too many lists")
        return found


def pack(value: Any) -> bytes:
    """Return the bytes of a value made of None, bool, int, float, str, bytes, list and ExtType."""
    return bytes(msgpack.packb(value, use_bin_type=True, unicode_errors="surrogatepass"))


def unpack(data: bytes) -> Any:
    """Return the value of bytes that `pack` made. Raises WireError if they are damaged or have too many lists."""
    # A list of one byte takes 64 bytes in memory, and msgpack allocates as many items as its header announces. Only a
    # long message can contain enough lists to matter.
    options = {"list_hook": _Count(), "max_array_len": LONGEST_LIST} if len(data) > LONG else {}
    try:
        return msgpack.unpackb(
            data,
            raw=False,
            unicode_errors="surrogatepass",
            strict_map_key=True,
            max_map_len=0,
            use_list=True,
            **options,
        )
    except (msgpack.UnpackException, *DAMAGE) as error:
        raise WireError(f"A message is damaged ({type(error).__name__}).") from None
