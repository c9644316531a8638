"""The fork server, the zygotes and the workers.

The fork server has imported NumPy, matplotlib, IPython and the course. A zygote is a fork of it in which an
assignment's set-up cells have run. A worker is a fork of the zygote, one for each submission (and each restart).

The zygote waits for requests on its control socket. Each request contains two sockets: one for messages with the
referee, which the worker gets, and one for the worker's handle, which the zygote keeps. On the handle's socket the
zygote reports how long the worker waited for a processor, interrupts the worker on request, and reports how it ended.
When the grader closes its end, the zygote kills the worker, and with it everything in the worker's process namespace.
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
from course_grader.engine.worker.shell import WorkerShell, attach_log, new_shell, run_cell

NOBODY = 65_534
# The exit code of a worker that could not be confined, and so has not run any of the submission's code.
UNCONFINED = 97
# Thresholds of the garbage collector: above Python's, so that a usual submission triggers no collection.
COLLECT_AT = 20_000, 10, 10


def main(control: int, level: str) -> None:
    """Run the fork server on the socket `control` until the grader is gone. It forks a zygote for each FORK request,
    and ends a zygote when it receives its process id."""
    end = socket.socket(fileno=control)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if level == "namespaces":
        if os.geteuid() == 0:
            privileges.become(NOBODY)
        privileges.set_dumpable(False)
    privileges.die_with_parent()
    shell = prepared_shell()
    _prepare_for_forks()
    end.send(READY)
    while True:
        request, descriptors, _, _ = socket.recv_fds(end, 64, 2)
        if not request:
            os._exit(0)
        if request != FORK:
            _end(int(request))
            end.send(request)
            continue
        parent = os.getpid()
        if not os.fork():
            end.close()
            _zygote(shell, level, parent, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _end(number: int) -> None:
    """Kill a zygote by its process id; its workers end with it."""
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)


def _zygote(shell: WorkerShell, level: str, parent: int, control: int, reading: int) -> NoReturn:
    """Run a zygote. From the pipe `reading` it gets the mode, and the sources of the set-up cells or, in the mode
    together, the names of modules to import. `parent` is the process id of the fork server."""
    try:
        privileges.die_with_parent()
        # If the fork server has ended already, the call above had no effect.
        if os.getppid() == parent:
            with os.fdopen(reading, encoding="utf-8") as file:
                mode, *set_up = json.load(file)
            end = socket.socket(fileno=control)
            service = _together(shell, set_up) if mode == "together" else _apart(shell, set_up)
            _prepare_for_forks()
            end.send(b"%s%d" % (READY, os.getpid()))
            _WorkerManager(end, service, level).serve()
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(0)


Service = Callable[[socket.socket, dict[str, Any]], None]


def _apart(shell: WorkerShell, set_up: Sequence[str]) -> Service:
    streams = sys.stdout, sys.stderr
    attach_log(shell, OutputLog(2**20, 2**20))
    for source in set_up:
        run_cell(shell, source)
    shell.begin()
    sys.stdout, sys.stderr = streams
    return lambda end, limits: serve(shell, end, limits)


def _together(shell: WorkerShell, imports: Sequence[str]) -> Service:
    pristine = serve_together.prepare(shell, imports)
    return lambda end, limits: serve_together.serve(shell, pristine, end, limits)


def prepared_shell() -> WorkerShell:
    """Return a shell in which a plot and an error were run once, so that workers start with everything loaded."""
    shell = new_shell()
    streams = sys.stdout, sys.stderr
    attach_log(shell, OutputLog(2**20, 2**20))
    run_cell(shell, "import matplotlib.pyplot as plt\nplt.plot([1, 2], label='$x$')\nplt.legend()\nplt.show()")
    run_cell(shell, "1/0")
    shell.reset()  # type: ignore[no-untyped-call]
    shell.execution_count = 1
    sys.stdout, sys.stderr = streams
    return shell


def _prepare_for_forks() -> None:
    """Bring the process into a state in which forks of it are cheap."""
    # matplotlib clears this cache of open files in each forked child. It is faster to clear it once, here.
    font_manager._get_font.cache_clear()  # type: ignore[attr-defined]
    # The first traceback looks up the files of all modules. In a worker that would take longer than most tests.
    inspect.getmodule(compile("", "<a cell>", "exec"))
    # Exclude existing objects from garbage collection: visiting them would make a child copy their pages.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AT)
    privileges.use_large_pages()


@dataclass
class _Worker:
    """A worker: its process id, the zygote's end of its handle, and its folder on disk, if it has one."""

    pid: int
    handle: int
    folder: str | None


class _WorkerManager:
    """Starts workers on request, and reports when and how they end."""

    def __init__(self, control: socket.socket, service: Service, level: str) -> None:
        self._control, self._service, self._level = control, service, level
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        # Running workers by file descriptor: the pidfd, readable when the worker has ended, and the handle's socket.
        self._pidfds: dict[int, _Worker] = {}
        self._handles: dict[int, _Worker] = {}

    def serve(self) -> None:
        """Answer requests until the grader is gone."""
        while True:
            for descriptor, _ in self._poll.poll():
                if worker := self._pidfds.pop(descriptor, None):
                    self._report_end(descriptor, worker)
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
            pidfd = os.pidfd_open(pid)
            self._pidfds[pidfd] = self._handles[handle] = worker
            self._poll.register(pidfd, select.POLLIN)
            self._poll.register(handle, select.POLLIN)
        finally:
            os.close(wire)

    def _answer_handle(self, handle: int, worker: _Worker) -> None:
        """Answer a request on a handle; kill the worker if the handle was closed."""
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

    def _report_end(self, pidfd: int, worker: _Worker) -> None:
        """Clean up after a worker that has ended, and report its exit status and CPU time on its handle."""
        _, status, usage = os.wait4(worker.pid, 0)
        if worker.folder:
            _remove(worker.folder)
        with contextlib.suppress(OSError):
            cpu_time = f"{USED}{usage.ru_utime + usage.ru_stime:.3f}"
            os.write(worker.handle, f"ended: {os.waitstatus_to_exitcode(status)}{cpu_time}".encode())
        for descriptor in (pidfd, worker.handle):
            with contextlib.suppress(KeyError):
                self._poll.unregister(descriptor)
            os.close(descriptor)
        del self._handles[worker.handle]


def _remove(folder: str) -> None:
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if Path(folder).exists():
        # shutil.rmtree fails on a thousand nested folders; rm does not.
        subprocess.run(["rm", "-rf", "--", folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _worker(service: Service, wire: int, level: str, limits: dict[str, Any], folder: str | None) -> int:
    """Fork a worker that serves the referee on the socket `wire`, and return its process id."""
    parent = os.getpid(), os.geteuid(), os.getegid()
    pid = privileges.fork_into_namespaces() if level == "namespaces" else os.fork()
    if pid:
        return pid
    code = UNCONFINED
    try:
        os.setsid()
        privileges.close_all_but(wire)
        _confine(level, limits, folder or os.environ["HOME"], *parent)
        code = 0
        signal.signal(signal.SIGINT, signal.default_int_handler)
        time.tzset()
        service(socket.socket(fileno=wire), limits)
    finally:
        os._exit(code)


def _confine(level: str, limits: dict[str, Any], home: str, parent: int, user: int, group: int) -> None:
    """Confine this process to the level's isolation and to the limits; it may write only in `home`.

    parent, user, group: the process id and the effective ids of the zygote.
    """
    if level == "namespaces":
        privileges.settle_in_namespaces(user, group, limits["files"], home)
    elif level == "user":
        private = privileges.FIRST_PRIVATE_ID + os.getpid() % privileges.PRIVATE_IDS
        os.chown(home, private, private)
        rules = privileges.landlock_rules(home, *levels.visible_paths())
        privileges.become(private)
        seccomp.no_new_privileges()
        privileges.restrict(rules)
    # After the change of user, which would cancel it.
    privileges.die_with_parent()
    if level != "namespaces" and os.getppid() != parent:
        # The zygote ended before the call above. With namespaces, everything ends with it anyway.
        os._exit(UNCONFINED)
    os.chdir(home)
    os.environ.update(HOME=home, TMPDIR=home)
    tempfile.tempdir = home
    seconds = int(limits["total_seconds"] + limits["experiments_seconds"]) + 1
    privileges.set_limits(limits["memory"], limits["files"], limits["threads"], seconds)
    if level != "none":
        privileges.drop_capabilities()
        seccomp.apply_filter()
