"""Probes: what is asked of a function.

A probe draws arguments from a seed, calls the function, and records observations. It holds no formula of the answer:
what
the reference gave to the same questions stands in a key. One probe serves the learner's instant check, the hidden
check and
the build of the keys.

    @probe("sgd_step")
    def probe_sgd_step(trial, rng, sgd_step):
        w, grad = rng.randn(4, 3), rng.randn(4, 3)
        trial.call("the new weights", sgd_step, w, grad, 0.1)

The inputs come from `numpy.random.RandomState`, whose stream is frozen: a key made today holds under any NumPy.
"""

from __future__ import annotations

import copy
import importlib
import pkgutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from course_utils.checks import probes
from course_utils.checks.compare import Tolerance, difference
from course_utils.checks.forms import Form
from course_utils.checks.values import Arguments, Other, Raised, form, plain

EXACT = Tolerance(0.0, 0.0)
DEFAULT = Tolerance()


class Stop(Exception):
    """Ends a probe early: what was observed has not the form that the next question needs."""


@dataclass(frozen=True)
class Call:
    """A call as it can be shown: the function's name and its arguments before the call, or `shown`, where that says
    too little."""

    function: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shown: str = ""


@dataclass(frozen=True)
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


@dataclass
class Trial:
    """One run of a probe with one seed. `expected` is the reference's observations, where there is a key to follow."""

    expected: Sequence[Observation] | None = None
    float32: bool = False
    observations: list[Observation] = field(default_factory=list)

    def call(
        self, says: str, function: Callable[..., Any], *args: Any,
        rtol: float = 1e-7, atol: float = 1e-9, hide: int | None = None, shown: str = "", **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Call the function and observe its result, what it raised, and that it left its arguments alone; return the
        result.

        `hide` is the place of an item of the result that is the learner's own, such as a cache, and is not compared.
        `shown` is the call as a learner can paste it, where the function is one that the learner's function returned.
        """
        return self._ask(
            says, function, args, kwargs, Tolerance(rtol, atol), lambda result: plain(_hidden(result, hide)), shown
        )

    def sample(
        self, says: str, function: Callable[..., Any], *args: Any, hide: int | None = None, **kwargs: Any
    ) -> Any:
        """Like `call`, but observe only types and shapes of the result: for results that are drawn at random."""
        return self._ask(says, function, args, kwargs, DEFAULT, lambda result: form(plain(_hidden(result, hide))))

    def rejects(self, says: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Observe whether the call raises, and which error."""
        call = _remember(function, args, kwargs)
        result, error = _run(function, args, kwargs)
        seen = raised(error) if error else form(plain(result))
        self._record(Observation(says, seen, DEFAULT, call, error), follow=False)

    def observe(self, says: str, value: Any, rtol: float = 1e-7, atol: float = 1e-9, call: Call | None = None) -> None:
        """Record something derived from results, such as a statistic; give `atol` where it is random."""
        self._record(Observation(says, plain(value), Tolerance(rtol, atol), call))

    def _ask(
        self, says: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any],
        tolerance: Tolerance, see: Callable[[Any], Any], shown: str = "",
    ) -> Any:  # fmt: skip
        call = replace(_remember(function, args, kwargs), shown=shown)
        before = plain([args, kwargs])
        result, error = _run(function, args, kwargs)
        self._record(Observation(says, raised(error) if error else see(result), tolerance, call, error))
        if error:
            if self.expected is None:
                raise error
            raise Stop
        changed = difference(before, plain([args, kwargs]), EXACT) is not None
        self._record(Observation(says, Arguments(changed), EXACT, call))
        return result

    def _record(self, observation: Observation, follow: bool = True) -> None:
        if self.float32:
            observation = Observation(
                observation.says,
                observation.value,
                observation.tolerance.loosened(),
                observation.call,
                observation.error,
            )
        self.observations.append(observation)
        if follow and self.expected is not None:
            expected = self.expected[len(self.observations) - 1]
            found = difference(expected.value, observation.value, expected.tolerance, self.float32)
            if found and found.structural:
                raise Stop


def _hidden(result: Any, place: int | None) -> Any:
    if place is None or not isinstance(result, tuple) or place >= len(result):
        return result
    return (*result[:place], Other("your own"), *result[place + 1 :])


def raised(error: BaseException) -> Raised:
    """Return an exception's plain form: subclasses of ValueError count as ValueError, for they are caught as such."""
    kind = "ValueError" if isinstance(error, ValueError) else type(error).__name__
    return Raised(kind, bool(str(error).strip()))


def _run(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, BaseException | None]:
    # A warning on stderr must not cost points, and a SystemExit must not end the check.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*args, **kwargs), None
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return None, error


def _remember(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    return Call(
        getattr(function, "__name__", "function"),
        tuple(_snapshot(a) for a in args),
        {k: _snapshot(v) for k, v in kwargs.items()},
    )


def _snapshot(value: Any) -> Any:
    return value if callable(value) else copy.deepcopy(value)


class ProbeFunction(Protocol):
    def __call__(self, trial: Trial, rng: np.random.RandomState, /, *functions: Any) -> None: ...


@dataclass(frozen=True)
class Exercise:
    """What is known of an exercise on the learner's side: its probes by part, or the form of its answer.

    `needs` names the exercises whose functions a check takes after the exercise's own, as a backward function needs its
    forward. `float32` says that computing in float32 is accepted.
    """

    name: str
    parts: dict[str, ProbeFunction] = field(default_factory=dict)
    form: Form | None = None
    needs: tuple[str, ...] = ()
    float32: bool = False


_EXERCISES: dict[str, Exercise] = {}


def probe(
    name: str, part: str = "values", needs: Sequence[str] = (), float32: bool = False
) -> Callable[[ProbeFunction], ProbeFunction]:
    """Register the decorated function as the probe of an exercise's part: "values", or "arguments" for bad
    arguments."""

    def register(function: ProbeFunction) -> ProbeFunction:
        known = _EXERCISES.get(name)
        parts = dict(known.parts) if known else {}
        if part in parts:
            raise ValueError(f"Exercise {name!r} has two probes for its part {part!r}: rename one of them.")
        _EXERCISES[name] = Exercise(
            name,
            parts | {part: function},
            None,
            tuple(needs) or (known.needs if known else ()),
            float32 or bool(known and known.float32),
        )
        return function

    return register


def question(name: str, form: Form) -> None:
    """Register a concept question: its answer is a value of the given form."""
    if name in _EXERCISES:
        raise ValueError(f"There are two exercises named {name!r}: rename one of them.")

    def observe_answer(trial: Trial, rng: np.random.RandomState, answer: Any) -> None:
        trial.observe("the answer", form.digest(answer))

    _EXERCISES[name] = Exercise(name, {"values": observe_answer}, form)


def exercises() -> dict[str, Exercise]:
    """Return every registered exercise by name; importing a lesson's module of `probes` registers its exercises."""
    for module in pkgutil.iter_modules(probes.__path__):
        importlib.import_module(f"{probes.__name__}.{module.name}")
    return _EXERCISES


def run(
    exercise: Exercise, part: str, seed: int, answers: Sequence[Any], expected: Sequence[Observation] | None = None
) -> list[Observation]:
    """Run an exercise's probe with one seed on the given functions, and return what was observed.

    With `expected`, the reference's observations, the probe ends at the first result of another form. Without it,
    what the
    function raises is passed on.
    """
    trial = Trial(expected, exercise.float32)
    try:
        exercise.parts[part](trial, np.random.RandomState(seed), *answers)
    except Stop:
        pass
    except Exception:
        # A result that differs already can break the probe's own arithmetic; anything else is a fault of the probe.
        if expected is None or not any(_differ(expected, trial.observations, exercise.float32)):
            raise
    return trial.observations


def _differ(expected: Sequence[Observation], received: Sequence[Observation], float32: bool) -> Iterator[bool]:
    for one, other in zip(expected, received, strict=False):
        yield difference(one.value, other.value, one.tolerance, float32) is not None
