"""Cap the grader's memory while a test runs: a returned value could otherwise exhaust it.

A million small entries that are compared with a row of a hundred become a hundred million: the size of a message does
not show what a test makes of it.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATISTICS = Path("/proc/self/statm")


@contextmanager
def limited_growth(most: int) -> Iterator[None]:
    """Raise MemoryError if this process takes this many more bytes in the block than it has. A limit that is stricter
    stays; where the system does not tell what the process has, there is none."""
    if not STATISTICS.exists():
        yield
        return
    with limited_memory(int(STATISTICS.read_text().split()[0]) * resource.getpagesize() + most):
        yield


@contextmanager
def limited_memory(allowed: int) -> Iterator[None]:
    """Raise MemoryError if this process would have more bytes than this in all while it is in the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    stricter = min(bound for bound in (soft, hard, allowed) if bound != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (stricter, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
