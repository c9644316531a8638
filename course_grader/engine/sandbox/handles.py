"""What the grader holds of the sandbox: workers, the zygote that they are forked from, and the server that zygotes are
forked from."""

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
    """The zygote could not bring a worker to life."""


@dataclass
class WorkerHandle:
    """Holds a worker: letting go ends it."""

    end: socket.socket
    # How many seconds of CPU time the worker took; known when it has ended.
    cpu_seconds: float = 0.0
    _said: str = ""

    def kill(self) -> str:
        """End the worker where it still lives; return what its keeper says of the end."""
        with contextlib.suppress(OSError), self.end:
            self.end.shutdown(socket.SHUT_WR)
            self.end.settimeout(START_SECONDS)
            said = self._said or self.end.recv(4096).decode(errors="replace")
            said, _, taken = said.partition(USED)
            self.cpu_seconds = float(taken or 0)
            return said
        return ""

    def waited(self) -> float:
        """Return for how many seconds other processes kept the worker from running."""
        with contextlib.suppress(OSError):
            self.end.settimeout(START_SECONDS)
            self.end.send(ASK)
            said = self.end.recv(4096).decode(errors="replace")
            if said.startswith(WAITED):
                return float(said.removeprefix(WAITED))
            # It has ended meanwhile.
            self._said = said
        return 0.0

    def interrupt(self) -> None:
        """Interrupt what the worker does, as Ctrl-C would."""
        with contextlib.suppress(OSError):
            self.end.send(INTERRUPT)


class Zygote:
    """The process that the workers of one assignment are forked from. Starts when first needed; `close` ends it and all
    its workers.

    `set_up` are the sources of the teacher's set-up cells, which have run in each worker when it comes to life; in the
    mode together, the names of modules that the zygote imports.
    """

    def __init__(self, level: Level, set_up: Sequence[str] = (), mode: str = "apart") -> None:
        require(level)
        self.level, self._set_up, self._mode = level, list(set_up), mode
        self._lock = threading.Lock()
        self._server: ForkServer | None = None
        self._control: socket.socket | None = None
        self._number = 0

    def start_worker(self, limits: Limits) -> tuple[socket.socket, WorkerHandle]:
        """Return the wire to a new worker, and its handle; WorkerNotStarted where that fails."""
        with self._lock:
            for last in (False, True):
                try:
                    return self._ask(self._running(), limits)
                except OSError as error:
                    # A zygote that is gone is started again.
                    self._end()
                    if last:
                        raise WorkerNotStarted(f"The zygote does not answer: {error}") from error
        raise AssertionError

    def close(self) -> None:
        with self._lock:
            self._end()

    def _ask(self, control: socket.socket, limits: Limits) -> tuple[socket.socket, WorkerHandle]:
        wire, its_wire = socket.socketpair()
        handle, its_handle = socket.socketpair()
        with its_wire, its_handle:
            try:
                message = json.dumps(limits.to_json()).encode()
                socket.send_fds(control, [message], [its_wire.fileno(), its_handle.fileno()])
            except OSError:
                wire.close()
                handle.close()
                raise
        return wire, WorkerHandle(handle)

    def _running(self) -> socket.socket:
        if self._control is not None and self._server is not None and self._server.process.poll() is None:
            return self._control
        self._end()
        self._server = ForkServer.of(self.level)
        control = self._server.fork(self._set_up, self._mode)
        try:
            control.settimeout(START_SECONDS * load_factor())
            said = control.recv(64)
            if not said.startswith(READY):
                raise WorkerNotStarted("The zygote ended while it started.")
            control.settimeout(None)
        except BaseException:
            # A zygote that is late ends when nobody listens to it.
            control.close()
            raise
        self._control, self._number = control, int(said.removeprefix(READY))
        return control

    def _end(self) -> None:
        if self._control is not None and self._server is not None:
            self._control.close()
            self._server.end(self._number)
        self._control = self._server = None


class ForkServer:
    """A process in the sandbox that is forked for each zygote. It has imported what all need, which takes a second."""

    def __init__(self, level: Level, command: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._control, its_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its_control:
            number = its_control.fileno()
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
        """Return this process's server at a level, a new one where the last is gone or what it depends on changed."""
        command = _wrapped(level)
        wanted = os.getpid(), level, *command, *_environment(_scratch()).items()
        server = _servers.get(wanted)
        if server is not None and server.process.poll() is not None:
            server.close()
            server = None
        if server is None:
            server = _servers[wanted] = ForkServer(level, command)
        return server

    def fork(self, set_up: Sequence[str], mode: str) -> socket.socket:
        """Return the control of a new zygote, which says when it is ready."""
        control, its_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, writing = os.pipe()
        try:
            with self._lock, its_control, os.fdopen(writing, "w", encoding="utf-8") as file:
                try:
                    socket.send_fds(self._control, [FORK], [its_control.fileno(), reading])
                finally:
                    os.close(reading)
                json.dump([mode, *set_up], file)
        except BaseException:
            control.close()
            raise
        return control

    def end(self, number: int) -> None:
        """End a zygote, by the number that it has in the sandbox."""
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
        """Return where the server itself may write. In a shared /tmp others could lay files down that its libraries
        read, such as matplotlib's settings, or links that its files follow."""
        if level == "namespaces":
            return _scratch()
        self._home = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
        # Workers, which are other users, have their folders in it.
        Path(self._home.name).chmod(0o711)
        return self._home.name


# By process, level, and all that a server is started with.
_servers: dict[tuple[Any, ...], ForkServer] = {}


def close_servers() -> None:
    """End the fork servers of this process."""
    for key in [key for key in _servers if key[0] == os.getpid()]:
        _servers.pop(key).close()


def _popen(command: list[str], control: int, home: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, pass_fds=[control], env=_environment(home), stdin=subprocess.DEVNULL, cwd="/")


# bubblewrap ends with the thread that started it, so that one thread starts them all and lives as long as the process.
_Order = tuple[Callable[[], "subprocess.Popen[bytes]"], "queue.Queue[subprocess.Popen[bytes] | BaseException]"]
_orders_of: dict[int, queue.Queue[_Order]] = {}
_starter_lock = threading.Lock()


def _start(order: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    with _starter_lock:
        # A forked process has not inherited the thread, and the queue that it has would go on waking the old one.
        orders = _orders_of.get(os.getpid())
        if orders is None:
            orders = _orders_of[os.getpid()] = queue.Queue()
            threading.Thread(target=_serve_orders, args=(orders,), name="zygote starter", daemon=True).start()
    answer: queue.Queue[subprocess.Popen[bytes] | BaseException] = queue.Queue()
    orders.put((order, answer))
    process = answer.get()
    if isinstance(process, BaseException):
        raise process
    return process


def _serve_orders(orders: queue.Queue[_Order]) -> None:
    while True:
        order, answer = orders.get()
        try:
            answer.put(order())
        except BaseException as error:
            answer.put(error)
