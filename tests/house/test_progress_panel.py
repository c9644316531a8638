"""The panel of notebook 00: every lesson, what is solved, what is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from course_utils import progress
from course_utils.progress_panel import ProgressPanel, show_progress
from tests.house.conftest import Result


def test_it_shows_what_the_command_shows(course: Path, run: Callable[..., Result]) -> None:
    lesson = course / "notebooks" / "00_start_here"
    progress.record("mean_squared_error", "values", True, lesson)
    progress.record("mean_squared_error", "arguments", True, lesson)
    panel = ProgressPanel(progress.summary(course / "notebooks"))
    shown = panel._repr_html_()
    assert "You have solved 1 of 2 exercises" in shown
    assert 'href="../00_start_here/00_start_here.ipynb"' in shown
    assert '<progress max="2" value="1"' in shown
    assert "<summary>1 to do</summary><code>other</code>" in shown
    assert "3 of 11" in shown
    # This notebook has no heading, so the panel shows its file name.
    assert repr(panel) == "00 · start here: 1 of 2 solved"
    assert "1 of 2" in run("progress").out


def test_away_from_any_notebook_it_shows_the_whole_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    show_progress()
    told = capsys.readouterr().out
    assert "00 · Start here: 0 of 1 solved" in told
    assert "05 · What goes wrong with SGD: 0 of" in told
