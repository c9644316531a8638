"""Ends what the referee itself does for too long: a test can be made to run for ever by what an answer returned.

Calls of the worker have a deadline of their own. What the referee lost to other processes does not count. The watchdog
raises `Overdue` in the thread that grades, between two steps of Python: what hangs inside one call of a compiled
function is not reached.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from course_grader.engine.sandbox.cpu_wait import WORTH, waited_in

PERIOD = 0.25


class Overdue(BaseException):
    """A test took too long. No Exception, so that no probe takes it for the student's."""


class Watchdog:
    """Watches the thread that makes it. Use as a context manager, and `limit` within for each thing that is to end."""

    def __init__(self) -> None:
        self._watched, self._number = threading.get_ident(), threading.get_native_id()
        # So much of what was lost is added already, or was lost before.
        self._added = waited_in(self._number)
        self._lock = threading.Lock()
        self._deadline: float | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Raise Overdue where the block takes longer, also where something in it has caught it; never after that."""
        self._exchange(time.monotonic() + seconds)
        try:
            yield
        finally:
            if self._has_fired():
                raise Overdue

    def extend(self, seconds: float) -> None:
        """Let what is watched go on for longer."""
        with self._lock:
            if self._deadline is not None:
                self._deadline += seconds

    def _has_fired(self) -> bool:
        """End the watch, and tell whether it raised Overdue, which may be on its way still."""
        try:
            left = self._exchange(None)
            _arrive()
        except Overdue:
            return True
        return left is None

    def _exchange(self, deadline: float | None) -> float | None:
        """Set a deadline and return the one before, of which the watch leaves None where it has passed."""
        with self._lock:
            before, self._deadline = self._deadline, deadline
        return before

    def _watch(self) -> None:
        while not self._done.wait(PERIOD):
            with self._lock:
                if self._deadline is not None and time.monotonic() > self._deadline and not self._add_lost():
                    self._deadline = None
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._watched), ctypes.py_object(Overdue))

    def _add_lost(self) -> bool:
        """Add to the deadline what was lost since it was added last, and return whether that is worth it."""
        lost = waited_in(self._number)
        before, self._added = self._added, lost
        if self._deadline is None or lost - before < WORTH:
            return False
        self._deadline += lost - before
        return True


def _arrive() -> None:
    """Do nothing: a pending exception is raised when a function begins."""
