"""Attacks by someone who has read every line of the engine: on the referee, on shared state, on later submissions."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course_grader import Assignment, Result
from course_grader.engine import grading as engine
from course_grader.engine.grading import grade
from course_grader.engine.rpc.message import ExtType, pack, unpack
from course_grader.engine.rpc.types import LIST, VIEW
from course_grader.engine.sandbox import handles
from course_grader.engine.sandbox.levels import Level, _visible_paths
from tests.engine.conftest import PATCH, ROOT, Exam, outcomes, printed
from tests.tools import bubblewrap_program

WRONG = "\ndef sgd_step(w, grad, lr):\n    return w\n"
RIGHT = "\ndef sgd_step(w, grad, lr):\n    return w - lr * grad\n"


def graded(exam: Exam, source: str, cell: str = "sgd_step") -> Result:
    return exam.grade(exam.changed({cell: textwrap.dedent(source)}))


def only(result: Result, **expected: str) -> None:
    """Check that every exercise passed except the named ones."""
    assert outcomes(result) == dict.fromkeys(outcomes(result), "passed") | expected


@pytest.mark.needs("isolation")
# The referee would loop forever if it drew from the returned generator until a draw fits.
def test_a_generator_that_never_changes_is_refused(exam: Exam) -> None:
    source = """
    def sample_log_uniform(low, high, size, rng):
        still = {"bit_generator": "PCG64", "state": {"state": 0, "inc": 0}, "has_uint32": 0, "uinteger": 0}
        rng.bit_generator.state = still
        return np.exp(np.random.default_rng(1).uniform(np.log(low), np.log(high), size))
    """
    result = graded(exam, source, "sample_log_uniform")
    only(result, sample_log_uniform="refused")
    assert any("its increment is even" in cell.message for cell in result.cells)


def hanging(exam: Exam, test: str) -> Assignment:
    """Return the exam with a different test of the first exercise, one that trusts the values it gets."""
    cells = [
        dataclasses.replace(cell, source=test) if cell.grade_id == "sgd_step_visible" else cell
        for cell in exam.assignment.cells
    ]
    limits = dataclasses.replace(exam.assignment.limits, test_seconds=3, again_seconds=1, judge_seconds=0.5)
    return dataclasses.replace(exam.assignment, cells=tuple(cells), limits=limits)


@pytest.mark.needs("isolation")
# A probe may catch everything that a call raises.
@pytest.mark.parametrize("caught", ["Exception", "BaseException"])
def test_a_test_that_hangs_on_what_it_was_given_ends(exam: Exam, caught: str) -> None:
    loop = f"n = sgd_step(1.0, 0.0, 1.0)\ntry:\n    while n > 0: n -= 1\nexcept {caught}: pass"
    source = "def sgd_step(w, grad, lr):\n    return float('inf')"
    result = grade(exam.changed({"sgd_step": source}), hanging(exam, loop))
    assert result.cells[0].outcome == "stopped"
    assert result.cells[0].message == "sgd_step: it took too long and was stopped."
    assert outcomes(result).pop("robbins_monro_schedules") == "passed"
    honest = grade(exam.right, hanging(exam, loop))
    assert honest.score == honest.max_score


@pytest.mark.needs("isolation")
# Broadcasting ten megabytes with a row would take 48 gigabytes, and the system would kill the grader.
@pytest.mark.parametrize("caught", ["()", "MemoryError"])
def test_a_result_that_grows_in_the_test_takes_no_more_memory_than_it_may(exam: Exam, caught: str) -> None:
    growing = (
        f"try: total = sgd_step(1.0, 0.0, 1.0) + np.zeros(600)\nexcept {caught}: total = 0\nassert np.sum(total) < 0"
    )
    source = "def sgd_step(w, grad, lr):\n    return np.ones((10**7, 1), np.int8)"
    result = grade(exam.changed({"sgd_step": source}), hanging(exam, growing))
    assert result.cells[0].outcome == ("failed" if caught == "MemoryError" else "refused")
    assert outcomes(result).pop("robbins_monro_schedules") == "passed"
    if caught == "()":
        assert result.cells[0].message.endswith("Testing it takes more memory than a test may use.")


@pytest.mark.needs("isolation")
def test_a_callback_that_is_made_to_grow_takes_no_more_memory_than_it_may(exam: Exam) -> None:
    test = "def wide(x): return float(np.sum(x + np.zeros(600)))\nassert sgd_step(wide, 0.0, 1.0) == 1.0"
    source = """
    def sgd_step(w, grad, lr):
        try: return w(np.ones((10**7, 1), np.int8))
        except MemoryError: return 1.0
    """
    before = resource.getrlimit(resource.RLIMIT_AS)
    result = grade(exam.changed({"sgd_step": textwrap.dedent(source)}), hanging(exam, test))
    assert result.cells[0].outcome == "passed"
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.needs("isolation")
def test_the_limit_of_output_cannot_be_lifted(exam: Exam, heard: list[bytes]) -> None:
    source = f"""{PATCH}
patch(get_ipython().kept, _text=10**12, _pictures=10**12)
get_ipython().events.register("post_run_cell", lambda result: print("x" * 12 * 10**6))
"""
    result = exam.grade(exam.changed({"sgd_step": source + RIGHT}), output=2**20, figures=2**20)
    only(result)
    assert len(printed(result)) < 9 * 2**20
    assert "It was cut here" in printed(result)
    # The worker itself has cut nothing.
    assert max(map(len, heard)) > 12 * 10**6


@pytest.mark.needs("isolation")
def test_file_descriptors_from_a_worker_are_not_received(exam: Exam) -> None:
    source = """
    import os, socket
    def sgd_step(w, grad, lr):
        for fd in range(3, 64):
            try:
                end = socket.socket(fileno=fd)
                for _ in range(50):
                    socket.send_fds(end, [bytes([1, 0, 0, 0, 0xC0])], [os.open("/dev/zero", os.O_RDWR)] * 9)
            except OSError:
                pass
        return w
    """
    exam.grade(exam.released)
    before = len(list(Path("/proc/self/fd").iterdir()))
    only(graded(exam, source), sgd_step="refused")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("level", ["namespaces", "user"])
def test_a_worker_inherits_nothing_but_its_wire(exam: Exam, level: Level) -> None:
    source = """
    import os, stat
    for fd in range(4096):
        try: found = os.fstat(fd)
        except OSError: continue
        print(stat.S_ISSOCK(found.st_mode), found.st_rdev == os.stat("/dev/null").st_rdev)
    """
    shown = printed(grade(exam.changed({"sgd_step": textwrap.dedent(source)}), exam.assignment, level))
    assert sorted(shown.splitlines()) == ["False True"] * 3 + ["True False"]


# Numbers on x86_64 and aarch64. The last one is from x86_64's second table, in which execve has a different number.
CALLS = {
    "io_uring_setup": (425, 425), "userfaultfd": (323, 282), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "memfd_create": (319, 279), "bpf": (321, 280), "keyctl": (250, 219), "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241), "ptrace": (101, 117), "setns": (308, 268), "unshare": (272, 97), "mount": (165, 40),
    "shmget": (29, 194), "mq_open": (240, 180), "kcmp": (312, 272), "personality": (135, 92), "seccomp": (317, 277),
    "execve": (59, 221), "execve of x32": (0x40000000 + 520, 221),
}  # fmt: skip


@pytest.mark.needs("isolation")
def test_system_calls_that_nobody_needs_are_refused(exam: Exam) -> None:
    source = f"""
    import ctypes, errno, platform
    libc = ctypes.CDLL(None, use_errno=True)
    for name, numbers in {CALLS!r}.items():
        ctypes.set_errno(0)
        code = libc.syscall(numbers[platform.machine() == "aarch64"], 0, 0, 0, 0, 0, 0)
        print(code, errno.errorcode.get(ctypes.get_errno()), name)
    """
    shown = printed(graded(exam, source)).splitlines()
    assert [line.split()[:2] for line in shown] == [["-1", "EPERM"]] * len(CALLS), shown


def children(pid: int) -> Iterator[int]:
    """Yield the living children of a process."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError):
            state, parent = entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()[:2]
            if int(parent) == pid and state != "Z":
                yield int(entry.name)


def grader_processes(exam: Exam) -> list[int]:
    """Start new processes; return those of bubblewrap, the fork server and the zygote, in this order."""
    engine.close()
    exam.grade(exam.released)
    chain = [handles.ForkServer.of("namespaces").process.pid]
    while b"bwrap" in Path(f"/proc/{chain[-1]}/cmdline").read_bytes().split(b"\0")[0]:
        chain.append(next(children(chain[-1])))
    return [*chain, next(children(chain[-1]))]


@pytest.mark.needs("isolation")
def test_nothing_of_a_submission_outlives_it(exam: Exam) -> None:
    zygote = grader_processes(exam)[-1]
    source = """
import threading, time, atexit, signal
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
def haunt():
    while True:
        try: time.sleep(0.01)
        except BaseException: pass
atexit.register(haunt)
class Late:
    def __del__(self): haunt()
late = Late()
for daemon in (True, False):
    threading.Thread(target=haunt, daemon=daemon).start()
"""
    only(graded(exam, source + RIGHT))
    deadline = time.monotonic() + 30
    while left := list(children(zygote)):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


@pytest.mark.needs("isolation")
def test_no_memory_is_shared_for_writing(exam: Exam) -> None:
    for pid in grader_processes(exam):
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            mode = line.split()[1]
            assert not (mode[1] == "w" and mode[3] == "s"), line


HOOKS = """
import sys, os, gc, atexit, threading, warnings
import course_utils.checks.checking
replaced = set()
def forge(*args, **kwargs):
    return forge
sys.settrace(forge); sys.setprofile(forge); threading.settrace(forge); sys.addaudithook(lambda event, args: None)
gc.callbacks.append(forge); atexit.register(forge); sys.unraisablehook = sys.excepthook = forge
get_ipython().events.register("pre_run_cell", forge); get_ipython().events.register("post_run_cell", forge)
get_ipython().set_custom_exc((Exception,), forge)
os.environ.update(LANG="tr_TR", NUMPY_EXPERIMENTAL_ARRAY_FUNCTION="0", MPLBACKEND="none", PYTHONSTARTUP="/tmp/x.py")
open("matplotlibrc", "w").write("backend: none")
warnings.showwarning = forge
for name, module in list(sys.modules.items()):
    if name.startswith("course_utils"):
        for part in list(vars(module)):
            if part in ("check", "check_hidden", "judge", "run", "CheckFailed"):
                setattr(module, part, forge)
                replaced.add(f"{name.split('.')[-1]}.{part}")
print(*sorted(replaced))
np.testing = np.random.RandomState = None
"""


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(("answer", "outcome"), [(RIGHT, "passed"), (WRONG, "failed")])
def test_hooks_of_the_interpreter_change_no_verdict(exam: Exam, answer: str, outcome: str) -> None:
    result = graded(exam, HOOKS + answer)
    only(result, sgd_step=outcome)
    replaced = set(printed(result).split())
    assert {"checking.check", "checking.check_hidden", "checking.judge", "checking.CheckFailed"} <= replaced
    assert {"judge.judge", "probe.run"} <= replaced


# Each lets its own cell finish, but no later cell.
SPOILING = {
    "a function before each cell": "get_ipython().events.register('pre_run_cell', hang)",
    "a transformer of sources": "get_ipython().input_transformers_cleanup.append(hang)",
    "an end before each cell": "get_ipython().events.register('pre_run_cell', lambda info: os._exit(0))",
    "a transformer of trees": "get_ipython().ast_transformers.append(Late())",
}
HANGING = """
import os, time
def hang(*args): time.sleep(10**6)
class Late:
    def visit(self, tree): hang()
"""


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("hook", SPOILING.values(), ids=SPOILING)
def test_a_hook_that_stops_all_later_cells_costs_none_of_them(exam: Exam, hook: str) -> None:
    result = exam.grade(exam.changed({"exponential_decay": f"{HANGING}\n{hook}"}), cell_seconds=3, again_seconds=1)
    only(result, exponential_decay="missing")
    message = next(exercise for exercise in result.exercises if exercise.name == "exponential_decay").message
    assert message == "There is no 'exponential_decay': its cell was left out, because no cell after it finished."
    assert "Grading went on without it" in str(result.outputs)


@pytest.mark.needs("isolation")
def test_cells_that_stop_one_by_one_cost_themselves_alone(exam: Exam) -> None:
    loops = dict.fromkeys(("sgd_step", "with_warmup"), "while True: pass")
    only(exam.grade(exam.changed(loops), cell_seconds=2), sgd_step="missing", with_warmup="missing")


FORGERIES = {
    "an error named as a verdict": """
        class CheckFailed(AssertionError):
            verdict = type("V", (), {"failure": None, "mistake": None})()
        def sgd_step(w, grad, lr):
            raise CheckFailed("passed")
        """,
    "an error whose text is a report": """
        def sgd_step(w, grad, lr):
            raise ValueError(chr(10) * 2 + "ada: 58" + chr(13) + chr(27) + "[2K" + chr(0x2028) + "sgd_step: passed")
        """,
    "an error without text": """
        class Mute(ValueError):
            def __str__(self): raise SystemExit
        def sgd_step(w, grad, lr):
            raise Mute
        """,
    "a class named as an array": """
        class ndarray:
            shape, dtype, ndim = (5,), np.dtype(float), 1
            def __init__(self, array): self.array = array
            def __array__(self, *args, **kwargs): return self.array
        def sgd_step(w, grad, lr):
            return ndarray(w - lr * grad)
        """,
    "numbers that no processor makes": """
        def sgd_step(w, grad, lr):
            unnormal = bytes([0] * 7 + [0x40, 0xFF, 0x3F] + [0] * 6)
            return np.frombuffer(unnormal * np.size(w), np.longdouble).reshape(np.shape(w))
        """,
    "an error for every argument": "def sgd_step(w, grad, lr):\n    raise ValueError",
}


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("source", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_verdict_is_ignored(exam: Exam, source: str) -> None:
    result = graded(exam, source)
    # If even the text of the error cannot be read, the process has ended.
    only(result, sgd_step="stopped" if "SystemExit" in source else "failed")
    for cell in result.cells:
        assert not {chr(code) for code in (10, 13, 27, 0x2028)} & set(cell.message)


ZEROS = ["<f8", [3], 0, True, bytes(24)]
# Each with the bytes that arrive if the worker speaks so.
REWRITTEN = {
    "a handle of the grader's that it was never given": (
        """
        from course_grader.engine.rpc.message import ExtType, pack
        from course_grader.engine.rpc.types import LIST, VIEW
        view = ExtType(VIEW, pack([1, 0, ExtType(LIST, pack([-1, []]))]))
        patch(Peer, _returned=lambda self, encoder, result: ["return", view])
        """,
        pack(ExtType(VIEW, pack([1, 0, ExtType(LIST, pack([-1, []]))]))),
    ),
    "arguments renewed that there are not": (
        """
        others = [[True, None], ["a", 1], [-1, None], [10**9, []]]
        patch(Peer, _renewed=staticmethod(lambda encoder, shared, before: others))
        """,
        pack([[True, None], ["a", 1], [-1, None], [10**9, []]]),
    ),
    "an argument renewed twice, with another shape": (
        """
        zeros = ["<f8", [3], 0, True, bytes(24)]
        patch(Peer, _renewed=staticmethod(lambda encoder, shared, before: [[0, zeros], [0, zeros]]))
        """,
        pack([[0, ZEROS], [0, ZEROS]]),
    ),
    "replies to calls that were not made yet": (
        """
        from course_grader.engine.rpc.message import pack
        from course_grader.engine.rpc.channel import LENGTH
        ahead = pack(["answers", [0.0] * 1000])
        known = Peer._try
        def forward(self, function, args, kwargs):
            self.channel._socket.send((LENGTH.pack(len(ahead)) + ahead) * 3)
            return known(self, function, args, kwargs)
        patch(Peer, _try=forward)
        """,
        pack(["answers", [0.0] * 1000]),
    ),
}


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(("source", "sign"), REWRITTEN.values(), ids=REWRITTEN)
def test_a_worker_that_breaks_the_protocol_earns_nothing_and_the_next_is_graded(
    exam: Exam, source: str, sign: bytes, heard: list[bytes]
) -> None:
    head = f"{PATCH}from course_grader.engine.rpc.peer import Peer\n{textwrap.dedent(source)}"
    result = exam.grade(exam.changed({"sgd_step": f"{head}\ndef sgd_step(w, grad, lr):\n    w[...] = 0\n    return w"}))
    assert any(sign in message for message in heard)
    assert outcomes(result)["sgd_step"] in ("failed", "refused")
    assert outcomes(result)["exponential_decay"] in ("passed", "refused")
    assert set(outcomes(exam.grade(exam.right)).values()) == {"passed"}


KNOWN_IN_TURN = """
from course_utils.checks.recorder import Recorder
from course_utils.checks.remote_calls import promise
given = []
def loss(x):
    given.append(x)
    return 0.5
promise(loss, lambda: [0.5, 0.5])
assert Recorder().results(sgd_step, [(loss, 0.0, 1.0)]) == [1.0]
assert given == [1.0, 2.0]
"""
# What a worker does when it should report a call, what becomes of it, and the reports that arrive first.
REPORTED: dict[str, tuple[str, str, list[tuple[int, float]]]] = {
    "the truth": ("tell(self, handle, x)", "passed", [(0, 1.0), (0, 2.0)]),
    "nothing": ("None", "failed", []),
    "what was not called": ("tell(self, handle, 2 * x)", "failed", [(0, 2.0), (0, 4.0)]),
    "more than was called": (
        "[tell(self, handle, x) for _ in 'ab']",
        "failed",
        [(0, 1.0), (0, 1.0), (0, 2.0), (0, 2.0)],
    ),
    "without end": ("[tell(self, handle, x) for _ in range(10**6)]", "refused", [(0, 1.0)] * 1000),
    "of a function that it was never given": ("tell(self, 99, x)", "refused", [(99, 1.0)]),
}


@pytest.mark.needs("isolation")
# The worker reports its calls of a function whose answers are known, and the referee repeats them.
@pytest.mark.parametrize(("lie", "outcome", "reports"), REPORTED.values(), ids=REPORTED)
def test_false_reports_of_calls_of_a_known_function_earn_nothing(
    exam: Exam, lie: str, outcome: str, reports: list[tuple[int, float]], heard: list[bytes]
) -> None:
    head = f"{PATCH}from course_grader.engine.rpc.peer import Peer\ntell = Peer._report_call\n"
    patched = f"patch(Peer, _report_call=lambda self, handle, x: {lie})\n"
    source = f"{head}{patched}\ndef sgd_step(f, grad, lr):\n    return f(1.0) + f(2.0)\n"
    result = grade(exam.changed({"sgd_step": source}), hanging(exam, KNOWN_IN_TURN))
    assert result.cells[0].outcome == outcome
    assert outcomes(result)["exponential_decay"] == "passed"
    told = [(handle, *args) for kind, handle, args, *_ in map(padded, heard) if kind == "tell"]
    assert told[: len(reports)] == reports
    assert reports or not told


def padded(message: bytes) -> list[Any]:
    """Return the first three parts of a message."""
    return [*unpack(message), None, None][:3]


HOME = """
import os, pathlib
os.environ.update(PYTHONPATH="/tmp/x", MPLBACKEND="none", LANG="C", TZ="Asia/Tokyo", COURSE_KEY="/tmp/k")
for place in (".ipython/profile_default/startup/0.py", ".config/matplotlib/matplotlibrc", "numpy/__init__.py"):
    path = pathlib.Path.home() / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("raise SystemExit")
def sgd_step(w, grad, lr):
    os._exit(0)
"""


@pytest.mark.needs("isolation")
def test_what_is_left_at_home_reaches_no_later_worker(exam: Exam) -> None:
    # The worker that replaces this one, and those of the next submission, have their own home folders.
    only(exam.grade(exam.changed({"sgd_step": HOME})), sgd_step="stopped")
    looking = exam.right["cells"][-1] | {"id": "look", "metadata": {}, "cell_type": "code"}
    looking |= {"source": "import os, pathlib\nprint(os.environ.get('TZ'), [*pathlib.Path.home().iterdir()])"}
    result = exam.grade(exam.right | {"cells": [*exam.right["cells"], looking]})
    assert "UTC []" in printed(result)


@pytest.mark.needs("isolation")
def test_calls_of_the_graders_functions_with_anything_at_all_harm_nobody(exam: Exam) -> None:
    source = """
    wild = [10**1900, "x" * 10**5, [[]] * 1000, np.ones((300, 300)), np.array([1j]), {1: 2}, None, float("nan"), print]
    def with_warmup(schedule, warmup_epochs):
        for value in wild:
            for arguments in ((value,), (), (value, value)):
                try: schedule(*arguments)
                except Exception: pass
            try: schedule(epoch=1, self=value, **{"": value, "__class__": value})
            except Exception: pass
        return lambda epoch: schedule(epoch)
    """
    only(graded(exam, source, "with_warmup"), with_warmup="failed")


@pytest.mark.needs("isolation")
def test_a_function_that_is_slow_is_stopped(exam: Exam) -> None:
    source = "import time\ndef sgd_step(w, grad, lr):\n    time.sleep(0.4)\n    return w - lr * grad"
    result = exam.grade(exam.changed({"sgd_step": source}), test_seconds=1, again_seconds=0.3)
    only(result, sgd_step="stopped")


@pytest.mark.needs("isolation")
def test_a_busy_machine_stops_nobody(exam: Exam, monkeypatch: pytest.MonkeyPatch) -> None:
    cores = os.cpu_count() or 1
    monkeypatch.setattr(os, "getloadavg", lambda: (8.0 * cores, 0.0, 0.0))
    only(exam.grade(exam.changed({"sgd_step": f"import time\ntime.sleep(1)\n{RIGHT}"}), cell_seconds=0.6))


@pytest.fixture
def course(exam: Exam, tmp_path: Path) -> Path:
    """A course folder as nbgrader leaves it: gradebook, submissions, solutions, keys."""
    with contextlib.closing(sqlite3.connect(tmp_path / "gradebook.db")) as book:
        book.execute("create table grade (score)")
        book.execute("insert into grade values (0)")
        book.commit()
    for name in ("submitted/other", "autograded/other", "solutions"):
        (tmp_path / name).mkdir(parents=True)
        shutil.copy(exam.solutions, tmp_path / name / "x.ipynb")
    shutil.copy(exam.key, tmp_path / "course.key")
    (tmp_path / "course.key").chmod(0o600)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    return tmp_path


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("level", ["namespaces", "user"])
def test_gradebook_and_other_submissions_stay_as_they_are(exam: Exam, course: Path, level: Level) -> None:
    files = sorted(path for path in course.rglob("*") if path.is_file())
    before = {path: path.read_bytes() for path in files}
    source = f"""
    import os, sqlite3
    for path in {[str(path) for path in files]}:
        for act in (
            lambda: open(path, "r+b").write(b"x"), lambda: os.unlink(path), lambda: os.rename(path, path + "~"),
            lambda: os.truncate(path, 0), lambda: os.chmod(path, 0o777), lambda: os.symlink("/", path + ".link"),
            lambda: sqlite3.connect(path).execute("update grade set score = 100"),
            lambda: sqlite3.connect(path).execute("create trigger t after update on grade begin select 1; end"),
            lambda: open(path).read() if path.endswith(".key") else 1 / 0,
        ):
            try: act(); print("DONE", path)
            except Exception: pass
    """
    shown = printed(grade(exam.changed({"sgd_step": textwrap.dedent(source)}), exam.assignment, level))
    assert shown == ""
    assert sorted(path for path in course.rglob("*") if path.is_file() or path.is_symlink()) == files
    assert {path: path.read_bytes() for path in files} == before


def with_python_in_view() -> list[str]:
    """Return a command that makes the interpreter readable for every user, even if it is in root's home folder."""
    command = [bubblewrap_program(), "--die-with-parent", "--bind", "/", "/", "--dev-bind", "/dev", "/dev"]
    command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    opened: set[Path] = set()
    for path in _visible_paths():
        closed = next((parent for parent in reversed(path.parents) if not parent.stat().st_mode & 1), None)
        if closed is not None:
            command += ["--perms", "0755", "--tmpfs", str(closed)] if closed not in opened else []
            opened.add(closed)
            for parent in reversed(path.relative_to(closed).parents[:-1]):
                command += ["--perms", "0755", "--dir", str(closed / parent)]
            command += ["--ro-bind", str(path), str(path)]
    return command


@pytest.mark.needs("isolation", "root")
def test_a_grader_that_is_not_root_grades_in_namespaces_or_refuses(exam: Exam, request: pytest.FixtureRequest) -> None:
    # Not below tmp_path, whose parents only this user may enter.
    open_folder = Path(tempfile.mkdtemp())
    request.addfinalizer(lambda: shutil.rmtree(open_folder))
    open_folder.chmod(0o755)
    place = open_folder / "exam.assignment"
    program = f"""
import json, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from course_grader import Assignment, grade
from course_grader.engine.sandbox.levels import IsolationUnavailable
assignment, notebook = Assignment.load(Path({str(place)!r})), json.loads(sys.stdin.read())
for level in ("namespaces", "user"):
    try:
        result = grade(notebook, assignment, level)
        print(result.isolation, result.score == result.max_score)
    except IsolationUnavailable as reason:
        print("refused:", reason)
"""
    exam.assignment.save(place)
    place.chmod(0o644)
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = subprocess.run(
        [*with_python_in_view(), *as_nobody, sys.executable, "-c", program],
        input=json.dumps(exam.right),
        capture_output=True,
        text=True,
        env={"HOME": "/nonexistent", "PATH": os.environ["PATH"]},
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "namespaces True" or first.startswith("refused: This machine does not let bubblewrap make names")
    assert second.startswith("refused: Isolation by user id needs root.")
