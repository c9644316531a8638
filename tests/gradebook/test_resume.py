"""A run that was killed or interrupted at any point continues from there."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from course_grader.gradebook import journal
from course_utils.checks import fingerprint
from course_utils.errors import Exit
from tests.gradebook.conftest import NAME, School

COUNT = 14
KILLS = 3


def class_of(school: School) -> School:
    for i in range(COUNT):
        school.hand_in(f"student-{i:02}", ("blank", "sum")[i % 7 == 0], f"2026-10-{i + 1:02} 12:00:00 UTC")
    return school


def start(school: School, workers: int) -> subprocess.Popen[str]:
    command = school.command("submitted", "--workers", str(workers), "--json")
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **school.place)


def graded(lines: list[str]) -> list[str]:
    told = [json.loads(line) for line in lines]
    return [one["student"] for one in told if one.get("reused") is False]


@pytest.mark.needs("isolation")
def test_killed_at_random_it_ends_with_the_gradebook_of_an_undisturbed_run(another: Callable[[str], School]) -> None:
    undisturbed, school = class_of(another("undisturbed")), class_of(another("killed"))
    undisturbed.grade()
    rng = random.Random(4)
    done: list[str] = []
    for turn in range(KILLS):
        with start(school, 1 + turn % 2) as run:
            assert run.stdout is not None
            lines = []
            for line in run.stdout:
                lines.append(line)
                if rng.random() < 0.3:
                    # At any point from the next result to writing the gradebook.
                    time.sleep(rng.random() / 10)
                    run.send_signal(signal.SIGKILL)
                    break
            lines += [line for line in run.stdout if line.endswith("\n")]
        done += graded([line for line in lines if "summary" not in line])
    with start(school, 2) as run:
        out, told = run.communicate()
    # Nobody in this class passes the tests.
    assert run.returncode == Exit.TESTS, told
    *lines, summary = out.splitlines()
    done += graded(lines)
    # No submission that was reported was graded again, and each one was graded.
    assert len(done) == len(set(done))
    assert json.loads(summary)["summary"]["reused"] >= len(done) - len(graded(lines))
    assert school.rows() == undisturbed.rows()
    for student in school.rows():
        assert school.autograded(student) == undisturbed.autograded(student)
    left = [path.name for path in school.root.rglob("*") if path.name.startswith(".") and path.is_file()]
    assert left == [] or all(name.startswith(f".{NAME}") for name in left)
    with school.journal() as journal, undisturbed.journal() as other:
        found = [(one.student, one.result, one.submitted) for one in journal.graded(NAME)]
        assert found == [(one.student, one.result, one.submitted) for one in other.graded(NAME)]
        assert len(found) == COUNT


def slow(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook with a cell that runs longer than the test."""
    cell = {"cell_type": "code", "id": "slow", "metadata": {}, "outputs": [], "execution_count": None}
    return notebook | {"cells": [cell | {"source": "import time\ntime.sleep(60)"}, *notebook["cells"]]}


@pytest.mark.needs("isolation")
def test_ctrl_c_ends_it_with_what_is_done(school: School) -> None:
    class_of(school)
    # It is the last one, so that there is something to interrupt.
    last = school.hand_in("zoe", slow(school.notebook("blank")))
    command = school.command("submitted", "--workers", "1")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, **school.place
    ) as run:
        place = school.root / "autograded"
        while len(list(place.rglob("*.ipynb"))) < 3 and run.poll() is None:
            time.sleep(0.02)
        # To the whole process group, as a terminal does.
        os.killpg(run.pid, signal.SIGINT)
        out, told = run.communicate(timeout=60)
    assert run.returncode == 130, told
    assert told == "Interrupted. Finished results are kept: run the same command again to continue.\n"
    rows = school.rows()
    assert 0 < len(rows) <= COUNT
    assert "zoe" not in rows
    assert f"{len(rows)} submissions entered into the gradebook." in out or "1 submission entered" in out
    shutil.rmtree(last.parents[1])
    _, found = school.grade()
    assert {student for student, one in found.items() if one.reused} >= set(rows)
    assert len(school.rows()) == COUNT


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("change", ["bytes", "isolation"])
def test_what_changed_is_graded_again(school: School, change: str) -> None:
    for student in ("ada", "bob"):
        school.hand_in(student)
    school.grade()
    if change == "bytes":
        school.hand_in("ada", "right")
        _, told = school.grade()
        assert {student: one.reused for student, one in told.items()} == {"ada": False, "bob": True}
        assert school.scores() == {"ada": 3.0, "bob": 0.0}
    else:
        tally, told = school.grade(isolation="none")
        assert not any(one.reused for one in told.values())
        assert all(one.result and one.result.isolation == "none" for one in told.values())
        assert tally.submissions_written == 2


def test_a_probe_that_this_assignment_does_not_ask_changes_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    utils = tmp_path / "course_utils"
    (utils / "checks" / "probes").mkdir(parents=True)
    monkeypatch.setattr(journal, "_UTILS", utils)

    def key() -> str:
        journal.versions.cache_clear()
        journal._grading_versions.cache_clear()
        return journal.key_of(b"a notebook", "an assignment with its stamps", "none")

    try:
        (utils / "checks" / "probes" / "other.py").write_text("x = 1")
        before, version = key(), journal.versions()
        (utils / "checks" / "probes" / "other.py").write_text("x = 2")
        assert key() == before
        # A worker with other probes is still refused.
        assert journal.versions() != version
        (utils / "checks" / "judge.py").write_text("x = 3")
        assert key() != before
    finally:
        journal.versions.cache_clear()
        journal._grading_versions.cache_clear()


@pytest.mark.needs("isolation")
def test_a_new_key_has_all_graded_again(school: School) -> None:
    school.hand_in("ada", "right")
    school.grade()
    assert school.grade()[1]["ada"].reused
    # A key with the fingerprint of another version of the probe.
    data = json.loads((school.root / "course.key").read_text())
    asked = data["exercises"]["mean_squared_error"]
    asked["asked"] = made = asked["asked"][:-1] + ("0" if asked["asked"][-1] != "0" else "1")
    (school.root / "course.key").write_text(json.dumps(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprint, "fingerprint", lambda module: made)
        assert not school.grade()[1]["ada"].reused
        assert school.grade()[1]["ada"].reused
