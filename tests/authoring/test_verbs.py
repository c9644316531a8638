"""The verbs of `course` for authors and teachers: what they print, exit codes, and a sentence for each trouble."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from course_utils import cli
from tests.authoring.conftest import EXERCISE, NAME, Change

Course = Callable[..., tuple[int, str, str]]


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Course:
    """Return a function that runs `course` and gives its exit code, its output and its errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["course", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return run


def test_build_prints_what_it_wrote_and_check_what_is_stale(house: Path, change: Change, course: Course) -> None:
    code, out, _ = course("build", "--check")
    assert code == 1
    assert f"{NAME}.ipynb" in out
    code, out, _ = course("build")
    assert (code, "4 files written." in out) == (0, True)
    code, out, _ = course("build", "--check")
    assert (code, out) == (0, "Everything is up to date.\n")
    change("lesson.py", "Say what to look at.", "Look.")
    code, _, err = course("build", "--check", NAME)
    assert (code, "Out of date: 2 built files. Run `course build`." in err) == (1, True)


def test_a_refused_build_is_sentences_and_no_traceback(house: Path, change: Change, course: Course) -> None:
    change("lesson.py", "### BEGIN HIDDEN TESTS", "### BEGIN HIDEN TESTS")
    code, _, err = course("build")
    assert code == 1
    assert f"{NAME}/lesson.py:" in err
    assert "looks like a marker" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("verb", [["build", "05_no_such"], ["key", "05_no_such"], ["samples", "05_no_such"]])
def test_an_unknown_lesson_is_named(verb: list[str], house: Path, course: Course) -> None:
    code, _, err = course(*verb)
    assert code == 2
    assert f"There is no lesson '05_no_such'. Choose from {NAME}." in err


@pytest.mark.parametrize("verb", [["build"], ["key"], ["samples", NAME], ["new-lesson", "91_other"]])
def test_outside_a_clone_the_verbs_say_where_to_go(
    verb: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, course: Course
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = course(*verb)
    assert code == 2
    assert "Go to a clone of the course" in err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_refuses_is_one_sentence_and_nothing_changes(
    number: int, house: Path, change: Change, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    course("build")
    change("lesson.py", "Say what to look at.", "Look.")
    before = {path: path.read_bytes() for path in house.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    def refuse(path: Path, *args: object, **kwargs: object) -> int:
        raise OSError(number, "refused", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", refuse)
        code, _, err = course("build")
    assert code == 3
    assert err.startswith("course: Cannot use ")
    assert err.count("\n") == 1
    after = {path: path.read_bytes() for path in house.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert after == before


def test_the_key_is_secret_repeatable_and_never_overwritten(house: Path, course: Course) -> None:
    code, out, _ = course("key")
    assert (code, "contains the hidden checks of 1 lesson." in out) == (0, True)
    path = house / "course.key"
    assert path.stat().st_mode & 0o077 == 0
    key = json.loads(path.read_text())
    assert set(key["exercises"]) == {EXERCISE}
    code, _, err = course("key")
    assert (code, "course.key already exists" in err) == (2, True)
    course("key", "--to", str(house / "again.key"), "--secret", key["secret"])
    assert (house / "again.key").read_text() == path.read_text()
    course("key", "--to", str(house / "other.key"))
    assert json.loads((house / "other.key").read_text())["secret"] != key["secret"]


def test_a_key_is_made_again_with_its_secret_and_lessons(house: Path, course: Course) -> None:
    path = house / "course.key"
    code, _, err = course("key", "--again")
    assert (code, "no key course.key yet" in err) == (2, True)
    course("key")
    now = path.read_text()
    # As an older version of the course left it: no stamps, and an exercise that is gone since.
    old = json.loads(now)
    old["exercises"] = {EXERCISE: {}, "gone_since": {}}
    path.write_text(json.dumps(old))
    course("new-lesson", "91_other_topic")
    code, out, _ = course("key", "--again")
    assert (code, path.read_text()) == (0, now)
    assert "no lesson has them any more: gone_since." in out
    assert "hidden checks of 1 lesson, with the same secret as before." in out
    code, _, err = course("key", "--again", "--secret", "another")
    assert (code, "do not set --secret" in err) == (2, True)
    path.write_text("{")
    code, _, err = course("key", "--again")
    assert (code, "cannot be read" in err, path.read_text()) == (2, True, "{")


def test_samples_are_right_blank_and_one_for_each_mistake(house: Path, course: Course) -> None:
    course("build")
    code, out, _ = course("samples", NAME)
    assert (code, "submissions written to submitted" in out) == (0, True)
    students = {path.name for path in (house / "submitted").iterdir()}
    mistakes = {f"mistake-{EXERCISE}-{id}" for id in ("adds", "divides", "factor_ignored", "accepts_negative")}
    assert students == {"right", "blank", "alternative-1", "alternative-2", *mistakes}
    notebook = nbformat.read(house / "submitted" / f"mistake-{EXERCISE}-adds" / NAME / f"{NAME}.ipynb", 4)
    assert "return factor + x" in str(notebook)
    assert "SOLUTION" not in str(notebook)


def test_a_new_lesson_is_listed_file_by_file_and_never_overwritten(house: Path, course: Course) -> None:
    code, out, _ = course("new-lesson", "91_other_topic")
    assert code == 0
    assert "lessons/91_other_topic/lesson.py" in out
    assert "course_utils/checks/probes/other_topic.py" in out
    code, _, err = course("new-lesson", "91_other_topic")
    assert (code, "exists already" in err) == (2, True)
    code, _, err = course("new-lesson", "Other Topic")
    assert (code, "is not a lesson's name" in err) == (2, True)
