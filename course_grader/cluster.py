"""Runs many tasks on a `concurrent.futures.Executor`: processes on this machine, or a Dask cluster.

Only enough batches to keep all workers busy are in flight, so that memory does not grow with the size of the class. If
a worker dies, the batches in flight are tried again one by one, so that only the task that killed it fails.
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
BatchResult = TypeVar("BatchResult")

# If this many workers die in a row without finishing a batch, the problem is the machine, not a task.
MOST_DEATHS = 5
DASK_SECONDS = 20
# One thread each for BLAS, since there is already one worker per core.
THREADS = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Cluster:
    """The workers that tasks run on. `start` returns an executor, also a new one after one broke; `workers`: how many
    run in parallel; `batch`: how many tasks to send to a worker at a time."""

    start: Callable[[], Executor]
    workers: int
    batch: int


class WorkerDied(Exception):
    """A task's process died when no other task was in flight, so this task is the cause."""


@contextlib.contextmanager
def local(workers: int, preload: str) -> Iterator[Cluster]:
    """Yield a cluster of this many processes on this machine. They are ended at the end of the block.

    preload: a module that is imported once, before the processes are forked, to save its import time in each of them.
    The processes are forked before the block begins, so that they inherit none of the files that the block opens.
    """
    with environment(**dict.fromkeys(THREADS, "1")):
        importlib.import_module(preload)
    # Nothing is sent through this pipe. Workers exit when our end is closed, which also happens if we are killed.
    lifeline, own_end = multiprocessing.Pipe(duplex=False)
    with own_end, lifeline:
        first = [_forked(workers, lifeline, own_end)] if _has_one_thread() else []
        yield Cluster(lambda: first.pop() if first else _served(workers, lifeline, preload), workers, 4)


def _has_one_thread() -> bool:
    """Return whether it is safe to fork: a lock that another thread has taken would stay locked in the child."""
    threads = Path("/proc/self/task")
    return threads.is_dir() and len(list(threads.iterdir())) == 1


def _forked(workers: int, lifeline: Connection, parent_end: Connection) -> Executor:
    """Return a pool of processes forked from this one now, which saves the imports of a fork server."""
    context = multiprocessing.get_context("fork")
    arguments = lifeline, context.Value("i", 0), workers, parent_end
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_initialize, initargs=arguments)
    # The pool starts all processes at its first task.
    pool.submit(os.getpid)
    return pool


def _served(workers: int, lifeline: Connection, preload: str) -> Executor:
    """Return a pool of processes forked from a server, since this process may now have threads and open files."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload])
    with environment(**dict.fromkeys(THREADS, "1"), **_same_imports()):
        forkserver.ensure_running()
    arguments = lifeline, context.Value("i", 0), workers
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_initialize, initargs=arguments)


def _same_imports() -> dict[str, str]:
    """Return environment variables with which a new interpreter imports the same modules as this one.

    Before Python 3.13 the fork server searches the current folder first, which may be another clone of the course.
    """
    return {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path), "PYTHONSAFEPATH": "1"}


def _initialize(
    lifeline: Connection, started: Synchronized[int], workers: int, parent_end: Connection | None = None
) -> None:
    """Prepare a new process: it ignores Ctrl-C, gets its own cores, and exits when the parent does.

    parent_end: the parent's end of the lifeline, if this process has inherited a copy of it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parent_end is not None:
        parent_end.close()
    with started.get_lock():
        number = started.value
        started.value += 1
    if hasattr(os, "sched_setaffinity"):
        # Threads that a submission starts then cannot slow down the other workers.
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[number % workers :: workers] or [cores[number % len(cores)]])
    threading.Thread(target=_exit_with_parent, args=(lifeline,), daemon=True).start()


def _exit_with_parent(lifeline: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv()
    os._exit(1)


@contextlib.contextmanager
def dask(address: str) -> Iterator[Cluster]:
    """Yield the workers of a Dask cluster.

    Raises CourseError if Dask is not installed, no scheduler answers at the address, or it has no workers.
    """
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
        # A grading process runs one task at a time, so additional threads of a worker would only wait.
        yield Cluster(lambda: client.get_executor(pure=False), workers, 8)


class Stream(Generic[Batch, BatchResult]):
    """Runs a function on batches and yields each batch with its result, in the order of completion."""

    def __init__(
        self,
        cluster: Cluster,
        function: Callable[[Batch], BatchResult],
        singles: Callable[[Batch], Iterable[Batch]],
    ) -> None:
        """singles: splits a batch into batches of one task."""
        self._cluster, self._function, self._singles = cluster, function, singles
        self._pool = cluster.start()
        self._in_flight: dict[Future[BatchResult], Batch] = {}
        self._suspects: deque[Batch] = deque()
        self._deaths = 0

    def over(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, BatchResult | Exception]]:
        """Yield each batch with its result or, for a batch of one task, the exception that it raised.

        The exception is `WorkerDied` if the process died. Raises CourseError if processes die whatever they run.
        """
        remaining = iter(batches)
        try:
            while True:
                self._fill(remaining)
                if not self._in_flight:
                    return
                alone = len(self._in_flight) == 1
                done, _ = wait(self._in_flight, return_when=FIRST_COMPLETED)
                for future in done:
                    yield from self._collect(future, alone)
        finally:
            with contextlib.suppress(Exception):
                self._pool.shutdown(wait=False)

    def _fill(self, remaining: Iterator[Batch]) -> None:
        if self._suspects:
            # A suspect runs alone: if the process dies, it is clear which task is the cause.
            if not self._in_flight:
                self._submit(self._suspects.popleft())
            return
        while len(self._in_flight) < 2 * self._cluster.workers and (batch := next(remaining, None)) is not None:
            self._submit(batch)

    def _submit(self, batch: Batch) -> None:
        try:
            future = self._pool.submit(self._function, batch)
        except BrokenExecutor:
            # The executor broke between two batches; `_collect` sees this in the futures that are in flight.
            self._pool = self._cluster.start()
            future = self._pool.submit(self._function, batch)
        self._in_flight[future] = batch

    def _collect(self, future: Future[BatchResult], alone: bool) -> Iterator[tuple[Batch, BatchResult | Exception]]:
        batch = self._in_flight.pop(future)
        try:
            result = future.result()
        except Exception as error:
            died = isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"
            single = list(self._singles(batch))
            if len(single) > 1 or (isinstance(error, BrokenExecutor) and not alone):
                self._suspects.extend(single)
            else:
                self._deaths += died
                if self._deaths >= MOST_DEATHS:
                    raise CourseError(
                        f"{MOST_DEATHS} processes died one after another ({error}). Is there enough memory?",
                        Exit.ENVIRONMENT,
                    ) from error
                yield batch, WorkerDied(str(error)) if died else error
        else:
            self._deaths = 0
            yield batch, result


def available() -> int:
    """Return the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
