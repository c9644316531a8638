"""The levels of isolation, and what they guarantee."""

from __future__ import annotations

import ast
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest

from course_grader import Result
from course_grader.engine import grading as engine
from course_grader.engine.grading import grade
from course_grader.engine.rpc.channel import Channel
from course_grader.engine.rpc.peer import Peer, within
from course_grader.engine.sandbox import bubblewrap, handles, levels, privileges, seccomp
from course_grader.engine.sandbox.handles import Zygote
from course_grader.engine.sandbox.levels import (
    LEVELS,
    IsolationUnavailable,
    Level,
    best_level,
    bubblewrap_command,
    require,
    unavailable,
)  # fmt: skip
from tests.engine.conftest import ROOT, Exam, outcomes, printed


@pytest.mark.needs("isolation", "root")
def test_this_machine_gives_every_level() -> None:
    assert {level: unavailable(level) for level in LEVELS} == dict.fromkeys(LEVELS, "")
    assert best_level() == ("namespaces", "")


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("level", LEVELS)
def test_every_level_gives_the_same_result_and_names_itself(exam: Exam, level: Level) -> None:
    result = grade(exam.right, exam.assignment, level)
    assert result.isolation == level
    assert result.cells == grade(exam.right, exam.assignment).cells
    assert result.score == result.max_score


# What the level `user` forbids without namespaces.
DOORS = {
    "starting programs": "import subprocess; subprocess.run(['true'])",
    "forking": "import os; os.fork() or os._exit(0)",
    "a socket": "import socket; socket.socket()",
    "a file of root's": "open('{key}')",
    "writing to the course": "import course_utils; open(course_utils.__file__, 'a')",
    "the grader's memory": "open('/proc/{pid}/mem', 'rb')",
    "the grader's environment": "open('/proc/{pid}/environ', 'rb').read(1)",
    "killing the grader": "import os; os.kill({pid}, 9)",
    "a new namespace": "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "tracing": "import ctypes; assert ctypes.CDLL(None).ptrace(16, {pid}, 0, 0) == 0",
    "becoming root": "import os; os.setuid(0)",
    "outliving the zygote": "import ctypes; assert ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) == 0",
    "showing its memory": "import ctypes; assert ctypes.CDLL(None).prctl(4, 1, 0, 0, 0) == 0",
}


@pytest.mark.needs("root")
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_the_level_user_forbids_this(exam: Exam, door: str) -> None:
    door = door.format(key=exam.key, pid=os.getpid())
    # A name that is missing shuts no door.
    shut = "(OSError, AssertionError)"
    source = f"try:\n    {door}\nexcept {shut} as error:\n    print('NO', error)\nelse:\n    print('YES')"
    result = grade(exam.changed({"sgd_step": source}), exam.assignment, "user")
    assert printed(result).startswith("NO ")


@pytest.mark.needs("isolation", "root")
def test_another_user_works_in_a_folder_that_is_gone_afterwards(exam: Exam) -> None:
    source = "import os\nprint(os.getcwd(), os.getuid())\nopen('left.txt', 'w').write('x')\nprint(os.listdir())"
    folders = []
    for _ in range(2):
        folder, user, *rest = printed(grade(exam.changed({"sgd_step": source}), exam.assignment, "user")).split()
        assert rest == ["['left.txt']"]
        assert int(user) > 1_000_000
        folders.append(folder)
    assert folders[0] != folders[1]
    engine.close()
    assert not any(Path(folder).exists() for folder in folders)


@pytest.mark.parametrize("level", ["user", "none"])
def test_folders_within_folders_are_removed_and_the_next_is_graded(exam: Exam, level: Level) -> None:
    deep = "import os\nprint(os.getcwd())\nfor _ in range(3000):\n    os.mkdir('d')\n    os.chdir('d')"
    folder = printed(grade(exam.changed({"sgd_step": deep}), exam.assignment, level)).strip()
    [zygote] = (one._number for one in engine._zygotes.values())
    assert grade(exam.right, exam.assignment, level).score > 0
    assert [one._number for one in engine._zygotes.values()] == [zygote]
    engine.close()
    assert folder
    assert not Path(folder).exists()


@pytest.mark.parametrize("loss", ["os.rmdir(os.getcwd())", "[os.mkdir('d') or os.chdir('d') for _ in range(2500)]"])
def test_the_cells_after_one_that_lost_its_folder_are_graded(exam: Exam, loss: str) -> None:
    lost = f"import os, tempfile\nos.chdir(tempfile.mkdtemp(dir='.'))\n{loss}\nos.listdir('missing')"
    outcome = outcomes(grade(exam.changed({"sgd_step": lost}), exam.assignment, "none"))
    assert outcome == outcomes(grade(exam.changed({"sgd_step": "pass"}), exam.assignment, "none"))


@pytest.mark.needs("Landlock", "root")
def test_another_user_leaves_nothing_elsewhere(exam: Exam, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents[:2]:
        folder.chmod(0o755)
    (tmp_path / "open.txt").write_text("as it was")
    (tmp_path / "open.txt").chmod(0o666)
    source = f"""
import os
os.mkdir("own"); open("own/file", "w").write("x"); os.rename("own/file", "moved"); open("/dev/null", "w").write("x")
print("own", os.listdir())
for folder in ("/tmp", "/var/tmp", "/dev/shm", {str(tmp_path)!r}):
    for act in (
        lambda: open(folder + "/left.txt", "w"), lambda: os.mkdir(folder + "/left"),
        lambda: os.mkfifo(folder + "/pipe"), lambda: os.symlink("/", folder + "/link"),
        lambda: os.unlink(folder + "/open.txt"),
        lambda: os.rename("moved", folder + "/moved"), lambda: os.truncate(folder + "/open.txt", 0),
        lambda: open(folder + "/open.txt", "a").write("x"),
    ):
        try: act(); print("DONE", folder)
        except OSError: pass
"""
    shown = printed(grade(exam.changed({"sgd_step": source}), exam.assignment, "user"))
    assert ast.literal_eval(shown.removeprefix("own").strip()) in (["own", "moved"], ["moved", "own"])
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("open.txt", "as it was")]


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("level", LEVELS)
def test_a_process_that_ends_loses_its_exercise_alone_at_every_level(exam: Exam, level: Level) -> None:
    source = "import os\ndef sgd_step(w, grad, lr):\n    os._exit(5)"
    result = grade(exam.changed({"sgd_step": source}), exam.assignment, level)
    assert outcomes(result) == dict.fromkeys(outcomes(result), "passed") | {"sgd_step": "stopped"}
    assert "exit code 5" in result.cells[0].message


@pytest.mark.needs("root")
def test_a_machine_without_the_means_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    unavailable.cache_clear()
    try:
        monkeypatch.setattr(bubblewrap, "find", lambda: None)
        monkeypatch.setattr(bubblewrap, "problem", lambda: "There is no bubblewrap.")
        with pytest.raises(IsolationUnavailable, match="There is no bubblewrap"):
            require("namespaces")
        with pytest.raises(IsolationUnavailable, match="There is no bubblewrap"):
            bubblewrap_command()
        assert best_level()[0] == "user"
        assert "bubblewrap" in best_level()[1]
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        unavailable.cache_clear()
        with pytest.raises(IsolationUnavailable, match="root"):
            Zygote("user")
        monkeypatch.setattr("platform.machine", lambda: "riscv64")
        unavailable.cache_clear()
        assert best_level()[0] == "none"
    finally:
        unavailable.cache_clear()


@pytest.mark.needs("isolation")
def test_a_machine_that_forbids_namespaces_is_reported_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    unavailable.cache_clear()
    monkeypatch.setattr(levels, "bubblewrap_command", lambda: ["sh", "-c", "echo no permission >&2; exit 1"])
    try:
        assert "no permission" in unavailable("namespaces")
    finally:
        unavailable.cache_clear()


@pytest.mark.needs("isolation")
def test_grading_works_from_threads_that_come_and_go(exam: Exam) -> None:
    results: list[Result] = []
    for _ in range(2):
        threads = [threading.Thread(target=lambda: results.append(exam.grade(exam.right))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(results) == 4
    assert all(result == results[0] for result in results)
    assert results[0].score == results[0].max_score


@pytest.mark.needs("isolation")
def test_a_zygote_that_was_killed_is_started_again(exam: Exam) -> None:
    zygote = Zygote("namespaces")
    wire, handle = zygote.start_worker(exam.assignment.limits)
    wire.close()
    handle.kill()
    server = zygote._server
    assert server is not None
    server.end(zygote._number)
    started_again(zygote, exam)
    assert zygote._server is server
    server.process.kill()
    server.process.wait()
    started_again(zygote, exam)
    assert zygote._server is not server
    zygote.close()


def started_again(zygote: Zygote, exam: Exam) -> None:
    wire, handle = zygote.start_worker(exam.assignment.limits)
    assert handle.kill() == "ended: -9"
    wire.close()


@pytest.mark.needs("isolation")
def test_assignments_share_a_fork_server_and_nothing_else(exam: Exam) -> None:
    server = handles.ForkServer.of("namespaces")
    numbers = []
    for set_up in (["import numpy\nnumpy.e = shared = 3"], []):
        zygote = Zygote("namespaces", set_up)
        wire, handle = zygote.start_worker(exam.assignment.limits)
        peer = Peer(Channel(wire, 1 << 20), trusted=True)
        peer.deadline = within(30)
        peer.send(["cell", "import numpy\nfound = numpy.e"])
        peer.wait("done")
        for name, value in {"found": 3 if set_up else math.e, "shared": 3}.items():
            peer.send(["begin", [name]])
            assert peer.wait("value", "missing") == (["value", value] if set_up or name == "found" else ["missing"])
        assert handle.kill() == "ended: -9"
        wire.close()
        assert zygote._server is server
        numbers.append(zygote._number)
        zygote.close()
    assert numbers[0] != numbers[1]


@pytest.mark.needs("isolation")
def test_a_zygote_keeps_several_workers_apart(exam: Exam) -> None:
    zygote = Zygote("namespaces")
    (one, first), (other, second) = (zygote.start_worker(exam.assignment.limits) for _ in range(2))
    assert first.kill() == "ended: -9"
    peer = Peer(Channel(other, 1 << 20), trusted=True)
    peer.deadline = within(30)
    peer.send(["begin", ["nothing"]])
    assert peer.wait("missing") == ["missing"]
    assert second.kill() == "ended: -9"
    for end in (one, other):
        end.close()
    zygote.close()


HOLDING = """
import os, sys, time
from course_grader.engine.limits import Limits
from course_grader.engine.sandbox.handles import Zygote
zygote = Zygote(sys.argv[1])
held = zygote.start_worker(Limits())
# A forked process inherits the grader's sockets, and stays alive.
if (child := os.fork()) == 0:
    time.sleep(600)
print(child, flush=True)
time.sleep(600)
"""


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("level", LEVELS)
def test_a_grader_that_is_killed_leaves_nothing_behind(level: Level) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDING, level], stdout=subprocess.PIPE, text=True) as grader:
        assert grader.stdout is not None
        forked = psutil.Process(int(grader.stdout.readline()))
        deadline, below = time.monotonic() + 30, list[psutil.Process]()
        while len(below) < 2 + (level == "namespaces") and time.monotonic() < deadline:
            below = [one for one in psutil.Process(grader.pid).children(recursive=True) if one != forked]
        assert len(below) >= 2
        grader.kill()
    deadline += 30
    while left := [one for one in below if _lives(one)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    forked.kill()


def _lives(process: psutil.Process) -> bool:
    try:
        # A zombie has ended, although its parent has not waited for it yet.
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(("end", "status"), [("ctypes.string_at(0)", "signal 11"), ("os._exit(5)", "exit code 5")])
def test_the_message_says_how_a_worker_ended(exam: Exam, end: str, status: str) -> None:
    # Without the cache: if calls are replayed, the test itself does not run and shows no card.
    engine._transcripts.clear()
    result = exam.grade(exam.changed({"sgd_step": f"import ctypes, os\ndef sgd_step(w, grad, lr):\n    {end}\n"}))
    assert status in result.exercises[0].message
    # The call is shown, but no line of the grader's code.
    assert "Try this call: sgd_step(" in result.cells[0].details
    assert "fault_of" not in result.cells[0].details


@pytest.mark.needs("isolation")
def test_a_worker_rounds_as_this_process_does(exam: Exam) -> None:
    # In the solution of a singular system, the last bits of the sums become the first digits.
    source = """
X, y = np.random.RandomState(2).randn(3, 5).round(2), np.random.RandomState(3).randn(3)
text = (np.linalg.solve(X.T @ X, X.T @ y).tobytes() + (X.T @ y).tobytes()).hex()
"""
    names: dict[str, Any] = {"np": np}
    exec(source, names)
    shown = printed(exam.grade(exam.changed({"sgd_step": f"{source}\nprint(text)"})))
    assert shown.strip() == names["text"]


@pytest.mark.needs("isolation")
def test_a_result_survives_json(exam: Exam) -> None:
    result = exam.grade(exam.released)
    assert Result.from_json(result.to_json()) == result
    assert {exercise.outcome for exercise in result.exercises} <= {"blank", "failed"}


@pytest.mark.needs("isolation")
def test_the_same_submission_gives_the_same_result(exam: Exam) -> None:
    source = "def sgd_step(w, grad, lr):\n    return w + lr * grad\nprint({'a', 'b', 'c', 'd', 'e'}, hash('x'))"
    first, second = (exam.grade(exam.changed({"sgd_step": source})) for _ in range(2))
    assert first == second
    assert first.exercises[0].mistake


def test_a_forked_process_starts_zygotes_of_its_own() -> None:
    def started() -> int:
        return handles._start(lambda: subprocess.Popen(["true"])).wait()

    assert started() == 0
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        first = started()
        # By now the child's own thread waits for requests; at the first call it may not have waited yet.
        time.sleep(0.5)
        os._exit(first or started())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# What the level `user` could read without Landlock's rules for reading; all users may read `{folder}`.
VIEWS = {
    "a file of another's": "open('{folder}/open.txt').read()",
    "a folder of another's": "os.listdir('{folder}')",
    "a file of another's by another way": "open('/proc/self/root{folder}/open.txt').read()",
    "a link to a file of another's": "os.symlink('{folder}/open.txt', 'link'); open('link').read()",
    "a second name for a file of another's": "os.link('{folder}/open.txt', 'second')",
    "the users of the machine": "open('/etc/passwd').read()",
    "the root of the disk": "os.listdir('/')",
    "homes": "os.listdir('/home')",
    "the teacher's folder": "os.listdir('{course}')",
    "the course's solutions": "open('{course}/pyproject.toml').read()",
    "temporary files": "os.listdir('/tmp')",
    "memory that is shared": "os.listdir('/dev/shm')",
    "processes": "os.listdir('/proc')",
    "what the grader was started with": "open('/proc/{pid}/cmdline', 'rb').read()",
    "its own memory's map": "open('/proc/self/maps').read()",
    "devices": "os.listdir('/dev')",
    "the terminal": "open('/dev/tty')",
    "settings of the system": "open('/proc/sys/kernel/hostname').read()",
}


@pytest.mark.needs("Landlock", "root")
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_another_user_sees_what_namespaces_show_and_no_more(exam: Exam, view: str, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    (tmp_path / "open.txt").write_text("open to all")
    (tmp_path / "open.txt").chmod(0o644)
    view = view.format(folder=tmp_path, course=ROOT, pid=os.getpid())
    source = f"import os\ntry:\n    {view}\nexcept OSError as error:\n    print('NO', error)\nelse:\n    print('YES')"
    shown = printed(grade(exam.changed({"sgd_step": source}), exam.assignment, "user"))
    assert shown.startswith("NO ")
    assert (
        "Permission denied" in shown or "No such file" in shown or "No such device" in shown or "not permitted" in shown
    )


@pytest.mark.needs("Landlock", "root")
def test_another_user_reads_what_the_course_needs(tmp_path: Path) -> None:
    seen = tmp_path / "seen.txt"
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    seen.write_text("read me")
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "not-seen.txt").write_text("not me")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            rules = privileges.landlock_rules(str(home), [str(seen), str(tmp_path / "gone")])
            seccomp.no_new_privileges()
            privileges.restrict(rules)
            assert seen.read_text() == "read me"
            (home / "own").write_text("x")
            assert (home / "own").read_text() == "x"
            assert Path("/dev/null").write_text("x") == 1
            assert len(os.getrandom(8)) == 8
            with open("/dev/urandom", "rb") as random:  # noqa: PTH123
                assert len(random.read(8)) == 8
            with pytest.raises(PermissionError):
                (tmp_path / "not-seen.txt").read_text()
            with pytest.raises(PermissionError):
                seen.write_text("no")
            if privileges.landlock_version() >= 6:
                with pytest.raises(PermissionError):
                    os.kill(os.getppid(), 0)
            if privileges.landlock_version() >= 4:
                with pytest.raises(PermissionError), socket.socket() as end:
                    end.bind(("127.0.0.1", 0))
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.needs("isolation", "root")
@pytest.mark.parametrize("version", [-1, 1, 7])
def test_each_result_says_what_was_open(exam: Exam, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    monkeypatch.setattr(privileges, "landlock_version", lambda: version)
    result = grade(exam.right, exam.assignment, "user")
    assert ("no Landlock" in result.exposed) == (version < 1)
    assert Result.from_json(result.to_json()) == result
    old = {name: value for name, value in result.to_json().items() if name != "exposed"}
    assert Result.from_json(old).exposed == ""
    assert grade(exam.right, exam.assignment).exposed == ""
    assert "without isolation" in grade(exam.right, exam.assignment, "none").exposed


@pytest.mark.parametrize("level", ["user", "none"])
def test_nobody_else_can_place_files_where_the_zygotes_libraries_look(exam: Exam, level: Level) -> None:
    grade(exam.right, exam.assignment, level)
    server = handles.ForkServer.of(level)
    environment = Path(f"/proc/{server.process.pid}/environ").read_text().split("\0")
    homes = {Path(one.split("=")[1]) for one in environment if one.startswith(("HOME=", "TMPDIR="))}
    [home] = homes
    assert (home.stat().st_uid, home.stat().st_mode & 0o777) == (os.geteuid(), 0o711)
    engine.close()
    assert not home.exists()


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("level", ["namespaces", pytest.param("user", marks=pytest.mark.needs("Landlock", "root"))])
def test_no_digest_of_a_question_and_no_hint_on_it_is_in_reach(exam: Exam, level: Level) -> None:
    withheld = [path for folder in levels.WITHHELD for path in folder.glob("*.json")]
    assert {path.parts[-3] for path in withheld} == {"hints", "keys"}
    source = f"""
from pathlib import Path
import course_utils
def seen():
    for file in {[str(path) for path in withheld]!r}:
        try: yield Path(file).read_text()
        except OSError as error: yield type(error).__name__
print(sorted(set(seen())), bool(Path(course_utils.__file__).read_text()))
def sgd_step(w, grad, lr):
    return w - lr * grad
"""
    shown = printed(grade(exam.changed({"sgd_step": source}), exam.assignment, level))
    assert shown.strip() in ("['FileNotFoundError'] True", "['PermissionError'] True")
