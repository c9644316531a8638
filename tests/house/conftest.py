"""A small course folder, and the command `course` in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from course_utils import cli
from tests.house.samples import code, graded, write


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a course folder with one lesson of two exercises."""
    cells = [
        code("answer = 1", grade_id="mean_squared_error", solution=True),
        graded("mean_squared_error_visible", "assert answer == 1", 1),
        graded("mean_squared_error_arguments", "assert answer == 2, 'two it must be'", 2),
        graded("mean_squared_error_hidden", "# Your teacher's checks run here.", 4),
        graded("other_visible", "assert answer == 1", 8),
    ]
    write(tmp_path / "notebooks" / "00_start_here" / "00_start_here.ipynb", *cells)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COURSE_KEY", raising=False)
    return tmp_path


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run `course` with arguments, and return its exit code and what it printed."""

    def run_course(*arguments: str) -> Result:
        monkeypatch.setenv("PATH", os.environ["PATH"])  # main() changes it; the old one comes back after the test
        monkeypatch.setattr("sys.argv", ["course", *arguments])
        monkeypatch.setattr(cli, "add_commands", lambda: None)
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return Result(int(stopped.value.code or 0), *capsys.readouterr())

    return run_course
