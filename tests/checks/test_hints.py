"""A key names a mistake by its id; the hint comes from the lesson's file, or from a key that has it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.checks import CheckFailed, KeyProblem, check, check_hidden, hints, keys
from course_utils.checks.checking import grading
from course_utils.checks.hints import UNREADABLE, hint_of, with_hints
from course_utils.checks.keys import Key, key_from_json, key_to_json
from tests.checks.conftest import added, scaled

OWN = "Which operation does the formula use?"
LESSONS = "Is it a sum or a product?"


def without_hints(key: Key) -> Key:
    parts = {
        name: replace(part, mistakes=tuple(replace(one, hint="") for one in part.mistakes))
        for name, part in key.parts.items()
    }
    return replace(key, parts=parts)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hints of a course with one lesson and one question."""
    place = tmp_path / "hints"
    (place / "questions").mkdir(parents=True)
    (place / "90_made_up.json").write_text(json.dumps({"scaled.adds": LESSONS}))
    (place / "questions" / "90_made_up.json").write_text(json.dumps({"best_letters.only_a": "And c?"}))
    monkeypatch.setattr(hints, "FOLDER", place)
    return place


def said_by(check_of: Any, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a failed check says: its message and its card."""
    capsys.readouterr()
    with pytest.raises(CheckFailed) as caught:
        check_of("scaled", added)
    return f"{caught.value}\n{capsys.readouterr().out}"


@pytest.fixture
def lean(published: Path, hidden: Path, key: Key) -> None:
    """Publish the key without hints, and name it as a hidden one."""
    lean = key_to_json(without_hints(key))
    assert "hint" not in json.dumps(lean)
    (published / "scaled.json").write_text(json.dumps(lean))
    known = json.loads(hidden.read_text())
    known["exercises"]["scaled"] |= lean
    hidden.write_text(json.dumps(known))


@pytest.mark.parametrize("check_of", [check, check_hidden])
def test_a_key_without_hints_shows_the_lessons(
    check_of: Any, lean: None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by(check_of, capsys)
    assert said.count(LESSONS) == 2
    assert f"Hint: {LESSONS}" in said


@pytest.mark.parametrize("check_of", [check, check_hidden])
def test_a_hint_in_a_key_goes_first(
    check_of: Any, published: Path, hidden: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As keys of earlier versions have it, and the drawn questions of a class."""
    said = said_by(check_of, capsys)
    assert said.count(OWN) == 2
    assert LESSONS not in said


@pytest.mark.parametrize("check_of", [check, check_hidden])
def test_a_mistake_that_no_lesson_has_gets_no_hint(
    check_of: Any, lean: None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "90_made_up.json").write_text("{}")
    said = said_by(check_of, capsys)
    assert "scaled" in said
    assert "Hint" not in said


@pytest.mark.parametrize("damage", ["<<<<<<< ours", "[]x", "[1]", "null"])
@pytest.mark.parametrize("check_of", [check, check_hidden])
def test_damaged_hints_leave_the_verdict(
    check_of: Any, damage: str, lean: None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "90_made_up.json").write_text(damage)
    said = said_by(check_of, capsys)
    assert said.count(UNREADABLE) == 2
    assert "the scaled array" in said.lower()


def test_a_course_without_hints_says_so(lean: None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "FOLDER", folder / "missing")
    with pytest.raises(CheckFailed, match="install course_utils again"):
        check("scaled", added)


def test_only_a_known_mistake_reads_hints(lean: None, folder: Path, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(folder: Path) -> None:
        raise AssertionError(f"{folder} was read")

    monkeypatch.setattr(hints, "_hints_in", refused)
    for part in ("values", "arguments"):
        check("scaled", scaled, part=part)
        check_hidden("scaled", scaled, part=part)
    with pytest.raises(CheckFailed, match="scaled array"):
        check("scaled", lambda x, factor: x + 12345)
    with pytest.raises(AssertionError, match="was read"):
        check("scaled", added)


def test_hints_that_cannot_be_read_stay_out_of_an_assignment(folder: Path, key: Key) -> None:
    (folder / "90_made_up.json").write_text("<<<<<<< ours")
    with pytest.raises(KeyProblem, match="install course_utils again"):
        with_hints(key_to_json(without_hints(key)))


def test_a_course_may_have_no_questions(folder: Path) -> None:
    (folder / "questions" / "90_made_up.json").unlink()
    (folder / "questions").rmdir()
    assert hint_of("scaled", "adds") == LESSONS
    assert hint_of("scaled", "nothing") == ""


def test_a_question_is_looked_up_last(folder: Path) -> None:
    """Where submissions run, the folder of the questions cannot be read."""
    assert hint_of("best_letters", "only_a") == "And c?"
    hints._hints_in.cache_clear()
    (folder / "questions" / "90_made_up.json").write_text("no JSON")
    assert hint_of("scaled", "adds") == LESSONS
    assert hint_of("best_letters", "only_a") == UNREADABLE


def test_a_key_with_hints_is_the_key_of_earlier_versions(key: Key, folder: Path) -> None:
    """So an assignment keeps its digest, and a journal what it knows."""
    old = key_to_json(key) | {"asked": "a stamp"}
    assert with_hints(old) == old, "its own hints go first"
    hints._hints_in.cache_clear()
    (folder / "90_made_up.json").write_text(json.dumps({"scaled.adds": OWN}))
    lean = key_to_json(without_hints(key)) | {"asked": "a stamp"}
    assert lean != old
    assert with_hints(lean) == with_hints(old) == old
    published = {"scaled": key_from_json(with_hints(lean))}
    with grading({}, published, lambda card: None), pytest.raises(CheckFailed, match="Which operation"):
        check("scaled", added)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["exercise", "parts", "mistakes", "id", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_data_that_is_no_key_raises_nothing_but_a_problem(data: Any) -> None:
    with contextlib.suppress(KeyProblem):
        assert set(with_hints(data)) == set(data)


def test_every_published_key_names_mistakes_that_have_a_hint() -> None:
    known = list(Path(str(keys.PUBLISHED)).rglob("*.json"))
    assert len(known) > 100
    for path in known:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = [one for part in data["parts"].values() for one in part["mistakes"]]
        assert found
        for one in found:
            assert set(one) == {"id", "runs"}, f"{path.name}: {one['id']}"
            hint = hint_of(data["exercise"], one["id"])
            assert hint, f"{path.name}: {one['id']}"
            assert hint != UNREADABLE
