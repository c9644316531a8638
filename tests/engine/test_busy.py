"""Other processes on the machine cost a submission no points, and do not give it more computing time."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import wait

import pytest

from course_grader import cluster
from course_grader.engine import grading as engine
from course_grader.engine.judging import worker_session
from course_grader.engine.judging.watchdog import Overdue, Watchdog
from course_grader.engine.sandbox import cpu_wait
from course_grader.engine.sandbox.handles import Zygote
from course_grader.engine.sandbox.levels import Level
from tests.engine.conftest import Exam, outcomes, printed

# Takes this much CPU time on any machine: a large part of its limit, but less than it.
HONEST = """
import time
def sgd_step(w, grad, lr):
    end = time.process_time() + {seconds}
    while time.process_time() < end:
        pass
    return w - lr * grad
"""
# Threads that compute outside Python's global lock.
BURNING = """
import hashlib, threading
def burn():
    block = bytes(10**7)
    while True:
        hashlib.sha256(block)
for _ in range(12):
    threading.Thread(target=burn, daemon=True).start()
"""
# It ends with the tests, also if they are killed: a machine that stays busy would slow everything down for hours.
BURN = "import os\nparent = os.getppid()\nos.setsid()\nprint(flush=True)\nwhile os.getppid() == parent: pass"


@contextlib.contextmanager
def burning(processes: int) -> Iterator[None]:
    """Keep this machine busy with this many processes, as other submissions would."""
    with contextlib.ExitStack() as stack:
        for _ in range(processes):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", BURN], stdout=subprocess.PIPE))
            stack.callback(process.kill)
            assert process.stdout is not None
            process.stdout.readline()
        yield


@pytest.fixture(autouse=True)
def unnoticed_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """The load average rises only after a minute, so a burst of load does not extend the limits by `load_factor`."""
    monkeypatch.setattr(worker_session, "load_factor", lambda: 1.0)
    engine._transcripts.clear()


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("level", ["namespaces", "user"])
def test_a_worker_that_waits_for_a_processor_loses_nothing(exam: Exam, level: Level) -> None:
    calls = 12
    source = HONEST.format(seconds=1.2 / calls)
    with burning(4 * len(os.sched_getaffinity(0))):
        begin = time.monotonic()
        assignment = exam.with_limits(test_seconds=4, again_seconds=3, cell_seconds=4)
        result = engine.grade(exam.changed({"sgd_step": source}), assignment, level)
    assert outcomes(result) == dict.fromkeys(outcomes(result), "passed"), (time.monotonic() - begin, result.cells[0])


@pytest.mark.needs("isolation")
def test_a_cell_that_waits_for_a_processor_loses_nothing(exam: Exam) -> None:
    source = f"import time\nwhile time.process_time() < 1.5: pass\n{HONEST.format(seconds=0)}"
    with burning(4 * len(os.sched_getaffinity(0))):
        result = exam.grade(exam.changed({"sgd_step": source}), cell_seconds=3)
    assert outcomes(result) == dict.fromkeys(outcomes(result), "passed")


@pytest.mark.needs("isolation")
def test_threads_of_its_own_give_a_submission_no_more_time(exam: Exam) -> None:
    source = f"{BURNING}\ndef sgd_step(w, grad, lr):\n    while True: pass"
    begin = time.monotonic()
    result = exam.grade(exam.changed({"sgd_step": source}), test_seconds=2, again_seconds=0.5)
    assert outcomes(result) == dict.fromkeys(outcomes(result), "passed") | {"sgd_step": "stopped"}
    # On an idle machine it takes a tenth of that.
    assert time.monotonic() - begin < 90


@pytest.mark.needs("isolation")
def test_sleeping_is_not_waiting_for_a_processor(exam: Exam) -> None:
    source = "import time\ndef sgd_step(w, grad, lr):\n    time.sleep(60)"
    with burning(2):
        begin = time.monotonic()
        result = exam.grade(exam.changed({"sgd_step": source}), test_seconds=1, again_seconds=0.3)
    assert outcomes(result)["sgd_step"] == "stopped"
    assert time.monotonic() - begin < 50


@pytest.mark.needs("isolation")
def test_all_workers_of_a_submission_compute_no_longer_than_one_may(exam: Exam) -> None:
    # Each ends after two seconds of computing, before its own limit; sixty of them would take two minutes.
    source = "import os, time\nwhile time.process_time() < 2: pass\ndef sgd_step(w, grad, lr):\n    os._exit(1)"
    before = os.times()
    result = exam.grade(exam.changed({"sgd_step": source}), total_seconds=6)
    after = os.times()
    assert outcomes(result)["sgd_step"] == "stopped"
    assert after.children_user - before.children_user < 12


def test_a_worker_says_how_long_it_waited_and_then_how_it_ended(exam: Exam) -> None:
    zygote = Zygote("none")
    wire, handle = zygote.start_worker(exam.assignment.limits)
    assert 0 <= handle.waited() < 60
    assert 0 <= handle.waited() < 60
    assert handle.kill() == "ended: -9"
    assert 0 < handle.cpu_seconds < 60
    wire.close()
    wire, handle = zygote.start_worker(exam.assignment.limits)
    wire.close()
    time.sleep(1)
    # The worker has ended by itself.
    assert handle.waited() == 0
    assert handle.kill() == "ended: 0"
    zygote.close()


def test_what_a_process_does_to_itself_is_not_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    # Its first thread ran for a second and waited for ten, of which its other threads had eight.
    monkeypatch.setattr(cpu_wait, "_schedule", lambda process, thread: (1.0, 10.0))
    monkeypatch.setattr(time, "clock_gettime", lambda clock: 9.0)
    assert cpu_wait.waited(os.getpid()) == 2.0


def _forever() -> None:
    while True:
        pass


def test_the_watchdog_does_not_count_what_others_took(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = iter((0.0, 1.0, 2.0, *[2.0] * 1000))
    monkeypatch.setattr("course_grader.engine.judging.watchdog.waited_in", lambda thread: next(lost))
    with Watchdog() as watchdog:
        begin = time.monotonic()
        with pytest.raises(Overdue), watchdog.limit(0.3):
            _forever()
    assert time.monotonic() - begin > 2.2


def _cores(_: int) -> frozenset[int]:
    time.sleep(0.5)
    return frozenset(os.sched_getaffinity(0))


def test_each_process_that_grades_has_cores_of_its_own() -> None:
    whole = os.sched_getaffinity(0)
    count = len(whole)
    with cluster.local(count, "course_grader.gradebook.preload") as machines, machines.start() as executor:
        running = [executor.submit(_cores, number) for number in range(4 * count)]
        wait(running)
    assert {one.result() for one in running} == {frozenset({core}) for core in whole}


@pytest.mark.needs("isolation")
def test_a_submission_cannot_choose_its_cores(exam: Exam) -> None:
    source = "import os\ntry:\n    os.sched_setaffinity(0, [0])\nexcept OSError as error:\n    print('NO', error)"
    assert printed(exam.grade(exam.changed({"sgd_step": source}))).startswith("NO")
