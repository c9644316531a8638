"""Interrupt a test that takes too long in the referee itself: a returned value can make a test run forever.

Calls to the worker have their own deadline. Time that other processes took from the referee does not count. The
watchdog raises `Overdue` in the grading thread between two bytecode instructions, so it cannot interrupt a single long
call of compiled code.
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
    """A test took too long. It is not an Exception, so that no probe mistakes it for the student's error."""


class Watchdog:
    """Watches the thread that creates it. Use it as a context manager, and inside use `limit` for each timed block."""

    def __init__(self) -> None:
        self._watched, self._number = threading.get_ident(), threading.get_native_id()
        # Seconds of waiting for a processor that were already added to a deadline, or that came before the watch.
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
        """Raise Overdue if the block takes longer than `seconds`, even if it caught that; never after the block."""
        self._exchange(time.monotonic() + seconds)
        try:
            yield
        finally:
            if self._has_fired():
                raise Overdue

    def extend(self, seconds: float) -> None:
        """Extend the current deadline by this many seconds."""
        with self._lock:
            if self._deadline is not None:
                self._deadline += seconds

    def _has_fired(self) -> bool:
        """Remove the deadline, and return whether Overdue was raised. It may still be pending in this thread."""
        try:
            deadline = self._exchange(None)
            _let_pending_exception_arrive()
        except Overdue:
            return True
        return deadline is None

    def _exchange(self, deadline: float | None) -> float | None:
        """Set a new deadline and return the old one, which is None if it has passed and Overdue was raised."""
        with self._lock:
            previous, self._deadline = self._deadline, deadline
        return previous

    def _watch(self) -> None:
        while not self._done.wait(PERIOD):
            with self._lock:
                if self._deadline is not None and time.monotonic() > self._deadline and not self._add_lost():
                    self._deadline = None
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._watched), ctypes.py_object(Overdue))

    def _add_lost(self) -> bool:
        """Extend the deadline by the time that other processes took since the last call; return False if that is too
        little to go on."""
        lost = waited_in(self._number)
        before, self._added = self._added, lost
        if self._deadline is None or lost - before < WORTH:
            return False
        self._deadline += lost - before
        return True


def _let_pending_exception_arrive() -> None:
    """Do nothing. Python raises a pending asynchronous exception at the start of a function call."""
