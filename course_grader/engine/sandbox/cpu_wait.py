"""How long work that was ready to run had to wait for a processor, since others had it.

Limits are on wall time, for a submission may also sleep; what it lost to others is added to them. Linux counts it for
each thread (/proc/PID/task/TID/schedstat). Where it does not, nothing is added.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

NANO = 1e-9
# Less than that is no reason to go on waiting.
WORTH = 0.05
# Clock of a process's CPU time, made of its number (clock_getcpuclockid(3)).
OF_A_PROCESS = 2


def waited(process: int) -> float:
    """Return the seconds for which other processes kept the first thread of a process from running.

    What its own further threads took is not counted: who starts a hundred of them waits for itself.
    """
    ran, delay = _schedule(process, process)
    try:
        further = time.clock_gettime((~process << 3) | OF_A_PROCESS) - ran
    except OSError:
        return 0.0
    return max(0.0, delay - further)


def waited_here() -> float:
    """Return the seconds for which others kept this thread from running."""
    return waited_in(threading.get_native_id())


def waited_in(thread: int) -> float:
    """Return the seconds for which others kept a thread of this process from running."""
    return _schedule("self", thread)[1]


def _schedule(process: int | str, thread: int) -> tuple[float, float]:
    """Return the seconds for which a thread ran, and waited to run."""
    try:
        ran, delay, *_ = Path(f"/proc/{process}/task/{thread}/schedstat").read_text().split()
        return int(ran) * NANO, int(delay) * NANO
    except (OSError, ValueError):
        return 0.0, 0.0
