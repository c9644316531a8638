"""Concept questions: the types of answers, hints, and what the checks say."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_utils import progress
from course_utils.checks import CheckFailed, KeyProblem, check, check_hidden, keys
from course_utils.checks.answer_types import AnswerType, AnswerTypeError, Labels, NumberWith, OrderingOf, SubsetOf
from course_utils.checks.fingerprint import with_fingerprint
from course_utils.checks.keys import Key, KnownMistake, PartKey, key_to_json
from course_utils.checks.probe import _EXERCISES, exercises, question, run

LETTERS = tuple("abcde")


@pytest.mark.parametrize(
    ("form", "answers"),
    [
        (SubsetOf(LETTERS), [{"a", "c"}, ["c", "a"], ("a", "c", "a"), "ca"]),
        (OrderingOf(tuple("abcd")), [["b", "a", "d", "c"], "badc"]),
        (Labels(("a", "b", "c"), ("low", "good", "high")), [{"a": "low", "b": "good", "c": "low"}]),
        (NumberWith(0, 10, 2), [3.14, 3.1399999, "3.14"]),
    ],
)
def test_equal_answers_have_one_digest(form: AnswerType, answers: list[Any]) -> None:
    assert len({form.digest(answer) for answer in answers}) == 1


@pytest.mark.parametrize(
    ("form", "answer", "sentence"),
    [
        (SubsetOf(LETTERS), None, "no answer yet"),
        (SubsetOf(LETTERS), 3, "Your answer is a number"),
        (SubsetOf(LETTERS), {"z"}, "'z' is not one of the choices"),
        (SubsetOf(LETTERS), itertools.repeat("a"), "Your answer is a generator"),
        (SubsetOf(LETTERS), np.array("a"), "Your answer is an array of shape ()"),
        (SubsetOf(LETTERS), ["z" * 1000], "z' is not one of the choices"),
        (OrderingOf(tuple("abcd")), "abc", "each choice exactly once"),
        (Labels(("a", "b", "c"), ("low", "good", "high")), {"a": "low"}, "haven't answered b and c yet"),
        (Labels(("a", "b", "c"), ("low", "good", "high")), dict.fromkeys("abc", "bad"), "not one of the labels"),
        (
            Labels(("a", "b", "c"), ("low", "good", "high")),
            dict.fromkeys("abc", np.ones(2)),
            "shape (2,) is not one of",
        ),
        (Labels(("a", "b", "c"), ("low", "good", "high")), None, "no answer yet"),
        (NumberWith(0, 10, 2), None, "no answer yet"),
        (NumberWith(0, 10, 2), 11, "out of range"),
        (NumberWith(0, 10, 2), 10**400, "out of range"),
        (NumberWith(0, 10, 2), -(10**400), "out of range"),
        (NumberWith(0, 10, 2), [1], "Your answer is a list of 1"),
    ],
)
def test_a_malformed_answer_gets_a_sentence_on_what_to_write(form: AnswerType, answer: Any, sentence: str) -> None:
    with pytest.raises(AnswerTypeError) as caught:
        form.digest(answer)
    assert sentence in str(caught.value)
    assert "Write" in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_form_with_few_possibilities_is_refused() -> None:
    with pytest.raises(ValueError, match="needs 20"):
        SubsetOf(("a", "b"))


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    exercises()
    question("best_letters", SubsetOf(LETTERS))
    exercise = _EXERCISES["best_letters"]
    runs, wrong = ((run(exercise, "values", 1, [answer]),) for answer in ({"a", "c"}, {"a"}))
    key = Key("best_letters", {"values": PartKey((1,), runs, (KnownMistake("only_a", "And what of c?", wrong),))})
    (tmp_path / "best_letters.json").write_text(json.dumps(key_to_json(key)))
    (tmp_path / "course.key").write_text(json.dumps({"exercises": {"best_letters": with_fingerprint(key, exercise)}}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(keys, "PUBLISHED", tmp_path)
    keys.published_key.cache_clear()
    yield tmp_path
    keys.published_key.cache_clear()
    del _EXERCISES["best_letters"]


def test_alone_a_learner_hears_at_once_whether_the_answer_is_right(
    asked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ({}, {"reveal": True}):
        check("best_letters", {"a", "c"}, **words)
        assert "best_letters is correct" in capsys.readouterr().out
        with pytest.raises(CheckFailed, match="not correct yet"):
            check("best_letters", {"b"}, **words)
        with pytest.raises(CheckFailed, match="And what of c"):
            check("best_letters", {"a"}, **words)
        with pytest.raises(CheckFailed, match="no answer yet"):
            check("best_letters", None, **words)


@pytest.mark.parametrize("part", ["class", "class 5f1c0a92"])
def test_in_a_class_all_possible_answers_look_alike(
    asked: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.delenv("COURSE_KEY", raising=False)
    seen = set()
    for size in range(len(LETTERS) + 1):
        for answer in itertools.combinations(LETTERS, size):
            for words in ({}, {"reveal": True}):
                check("best_letters", set(answer), part=part, **words)
                seen.add((capsys.readouterr().out, json.dumps(progress.load(asked))))
    [(said, noted)] = seen
    assert "valid format" in said
    assert noted == '{"best_letters": {"answered": true}}'
    with pytest.raises(CheckFailed, match="no answer yet"):
        check("best_letters", None, part=part)


def test_if_no_published_key_can_be_read_only_the_form_is_checked(
    asked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (asked / "best_letters.json").unlink()
    check("best_letters", {"b"}, reveal=True)
    assert "valid format" in capsys.readouterr().out


def test_progress_notes_whether_the_answer_is_right(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_KEY", raising=False)

    def noted() -> dict[str, bool]:
        return progress.load(asked).get("best_letters", {})

    with pytest.raises(CheckFailed):
        check("best_letters", {"b"})
    assert noted() == {"answered": False, "values": False}
    check("best_letters", {"a", "c"})
    assert noted() == {"answered": True, "values": True}


def test_the_hidden_check_grades_the_answer(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_KEY", str(asked / "course.key"))
    check_hidden("best_letters", {"c", "a"})
    with pytest.raises(CheckFailed, match="not correct"):
        check_hidden("best_letters", {"b"})
    with pytest.raises(CheckFailed, match="no answer yet"):
        check_hidden("best_letters", None)


def test_a_key_with_other_variants_of_a_question_passes_nothing(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_KEY", str(asked / "course.key"))
    with pytest.raises(KeyProblem, match="another variant of the question 'best_letters'"):
        check_hidden("best_letters", {"c", "a"}, part="class 5f1c0a92")
    with pytest.raises(CheckFailed, match="has no part 'klass'"):
        check_hidden("best_letters", {"c", "a"}, part="klass")
