"""Where workers run: the three levels of isolation, and the processes that bring workers to life.

namespaces  bubblewrap around the zygote, and namespaces, an unprivileged user, a system-call filter and limits
            around each worker
user        another user id for each worker, the filter and the limits; needs root and nothing else. With the kernel's
            Landlock, the same view of the disk
none        the limits alone, for submissions that are trusted
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import queue
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import course_utils
from course_grader.engine import bubblewrap, confine, seccomp
from course_grader.engine.limits import Limits, patience

Level = Literal["namespaces", "user", "none"]
LEVELS: tuple[Level, ...] = get_args(Level)

ENGINE = Path(__file__).parent
ROOTS = sorted({str(ENGINE.parents[1]), str(Path(course_utils.__file__).parents[1])})
START_SECONDS = 60
# The answers of the self-study course's concept questions, which a class may be asked too.
WITHHELD = Path(course_utils.__file__).parent / "checks" / "keys" / "questions"
# What is said on a leash: the question how long a worker had to wait, the answer, and with the end its CPU time; and
# the order to interrupt what it does.
ASK, WAITED, USED, INTERRUPT = b"?", "waited: ", ", CPU seconds ", b"i"
# What is said on a control: a fork server or a zygote is ready, and a zygote is to be forked.
READY, FORK = b"ready", b"fork"
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    # Memory that a large array leaves stays with the worker, as in a process that has run for long: to be given each of
    # its pages again, empty, costs more than to fill them.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TOP_PAD_": str(16 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(256 * 2**20),
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    # The order of a set of strings is the same in each run, and so is the result.
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
}
# What chooses among kernels that round differently: a worker computes as the process does that made the keys.
NUMERICS = ("MKL_CBWR", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
TRIAL = """
from course_grader.engine import confine, seccomp
import os
if os.geteuid() == 0: confine.become(65534)
confine.set_dumpable(False)
user, group = os.geteuid(), os.getegid()
if child := confine.fork_into_namespaces(): os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
confine.settle_in_namespaces(user, group, 2**20, os.environ["HOME"])
confine.drop_capabilities()
seccomp.load()
"""


class IsolationUnavailable(Exception):
    """This machine cannot give the level that was asked for; the message has the reason and the remedy."""


class WorkerNotStarted(Exception):
    """The zygote could not bring a worker to life."""


@dataclass
class Leash:
    """Holds a worker: letting go ends it."""

    end: socket.socket
    # How many seconds of CPU time the worker took; known when it has ended.
    cpu_seconds: float = 0.0
    _said: str = ""

    def pull(self) -> str:
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

    def start_worker(self, limits: Limits) -> tuple[socket.socket, Leash]:
        """Return the wire to a new worker, and its leash; WorkerNotStarted where that fails."""
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

    def _ask(self, control: socket.socket, limits: Limits) -> tuple[socket.socket, Leash]:
        wire, its_wire = socket.socketpair()
        leash, its_leash = socket.socketpair()
        with its_wire, its_leash:
            try:
                message = json.dumps(limits.to_json()).encode()
                socket.send_fds(control, [message], [its_wire.fileno(), its_leash.fileno()])
            except OSError:
                wire.close()
                leash.close()
                raise
        return wire, Leash(leash)

    def _running(self) -> socket.socket:
        if self._control is not None and self._server is not None and self._server.process.poll() is None:
            return self._control
        self._end()
        self._server = ForkServer.of(self.level)
        control = self._server.fork(self._set_up, self._mode)
        try:
            control.settimeout(START_SECONDS * patience())
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
                f"collect_seldom(); from course_grader.engine.zygote import main; main({number}, {level!r})"
            )
            home = self._own_home(level)
            self.process = _start(lambda: _popen([*command, sys.executable, "-sP", "-c", program], number, home))
        self._control.settimeout(START_SECONDS * patience())
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


def _environment(scratch: str) -> dict[str, str]:
    numerics = {name: os.environ[name] for name in NUMERICS if name in os.environ}
    return ENVIRONMENT | numerics | {"HOME": scratch, "TMPDIR": scratch, "IPYTHONDIR": f"{scratch}/.ipython"}


def _scratch() -> str:
    """Return where a worker may write: /tmp, or another place where the interpreter itself stands in /tmp."""
    return "/scratch" if any(path.is_relative_to("/tmp") for path in _visible()) else "/tmp"


def _wrapped(level: Level) -> list[str]:
    return isolated() if level == "namespaces" else []


def isolated() -> list[str]:
    """Return the command that runs what follows it with the interpreter, the packages and the course in view,
    read-only, and nothing else of the disk; IsolationUnavailable if there is no bubblewrap."""
    program = bubblewrap.find()
    if program is None:
        raise IsolationUnavailable(bubblewrap.problem())
    command = [str(program.path), "--die-with-parent", "--new-session"]
    # As root, real privileges serve better than a user namespace of root's: the zygote gives them up at once.
    names = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    command += names if os.geteuid() == 0 else ("--unshare-all",)
    made = {Path("/")}
    for path in _visible():
        for parent in reversed(path.parents):
            if parent not in made:
                made.add(parent)
                command += ["--perms", "0755", "--dir", str(parent)]
        command += ["--ro-bind", str(path), str(path)]
    if WITHHELD.is_dir():
        command += ["--tmpfs", str(WITHHELD), "--remount-ro", str(WITHHELD)]
    for link in ("/bin", "/lib", "/lib64"):
        if Path(link).is_symlink():
            command += ["--symlink", str(Path(link).readlink()), link]
    command += ["--perms", "0755", "--dir", "/dev"]
    for device in ("null", "zero", "full", "random", "urandom"):
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    command += ["--proc", "/proc", "--perms", "1777", "--tmpfs", _scratch(), "--remount-ro", "/", "--chdir", "/"]
    return command


def _visible() -> Iterator[Path]:
    """Yield what a worker may read, each with its parents before it."""
    engine = ENGINE
    seen: set[Path] = set()
    paths = [Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/lib32"), Path("/etc/ld.so.cache"), Path("/etc/localtime")]
    # Where Python is the system's, matplotlib asks fontconfig, which complains without its settings.
    paths += [Path("/etc/fonts"), *(path for path in (Path("/lib"), Path("/lib64")) if not path.is_symlink())]
    base = Path(sys.base_prefix)
    paths += [base / "bin", base / "lib", Path(sys.executable).resolve().parent]
    paths += [Path(sys.prefix) / name for name in ("bin", "pyvenv.cfg")]
    paths += [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [Path(course_utils.__file__).parent, engine, engine.parent / "__init__.py"]
    # Not Path.exists, which raises where a folder on the way may not be entered.
    for path in sorted({path for path in paths if os.path.exists(path)}):  # noqa: PTH110
        if not any(parent in seen for parent in path.parents):
            seen.add(path)
            yield path


@functools.cache
def visible() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a worker may read at the level `user`, which is what the level `namespaces` shows; and the folders of
    which it may only list the names, since something in them is withheld."""
    listed = [path for path in _visible() if WITHHELD.is_relative_to(path)]
    readable = [part for path in _visible() for part in _without_withheld(path)]
    return tuple(map(str, readable)), tuple(map(str, listed))


def _without_withheld(path: Path) -> Iterator[Path]:
    if not WITHHELD.is_relative_to(path):
        yield path
    elif path != WITHHELD:
        for inner in sorted(path.iterdir()):
            yield from _without_withheld(inner)


def exposed(level: Level) -> str:
    """Return what a submission can reach at this level on this machine, beyond what `namespaces` shows; empty where
    that is nothing that anybody else wrote."""
    if level == "none":
        return "Graded without isolation: a submission can read and change all that the grader's user can."
    if level == "user" and confine.landlock_version() < 1:
        return (
            "The kernel has no Landlock: a submission can read every file that all users of this machine may read, and "
            "write to folders that are open to all, such as /tmp."
        )
    return ""


def require(level: Level) -> None:
    """Raise IsolationUnavailable where this machine cannot give the level."""
    if reason := unavailable(level):
        raise IsolationUnavailable(reason)


@functools.cache
def unavailable(level: Level) -> str:
    """Return why this machine cannot give a level, with the remedy; empty where it can."""
    if level == "none":
        return ""
    if not seccomp.supported():
        return "Isolation needs Linux on x86_64 or aarch64. Grade there, or trust the submissions (isolation none)."
    if level == "user":
        if os.geteuid() == 0:
            return ""
        return "Isolation by user id needs root. Run the grader as root in a container, or use isolation by namespaces."
    program = bubblewrap.find()
    if program is None:
        return bubblewrap.problem()
    trial = f"import sys; sys.path[:0] = {ROOTS!r}\n{TRIAL}"
    tried = subprocess.run(
        [*isolated(), sys.executable, "-sP", "-c", trial],
        env=_environment(_scratch()),
        capture_output=True,
        text=True,
    )
    if tried.returncode == 0:
        return ""
    said = (tried.stderr.strip().splitlines() or ["no reason is given"])[-1]
    return bubblewrap.refused_by_kernel(program, said)


def described(level: Level) -> str:
    """Return what gives a level on this machine, as results and `course doctor` show it."""
    program = bubblewrap.find() if level == "namespaces" else None
    return str(program) if program else ""


def best_level() -> tuple[Level, str]:
    """Return the strongest level that this machine gives, and why it is not a stronger one."""
    reasons: list[str] = []
    for level in LEVELS:
        if not (reason := unavailable(level)):
            return level, " ".join(reasons)
        reasons.append(reason)
    raise AssertionError
