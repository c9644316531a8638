"""Probes: what is asked of a function.

A probe draws arguments from a seed, calls the function, and records observations. It holds no formula of the answer:
what the reference gave to the same questions stands in a key. One probe serves the learner's instant check, the hidden
check and the build of the keys.

    @probe("sgd_step")
    def probe_sgd_step(recorder, rng, sgd_step):
        w, grad = rng.randn(4, 3), rng.randn(4, 3)
        recorder.ask("the new weights", sgd_step, w, grad, 0.1)

The inputs come from `numpy.random.RandomState`, whose stream is frozen: a key made today holds under any NumPy.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from course_utils.checks import probes
from course_utils.checks.answer_types import AnswerType
from course_utils.checks.recorder import Call, Observation, Recorder, Run, Stop
from course_utils.checks.tracebacks import learner_traceback

__all__ = ["Call", "Exercise", "Observation", "Recorder", "Run", "exercises", "probe", "question", "run", "tried"]


class ProbeFunction(Protocol):
    def __call__(self, recorder: Recorder, rng: np.random.RandomState, /, *functions: Any) -> None: ...


@dataclass(frozen=True)
class Exercise:
    """What is known of an exercise on the learner's side: its probes by part, or the form of its answer.

    `needs` names the exercises whose functions a check takes after the exercise's own, as a backward function needs its
    forward. `float32` says that computing in float32 is accepted. `seeds` limits the seeds of a key, where one run of a
    probe costs much; 0 is no limit.
    """

    name: str
    parts: dict[str, ProbeFunction] = field(default_factory=dict)
    form: AnswerType | None = None
    needs: tuple[str, ...] = ()
    float32: bool = False
    seeds: int = 0


_EXERCISES: dict[str, Exercise] = {}


def probe(
    name: str, part: str = "values", needs: Sequence[str] = (), float32: bool = False, seeds: int = 0
) -> Callable[[ProbeFunction], ProbeFunction]:
    """Register the decorated function as the probe of an exercise's part: "values", "arguments" for bad arguments, or
    a further one.

    `needs`, `float32` and `seeds` are as in `Exercise`; what is said of them at one part holds for all. Raises
    ValueError where the part has a probe already.
    """

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
            seeds or (known.seeds if known else 0),
        )
        return function

    return register


def question(name: str, form: AnswerType) -> None:
    """Register a concept question: its answer is a value of the given form.

    Raises ValueError where there is an exercise of this name already.
    """
    if name in _EXERCISES:
        raise ValueError(f"There are two exercises named {name!r}: rename one of them.")

    def observe_answer(recorder: Recorder, rng: np.random.RandomState, answer: Any) -> None:
        recorder.observe("the answer", form.digest(answer))

    # The question is asked where it stands, as a probe is.
    observe_answer.__module__ = sys._getframe(1).f_globals["__name__"]
    _EXERCISES[name] = Exercise(name, {"values": observe_answer}, form)


def exercises() -> dict[str, Exercise]:
    """Return every registered exercise by name; importing a lesson's module of `probes` registers its exercises."""
    _import_probes(tuple(probes.__path__))
    return _EXERCISES


@functools.lru_cache(maxsize=1)
def _import_probes(places: tuple[str, ...]) -> None:
    for module in pkgutil.iter_modules(places):
        importlib.import_module(f"{probes.__name__}.{module.name}")


def run(
    exercise: Exercise, part: str, seed: int, answers: Sequence[Any], expected: Run | None = None
) -> list[Observation]:
    """Run an exercise's probe with one seed on the given functions, and return what was observed.

    With `expected`, the reference's observations, the probe ends at the first result of another form. Without it,
    what the function raises is passed on.
    """
    return tried(exercise, part, [seed], [expected], answers)[0].observations


def tried(
    exercise: Exercise, part: str, seeds: Sequence[int], expected: Sequence[Run | None], answers: Sequence[Any]
) -> list[Recorder]:
    """Run an exercise's probe with each seed, beside the reference's observations at that seed; see `run`."""
    trials = []
    # A warning on stderr must not cost points.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for seed, right in zip(seeds, expected, strict=True):
            trials.append(recorder := Recorder(right, exercise.float32))
            with _ending(recorder), _random_state(seed) as rng:
                exercise.parts[part](recorder, rng, *answers)
        # Only now, so that what was put aside at several seeds is asked together.
        for recorder in trials:
            with _ending(recorder):
                recorder.flush()
    return trials


@contextlib.contextmanager
def _ending(recorder: Recorder) -> Iterator[None]:
    try:
        yield
    except Stop:
        pass
    except Exception as error:
        # A result of another form can break the probe's own arithmetic, which the reference went through, and an answer
        # can raise in a call that is not observed. One in another process has no frames here.
        with contextlib.suppress(Stop):
            recorder.flush()
        is_answers = error.__traceback__ is None or learner_traceback(error)
        if recorder.expected is None or not (
            any(recorder.differences) or recorder.abort(error if is_answers else None)
        ):
            raise


_idle: list[np.random.RandomState] = []


@contextlib.contextmanager
def _random_state(seed: int) -> Iterator[np.random.RandomState]:
    """Give a generator in the state of `RandomState(seed)`: to seed one again costs a fiftieth of making one."""
    rng = _idle.pop() if _idle else np.random.RandomState()
    rng.seed(seed)
    yield rng
    _idle.append(rng)
