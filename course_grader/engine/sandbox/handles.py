"""The grader's handles of sandbox processes: workers, the zygotes that fork them, and the servers that fork zygotes."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_grader.engine.limits import Limits, load_factor
from course_grader.engine.sandbox.control import ASK, FORK, INTERRUPT, READY, USED, WAITED
from course_grader.engine.sandbox.levels import (
    ROOTS,
    Level,
    _environment,
    _scratch,
    _wrapped,
    require,
)

START_SECONDS = 60


class WorkerNotStarted(Exception):
    """The zygote could not start a worker."""


@dataclass
class WorkerHandle:
    """A running worker. The zygote ends it when the socket `end` is closed."""

    end: socket.socket
    # Seconds of CPU time that the worker used; set by `kill`.
    cpu_seconds: float = 0.0
    _final_report: str = ""

    def kill(self) -> str:
        """End the worker if it is still running; return how it ended, as "ended: " and an exit code, or ""."""
        with contextlib.suppress(OSError), self.end:
            self.end.shutdown(socket.SHUT_WR)
            self.end.settimeout(START_SECONDS)
            report = self._final_report or self.end.recv(4096).decode(errors="replace")
            status, _, seconds = report.partition(USED)
            self.cpu_seconds = float(seconds or 0)
            return status
        return ""

    def waited(self) -> float:
        """Return for how many seconds the worker waited while other processes ran; 0.0 if it has ended."""
        with contextlib.suppress(OSError):
            self.end.settimeout(START_SECONDS)
            self.end.send(ASK)
            reply = self.end.recv(4096).decode(errors="replace")
            if reply.startswith(WAITED):
                return float(reply.removeprefix(WAITED))
            # The worker has ended, and this is the report of its end.
            self._final_report = reply
        return 0.0

    def interrupt(self) -> None:
        """Interrupt the worker, as Ctrl-C would."""
        with contextlib.suppress(OSError):
            self.end.send(INTERRUPT)


class Zygote:
    """The process that forks the workers of one assignment. It is started when first needed; `close` ends it and all
    its workers.

    set_up: in the mode apart, the sources that the zygote runs, so that they have run in each new worker (imports and
    the teacher's set-up cells); in the mode together, the names of modules that the zygote imports.
    Raises IsolationUnavailable if this machine does not support the level.
    """

    def __init__(self, level: Level, set_up: Sequence[str] = (), mode: str = "apart") -> None:
        require(level)
        self.level, self._set_up, self._mode = level, list(set_up), mode
        self._lock = threading.Lock()
        self._server: ForkServer | None = None
        self._control: socket.socket | None = None
        self._number = 0

    def start_worker(self, limits: Limits) -> tuple[socket.socket, WorkerHandle]:
        """Start a worker; return the socket for messages with it, and its handle. Raises WorkerNotStarted."""
        with self._lock:
            for is_last_attempt in (False, True):
                try:
                    return self._request_worker(self._ensure_running(), limits)
                except OSError as error:
                    # The zygote has ended. Start it again once.
                    self._end()
                    if is_last_attempt:
                        raise WorkerNotStarted(f"The zygote does not answer: {error}") from error
        raise AssertionError

    def close(self) -> None:
        with self._lock:
            self._end()

    def _request_worker(self, control: socket.socket, limits: Limits) -> tuple[socket.socket, WorkerHandle]:
        wire, worker_wire = socket.socketpair()
        handle, zygote_handle = socket.socketpair()
        with worker_wire, zygote_handle:
            try:
                message = json.dumps(limits.to_json()).encode()
                socket.send_fds(control, [message], [worker_wire.fileno(), zygote_handle.fileno()])
            except OSError:
                wire.close()
                handle.close()
                raise
        return wire, WorkerHandle(handle)

    def _ensure_running(self) -> socket.socket:
        """Return the control socket of the zygote; start the zygote if it is not running."""
        if self._control is not None and self._server is not None and self._server.process.poll() is None:
            return self._control
        self._end()
        self._server = ForkServer.of(self.level)
        control = self._server.fork(self._set_up, self._mode)
        try:
            control.settimeout(START_SECONDS * load_factor())
            reply = control.recv(64)
            if not reply.startswith(READY):
                raise WorkerNotStarted("The zygote ended while it started.")
            control.settimeout(None)
        except BaseException:
            # A zygote that is still starting ends once its control socket is closed.
            control.close()
            raise
        self._control, self._number = control, int(reply.removeprefix(READY))
        return control

    def _end(self) -> None:
        if self._control is not None and self._server is not None:
            self._control.close()
            self._server.end(self._number)
        self._control = self._server = None


class ForkServer:
    """A process in the sandbox that forks the zygotes. It has already imported what all of them need, which takes a
    second."""

    def __init__(self, level: Level, command: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._control, server_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with server_control:
            number = server_control.fileno()
            program = (
                f"import sys; sys.path[:0] = {ROOTS!r}; from course_utils.quick_start import collect_seldom; "
                f"collect_seldom(); from course_grader.engine.sandbox.zygote import main; main({number}, {level!r})"
            )
            home = self._own_home(level)
            self.process = _start(lambda: _popen([*command, sys.executable, "-sP", "-c", program], number, home))
        self._control.settimeout(START_SECONDS * load_factor())
        if self._control.recv(64) != READY:
            self.close()
            raise WorkerNotStarted("The zygote ended while it started.")

    @staticmethod
    def of(level: Level) -> ForkServer:
        """Return this process's fork server for a sandbox level. Start a new one if there is none yet, if the existing
        one has ended, or if its command or environment has changed."""
        command = _wrapped(level)
        key = os.getpid(), level, *command, *_environment(_scratch()).items()
        server = _servers.get(key)
        if server is not None and server.process.poll() is not None:
            server.close()
            server = None
        if server is None:
            server = _servers[key] = ForkServer(level, command)
        return server

    def fork(self, set_up: Sequence[str], mode: str) -> socket.socket:
        """Fork a zygote and return its control socket, on which it sends READY and its process id."""
        control, zygote_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, writing = os.pipe()
        try:
            with self._lock, zygote_control, os.fdopen(writing, "w", encoding="utf-8") as file:
                try:
                    socket.send_fds(self._control, [FORK], [zygote_control.fileno(), reading])
                finally:
                    os.close(reading)
                json.dump([mode, *set_up], file)
        except BaseException:
            control.close()
            raise
        return control

    def end(self, number: int) -> None:
        """End a zygote, by its process id in the sandbox."""
        with self._lock, contextlib.suppress(OSError):
            self._control.send(b"%d" % number)
            self._control.recv(64)

    def close(self) -> None:
        """End the server, and all zygotes and workers with it."""
        self._control.close()
        self.process.kill()
        self.process.wait()
        if self._home is not None:
            self._home.cleanup()

    def _own_home(self, level: Level) -> str:
        """Return the private folder where the server itself may write. In a shared /tmp, other users could place files
        that its libraries read, such as matplotlib's settings, or symbolic links that it follows."""
        if level == "namespaces":
            return _scratch()
        self._home = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
        # Workers run as other users, and their folders are in it.
        Path(self._home.name).chmod(0o711)
        return self._home.name


# By process id, level, command and environment.
_servers: dict[tuple[Any, ...], ForkServer] = {}


def close_servers() -> None:
    """End the fork servers of this process."""
    for key in [key for key in _servers if key[0] == os.getpid()]:
        _servers.pop(key).close()


def _popen(command: list[str], control: int, home: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, pass_fds=[control], env=_environment(home), stdin=subprocess.DEVNULL, cwd="/")


# bubblewrap ends with the thread that started it (--die-with-parent), so one thread that lives as long as the process
# starts all servers.
_StartRequest = tuple[Callable[[], "subprocess.Popen[bytes]"], "queue.Queue[subprocess.Popen[bytes] | BaseException]"]
_requests_of: dict[int, queue.Queue[_StartRequest]] = {}
_starter_lock = threading.Lock()


def _start(popen: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Start a process in the starter thread and return it, or raise the error that occurred there."""
    with _starter_lock:
        # After a fork, the child has a copy of the queue but not the thread, so it needs new ones.
        requests = _requests_of.get(os.getpid())
        if requests is None:
            requests = _requests_of[os.getpid()] = queue.Queue()
            threading.Thread(target=_serve_requests, args=(requests,), name="zygote starter", daemon=True).start()
    reply: queue.Queue[subprocess.Popen[bytes] | BaseException] = queue.Queue()
    requests.put((popen, reply))
    process = reply.get()
    if isinstance(process, BaseException):
        raise process
    return process


def _serve_requests(requests: queue.Queue[_StartRequest]) -> None:
    while True:
        popen, reply = requests.get()
        try:
            reply.put(popen())
        except BaseException as error:
            reply.put(error)
