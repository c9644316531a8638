"""What the checks say about each kind of answer."""

from __future__ import annotations

import functools
import json
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_utils.checks import CheckFailed, KeyProblem, check, check_hidden
from course_utils.checks.card import Card, value_text
from course_utils.checks.checking import grading
from course_utils.checks.judge import judge
from course_utils.checks.keys import Key, PartKey
from course_utils.checks.probe import Exercise, Recorder, probe, run
from course_utils.checks.values import plain
from tests.checks.conftest import added, scaled

Answer = Callable[..., Any]


def in_place(x: np.ndarray, factor: float) -> np.ndarray:
    x *= factor
    return x


def not_written(x: np.ndarray, factor: float) -> np.ndarray:
    raise NotImplementedError


def exits(x: np.ndarray, factor: float) -> np.ndarray:
    raise SystemExit(0)


def fails_inside(x: np.ndarray, factor: float) -> np.ndarray:
    return x @ np.ones(99)


def with_hole(x: np.ndarray, factor: float) -> np.ndarray:
    result = factor * x
    result[0, 0] = np.nan
    return result


RIGHT: dict[str, Answer] = {
    "reference": scaled,
    "lambda": lambda x, factor: x * factor,
    "partial": functools.partial(lambda unit, x, factor: unit * x * factor, 1.0),
    "loop": lambda x, factor: np.array([[factor * entry for entry in row] for row in x]),
    "warns": lambda x, factor: [np.log(np.zeros(1)), factor * x][1],
}
WRONG: dict[str, tuple[Answer, str]] = {
    "none": (lambda x, factor: None, "is None. Is a `return` missing?"),
    "shape": (lambda x, factor: factor * x[0], r"has shape (2,); expected shape (3, 2)"),
    "a number that broadcasts": (lambda x, factor: 1.0, "is a number; expected an array of shape (3, 2)"),
    "list": (lambda x, factor: (factor * x).tolist(), "of shape (3, 2). Convert it with np.array(...)."),
    "tuple": (lambda x, factor: (factor * x, 1), "of shape (3, 2). Return one value, not several."),
    "generator": (lambda x, factor: (factor * row for row in x), "is a generator; expected an array"),
    "function": (lambda x, factor: scaled, "is a function; expected an array"),
    "complex": (lambda x, factor: factor * x + 0j, "has complex entries"),
    "objects": (lambda x, factor: (factor * x).astype(object), "is an array of objects"),
    "integers": (lambda x, factor: (factor * x).astype(int), "has dtype int64; expected float64"),
    "float32": (lambda x, factor: (factor * x).astype(np.float32), "has dtype float32; expected float64"),
    "nan": (with_hole, "contains 1 NaN"),
    "everything wrong": (lambda x, factor: factor * x + 1, "is wrong in every entry"),
    "changed argument": (in_place, "your function changes an argument"),
    "not written": (not_written, "not written yet"),
    "exit": (exits, "your function raised SystemExit"),
    "error": (fails_inside, "your function raised ValueError"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_pass_in_silence(name: str, published: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert check("scaled", RIGHT[name]) is None
    shown = capfd.readouterr()
    assert "scaled is correct" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize("name", WRONG)
def test_each_kind_of_wrong_answer_has_its_own_sentence(name: str, published: Path) -> None:
    answer, sentence = WRONG[name]
    with pytest.raises(CheckFailed) as caught:
        check("scaled", answer)
    assert sentence in str(caught.value)
    assert caught.value._render_traceback_() == [f"CheckFailed: {caught.value}"]


def test_a_known_mistake_gets_its_hint_and_the_call_to_try(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CheckFailed, match="Which operation does the formula use"):
        check("scaled", added)
    shown = capsys.readouterr().out
    assert "scaled(np.array([[" in shown
    assert "Which operation" in shown


def test_an_error_shows_the_learners_own_lines_only(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CheckFailed):
        check("scaled", fails_inside)
    shown = capsys.readouterr().out
    assert "of fails_inside: return x @ np.ones(99)" in shown
    assert "probe" not in shown


def test_an_interrupted_check_shows_where_the_answer_was(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt) as stopped:
        check("scaled", never_ends)
    shown = capsys.readouterr().out
    assert "scaled was interrupted." in shown
    assert "of never_ends: raise KeyboardInterrupt" in shown
    assert "trial.py" not in shown
    assert stopped.value._render_traceback_() == ["KeyboardInterrupt: scaled: interrupted."]


def never_ends(x: np.ndarray, factor: float) -> np.ndarray:
    raise KeyboardInterrupt


def test_who_stops_a_grading_sees_no_card(published: Path, key: Key) -> None:
    shown: list[Card] = []
    with grading({}, {"scaled": key}, shown.append), pytest.raises(KeyboardInterrupt) as stopped:
        check("scaled", never_ends)
    assert type(stopped.value) is KeyboardInterrupt
    assert not shown


def test_bad_arguments_are_a_part_of_their_own(published: Path) -> None:
    check("scaled", scaled, part="arguments")
    with pytest.raises(CheckFailed, match="should raise ValueError; yours returned an array"):
        check("scaled", lambda x, factor: factor * x, part="arguments")
    with pytest.raises(CheckFailed, match="has no message"):
        check("scaled", silent, part="arguments")
    with pytest.raises(CheckFailed, match="yours raised TypeError"):
        check("scaled", lambda x, factor: x + None, part="arguments")


def silent(x: np.ndarray, factor: float) -> np.ndarray:
    raise ValueError


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: check("scald", scaled), "no exercise named 'scald'. Did you mean 'scaled'?"),
        (lambda: check("scaled", 3), "must be a function; it is int"),
        (lambda: check("scaled", dict), "it is a class"),
        (lambda: check("scaled"), "takes 1 answer "),
        (lambda: check("scaled", scaled, part="form"), "has no part 'form'"),
    ],
)
def test_a_call_that_makes_no_sense_says_so(call: Callable[[], None], sentence: str, published: Path) -> None:
    with pytest.raises(CheckFailed) as caught:
        call()
    assert sentence in str(caught.value)


def test_hidden_checks_count_and_show_no_value(hidden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_hidden("scaled", scaled)
    assert "8 of 8 hidden checks passed" in capsys.readouterr().out
    with pytest.raises(CheckFailed) as caught:
        check_hidden("scaled", added)
    shown = capsys.readouterr().out + str(caught.value)
    assert "4 of 8 hidden checks passed" in shown
    assert "Which operation" in shown
    assert not any(character.isdigit() for character in shown.replace("4 of 8", ""))


def test_hidden_checks_never_pass_without_a_key(
    published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("COURSE_KEY", raising=False)
    with pytest.raises(KeyProblem, match="only while a teacher grades"):
        check_hidden("scaled", scaled)
    damaged = tmp_path / "damaged.key"
    damaged.write_text("{")
    monkeypatch.setenv("COURSE_KEY", str(damaged))
    with pytest.raises(KeyProblem, match="make it again"):
        check_hidden("scaled", scaled)
    damaged.write_text(json.dumps({"exercises": {}}))
    with pytest.raises(KeyProblem, match="contains nothing for 'scaled'"):
        check_hidden("scaled", scaled)


def test_a_card_is_html_without_anything_of_the_answer_unescaped(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from course_utils.checks import checking

    shown = []
    monkeypatch.setattr(checking, "_show", shown.append)
    with pytest.raises(CheckFailed):
        check("scaled", shouts)
    assert "&lt;script&gt;" in shown[0]._repr_html_()
    assert "<script>" not in shown[0]._repr_html_()


def shouts(x: np.ndarray, factor: float) -> np.ndarray:
    raise RuntimeError("<script>alert(1)</script>")


def test_what_passed_is_noted_beside_the_notebook(published: Path) -> None:
    from course_utils import progress

    def silent(x: np.ndarray, factor: float) -> np.ndarray:
        raise ValueError

    silent.__name__ = "scaled"

    check("scaled", scaled)
    with pytest.raises(CheckFailed):
        check("scaled", silent, part="arguments")
    with pytest.raises(CheckFailed):
        check("scaled", added)
    assert progress.load(Path.cwd()) == {"scaled": {"values": True, "arguments": False}}


def probe_of_columns(trial: Recorder, rng: np.random.RandomState, answer: Callable[..., Any]) -> None:
    x = rng.randn(3, 2).round(2)
    trial.call("the scaled array", answer, x, 2.5)
    # This call is not observed: the probe uses its result unchecked.
    trial.observe("the scaled columns", answer(x, 2.0)[:, 0])
    trial.call("the scaled array, again", answer, x, 0.5)


def asking_for_columns() -> tuple[Exercise, PartKey]:
    """Return an exercise with this probe, as if it were in the probes' folder, and its key."""
    code = probe_of_columns.__code__.replace(co_filename=probe.__code__.co_filename)
    asked = Exercise("scaled", {"values": types.FunctionType(code, globals())})
    return asked, PartKey((1,), (run(asked, "values", 1, [scaled]),), ())


@pytest.mark.parametrize("result", [None, 1.0, [1.0], np.ones(3), print])
def test_a_result_that_breaks_the_probe_is_wrong_and_no_fault_of_the_check(result: Any) -> None:
    asked, key = asking_for_columns()

    def odd(x: np.ndarray, factor: float) -> Any:
        return result if factor == 2.0 else factor * x

    verdict = judge(asked, "values", [odd], key)
    assert verdict.right == 2
    assert verdict.failure is not None
    assert verdict.failure.received.says == "the scaled columns"
    assert "wrong type or shape" in verdict.failure.difference.sentence


def test_an_error_when_nothing_is_observed_is_one_of_the_answer() -> None:
    asked, key = asking_for_columns()

    def odd(x: np.ndarray, factor: float) -> Any:
        return {}[f"asked with {x}"] if factor == 2.0 else factor * x

    failure = judge(asked, "values", [odd], key).failure
    assert failure is not None
    assert (failure.difference.kind, failure.received.says) == ("raised", "the scaled columns")
    # Without the error's text, which could reveal the arguments of a hidden check.
    assert failure.difference.sentence == "your function raised KeyError."
    assert isinstance(failure.received.error, KeyError)


@pytest.mark.parametrize(
    "value", [np.zeros((2,) * 20, bool), [np.zeros(3)] * 10**5, "x" * 10**7, {"x" * 10**6: [1] * 10**6}]
)
def test_whatever_was_returned_takes_no_time_to_show(value: Any) -> None:
    seen = plain(value)
    began = time.process_time()
    assert len(value_text(seen)) < 5000
    assert time.process_time() - began < 1


def test_results_come_in_order_with_what_a_call_before_has_left() -> None:
    def advanced(rng: np.random.Generator, x: list[float]) -> float:
        x.append(rng.random())
        return x[-1]

    x: list[float] = []
    results = Recorder().results(advanced, [(np.random.default_rng(0), x)] * 3)
    assert results == x == np.random.default_rng(0).random(3).tolist()


def test_what_one_of_many_calls_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        Recorder().results(lambda x: 1 / x, [(1,), (0,)])
