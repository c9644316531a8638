"""A small house: the course's configuration and one lesson made from the template, in a folder of its own."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from course_grader.authoring.new_lesson import new_lesson
from course_utils.checks import probe, probes

ROOT = Path(__file__).parents[2]
NAME = "90_made_up"
EXERCISE = "made_up_example"


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with one new lesson, whose probe is known to the course."""
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "lessons").mkdir()
    new_lesson(tmp_path, NAME)
    monkeypatch.setattr(probes, "__path__", [*probes.__path__, str(tmp_path / "course_utils/checks/probes")])
    probe.exercises()
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("course_utils.checks.probes.made_up", None)
    importlib.invalidate_caches()
    probe._EXERCISES.pop(EXERCISE)


Change = Callable[[str, str, str], None]


@pytest.fixture
def change(house: Path) -> Change:
    """Return a function that replaces a text, once, in a file of the lesson."""

    def replace(file: str, old: str, new: str) -> None:
        path = house / "lessons" / NAME / file
        text = path.read_text()
        assert text.count(old) >= 1, old
        path.write_text(text.replace(old, new, 1))

    return replace
