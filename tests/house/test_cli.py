"""The command `course`: what it prints, and how it ends if there is a problem."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_utils import cli, progress, running
from course_utils.errors import CourseError, Exit, from_os
from tests.house.conftest import Result
from tests.house.samples import code, graded, write

Run = Callable[..., Result]


def test_the_installed_command_helps() -> None:
    ran = subprocess.run([Path(sys.executable).with_name("course"), "--help"], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    for verb in ("lab", "check", "progress", "doctor", "build", "new-lesson", "key", "Exit codes"):
        assert verb in ran.stdout


@pytest.mark.parametrize("verb", ["lab", "check", "progress", "gather", "doctor"])
def test_each_verb_helps(run: Run, verb: str) -> None:
    ended = run(verb, "--help")
    assert ended.code == 0
    assert verb in ended.out


def test_a_broken_set_of_verbs_costs_no_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        value = "nowhere.cli:register"

        def load(self) -> None:
            raise ImportError("No module named 'nowhere'")

    monkeypatch.setattr(cli, "entry_points", lambda group: [Broken()] if group == cli.COMMANDS else [])
    cli.add_commands()
    assert capsys.readouterr().err == (
        "course: the commands of nowhere.cli:register are missing: No module named 'nowhere'\n"
    )


def test_check_prints_what_passed(run: Run, course: Path) -> None:
    ended = run("check", "00")
    assert ended.code == Exit.FAILED
    rows = {line.split()[0]: line for line in ended.out.splitlines()}
    assert "passed  1 of 1" in rows["mean_squared_error_visible"]
    assert "failed  0 of 2  AssertionError: two it must be" in rows["mean_squared_error_arguments"]
    assert rows["mean_squared_error_hidden"].split()[1:] == ["hidden"]
    assert ended.out.endswith("2 passed, 1 failed, 1 hidden (they run when your teacher grades).\n")


def test_check_speaks_json_and_ends_well_when_all_is_right(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "one.ipynb", code("answer = 1"), graded("one_visible", "assert answer == 1", 1))
    before = path.read_bytes()
    ended = run("check", str(path), "--json")
    assert (ended.code, ended.err) == (0, "")
    tests = [{"grade_id": "one_visible", "points": 1.0, "status": "passed", "message": ""}]
    assert json.loads(ended.out) == {"notebook": str(path), "passed": 1, "failed": 0, "hidden": 0, "tests": tests}
    assert path.read_bytes() == before


def test_check_runs_a_notebook_in_its_own_folder_and_shows_a_checks_own_line(run: Run, tmp_path: Path) -> None:
    cells = [
        code("from pathlib import Path\nfrom course_utils.checks import CheckFailed"),
        graded("here_visible", "assert Path('one.ipynb').exists()", 1),
        graded("wrong_visible", "raise CheckFailed('sgd_step: look at the sign.\\nMore.')", 1),
    ]
    ended = run("check", str(write(tmp_path / "one.ipynb", *cells)), "--json")
    here, wrong = json.loads(ended.out)["tests"]
    assert here["status"] == "passed"
    assert wrong["message"] == "sgd_step: look at the sign."


def test_check_stops_a_cell_that_does_not_end_and_goes_on(run: Run, tmp_path: Path) -> None:
    cells = [graded("slow_visible", "while True: pass", 1), graded("next_visible", "assert True", 1)]
    ended = run("check", str(write(tmp_path / "slow.ipynb", *cells)), "--timeout", "1", "--json")
    slow, following = json.loads(ended.out)["tests"]
    assert slow["message"] == "stopped: it took more than 1 s."
    assert following["status"] == "passed"
    assert ended.code == Exit.FAILED


def test_check_reports_where_python_ended(run: Run, tmp_path: Path) -> None:
    cells = [code("1"), code("import os; os._exit(1)"), graded("one_visible", "assert True", 1)]
    ended = run("check", str(write(tmp_path / "dead.ipynb", *cells)))
    assert ended.code == Exit.FAILED
    assert ended.err.startswith("course: Python stopped while it ran cell 2 of ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"cells": [\n}', "line 2 is not JSON"),
        (b"", "is empty"),
        (b"\xff\xfe\x00", "text in UTF-16"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "JSON, but not a notebook"),
        (b"<!DOCTYPE html><html></html>", "is a web page, saved in place of the notebook"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "is a Git LFS pointer"),
        (b'{"nbformat": 3, "metadata": {}, "cells": []}', "not a notebook of format 4"),
        (b'{"nbformat": 4, "metadata": {}, "cells": [1]}', "not a notebook of format 4"),
        (b'{"nbformat": 4, "metadata": {}, "cells": []}', "has no checks"),
    ],
)
def test_check_refuses_what_is_no_notebook(run: Run, tmp_path: Path, text: bytes, says: str) -> None:
    (tmp_path / "bad.ipynb").write_bytes(text)
    ended = run("check", str(tmp_path / "bad.ipynb"))
    assert (ended.code, ended.out) == (Exit.BAD_INPUT, "")
    assert ended.err.count("\n") == 1
    assert "bad.ipynb" in ended.err
    assert says in ended.err


@pytest.mark.parametrize("name", ["00_strat_here", "notebooks/00_start_her.ipynb"])
def test_check_proposes_the_nearest_name(run: Run, course: Path, name: str) -> None:
    ended = run("check", name)
    assert ended.code == Exit.BAD_INPUT
    assert ended.err == f"course: There is no notebook {name!r} here. Did you mean 00_start_here?\n"


def test_the_module_runs_the_command(course: Path) -> None:
    ran = subprocess.run([sys.executable, "-m", "course_utils", "progress"], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "00_start_here" in ran.stdout


def test_check_takes_a_path_as_windows_writes_it_and_a_folder_of_any_name(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "mein Kurs ü 한" / "one.ipynb", graded("one_visible", "assert True", 1))
    assert run("check", str(path).replace("/one", "\\one")).code == 0


def test_check_runs_a_notebook_whose_metadata_nest_deeply(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "one.ipynb", code("1") | {"metadata": {"x": "@"}}, graded("one_visible", "assert True", 1))
    path.write_text(path.read_text().replace('"@"', '{"a":' * 900 + "1" + "}" * 900))
    assert run("check", str(path)).code == 0


def test_a_kernel_that_does_not_start_is_a_sentence(course: Path) -> None:
    program = """
import sys
from course_utils import cli, kernels
argv = [sys.executable, "-c", "raise SystemExit(1)", "{connection_file}"]
kernels.OwnKernelSpecManager.get_kernel_spec = lambda *_: kernels.KernelSpec(argv=argv)
cli.main()
"""
    ended = subprocess.run([sys.executable, "-c", program, "check", "00"], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (Exit.ENVIRONMENT, "")
    assert "its kernel did not start" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_check_needs_a_kernel(run: Run, course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "KERNEL", "no-such-kernel")
    ended = run("check", "00")
    assert ended.code == Exit.ENVIRONMENT
    assert ended.err.startswith("course: Jupyter has no kernel 'no-such-kernel': run ")


def test_progress_shows_what_is_open(run: Run, course: Path) -> None:
    progress.record("other", "values", True, course / "notebooks" / "00_start_here")
    shown = run("progress")
    assert shown.code == 0
    assert " ".join(shown.out.splitlines()[1].split()) == "00_start_here 1 of 2 8 of 11 mean_squared_error"
    assert "Another 4 points come from hidden checks" in shown.out
    [lesson] = json.loads(run("progress", "--json").out)
    assert (lesson["lesson"], lesson["passed"], lesson["points"], lesson["possible"]) == ("00_start_here", 1, 8, 11)
    assert [exercise["name"] for exercise in lesson["exercises"]] == ["mean_squared_error", "other"]


def test_progress_names_the_next_exercise_and_leaves_no_blanks_behind_a_line(run: Run, course: Path) -> None:
    title, row, *_ = run("progress").out.splitlines()
    assert title.split() == ["lesson", "solved", "points", "open"]
    assert row.endswith("  mean_squared_error and 1 more")
    assert all(line == line.rstrip() for line in (title, row))


def test_progress_distinguishes_an_answered_question_from_an_open_one(run: Run, course: Path) -> None:
    progress.record("other", progress.ANSWERED, True, course / "notebooks" / "00_start_here")
    title, row = (" ".join(line.split()) for line in run("progress").out.splitlines()[:2])
    assert title == "lesson solved points answered open"
    assert row == "00_start_here 0 of 2 0 of 11 other mean_squared_error"


@pytest.mark.parametrize("verb", ["progress", "lab"])
def test_elsewhere_it_asks_for_the_courses_folder(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run(verb)
    assert ended.code == Exit.BAD_INPUT
    assert (
        ended.err == f"course: No notebooks were found in or above {tmp_path}: change to the course's folder first.\n"
    )


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["check"], ["check", "00", "--timeout", "0"], ["lab", "--port", "x"]]
)
def test_wrong_use_ends_with_2(run: Run, course: Path, arguments: list[str]) -> None:
    ended = run(*arguments)
    assert (ended.code, ended.out) == (Exit.BAD_INPUT, "")
    assert ended.err.startswith("Usage: course")


@pytest.mark.parametrize(
    ("number", "exit_code", "says"),
    [
        (errno.EACCES, Exit.ENVIRONMENT, "permission denied"),
        (errno.ENOSPC, Exit.ENVIRONMENT, "the disk is full. Make room"),
        (errno.EROFS, Exit.ENVIRONMENT, "the disk is read-only"),
        (errno.ENOENT, Exit.BAD_INPUT, "it does not exist"),
        (errno.EIO, Exit.ENVIRONMENT, "input/output error."),
    ],
)
def test_the_systems_refusals_become_a_sentence(
    run: Run, course: Path, monkeypatch: pytest.MonkeyPatch, number: int, exit_code: Exit, says: str
) -> None:
    def refuse(path: Path) -> bytes:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    ended = run("progress")
    assert ended.code == exit_code
    assert ended.err.startswith(f"course: Cannot use {course}")
    assert says in ended.err
    assert ended.err.count("\n") == 1


def test_a_refusal_without_a_file_is_a_sentence_too() -> None:
    assert str(from_os(OSError("what is this"))) == "The system refused: what is this."


def test_interrupting_ends_with_130(run: Run, course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("course_utils.progress.summary", interrupt)
    ended = run("progress")
    assert (ended.code, ended.out) == (130, "")
    assert "Traceback" not in ended.err


def test_an_error_of_ours_carries_its_exit_code() -> None:
    assert CourseError("so").exit_code == Exit.BAD_INPUT
    outcome = CliRunner().invoke(cli.app, ["check", "/nowhere.ipynb"])
    assert isinstance(outcome.exception, CourseError)


def test_a_test_that_a_teacher_added_to_a_lesson_counts(run: Run, course: Path) -> None:
    """`course` has tests that the shipped lesson does not have."""
    said = run("check", "00").out
    assert re.search(r"^other_visible +passed +8 of 8$", said, re.MULTILINE)
    assert re.search(r"^mean_squared_error_arguments +failed +0 of 2 ", said, re.MULTILINE)


def test_a_notebook_of_a_class_is_checked_by_its_own_tests(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "00_start_here.ipynb"
    write(path, code("answer = 1"), graded("mean_squared_error_visible", "assert answer == 1", 5))
    own = json.loads(path.read_text())
    own["metadata"]["descent"] = {"class": "autumn"}
    path.write_text(json.dumps(own))
    said = run("check", str(path)).out
    assert "mean_squared_error_visible  passed  5 of 5" in said
    assert "hidden" not in said.splitlines()[-2]
