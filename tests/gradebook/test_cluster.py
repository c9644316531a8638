"""Executors: workers that die, a Dask cluster that loses a worker, and limits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from course_grader import cluster
from course_grader.cluster import MOST_DEATHS, Cluster, Stream, WorkerDied, local
from course_grader.gradebook import task
from course_utils.errors import CourseError
from tests.gradebook.conftest import ENVIRONMENT, School
from tests.gradebook.duties import DEADLY, FAULTY, Numbers, die, singles, squares


@pytest.mark.needs("isolation")
def test_the_culprit_is_named_and_the_rest_is_done() -> None:
    batches = [tuple(range(start, start + 4)) for start in range(0, 40, 4)]
    found: dict[int, Any] = {}
    with local(2, "course_grader.cluster") as machines:
        for batch, came in Stream(machines, squares, singles).over(batches):
            assert not set(batch) & set(found)
            found |= dict(zip(batch, came, strict=True)) if isinstance(came, tuple) else {batch[0]: came}
    assert isinstance(found.pop(DEADLY), WorkerDied)
    assert str(found.pop(FAULTY)) == "seventeen"
    assert found == {n: n * n for n in range(40) if n not in (DEADLY, FAULTY)}


def test_processes_that_all_end_at_once_end_the_run() -> None:
    with (
        local(1, "course_grader.cluster") as machines,
        pytest.raises(CourseError, match=f"{MOST_DEATHS} processes died"),
    ):
        list(Stream(machines, die, singles).over([(n,) for n in range(100)]))


def test_processes_end_with_the_block() -> None:
    with local(1, "course_grader.cluster") as machines:
        pool = machines.start()
        pid = pool.submit(os.getpid).result()
        pool.submit(time.sleep, 1000)
    for _ in range(1000):
        if not Path(f"/proc/{pid}").exists() or "zombie" in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.01)
    raise AssertionError("the process is still there")


def test_workers_import_what_this_process_imports(tmp_path: Path) -> None:
    """The current folder may be a different clone than the installed one."""
    another = tmp_path / "course_grader" / "gradebook"
    another.mkdir(parents=True)
    for package in (another.parent, another):
        (package / "__init__.py").touch()
    (another / "journal.py").write_text("raise RuntimeError('another clone was imported')")
    program = (
        "import sys\nsys.path.pop(0)\n"
        "from course_grader.cluster import local\nfrom course_grader.gradebook.journal import versions\n"
        "with local(1, 'course_grader.gradebook.journal') as machines, machines.start() as pool:\n"
        "    assert pool.submit(versions).result() == versions()\n"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_only_so_many_batches_are_in_flight() -> None:
    class Counting(Executor):
        flying = most = 0

        def __init__(self) -> None:
            self.pool = ThreadPoolExecutor(2)

        def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            Counting.flying += 1
            Counting.most = max(Counting.most, Counting.flying)
            return self.pool.submit(function, *args, **kwargs)

    taken = 0

    def source() -> Iterator[Numbers]:
        nonlocal taken
        for n in range(100, 200):
            taken += 1
            assert taken - done <= 4
            yield (n,)

    done = 0
    for _ in Stream(Cluster(Counting, 2, 1), squares, singles).over(source()):
        done += 1
        Counting.flying -= 1
    assert (done, Counting.most) == (100, 4)


def test_a_worker_with_other_code_grades_nothing(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.hand_in("ada")
    monkeypatch.setattr(task, "versions", lambda: ("another", "one"))
    with pytest.raises(CourseError, match="a different version of the course"):
        school.grade()
    assert school.rows() == {}


@contextmanager
def dask_cluster(workers: int) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """Yield the address of a scheduler, and its workers, each as a process group."""
    program = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        note = folder / "scheduler.json"

        def start(*command: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=ENVIRONMENT,
                text=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            stack.callback(end, process)
            return process

        common = ["--scheduler-file", str(note), "--no-dashboard"]
        start(*program, "--host", "127.0.0.1", "--port", "0", *common)
        program[-1] = "distributed.cli.dask_worker"
        options = ["--nthreads", "1", "--host", "127.0.0.1", "--no-nanny", *common]
        while not note.exists():
            time.sleep(0.05)
        yield json.loads(note.read_text())["address"], [start(*program, *options) for _ in range(workers)]


def end(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.needs("isolation")
def test_a_dask_cluster_that_loses_a_worker_grades_each_once(school: School, tmp_path: Path) -> None:
    students = [f"student-{i:02}" for i in range(24)]
    for student in students:
        school.hand_in(student)
    with dask_cluster(2) as (address, workers):
        until_there(address, 2)
        command = school.command("submitted", "--scheduler", address, "--json")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **school.place) as run:
            assert run.stdout is not None
            assert run.stderr is not None
            first = run.stdout.readline()
            os.killpg(workers[0].pid, signal.SIGKILL)
            *rest, summary = run.stdout.readlines()
            told = run.stderr.read()
    assert run.returncode == 0, told
    graded = [json.loads(line)["student"] for line in [first, *rest]]
    assert sorted(graded) == students
    assert json.loads(summary)["summary"]["counts"]["no points"] == 24
    assert school.scores() == dict.fromkeys(students, 0.0)


def until_there(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(workers)


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "DASK_SECONDS", 0.2)
    with (
        pytest.raises(CourseError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"),
        cluster.dask("tcp://127.0.0.1:9"),
    ):
        pass
