"""One run of a probe: calls the function, records what is seen, and holds it at once against the key."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from course_utils.checks.compare import Difference, Tolerance, difference
from course_utils.checks.remote_calls import deferral_of
from course_utils.checks.values import ATOMS, CHANGED, UNCHANGED, Other, Raised, form, plain


class Stop(Exception):
    """Ends a probe early: what was observed has not the form that the next question needs."""


class Call(NamedTuple):
    """A call as it can be shown: the function's name and its arguments before the call, or `shown`, where that says
    too little."""

    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shown: str = ""


@functools.lru_cache(maxsize=256)
def _tolerance(rtol: float, atol: float, float32: bool) -> Tolerance:
    tolerance = Tolerance(rtol, atol)
    return tolerance.loosened() if float32 else tolerance


# Stands for what could not be observed.
BROKEN = Other("of another form")
UNTOLD = "this cannot be told, for your function returned something of another form than it should."
DEFAULT = Tolerance()
EXACT = Tolerance(0.0, 0.0)


@dataclass(slots=True)
class Observation:
    """One property that was asked for, what was seen, and how exactly it must agree.

    `says` names the property for the learner, as in "the new weights". `call` and `error` are there to be shown and are
    not part of a key.
    """

    says: str
    value: Any
    tolerance: Tolerance = DEFAULT
    call: Call | None = None
    error: BaseException | None = None


Run = Sequence[Observation]


class _Question(NamedTuple):
    """A call, and how its result is seen."""

    says: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    see: Callable[[Any], Any]
    tolerance: Tolerance = DEFAULT
    shown: str = ""


# Gives the result of a call, or raises, in place of the function itself.
Outcome = Callable[[], Any]


class Recorder:
    """One run of a probe with one seed. `expected` is the reference's observations, where there is a key to follow.

    `observations` are what was seen, `differences` how each differs from the expected one, None where it agrees.
    """

    def __init__(self, expected: Run | None = None, float32: bool = False) -> None:
        self.expected, self.float32 = expected, float32
        self.observations: list[Observation] = []
        self.differences: list[Difference | None] = []
        self._waiting: list[Callable[[], object]] = []

    def ask(
        self, says: str, function: Callable[..., Any], *args: Any,
        rtol: float = 1e-7, atol: float = 1e-9, hide: int | None = None, shown: str = "", **kwargs: Any,
    ) -> None:  # fmt: skip
        """Call the function and observe its result, what it raised, and that it left its arguments alone.

        `hide` is the place of an item of the result that is the learner's own, such as a cache, and is not compared.
        `shown` is the call as a learner can paste it, where the function is one that the learner's function returned.
        A function in another process is asked many such questions in one message. So a probe that gave an array or a
        list leaves it as it is until it asks for something that it gets back.
        """
        tolerance = _tolerance(rtol, atol, self.float32)
        self._put(_Question(says, function, args, kwargs, _seeing(hide), tolerance, shown), self._answer)

    def call(
        self, says: str, function: Callable[..., Any], *args: Any,
        rtol: float = 1e-7, atol: float = 1e-9, hide: int | None = None, shown: str = "", **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Like `ask`, at once; return the result, which the probe needs in order to go on."""
        self.flush()
        tolerance = _tolerance(rtol, atol, self.float32)
        return self._answer(_Question(says, function, args, kwargs, _seeing(hide), tolerance, shown))

    def sample(
        self, says: str, function: Callable[..., Any], *args: Any,
        hide: int | None = None, shown: str = "", **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Like `observe_shape`, at once; return the result, of which the probe observes more."""
        self.flush()
        return self._answer(self._sampling(says, function, args, kwargs, hide, shown))

    def results(self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]], **kwargs: Any) -> list[Any]:
        """Return what the function returns with each of these arguments in turn, to be observed; raise what it raises.
        A function in another process is asked for all of them in one message."""
        self.flush()
        later = deferral_of(function)
        outcomes: list[Outcome] = []
        for args in calls:
            outcome = later(args, kwargs) if later is not None else None
            if outcome is None:
                outcome = functools.partial(_itself, function(*args, **kwargs))
            outcomes.append(outcome)
        return [outcome() for outcome in outcomes]

    def _sampling(
        self, says: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any],
        hide: int | None, shown: str,
    ) -> _Question:  # fmt: skip
        see = _seeing(hide)
        tolerance = _tolerance(DEFAULT.rtol, DEFAULT.atol, self.float32)
        return _Question(says, function, args, kwargs, lambda result: form(see(result)), tolerance, shown)

    def observe_shape(
        self, says: str, function: Callable[..., Any], *args: Any,
        hide: int | None = None, shown: str = "", **kwargs: Any,
    ) -> None:  # fmt: skip
        """Like `ask`, but observe only types and shapes of the result: for results that are drawn at random.

        Until it is settled, a Generator that was passed has not moved on here: a probe that goes on with it, other
        than by `ask` and its like, uses `sample`.
        """
        self._put(self._sampling(says, function, args, kwargs, hide, shown), self._answer)

    def expect_error(self, says: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Observe whether the call raises, and which error."""
        tolerance = _tolerance(DEFAULT.rtol, DEFAULT.atol, self.float32)
        self._put(_Question(says, function, args, kwargs, _form_of, tolerance), self._answer_refusal)

    def observe(self, says: str, value: Any, rtol: float = 1e-7, atol: float = 1e-9, call: Call | None = None) -> None:
        """Record something derived from results, such as a statistic; give `atol` where it is random."""
        self.flush()
        self._record(Observation(says, plain(value), _tolerance(rtol, atol, self.float32), call))

    def observe_later(self, says: str, look: Callable[[], Any]) -> None:
        """Record what `look` returns once the questions before it are answered, which need not be now."""
        if self._waiting:
            self._waiting.append(lambda: self.observe(says, look()))
        else:
            self.observe(says, look())

    def flush(self) -> None:
        """Record the answers to the questions that were put aside."""
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer()

    def abort(self, error: Exception | None) -> bool:
        """Record that what comes next cannot be observed with this answer, which raised `error` where that is not None;
        False where nothing was to come."""
        place = len(self.observations)
        if self.expected is None or place >= len(self.expected):
            return False
        seen = raised(error) if error else BROKEN
        self.observations.append(Observation(self.expected[place].says, seen, error=error))
        sentence = f"your function raised {type(error).__name__}." if error else UNTOLD
        self.differences.append(Difference("raised" if error else "type", sentence))
        return True

    def _put(self, question: _Question, answer: Callable[..., Any]) -> None:
        later = deferral_of(question.function)
        outcome = later(question.args, question.kwargs) if later is not None else None
        if outcome is not None:
            self._waiting.append(functools.partial(answer, question, outcome))
            return
        if self._waiting:
            self.flush()
        answer(question)

    def _answer(self, question: _Question, outcome: Outcome | None = None) -> Any:
        call, result, error = _asked(question, outcome)
        seen = raised(error) if error else question.see(result)
        self._record(Observation(question.says, seen, question.tolerance, call, error))
        if error:
            if self.expected is None:
                raise error
            raise Stop
        same = (call.args is question.args or all(map(_same, call.args, question.args))) and (
            call.kwargs is question.kwargs or all(map(_same, call.kwargs.values(), question.kwargs.values()))
        )
        tolerance = _tolerance(EXACT.rtol, EXACT.atol, True) if self.float32 else EXACT
        self._record(Observation(question.says, UNCHANGED if same else CHANGED, tolerance, call))
        return result

    def _answer_refusal(self, question: _Question, outcome: Outcome | None = None) -> None:
        call, result, error = _asked(question, outcome)
        seen = raised(error) if error else question.see(result)
        self._record(Observation(question.says, seen, question.tolerance, call, error), follow=False)

    def _record(self, observation: Observation, follow: bool = True) -> None:
        self.observations.append(observation)
        if self.expected is None:
            return
        expected = self.expected[len(self.observations) - 1]
        found = difference(expected.value, observation.value, expected.tolerance, self.float32)
        self.differences.append(found)
        if follow and found is not None and found.structural:
            raise Stop


def _itself(result: Any) -> Any:
    return result


def _asked(question: _Question, outcome: Outcome | None) -> tuple[Call, Any, BaseException | None]:
    """Return the call as it was before, its result, and what it raised."""
    function, args, kwargs = question.function, question.args, question.kwargs
    held_args = args if _all_atoms(args) else tuple(map(_snapshot, args))
    held = kwargs if _all_atoms(kwargs.values()) else {name: _snapshot(value) for name, value in kwargs.items()}
    call = Call(getattr(function, "__name__", "function"), held_args, held, question.shown)
    try:
        return call, outcome() if outcome else function(*args, **kwargs), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # A SystemExit must not end the check.
        return call, None, error


def _seeing(hide: int | None) -> Callable[[Any], Any]:
    return plain if hide is None else lambda result: plain(_hidden(result, hide))


def _form_of(result: Any) -> Any:
    return form(plain(result))


def _hidden(result: Any, place: int) -> Any:
    if not isinstance(result, tuple) or place >= len(result):
        return result
    return (*result[:place], Other("your own"), *result[place + 1 :])


def raised(error: BaseException) -> Raised:
    """Return an exception's plain form: subclasses of ValueError count as ValueError, for they are caught as such."""
    kind = "ValueError" if isinstance(error, ValueError) else type(error).__name__
    return Raised(kind, bool(str(error).strip()))


def _snapshot(value: Any) -> Any:
    """Return a copy to be shown, and compared with what the call leaves; the value itself if no copy is needed."""
    kind = type(value)
    if kind in ATOMS or callable(value) or isinstance(value, np.random.Generator):
        return value
    if kind is np.ndarray and value.dtype.kind in "biufc":
        return value.copy(order="K")
    if kind is list and _all_atoms(value):
        return value[:]
    return copy.deepcopy(value)


def _same(before: Any, now: Any) -> bool:
    """Tell whether an argument is what it was."""
    if before is now:
        return True
    kind = type(now)
    if kind is np.ndarray and before.shape == now.shape and before.dtype == now.dtype:
        if before.dtype.kind in "biufc" and before.tobytes() == now.tobytes():
            return True
    elif kind is list and _all_atoms(before) and _all_atoms(now) and _same_atoms(before, now):
        return True
    return difference(plain(before), plain(now), EXACT) is None


def _all_atoms(items: Iterable[Any]) -> bool:
    return ATOMS.issuperset(map(type, items))


def _same_atoms(before: list[Any], now: list[Any]) -> bool:
    return before == now and [type(item) for item in before] == [type(item) for item in now]
