"""The fork server, a process with NumPy, matplotlib, IPython and the course imported; the zygote, a fork of it in which
an assignment's set-up cells have run; and the worker, a fork of the zygote for each submission.

The zygote waits for requests on a socket. Each brings two more sockets: the wire to the referee, which goes to the
worker, and the other end of the worker's handle, which the zygote keeps. Over the handle the zygote says how long the
worker had to wait for a processor, interrupts the worker if asked to, and says how the worker ended. When the grader
closes its end, the zygote kills the worker, and with it everything in the worker's process namespace.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from matplotlib import font_manager

from course_grader.engine.rpc.outputs import OutputLog
from course_grader.engine.sandbox import levels, privileges, seccomp
from course_grader.engine.sandbox.control import ASK, FORK, INTERRUPT, READY, USED, WAITED
from course_grader.engine.sandbox.cpu_wait import waited
from course_grader.engine.worker import serve_together
from course_grader.engine.worker.serve import serve
from course_grader.engine.worker.shell import WorkerShell, attach, new_shell, run_cell

NOBODY = 65_534
# The worker's exit code where it could not be confined: then it has run nothing of the submission.
UNCONFINED = 97
# As Python's own, with room for what a usual submission leaves before the first look.
COLLECT_AT = 20_000, 10, 10


def main(control: int, level: str) -> None:
    """Be the fork server on the socket `control` until the grader is gone: fork a zygote for each request, and end one
    whose number comes."""
    end = socket.socket(fileno=control)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if level == "namespaces":
        if os.geteuid() == 0:
            privileges.become(NOBODY)
        privileges.set_dumpable(False)
    privileges.die_with_parent()
    shell = prepared_shell()
    _settle()
    end.send(READY)
    while True:
        request, descriptors, _, _ = socket.recv_fds(end, 64, 2)
        if not request:
            os._exit(0)
        if request != FORK:
            _end(int(request))
            end.send(request)
            continue
        keeper = os.getpid()
        if not os.fork():
            end.close()
            _zygote(shell, level, keeper, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _end(number: int) -> None:
    """End a zygote, and its workers with it."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)


def _zygote(shell: WorkerShell, level: str, keeper: int, control: int, reading: int) -> NoReturn:
    """Be the zygote of the assignment that the pipe `reading` describes: its mode, and its set-up cells or, in the mode
    together, the modules to import."""
    try:
        privileges.die_with_parent()
        if os.getppid() == keeper:
            with os.fdopen(reading, encoding="utf-8") as file:
                mode, *set_up = json.load(file)
            end = socket.socket(fileno=control)
            service = _together(shell, set_up) if mode == "together" else _apart(shell, set_up)
            _settle()
            end.send(b"%s%d" % (READY, os.getpid()))
            _Keeper(end, service, level).serve()
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(0)


Service = Callable[[socket.socket, dict[str, Any]], None]


def _apart(shell: WorkerShell, set_up: Sequence[str]) -> Service:
    streams = sys.stdout, sys.stderr
    attach(shell, OutputLog(2**20, 2**20))
    for source in set_up:
        run_cell(shell, source)
    shell.begin()
    sys.stdout, sys.stderr = streams
    return lambda end, limits: serve(shell, end, limits)


def _together(shell: WorkerShell, imports: Sequence[str]) -> Service:
    pristine = serve_together.prepare(shell, imports)
    return lambda end, limits: serve_together.serve(shell, pristine, end, limits)


def prepared_shell() -> WorkerShell:
    """Return a shell in which everything was tried once that a submission is likely to need."""
    shell = new_shell()
    streams = sys.stdout, sys.stderr
    attach(shell, OutputLog(2**20, 2**20))
    run_cell(shell, "import matplotlib.pyplot as plt\nplt.plot([1, 2], label='$x$')\nplt.legend()\nplt.show()")
    run_cell(shell, "1/0")
    shell.reset()  # type: ignore[no-untyped-call]
    shell.execution_count = 1
    sys.stdout, sys.stderr = streams
    return shell


def _settle() -> None:
    """Leave the process so that a fork of it costs little."""
    # Every fork empties this cache of matplotlib's (it holds open files); once is enough.
    font_manager._get_font.cache_clear()  # type: ignore[attr-defined]
    # The first traceback looks for the files of all modules, which would take every worker longer than most tests.
    inspect.getmodule(compile("", "<a cell>", "exec"))
    # Objects that exist now are never collected, so that a fork does not copy their pages; others are looked at seldom.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AT)
    privileges.use_large_pages()


@dataclass
class _Worker:
    """A worker, what it is held by, and its folder on the disk where it has one."""

    pid: int
    handle: int
    folder: str | None


class _Keeper:
    """Brings workers to life and sees them to their ends."""

    def __init__(self, control: socket.socket, service: Service, level: str) -> None:
        self._control, self._service, self._level = control, service, level
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        # By the descriptors that tell of them: one where a worker has ended, one where it is let go.
        self._ends: dict[int, _Worker] = {}
        self._handles: dict[int, _Worker] = {}

    def serve(self) -> None:
        """Answer requests until the grader is gone."""
        while True:
            for descriptor, _ in self._poll.poll():
                if worker := self._ends.pop(descriptor, None):
                    self._bury(descriptor, worker)
                elif worker := self._handles.get(descriptor):
                    self._answer_handle(descriptor, worker)
                elif descriptor == self._control.fileno():
                    request, descriptors, _, _ = socket.recv_fds(self._control, 4096, 2)
                    if not request:
                        return
                    self._start(json.loads(request), *descriptors)

    def _start(self, limits: dict[str, Any], wire: int, handle: int) -> None:
        folder = None
        try:
            if self._level != "namespaces":
                folder = tempfile.mkdtemp(prefix="grading-")
            pid = _worker(self._service, wire, self._level, limits, folder)
        except OSError as error:
            os.write(handle, f"failed: {error}".encode())
            os.close(handle)
            if folder:
                _remove(folder)
        else:
            worker = _Worker(pid, handle, folder)
            end = os.pidfd_open(pid)
            self._ends[end] = self._handles[handle] = worker
            self._poll.register(end, select.POLLIN)
            self._poll.register(handle, select.POLLIN)
        finally:
            os.close(wire)

    def _answer_handle(self, handle: int, worker: _Worker) -> None:
        """Answer or obey what is said on a handle, and end a worker that is let go."""
        with contextlib.suppress(OSError):
            request = os.read(handle, 1)
            if request == ASK:
                os.write(handle, f"{WAITED}{waited(worker.pid):.3f}".encode())
                return
            if request == INTERRUPT:
                os.kill(worker.pid, signal.SIGINT)
                return
        self._poll.unregister(handle)
        os.kill(worker.pid, signal.SIGKILL)

    def _bury(self, end: int, worker: _Worker) -> None:
        _, status, usage = os.wait4(worker.pid, 0)
        if worker.folder:
            _remove(worker.folder)
        with contextlib.suppress(OSError):
            taken = f"{USED}{usage.ru_utime + usage.ru_stime:.3f}"
            os.write(worker.handle, f"ended: {os.waitstatus_to_exitcode(status)}{taken}".encode())
        for descriptor in (end, worker.handle):
            with contextlib.suppress(KeyError):
                self._poll.unregister(descriptor)
            os.close(descriptor)
        del self._handles[worker.handle]


def _remove(folder: str) -> None:
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if Path(folder).exists():
        # A thousand folders, each in another, are too many for Python.
        subprocess.run(["rm", "-rf", "--", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _worker(service: Service, wire: int, level: str, limits: dict[str, Any], folder: str | None) -> int:
    """Start a worker that is at the referee's service on `wire`, and return its number."""
    keeper = os.getpid(), os.geteuid(), os.getegid()
    pid = privileges.fork_into_namespaces() if level == "namespaces" else os.fork()
    if pid:
        return pid
    code = UNCONFINED
    try:
        os.setsid()
        privileges.close_all_but(wire)
        _confine(level, limits, folder or os.environ["HOME"], *keeper)
        code = 0
        signal.signal(signal.SIGINT, signal.default_int_handler)
        time.tzset()
        service(socket.socket(fileno=wire), limits)
    finally:
        os._exit(code)


def _confine(level: str, limits: dict[str, Any], home: str, keeper: int, user: int, group: int) -> None:
    """Give up what a worker may not have; `home` is the only place where it may write."""
    if level == "namespaces":
        privileges.settle_in_namespaces(user, group, limits["files"], home)
    elif level == "user":
        private = privileges.FIRST_PRIVATE_ID + os.getpid() % privileges.PRIVATE_IDS
        os.chown(home, private, private)
        rules = privileges.landlock_rules(home, *levels.visible_paths())
        privileges.become(private)
        seccomp.no_new_privileges()
        privileges.restrict(rules)
    # After the change of user, which would undo it.
    privileges.die_with_parent()
    if level != "namespaces" and os.getppid() != keeper:
        # The keeper ended before that was said. In namespaces everything ends with it.
        os._exit(UNCONFINED)
    os.chdir(home)
    os.environ.update(HOME=home, TMPDIR=home)
    tempfile.tempdir = home
    seconds = int(limits["total_seconds"] + limits["experiments_seconds"]) + 1
    privileges.set_limits(limits["memory"], limits["files"], limits["threads"], seconds)
    if level != "none":
        privileges.drop_capabilities()
        seccomp.load()
