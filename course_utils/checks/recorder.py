"""One run of a probe: it calls the function, records observations, and compares each with the key at once."""

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
    """Ends a probe early: the last result has the wrong type or shape, so the next call would make no sense."""


class Call(NamedTuple):
    """A call to show on a card: the function's name and its arguments before the call, or the text `shown` if the
    arguments alone would not be enough."""

    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shown: str = ""


@functools.lru_cache(maxsize=256)
def _tolerance(rtol: float, atol: float, float32: bool) -> Tolerance:
    tolerance = Tolerance(rtol, atol)
    return tolerance.loosened() if float32 else tolerance


# The value of an observation that was not possible.
BROKEN = Other("the wrong type or shape")
NOT_OBSERVED = "cannot check this, since your function returned the wrong type or shape."
DEFAULT = Tolerance()
EXACT = Tolerance(0.0, 0.0)


@dataclass(slots=True)
class Observation:
    """One observed property: its value, and how exactly it must agree with the expected one.

    `says` names the property for the learner, for example "the new weights". `call` and `error` are only shown; they
    are not part of a key.
    """

    says: str
    value: Any
    tolerance: Tolerance = DEFAULT
    call: Call | None = None
    error: BaseException | None = None


Run = Sequence[Observation]


class _Question(NamedTuple):
    """A call, and `see`, which turns its result into the plain value to be recorded."""

    says: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    see: Callable[[Any], Any]
    tolerance: Tolerance = DEFAULT
    shown: str = ""


# Called instead of the function itself: returns the result of a deferred call, or raises what the call raised.
Outcome = Callable[[], Any]


class Recorder:
    """One run of a probe with one seed. `expected` are the reference's observations, or None while a key is made.

    `observations` is the list of what was observed. With `expected`, `differences` has for each observation how it
    differs from the expected one, or None if it agrees.
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
        """Call the function, and observe its result (or the error) and whether it changed its arguments.

        `hide` is the index of an item of the result that is not compared, such as a cache that learners design
        themselves. `shown` is the call as code that a learner can paste; it is needed if `function` was itself returned
        by the learner's function. The call may be deferred, since many calls are sent to another process in one
        message. So after you pass an array or a list, do not modify it until you have used a method that returns a
        result, such as `call`.
        """
        tolerance = _tolerance(rtol, atol, self.float32)
        self._put(_Question(says, function, args, kwargs, _seeing(hide), tolerance, shown), self._answer)

    def call(
        self, says: str, function: Callable[..., Any], *args: Any,
        rtol: float = 1e-7, atol: float = 1e-9, hide: int | None = None, shown: str = "", **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Like `ask`, but call the function at once and return the result."""
        self.flush()
        tolerance = _tolerance(rtol, atol, self.float32)
        return self._answer(_Question(says, function, args, kwargs, _seeing(hide), tolerance, shown))

    def sample(
        self, says: str, function: Callable[..., Any], *args: Any,
        hide: int | None = None, shown: str = "", **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Like `observe_shape`, but call the function at once and return the result."""
        self.flush()
        return self._answer(self._sampling(says, function, args, kwargs, hide, shown))

    def results(self, function: Callable[..., Any], calls: Iterable[tuple[Any, ...]], **kwargs: Any) -> list[Any]:
        """Call the function with each of these arguments in turn, and return the list of its results; nothing is
        observed. Raises what the function raises. A function in another process gets all calls in one message."""
        self.flush()
        later = deferral_of(function)
        outcomes: list[Outcome] = []
        for args in calls:
            outcome = later(args, kwargs) if later is not None else None
            if outcome is None:
                outcome = functools.partial(_identity, function(*args, **kwargs))
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
        """Like `ask`, but observe only the types and shapes of the result, which is drawn at random.

        The call may be deferred; until it is recorded, a Generator that was passed has not advanced in this process. If
        the probe uses the Generator afterwards in any other way than `ask`, it must use `sample` instead.
        """
        self._put(self._sampling(says, function, args, kwargs, hide, shown), self._answer)

    def expect_error(self, says: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call the function, and observe the type of the error that it raises, or the type and shape of what it
        returns."""
        tolerance = _tolerance(DEFAULT.rtol, DEFAULT.atol, self.float32)
        self._put(_Question(says, function, args, kwargs, _form_of, tolerance), self._answer_error)

    def observe(self, says: str, value: Any, rtol: float = 1e-7, atol: float = 1e-9, call: Call | None = None) -> None:
        """Record a value computed from results, such as a statistic; set `atol` if it is random."""
        self.flush()
        self._record(Observation(says, plain(value), _tolerance(rtol, atol, self.float32), call))

    def observe_later(self, says: str, look: Callable[[], Any]) -> None:
        """Record what `look` returns; it is called once the deferred calls before it are recorded."""
        if self._waiting:
            self._waiting.append(lambda: self.observe(says, look()))
        else:
            self.observe(says, look())

    def flush(self) -> None:
        """Record the deferred calls."""
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            answer()

    def abort(self, error: Exception | None) -> bool:
        """Record that the next observation is not possible with this answer, because it raised `error` or, if that is
        None, returned the wrong type or shape. Return False if no observation was left."""
        place = len(self.observations)
        if self.expected is None or place >= len(self.expected):
            return False
        seen = raised(error) if error else BROKEN
        self.observations.append(Observation(self.expected[place].says, seen, error=error))
        sentence = f"your function raised {type(error).__name__}." if error else NOT_OBSERVED
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

    def _answer_error(self, question: _Question, outcome: Outcome | None = None) -> None:
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


def _identity(result: Any) -> Any:
    return result


def _asked(question: _Question, outcome: Outcome | None) -> tuple[Call, Any, BaseException | None]:
    """Make the call; return it with its arguments as they were before, its result, and the error that it raised."""
    function, args, kwargs = question.function, question.args, question.kwargs
    old_args = args if _all_atoms(args) else tuple(map(_snapshot, args))
    old = kwargs if _all_atoms(kwargs.values()) else {name: _snapshot(value) for name, value in kwargs.items()}
    call = Call(getattr(function, "__name__", "function"), old_args, old, question.shown)
    try:
        return call, outcome() if outcome else function(*args, **kwargs), None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Includes SystemExit, which must not end the check.
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
    """Return the plain value for an exception. Subclasses of ValueError count as ValueError: `except ValueError`
    catches them."""
    kind = "ValueError" if isinstance(error, ValueError) else type(error).__name__
    return Raised(kind, bool(str(error).strip()))


def _snapshot(value: Any) -> Any:
    """Return a copy of an argument, to be shown and to see whether the call changes it; the value itself if no copy is
    needed."""
    kind = type(value)
    if kind in ATOMS or callable(value) or isinstance(value, np.random.Generator):
        return value
    if kind is np.ndarray and value.dtype.kind in "biufc":
        return value.copy(order="K")
    if kind is list and _all_atoms(value):
        return value[:]
    return copy.deepcopy(value)


def _same(before: Any, now: Any) -> bool:
    """Return whether an argument is unchanged."""
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
