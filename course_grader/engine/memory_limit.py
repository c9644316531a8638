"""Cap the grader's memory while a test runs: a returned value could otherwise exhaust it.

The size of a message does not bound what a test computes from it: comparing a million small entries with a row of a
hundred makes a hundred million.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATISTICS = Path("/proc/self/statm")


@contextmanager
def limited_growth(most: int) -> Iterator[None]:
    """Raise MemoryError in the block if this process allocates more than `most` bytes beyond what it has now.

    A stricter limit stays. No limit is set if the system does not report the size of the process (no /proc).
    """
    if not STATISTICS.exists():
        yield
        return
    with limited_memory(int(STATISTICS.read_text().split()[0]) * resource.getpagesize() + most):
        yield


@contextmanager
def limited_memory(allowed: int) -> Iterator[None]:
    """Raise MemoryError in the block if the address space of this process would exceed `allowed` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    stricter = min(bound for bound in (soft, hard, allowed) if bound != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (stricter, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
