"""Progress: stored next to the notebook, never damaged, and never a reason for a check to fail."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from course_utils import files, progress
from tests.house.samples import graded, write


@pytest.fixture(autouse=True)
def _not_grading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_KEY", raising=False)


def test_the_latest_check_counts(tmp_path: Path) -> None:
    progress.record("adam_step", "values", False, tmp_path)
    progress.record("adam_step", "values", True, tmp_path)
    progress.record("adam_step", "arguments", False, tmp_path)
    progress.record("sgd_step", "values", True, tmp_path)
    assert progress.load(tmp_path) == {"adam_step": {"values": True, "arguments": False}, "sgd_step": {"values": True}}
    assert [path.name for path in tmp_path.iterdir()] == [progress.FILE]


def test_it_goes_to_the_notebooks_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    progress.record("sgd_step", "values", True)
    assert progress.load(tmp_path) == {"sgd_step": {"values": True}}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"exercises": 3}', '{"exercises": {"a": 1}}', "\udcff"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / progress.FILE).write_text(text, errors="surrogateescape")
    assert progress.load(tmp_path) == {}
    progress.record("sgd_step", "values", True, tmp_path)
    assert progress.load(tmp_path) == {"sgd_step": {"values": True}}


def test_it_never_raises_if_nothing_can_be_written(tmp_path: Path) -> None:
    progress.record("sgd_step", "values", True, tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress.record("sgd_step", "values", True, tmp_path)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        progress.record("sgd_step", "values", False, tmp_path)
    assert progress.load(tmp_path) == {"sgd_step": {"values": True}}
    assert [path.name for path in tmp_path.iterdir()] == [progress.FILE]


def test_a_full_disk_is_borne(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress.record("sgd_step", "values", True, tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(files.tempfile, "mkstemp", full)
    progress.record("sgd_step", "values", False, tmp_path)
    assert progress.load(tmp_path) == {"sgd_step": {"values": True}}


def test_a_grader_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "course.key"
    monkeypatch.setenv("COURSE_KEY", str(key))
    progress.record("sgd_step", "values", True, tmp_path)
    assert progress.load(tmp_path) == {"sgd_step": {"values": True}}, "the key is not there: nobody grades"
    key.write_text("{}")
    progress.record("sgd_step", "values", False, tmp_path)
    assert progress.load(tmp_path) == {"sgd_step": {"values": True}}


def test_the_summary_counts_points_and_exercises(course: Path) -> None:
    lesson_folder = course / "notebooks" / "00_start_here"
    progress.record("mean_squared_error", "values", True, lesson_folder)
    progress.record("other", "values", True, lesson_folder)
    [lesson] = progress.summary(course / "notebooks")
    first, other = lesson.exercises
    assert (first.name, first.passed, first.points, first.possible, first.hidden) == (
        "mean_squared_error",
        False,
        1,
        3,
        4,
    )
    assert (other.name, other.passed, other.points, other.possible, other.hidden) == ("other", True, 8, 8, 0)
    assert (lesson.lesson, lesson.passed, lesson.points, lesson.possible, lesson.hidden) == (
        "00_start_here",
        1,
        9,
        11,
        4,
    )


def test_an_answer_in_a_class_is_answered_and_not_solved(course: Path) -> None:
    lesson_folder = course / "notebooks" / "00_start_here"

    def seen() -> tuple[bool, bool]:
        other = progress.summary(course / "notebooks")[0].exercises[1]
        return other.answered, other.passed

    progress.record("other", progress.ANSWERED, True, lesson_folder)
    assert seen() == (True, False), "whether it is right is not known"
    assert progress.summary(course / "notebooks")[0].as_dict()["answered"] == 1
    progress.record("other", "values", True, lesson_folder)
    assert seen() == (False, True), "the self-study course says that it is right"


def test_an_exercise_without_visible_checks_is_not_solved(course: Path) -> None:
    assert not progress.summary(course / "notebooks")[0].exercises[0].passed
    path = course / "notebooks" / "00_start_here" / "00_start_here.ipynb"
    data = json.loads(path.read_text())
    data["cells"] = [cell for cell in data["cells"] if "hidden" in str(cell["metadata"])]
    path.write_text(json.dumps(data))
    assert [exercise.passed for exercise in progress.summary(course / "notebooks")[0].exercises] == [False]


def test_the_steps_of_an_exercise_are_parts_of_it(tmp_path: Path) -> None:
    cells = [graded(f"train_{step}{kind}", "pass", 1) for step in ("", "step_1_") for kind in ("visible", "hidden")]
    write(tmp_path / "08_capstone" / "08_capstone.ipynb", *cells)
    progress.record("train", "values", True, tmp_path / "08_capstone")
    (train,) = progress.summary(tmp_path)[0].exercises
    assert (train.name, train.passed, train.points, train.possible, train.hidden) == ("train", False, 1, 2, 2)
    progress.record("train", "step_1", True, tmp_path / "08_capstone")
    assert progress.summary(tmp_path)[0].exercises[0].passed
