"""`check` and `check_hidden`, which the test cells of a notebook call."""

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
from course_utils.text import plural

# The part of a question in the notebook of a class: "class", or "class 5f1c0a92" if the teacher's secret chose the
# variant.
CLASS = "class"
# What a hidden check may say about a difference: its kind, never an argument or a value of the hidden key.
KINDS = {
    "raised": "your function raised an error",
    "not raised": "your function accepts arguments that it should reject",
    "silent": "the error has no message",
    "none": "the result is None",
    "type": "the result has the wrong type",
    "complex": "the result is complex",
    "shape": "the result has the wrong shape",
    "dtype": "the result has the wrong dtype",
    "length": "the result has the wrong length",
    "missing": "a key is missing from the result",
    "nan": "the result contains NaN",
    "changed": "your function changes an argument",
    "value": "not as expected",
}


class CheckFailed(AssertionError):
    """An answer is not correct. The message names the exercise and, if the mistake is known, contains its hint.

    `verdict` is the outcome of the comparison, or None if there was none. `blank`: nothing has been answered yet.
    """

    def __init__(self, message: str, verdict: Verdict | None = None, blank: bool = False) -> None:
        failure = verdict.failure if verdict else None
        self.verdict = verdict
        self.blank = blank or (failure is not None and isinstance(failure.received.error, NotImplementedError))
        super().__init__(message)

    def _render_traceback_(self) -> list[str]:
        # IPython shows this instead of the traceback through the check, which would not help a learner.
        return [f"CheckFailed: {self}"]


class CheckStopped(KeyboardInterrupt):
    """The learner interrupted a check, usually because the function did not finish."""

    def _render_traceback_(self) -> list[str]:
        return [f"KeyboardInterrupt: {self}"]


@dataclass(frozen=True)
class CheckContext:
    """Where checks take their keys from while grading, and what to do with their cards."""

    hidden: Mapping[str, Key]
    published: Mapping[str, Key]
    show: Callable[[Card], None]


# None in a learner's notebook; set while grading.
_context: ContextVar[CheckContext | None] = ContextVar("_context", default=None)


@contextlib.contextmanager
def grading(
    hidden: Mapping[str, Key], published: Mapping[str, Key], show: Callable[[Card], None]
) -> Iterator[None]:  # fmt: skip
    """Inside this context, the checks of this thread use these keys, pass their cards to `show`, and record no
    progress."""
    token = _context.set(CheckContext(hidden, published, show))
    try:
        yield
    finally:
        _context.reset(token)


def check(name: str, *answers: Any, part: str = "values", reveal: bool = False) -> None:
    """Compare an answer with the published key and show a card.

    `name` is the exercise's name. `answers` are its function (or, for a concept question, its value), followed by the
    functions that the exercise builds on. `part="arguments"` checks how the function handles bad arguments. In the
    notebook of a class, the part of a concept question begins with "class"; the check then says only whether the answer
    has a valid format. `reveal` no longer has an effect: outside a class, the check of a question always says whether
    the answer is correct.

    Raises CheckFailed if the answer is wrong or has an invalid format, or if the call itself is wrong, for example if
    there is no exercise `name`.
    """
    exercise = _exercise(name, answers, part)
    if exercise.form is not None:
        _check_question(exercise, exercise.form, answers[0], part)
        return
    context = _context.get()
    key = _key_of(name, context.published) if context else published_key(name)
    try:
        verdict = judge(exercise, part, answers, key.parts[part])
    except KeyboardInterrupt as stop:
        # While grading, it is the teacher who stops the whole run: no card then.
        raise stop if context else _stopped(name, stop) from None
    if _is_own_answer(name, answers[0]):
        _record(name, part, verdict.passed)
    if verdict.failure is None:
        title = f"{name} handles bad arguments correctly." if part == "arguments" else f"{name} is correct."
        _show(Card("right", title, f"All {verdict.total} tests pass."))
        return
    _show(_failure_card(name, verdict, verdict.failure))
    line = _line(name, verdict, verdict.failure.received.says, verdict.failure.difference.sentence)
    raise CheckFailed(line, verdict)


def check_hidden(name: str, *answers: Any, part: str = "values") -> None:
    """Compare an answer with the hidden key, whose file `COURSE_KEY` names while a teacher grades, and show a card.

    The card says which property failed and the hint of a known mistake, but never an argument or a value. Raises
    CheckFailed if the answer is wrong, and KeyProblem if there is no hidden key: the check never passes without one.
    """
    exercise = _exercise(name, answers, part)
    context = _context.get()
    key = _key_of(name, context.hidden) if context else _hidden_key(name)
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
    kind = "not correct" if exercise.form else KINDS[verdict.failure.difference.kind]
    rows = [("Hint", verdict.hint)] if verdict.hint else []
    _show(Card("wrong", f"{name}: {count}", f"{_capital(says)}: {kind}.", rows, hidden=hidden))
    raise CheckFailed(_line(name, verdict, says, f"{kind}. {count}"), verdict)


def _hidden_key(name: str) -> Key:
    # Imported here, since learners never need it.
    from course_utils.checks.hidden import hidden_key

    return hidden_key(name)


def _key_of(name: str, keys: Mapping[str, Key]) -> Key:
    if name not in keys:
        raise KeyProblem(f"The key contains nothing for {name!r}: make it again with `course key`.")
    return keys[name]


def _part_of(key: Key, part: str) -> PartKey:
    """Return a part of a question's key. Raises KeyProblem if key and notebook were made with different secrets."""
    if part not in key.parts:
        raise KeyProblem(
            f"The hidden key was made for another variant of the question {key.exercise!r} than this notebook has: use "
            "the key that the notebook was released with, or make the key again with `course key --again`."
        )
    return key.parts[part]


def _record(name: str, part: str, passed: bool) -> None:
    if _context.get() is None:
        progress.record(name, part, passed)


def _is_own_answer(name: str, answer: Any) -> bool:
    # An experiment may check another function, such as one with a mistake: that is no progress.
    return getattr(answer, "__name__", name) in (name, "<lambda>")


def _check_question(exercise: Exercise, form: AnswerType, answer: Any, part: str) -> None:
    name = exercise.name
    _canonical(name, form, answer)
    key = None if part.split()[0] == CLASS else _answer_key(name)
    if key is None:
        _record(name, progress.ANSWERED, True)
        sentence = "You will see whether it is correct when your teacher has graded it."
        _show(Card("neutral", f"{name}: your answer has a valid format.", sentence))
        return
    verdict = judge(exercise, "values", [answer], key.parts["values"])
    _record(name, "values", verdict.passed)
    _record(name, progress.ANSWERED, verdict.passed)
    if verdict.failure is None:
        _show(Card("right", f"{name} is correct."))
        return
    if verdict.hint:
        _show(Card("wrong", f"{name}: not correct yet", rows=[("Hint", verdict.hint)]))
        raise CheckFailed(f"{name}: {verdict.hint}", verdict)
    _show(Card("wrong", f"{name}: not correct yet", "Reread the paragraph above the question and try again."))
    raise CheckFailed(f"{name}: not correct yet.", verdict)


def _answer_key(name: str) -> Key | None:
    """Return the published key of a question, or None if there is none, as in the sandbox of a submission."""
    context = _context.get()
    if context:
        return _key_of(name, context.published)
    try:
        return published_key(name)
    except KeyProblem:
        return None


def _canonical(name: str, form: AnswerType, answer: Any) -> str:
    try:
        return form.canonical(answer)
    except AnswerTypeError as error:
        title = "not answered yet" if answer is None else "can't read this answer"
        _show(Card("wrong", f"{name}: {title}", str(error)))
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
            f"check({name!r}, ...) takes {plural(len(wanted), 'answer')} ({', '.join(wanted)}); it got {len(answers)}."
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
            "Replace the line that raises NotImplementedError with your answer.",
        )
    rows = failure_rows(failure, name)
    sentence = f"{_capital(failure.received.says)}: {failure.difference.sentence}"
    if error is not None and failure.difference.kind == "raised":
        rows = [row for row in rows if row[0] == "Try this call"]
        rows += [("Error", f"{type(error).__name__}: {error}"), ("Where", learner_traceback(error))]
    rows.append(("Hint", verdict.hint))
    return Card("wrong", f"{name} is not correct yet.", sentence, [row for row in rows if row[1]])


def _stopped(name: str, stop: KeyboardInterrupt) -> CheckStopped:
    sentence = "You stopped the check while your function was running. Does it contain a loop that never finishes?"
    _show(Card("neutral", f"{name} was interrupted.", sentence, [("Where", learner_traceback(stop))]))
    return CheckStopped(f"{name}: interrupted.")


def _line(name: str, verdict: Verdict, says: str, sentence: str) -> str:
    error = verdict.failure.received.error if verdict.failure else None
    if isinstance(error, NotImplementedError):
        return f"{name}: not written yet."
    hint = f" Hint: {verdict.hint}" if verdict.hint else ""
    return f"{name}: {says}: {sentence}{hint}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _show(card: Card) -> None:
    if context := _context.get():
        context.show(card)
        return
    from IPython.core.getipython import get_ipython

    if get_ipython() is None:
        print(repr(card))
        return
    from IPython.display import display

    display(card)  # type: ignore[no-untyped-call]
