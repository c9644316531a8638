"""Measure how long a thread was ready to run but waited for a processor.

Limits are on wall-clock time, since a submission may also sleep. Time that other processes took is added to them. Linux
counts it for each thread (/proc/PID/task/TID/schedstat); on other systems nothing is added.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

NANO = 1e-9
# A deadline is not extended by less than this, in seconds.
WORTH = 0.05
# With the process id, this makes the id of the process's CPU-time clock (clock_getcpuclockid(3)).
OF_A_PROCESS = 2


def waited(process: int) -> float:
    """Return the seconds for which the first thread of a process waited while other processes ran.

    The time of its own other threads is subtracted: a process that starts a hundred threads waits for itself.
    """
    running, waiting = _schedule(process, process)
    try:
        other_threads = time.clock_gettime((~process << 3) | OF_A_PROCESS) - running
    except OSError:
        return 0.0
    return max(0.0, waiting - other_threads)


def waited_here() -> float:
    """Return the seconds for which the current thread waited for a processor."""
    return waited_in(threading.get_native_id())


def waited_in(thread: int) -> float:
    """Return the seconds for which a thread of this process waited for a processor."""
    return _schedule("self", thread)[1]


class LostTime:
    """How long other processes kept a submission's workers and this thread waiting, at most `most` seconds in all."""

    def __init__(self, most: float) -> None:
        self._left, self._here, self._worker = most, waited_here(), 0.0

    def begin_worker(self) -> None:
        """Count from zero for a new worker."""
        self._worker = 0.0

    def since_last(self, worker: float) -> float:
        """Return the seconds lost since the last call, or 0.0 if they are too few to matter.

        worker: the seconds for which the worker has waited since it started.
        """
        here = waited_here()
        lost = min(worker - self._worker + here - self._here, self._left)
        self._worker, self._here = worker, here
        if lost < WORTH:
            return 0.0
        self._left -= lost
        return lost


def _schedule(process: int | str, thread: int) -> tuple[float, float]:
    """Return the seconds for which a thread ran, and for which it waited to run; 0.0 if the system does not count."""
    try:
        running, waiting, *_ = Path(f"/proc/{process}/task/{thread}/schedstat").read_text().split()
        return int(running) * NANO, int(waiting) * NANO
    except (OSError, ValueError):
        return 0.0, 0.0
