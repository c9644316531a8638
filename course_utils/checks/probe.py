"""Probes: they decide how a function is tested.

A probe draws arguments from a seed, calls the function, and records observations. It contains no formula of the answer:
the key has the observations of the reference solution. The same probe is used for the learner's instant check, for the
hidden check, and to build the keys.

    @probe("sgd_step")
    def probe_sgd_step(recorder, rng, sgd_step):
        w, grad = rng.randn(4, 3), rng.randn(4, 3)
        recorder.ask("the new weights", sgd_step, w, grad, 0.1)

The inputs come from `numpy.random.RandomState`, whose stream never changes, so that a key fits every version of NumPy.
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
    """A probe; `functions` are the answer and the functions that the exercise needs."""

    def __call__(self, recorder: Recorder, rng: np.random.RandomState, /, *functions: Any) -> None: ...


@dataclass(frozen=True)
class Exercise:
    """An exercise without its solution: its probes by part; for a concept question also `form`, its answer's type.

    `needs` names the exercises whose functions a check takes after the exercise's own: for example, a backward function
    needs its forward function. `float32`: the answer may compute in float32. `seeds` limits the number of seeds in a
    key, if a run of the probe takes long; 0 means no limit.
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
    """Return a decorator that registers a function as the probe of an exercise's part: "values", "arguments" (for bad
    arguments), or another name.

    `needs`, `float32` and `seeds` are as in `Exercise`; if one part sets them, they apply to all parts. Raises
    ValueError if the part already has a probe.
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
    """Register a concept question whose answer has the given type.

    Raises ValueError if there is already an exercise of this name.
    """
    if name in _EXERCISES:
        raise ValueError(f"There are two exercises named {name!r}: rename one of them.")

    def observe_answer(recorder: Recorder, rng: np.random.RandomState, answer: Any) -> None:
        recorder.observe("the answer", form.digest(answer))

    # The module that registers the question, as for a probe: `fingerprint` needs it.
    observe_answer.__module__ = sys._getframe(1).f_globals["__name__"]
    _EXERCISES[name] = Exercise(name, {"values": observe_answer}, form)


def exercises() -> dict[str, Exercise]:
    """Return every exercise by name. It imports the modules of `probes`, which register their exercises."""
    _import_probes(tuple(probes.__path__))
    return _EXERCISES


@functools.lru_cache(maxsize=1)
def _import_probes(places: tuple[str, ...]) -> None:
    for module in pkgutil.iter_modules(places):
        importlib.import_module(f"{probes.__name__}.{module.name}")


def run(
    exercise: Exercise, part: str, seed: int, answers: Sequence[Any], expected: Run | None = None
) -> list[Observation]:
    """Run an exercise's probe with one seed on the given functions, and return the observations.

    With `expected`, the reference's observations, the probe stops at the first result with the wrong type or shape.
    Without it, an error that the function raises is raised here.
    """
    return tried(exercise, part, [seed], [expected], answers)[0].observations


def tried(
    exercise: Exercise, part: str, seeds: Sequence[int], expected: Sequence[Run | None], answers: Sequence[Any]
) -> list[Recorder]:
    """Run an exercise's probe with each seed, and return the recorder of each run. `expected` has the reference's
    observations for each seed, or None; see `run`."""
    recorders = []
    # A warning on stderr must not cost points.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for seed, right in zip(seeds, expected, strict=True):
            recorders.append(recorder := Recorder(right, exercise.float32))
            with _catching(recorder), _random_state(seed) as rng:
                exercise.parts[part](recorder, rng, *answers)
        # Flushed only now, so that the deferred calls of all seeds are sent together.
        for recorder in recorders:
            with _catching(recorder):
                recorder.flush()
    return recorders


@contextlib.contextmanager
def _catching(recorder: Recorder) -> Iterator[None]:
    """Record an error inside the block as a wrong answer if the answer caused it; otherwise raise it."""
    try:
        yield
    except Stop:
        pass
    except Exception as error:
        # A result of the wrong type or shape can make the probe's own code fail (it works with the reference), and an
        # answer can raise in a call that is not observed. If the answer runs in another process, its error has no
        # frames here.
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
    """Yield a generator in the state of `RandomState(seed)`. It is reused: seeding takes a fiftieth of the time that
    making one takes."""
    rng = _idle.pop() if _idle else np.random.RandomState()
    rng.seed(seed)
    yield rng
    _idle.append(rng)
