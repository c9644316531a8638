"""`check` and `check_hidden`: what the test cells of a notebook call."""

from __future__ import annotations

import contextlib
import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from course_utils import progress
from course_utils.checks.answer_types import AnswerType, AnswerTypeError
from course_utils.checks.card import Card, failure_rows
from course_utils.checks.judge import Failure, Verdict, judge
from course_utils.checks.keys import Key, KeyProblem, PartKey, published_key
from course_utils.checks.probe import Exercise, exercises
from course_utils.checks.tracebacks import learner_traceback

# A question that a class is asked: `part="class"`, or `part="class 5f1c0a92"` if its teacher's secret has drawn it.
CLASS = "class"
# What a hidden check may say of a difference: its kind, never an argument or a value of the hidden key.
KINDS = {
    "raised": "your function raised an error",
    "not raised": "your function accepts what it should refuse",
    "silent": "the error comes without a message",
    "none": "the result is None",
    "type": "the result has the wrong type",
    "complex": "the result is complex",
    "shape": "the result has the wrong shape",
    "dtype": "the result has the wrong dtype",
    "length": "the result has the wrong length",
    "missing": "a key is missing from the result",
    "nan": "the result contains NaN",
    "changed": "your function changes an argument",
    "value": "not as it should be",
}


class CheckFailed(AssertionError):
    """An answer is not right; the message names the exercise and, where the mistake is known, the hint.

    `verdict` is what was found, where the answer could be asked at all; `blank` says that nothing was answered yet.
    """

    def __init__(self, message: str, verdict: Verdict | None = None, blank: bool = False) -> None:
        failure = verdict.failure if verdict else None
        self.verdict = verdict
        self.blank = blank or (failure is not None and isinstance(failure.received.error, NotImplementedError))
        super().__init__(message)

    def _render_traceback_(self) -> list[str]:
        # IPython shows this in place of the frames of the check, which would tell a learner nothing.
        return [f"CheckFailed: {self}"]


class CheckStopped(KeyboardInterrupt):
    """A learner interrupted a check, most often because the answer never ended."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


@dataclass(frozen=True)
class CheckContext:
    hidden: Mapping[str, Key]
    published: Mapping[str, Key]
    show: Callable[[Card], None]


_desk: ContextVar[CheckContext | None] = ContextVar("_desk", default=None)


@contextlib.contextmanager
def grading(
    hidden: Mapping[str, Key], published: Mapping[str, Key], show: Callable[[Card], None]
) -> Iterator[None]:  # fmt: skip
    """Within it, checks of this thread take their keys from these, give their cards to `show`, and note no progress."""
    token = _desk.set(CheckContext(hidden, published, show))
    try:
        yield
    finally:
        _desk.reset(token)


def check(name: str, *answers: Any, part: str = "values", reveal: bool = False) -> None:
    """Compare an answer with the published key and show a card.

    `name` is the exercise's name, `answers` its function (or, for a concept question, its value), followed by those
    functions that the exercise builds on. `part="arguments"` asks about bad arguments; in the notebook of a class, the
    part of a concept question begins with "class", and then the check says only whether the answer can be read.
    `reveal` has no effect any more: without a class, the check of a question always says whether the answer is right.

    Raises CheckFailed if the answer is wrong.
    """
    exercise = _exercise(name, answers, part)
    if exercise.form is not None:
        _check_question(exercise, exercise.form, answers[0], part)
        return
    desk = _desk.get()
    key = _key_of(name, desk.published) if desk else published_key(name)
    try:
        verdict = judge(exercise, part, answers, key.parts[part])
    except KeyboardInterrupt as stop:
        # A teacher who stops the grading of a class is no learner who waits for an answer.
        raise stop if desk else _stopped(name, stop) from None
    if _is_own_answer(name, answers[0]):
        _record(name, part, verdict.passed)
    if verdict.failure is None:
        _show(Card("right", f"{name} is right{_of_part(part)}.", f"All {verdict.total} checks passed."))
        return
    _show(_failure_card(name, verdict, verdict.failure))
    line = _line(name, verdict, verdict.failure.received.says, verdict.failure.difference.sentence)
    raise CheckFailed(line, verdict)


def check_hidden(name: str, *answers: Any, part: str = "values") -> None:
    """Hold an answer against the hidden key, which `COURSE_KEY` names while a teacher grades.

    Tells which property failed and the hint of a known mistake, never an argument or a value. Raises CheckFailed
    where the answer is wrong, and KeyProblem where there is no hidden key: it never passes without one.
    """
    exercise = _exercise(name, answers, part)
    desk = _desk.get()
    key = _key_of(name, desk.hidden) if desk else _hidden_key(name)
    if exercise.form is not None:
        _canonical(name, exercise.form, answers[0])
        verdict = judge(exercise, "values", answers, _part_of(key, part))
    else:
        verdict = judge(exercise, part, answers, key.parts[part])
    hidden = verdict.right, verdict.total
    count = f"{verdict.right} of {verdict.total} hidden checks passed."
    if verdict.failure is None:
        _show(Card("right", f"{name}: {count}", hidden=hidden))
        return
    says = "the answer" if exercise.form else verdict.failure.received.says
    kind = "not right" if exercise.form else KINDS[verdict.failure.difference.kind]
    rows = [("Hint", verdict.hint)] if verdict.hint else []
    _show(Card("wrong", f"{name}: {count}", f"{_capital(says)}: {kind}.", rows, hidden=hidden))
    raise CheckFailed(_line(name, verdict, says, f"{kind}. {count}"), verdict)


def _hidden_key(name: str) -> Key:
    # At a learner's desk, where there is none, nothing is paid for reading it.
    from course_utils.checks.hidden import hidden_key

    return hidden_key(name)


def _key_of(name: str, keys: Mapping[str, Key]) -> Key:
    if name not in keys:
        raise KeyProblem(f"The key at hand holds nothing for {name!r}: make it again with `course key`.")
    return keys[name]


def _part_of(key: Key, part: str) -> PartKey:
    """Return a part of a question's key; KeyProblem if the key was made with another secret than the notebook."""
    if part not in key.parts:
        raise KeyProblem(
            f"The hidden key was made for other variants of the question {key.exercise!r} than this notebook asks: use "
            "the key that it was released with, or make it again with `course key --again`."
        )
    return key.parts[part]


def _record(name: str, part: str, passed: bool) -> None:
    if _desk.get() is None:
        progress.record(name, part, passed)


def _is_own_answer(name: str, answer: Any) -> bool:
    # An experiment may check a function of another name, such as one with a mistake: that says nothing of progress.
    return getattr(answer, "__name__", name) in (name, "<lambda>")


def _check_question(exercise: Exercise, form: AnswerType, answer: Any, part: str) -> None:
    name = exercise.name
    _canonical(name, form, answer)
    key = None if part.split()[0] == CLASS else _answer_key(name)
    if key is None:
        _record(name, progress.ANSWERED, True)
        sentence = "Whether it is right, your teacher's hidden check says."
        _show(Card("neutral", f"{name}: your answer has the right form.", sentence))
        return
    verdict = judge(exercise, "values", [answer], key.parts["values"])
    _record(name, "values", verdict.passed)
    _record(name, progress.ANSWERED, verdict.passed)
    if verdict.failure is None:
        _show(Card("right", f"{name} is right."))
        return
    if verdict.hint:
        _show(Card("wrong", f"{name}: not right yet", rows=[("Hint", verdict.hint)]))
        raise CheckFailed(f"{name}: {verdict.hint}", verdict)
    _show(Card("wrong", f"{name}: not right yet", "Read the paragraph above the question again."))
    raise CheckFailed(f"{name}: not right yet.", verdict)


def _answer_key(name: str) -> Key | None:
    """Return the published key of a question, or None where a submission is graded: there is none in its sandbox."""
    desk = _desk.get()
    if desk:
        return _key_of(name, desk.published)
    try:
        return published_key(name)
    except KeyProblem:
        return None


def _canonical(name: str, form: AnswerType, answer: Any) -> str:
    try:
        return form.canonical(answer)
    except AnswerTypeError as error:
        _show(Card("wrong", f"{name}: the answer cannot be read", str(error)))
        raise CheckFailed(f"{name}: {error}", blank=answer is None) from None


def _exercise(name: str, answers: tuple[Any, ...], part: str) -> Exercise:
    known = exercises()
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        raise CheckFailed(f"There is no exercise named {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
    exercise = known[name]
    if part not in exercise.parts and not (exercise.form and part.split()[:1] == [CLASS]):
        raise CheckFailed(f"{name} has no part {part!r}: it has {', '.join(map(repr, exercise.parts))}.")
    wanted = (name, *exercise.needs)
    if len(answers) != len(wanted):
        raise CheckFailed(
            f"check({name!r}, ...) takes {len(wanted)} answers ({', '.join(wanted)}); it got {len(answers)}."
        )
    for wanted_name, answer in zip(wanted, answers, strict=True):
        if exercise.form is None and not callable(answer):
            raise CheckFailed(f"{wanted_name} must be a function; it is {type(answer).__name__}.")
        if inspect.isclass(answer):
            raise CheckFailed(f"{wanted_name} must be a function; it is a class.")
    return exercise


def _failure_card(name: str, verdict: Verdict, failure: Failure) -> Card:
    error = failure.received.error
    if isinstance(error, NotImplementedError):
        return Card(
            "neutral",
            f"{name} is not written yet.",
            "Write your answer in place of the line that raises NotImplementedError.",
        )
    rows = failure_rows(failure, name)
    sentence = f"{_capital(failure.received.says)}: {failure.difference.sentence}"
    if error is not None and failure.difference.kind == "raised":
        rows = [row for row in rows if row[0] == "You can try"]
        rows += [("Error", f"{type(error).__name__}: {error}"), ("Where", learner_traceback(error))]
    rows.append(("Hint", verdict.hint))
    return Card("wrong", f"{name} is not right yet.", sentence, [row for row in rows if row[1]])


def _stopped(name: str, stop: KeyboardInterrupt) -> CheckStopped:
    sentence = "You stopped the check while your function was running. Does its loop ever finish?"
    _show(Card("neutral", f"{name} was interrupted.", sentence, [("Where", learner_traceback(stop))]))
    return CheckStopped(f"{name}: interrupted.")


def _line(name: str, verdict: Verdict, says: str, sentence: str) -> str:
    error = verdict.failure.received.error if verdict.failure else None
    if isinstance(error, NotImplementedError):
        return f"{name}: not written yet."
    hint = f" Hint: {verdict.hint}" if verdict.hint else ""
    return f"{name}: {says}: {sentence}{hint}"


def _of_part(part: str) -> str:
    return " about bad arguments" if part == "arguments" else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _show(card: Card) -> None:
    if desk := _desk.get():
        desk.show(card)
        return
    from IPython.core.getipython import get_ipython

    if get_ipython() is None:
        print(repr(card))
        return
    from IPython.display import display

    display(card)  # type: ignore[no-untyped-call]
