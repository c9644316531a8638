"""Where workers run: the three levels of isolation, and what a worker sees of the disk in each.

namespaces  bubblewrap around the zygote, and namespaces, an unprivileged user, a system-call filter and limits
            around each worker
user        another user id for each worker, the filter and the limits; needs root and nothing else. With the kernel's
            Landlock, the same view of the disk
none        the limits alone, for submissions that are trusted
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
# The answers of the self-study course's concept questions, which a class may be asked too, and the hints on them.
WITHHELD = tuple(Path(course_utils.__file__).parent / "checks" / kind / "questions" for kind in ("hints", "keys"))
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
from course_grader.engine.sandbox import privileges, seccomp
import os
if os.geteuid() == 0: privileges.become(65534)
privileges.set_dumpable(False)
user, group = os.geteuid(), os.getegid()
if child := privileges.fork_into_namespaces(): os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
privileges.settle_in_namespaces(user, group, 2**20, os.environ["HOME"])
privileges.drop_capabilities()
seccomp.load()
"""


class IsolationUnavailable(Exception):
    """This machine cannot give the level that was asked for; the message has the reason and the remedy."""


def _environment(scratch: str) -> dict[str, str]:
    numerics = {name: os.environ[name] for name in NUMERICS if name in os.environ}
    return ENVIRONMENT | numerics | {"HOME": scratch, "TMPDIR": scratch, "IPYTHONDIR": f"{scratch}/.ipython"}


def _scratch() -> str:
    """Return where a worker may write: /tmp, or another place where the interpreter itself stands in /tmp."""
    return "/scratch" if any(path.is_relative_to("/tmp") for path in _visible_paths()) else "/tmp"


def _wrapped(level: Level) -> list[str]:
    return bubblewrap_command() if level == "namespaces" else []


def bubblewrap_command() -> list[str]:
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
    for path in _visible_paths():
        for parent in reversed(path.parents):
            if parent not in made:
                made.add(parent)
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
def visible_paths() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a worker may read at the level `user`, which is what the level `namespaces` shows; and the folders of
    which it may only list the names, since something in them is withheld."""
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
    """Return what a submission can reach at this level on this machine, beyond what `namespaces` shows; empty where
    that is nothing that anybody else wrote."""
    if level == "none":
        return "Graded without isolation: a submission can read and change all that the grader's user can."
    if level == "user" and privileges.landlock_version() < 1:
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
        [*bubblewrap_command(), sys.executable, "-sP", "-c", trial],
        env=_environment(_scratch()),
        capture_output=True,
        text=True,
    )
    if tried.returncode == 0:
        return ""
    said = (tried.stderr.strip().splitlines() or ["no reason is given"])[-1]
    return bubblewrap.refused_by_kernel(program, said)


def isolation_program(level: Level) -> str:
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
