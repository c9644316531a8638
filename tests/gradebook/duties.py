"""Functions that the tests of executors run in other processes, in a module that is fast to import."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

Numbers = tuple[int, ...]
DEADLY, FAULTY = 13, 17


def squares(numbers: Numbers) -> Numbers:
    """Square numbers; one of them kills the process, and one raises an error."""
    if DEADLY in numbers:
        os.kill(os.getpid(), signal.SIGKILL)
    if FAULTY in numbers:
        raise ValueError("seventeen")
    return tuple(n * n for n in numbers)


def die(numbers: Numbers) -> Numbers:
    os._exit(1)


def singles(numbers: Numbers) -> Iterator[Numbers]:
    return ((n,) for n in numbers)
