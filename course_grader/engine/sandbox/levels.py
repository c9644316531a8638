"""The three levels of isolation, and which files a worker can see at each.

namespaces  bubblewrap around the zygote; around each worker its own namespaces, an unprivileged user, a system-call
            filter and resource limits
user        a different user id for each worker, the filter and the limits; needs only root. If the kernel has Landlock,
            a worker sees the same files as at the level namespaces
none        only the limits, for trusted submissions
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import course_utils
from course_grader.engine.sandbox import bubblewrap, privileges, seccomp

Level = Literal["namespaces", "user", "none"]
LEVELS: tuple[Level, ...] = get_args(Level)
ENGINE = Path(__file__).parents[1]
ROOTS = sorted({str(ENGINE.parents[1]), str(Path(course_utils.__file__).parents[1])})
# The answers to the self-study course's concept questions, and the hints on them: a class may get the same questions,
# so workers must not read them.
WITHHELD = tuple(Path(course_utils.__file__).parent / "checks" / kind / "questions" for kind in ("hints", "keys"))
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    # Keep the memory of freed large arrays in the process. Getting zeroed pages from the kernel again costs more than
    # filling them.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TOP_PAD_": str(16 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(256 * 2**20),
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    # The order of a set of strings must be the same in each run, so that the result is.
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
}
# These select numerical kernels, which round differently. A worker must compute like the process that made the keys.
NUMERICS = ("MKL_CBWR", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
TRIAL = """
from course_grader.engine.sandbox import privileges, seccomp
import os
if os.geteuid() == 0: privileges.become(65534)
privileges.set_dumpable(False)
user, group = os.geteuid(), os.getegid()
if child := privileges.fork_into_namespaces(): os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
privileges.settle_in_namespaces(user, group, 2**20, os.environ["HOME"])
privileges.drop_capabilities()
seccomp.apply_filter()
"""


class IsolationUnavailable(Exception):
    """This machine does not support the isolation level; the message has the reason and the remedy."""


def _environment(scratch: str) -> dict[str, str]:
    numerics = {name: os.environ[name] for name in NUMERICS if name in os.environ}
    return ENVIRONMENT | numerics | {"HOME": scratch, "TMPDIR": scratch, "IPYTHONDIR": f"{scratch}/.ipython"}


def _scratch() -> str:
    """Return where a worker may write: /tmp, or /scratch if the interpreter or the course is inside /tmp."""
    return "/scratch" if any(path.is_relative_to("/tmp") for path in _visible_paths()) else "/tmp"


def _wrapped(level: Level) -> list[str]:
    return bubblewrap_command() if level == "namespaces" else []


def bubblewrap_command() -> list[str]:
    """Return a command that runs the command after it in a sandbox. There, only the interpreter, the packages and the
    course are visible, read-only. Raises IsolationUnavailable if there is no bubblewrap."""
    program = bubblewrap.find()
    if program is None:
        raise IsolationUnavailable(bubblewrap.problem())
    command = [str(program.path), "--die-with-parent", "--new-session"]
    # Root needs no user namespace: the zygote starts with real privileges and gives them up at once.
    names = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
    command += names if os.geteuid() == 0 else ("--unshare-all",)
    created = {Path("/")}
    for path in _visible_paths():
        for parent in reversed(path.parents):
            if parent not in created:
                created.add(parent)
                command += ["--perms", "0755", "--dir", str(parent)]
        command += ["--ro-bind", str(path), str(path)]
    for folder in (folder for folder in WITHHELD if folder.is_dir()):
        command += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    for link in ("/bin", "/lib", "/lib64"):
        if Path(link).is_symlink():
            command += ["--symlink", str(Path(link).readlink()), link]
    command += ["--perms", "0755", "--dir", "/dev"]
    for device in ("null", "zero", "full", "random", "urandom"):
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    command += ["--proc", "/proc", "--perms", "1777", "--tmpfs", _scratch(), "--remount-ro", "/", "--chdir", "/"]
    return command


def _visible_paths() -> Iterator[Path]:
    """Yield the files and folders that a worker may read, without those that are inside another one."""
    engine = ENGINE
    seen: set[Path] = set()
    paths = [Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/lib32"), Path("/etc/ld.so.cache"), Path("/etc/localtime")]
    # With the system's Python, matplotlib uses fontconfig, which prints warnings without its settings.
    paths += [Path("/etc/fonts"), *(path for path in (Path("/lib"), Path("/lib64")) if not path.is_symlink())]
    base = Path(sys.base_prefix)
    paths += [base / "bin", base / "lib", Path(sys.executable).resolve().parent]
    paths += [Path(sys.prefix) / name for name in ("bin", "pyvenv.cfg")]
    paths += [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [Path(course_utils.__file__).parent, engine, engine.parent / "__init__.py"]
    # Not Path.exists, which raises PermissionError if a parent folder may not be entered.
    for path in sorted({path for path in paths if os.path.exists(path)}):  # noqa: PTH110
        if not any(parent in seen for parent in path.parents):
            seen.add(path)
            yield path


@functools.cache
def visible_paths() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paths that a worker may read at the level `user` (the same as at `namespaces`), and the folders that
    it may only list because they contain a folder that it must not read."""
    listed = [path for path in _visible_paths() if _has_withheld(path)]
    readable = [part for path in _visible_paths() for part in _without_withheld(path)]
    return tuple(map(str, readable)), tuple(map(str, listed))


def _has_withheld(path: Path) -> bool:
    return any(folder.is_relative_to(path) for folder in WITHHELD)


def _without_withheld(path: Path) -> Iterator[Path]:
    if not _has_withheld(path):
        yield path
    elif path not in WITHHELD:
        for inner in sorted(path.iterdir()):
            yield from _without_withheld(inner)


def exposure(level: Level) -> str:
    """Return what a submission can reach at this level on this machine beyond the sandbox, in a sentence; "" if
    nothing."""
    if level == "none":
        return "Graded without isolation: a submission can read and change everything that the grader's user can."
    if level == "user" and privileges.landlock_version() < 1:
        return (
            "The kernel has no Landlock: a submission can read every file that all users of this machine can read, and "
            "write to folders that all users can write to, such as /tmp."
        )
    return ""


def require(level: Level) -> None:
    """Raise IsolationUnavailable if this machine does not support the level."""
    if reason := unavailable(level):
        raise IsolationUnavailable(reason)


@functools.cache
def unavailable(level: Level) -> str:
    """Return why this machine does not support a level, with the remedy; "" if it does."""
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
    completed = subprocess.run(
        [*bubblewrap_command(), sys.executable, "-sP", "-c", trial],
        env=_environment(_scratch()),
        capture_output=True,
        text=True,
    )
    if completed.returncode == 0:
        return ""
    reason = (completed.stderr.strip().splitlines() or ["no reason is given"])[-1]
    return bubblewrap.refused_by_kernel(program, reason)


def isolation_program(level: Level) -> str:
    """Return the program that isolates submissions at a level, for results and `course doctor`; "" if there is none."""
    program = bubblewrap.find() if level == "namespaces" else None
    return str(program) if program else ""


def best_level() -> tuple[Level, str]:
    """Return the strongest level that this machine supports, and why it supports no stronger one ("" if it is the
    strongest)."""
    reasons: list[str] = []
    for level in LEVELS:
        if not (reason := unavailable(level)):
            return level, " ".join(reasons)
        reasons.append(reason)
    raise AssertionError
