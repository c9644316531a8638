"""Many tasks over any `concurrent.futures.Executor`: processes of this machine, or a Dask cluster.

Only as many batches are in flight as keep every worker busy, so that memory does not grow with the class. A worker that
dies takes no batch but its own with it: what was in flight is tried again one by one, so that the culprit is known.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Generic, TypeVar

from course_grader.environment import environment
from course_utils.errors import CourseError, Exit

Batch = TypeVar("Batch")
Found = TypeVar("Found")

# If this many workers die one after another, with nothing done in between, it is not by chance.
MOST_DEATHS = 5
DASK_SECONDS = 20
# For BLAS; there is a worker a core already.
THREADS = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Cluster:
    """Where tasks run. `start` makes an executor, a new one after one broke; `workers` run at once; `batch` is how much
    to give a worker at a time."""

    start: Callable[[], Executor]
    workers: int
    batch: int


class WorkerDied(Exception):
    """The process that ran a task ended, again and with nothing else in flight."""


@contextlib.contextmanager
def local(workers: int, preload: str) -> Iterator[Cluster]:
    """Yield this number of processes of this machine; at the end of the block they end, whatever they do.

    preload: the module that a process has imported before the processes are forked from it, which costs its time once.
    They are forked from this process before the block begins, so that they have none of the files that it opens.
    """
    with environment(**dict.fromkeys(THREADS, "1")):
        importlib.import_module(preload)
    # Nothing is ever sent: the workers end when this end is closed, which it is too when this process is killed.
    lifeline, held = multiprocessing.Pipe(duplex=False)
    with held, lifeline:
        first = [_forked(workers, lifeline, held)] if _has_one_thread() else []
        yield Cluster(lambda: first.pop() if first else _served(workers, lifeline, preload), workers, 4)


def _has_one_thread() -> bool:
    """Return whether this process can be forked: what another thread has locked would stay locked in the new one."""
    threads = Path("/proc/self/task")
    return threads.is_dir() and len(list(threads.iterdir())) == 1


def _forked(workers: int, lifeline: Connection, held: Connection) -> Executor:
    """Return processes that are forked from this one now, which saves the imports of a server of forks."""
    context = multiprocessing.get_context("fork")
    given = lifeline, context.Value("i", 0), workers, held
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=given)
    # The first task starts them all.
    pool.submit(os.getpid)
    return pool


def _served(workers: int, lifeline: Connection, preload: str) -> Executor:
    """Return processes that a server forks: this one may have threads and open files by now."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    with environment(**dict.fromkeys(THREADS, "1"), **_same_imports()):
        forkserver.ensure_running()
    given = lifeline, context.Value("i", 0), workers
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=given)


def _same_imports() -> dict[str, str]:
    """Return what lets a fresh interpreter import what this one imports, whatever the current folder holds.

    Before 3.13 the server of forks looks into the current folder first, which may be another clone of the course.
    """
    return {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path), "PYTHONSAFEPATH": "1"}


def _begin(lifeline: Connection, started: Synchronized[int], workers: int, held: Connection | None = None) -> None:
    """Make a new process ready: Ctrl-C left to the parent, cores of its own, and no life without the parent.

    held: the parent's end of the lifeline, if this process has a copy of it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if held is not None:
        held.close()
    with started.get_lock():
        number = started.value
        started.value += 1
    if hasattr(os, "sched_setaffinity"):
        # Threads that one submission starts take nothing of what others compute with.
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[number % workers :: workers] or [cores[number % len(cores)]])
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)


@contextlib.contextmanager
def dask(address: str) -> Iterator[Cluster]:
    """Yield the workers of a Dask cluster; CourseError where nobody answers at the address."""
    try:
        from distributed import Client
    except ImportError as error:
        raise CourseError("Dask is not installed: run `pip install -e '.[cluster]'`.", Exit.ENVIRONMENT) from error
    try:
        client = Client(address, timeout=DASK_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(f"No Dask scheduler answers at {address} ({error}).", Exit.ENVIRONMENT) from error
    with client:
        workers = len(client.nthreads())
        if not workers:
            raise CourseError(f"The Dask scheduler at {address} has no workers yet: start some.", Exit.ENVIRONMENT)
        # A grading process does one thing at a time, so that a worker's further threads would only wait.
        yield Cluster(lambda: client.get_executor(pure=False), workers, 8)


class Stream(Generic[Batch, Found]):
    """Runs a function over batches and yields each with what came of it, in the order of completion."""

    def __init__(
        self,
        cluster: Cluster,
        function: Callable[[Batch], Found],
        singles: Callable[[Batch], Iterable[Batch]],
    ) -> None:
        """singles: divides a batch into the smallest ones."""
        self._cluster, self._function, self._singles = cluster, function, singles
        self._pool = cluster.start()
        self._flying: dict[Future[Found], Batch] = {}
        self._suspects: deque[Batch] = deque()
        self._deaths = 0

    def over(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Found | Exception]]:
        """Yield each batch and its result; for a smallest batch, the exception that it ended in.

        `WorkerDied` stands for the end of the process. CourseError where processes end whatever they are given.
        """
        left = iter(batches)
        try:
            while True:
                self._fill(left)
                if not self._flying:
                    return
                alone = len(self._flying) == 1
                done, _ = wait(self._flying, return_when=FIRST_COMPLETED)
                for future in done:
                    yield from self._taken(future, alone)
        finally:
            with contextlib.suppress(Exception):
                self._pool.shutdown(wait=False)

    def _fill(self, left: Iterator[Batch]) -> None:
        if self._suspects:
            # A suspect flies alone, so that its death is its own.
            if not self._flying:
                self._submit(self._suspects.popleft())
            return
        while len(self._flying) < 2 * self._cluster.workers and (batch := next(left, None)) is not None:
            self._submit(batch)

    def _submit(self, batch: Batch) -> None:
        try:
            future = self._pool.submit(self._function, batch)
        except BrokenExecutor:
            # It broke between two batches: those in flight will tell.
            self._pool = self._cluster.start()
            future = self._pool.submit(self._function, batch)
        self._flying[future] = batch

    def _taken(self, future: Future[Found], alone: bool) -> Iterator[tuple[Batch, Found | Exception]]:
        batch = self._flying.pop(future)
        try:
            found = future.result()
        except Exception as error:
            died = isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"
            single = list(self._singles(batch))
            if len(single) > 1 or (isinstance(error, BrokenExecutor) and not alone):
                self._suspects.extend(single)
            else:
                self._deaths += died
                if self._deaths >= MOST_DEATHS:
                    raise CourseError(
                        f"{MOST_DEATHS} processes ended one after another ({error}): is there memory enough?",
                        Exit.ENVIRONMENT,
                    ) from error
                yield batch, WorkerDied(str(error)) if died else error
        else:
            self._deaths = 0
            yield batch, found


def available() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
