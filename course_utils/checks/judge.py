"""Compares an answer's observations with a key: is it correct, and if not, which known mistake is it?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from course_utils.checks.compare import Difference, difference, margin
from course_utils.checks.hints import hint_of
from course_utils.checks.keys import KnownMistake, PartKey
from course_utils.checks.probe import Exercise, Observation, Recorder, Run, tried


@dataclass(frozen=True)
class Failure:
    """An observation that differs from the reference's: both observations, and the difference."""

    expected: Observation
    received: Observation
    difference: Difference


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check: `right` of its `total` observations agree; the first failure; the known mistake if the
    answer has one."""

    total: int
    right: int
    failure: Failure | None = None
    mistake: KnownMistake | None = None

    @property
    def passed(self) -> bool:
        return self.failure is None

    @property
    def hint(self) -> str:
        """The hint for the mistake that was recognised; "" if there is none."""
        return self.mistake.hint if self.mistake else ""


def judge(exercise: Exercise, part: str, answers: Sequence[Any], key: PartKey) -> Verdict:
    """Run the probe of an exercise's part on `answers` (the exercise's own function first), and return the comparison
    with the key."""
    recorders = tried(exercise, part, key.seeds, key.runs, answers)
    failures = list(_failures(key, recorders))
    if not failures:
        return Verdict(key.size, key.size)
    runs = [recorder.observations for recorder in recorders]
    answered = sum(len(seen) for seen in runs)
    known = next((mistake for mistake in key.mistakes if same_observations(mistake.runs, runs, exercise.float32)), None)
    if known and not known.hint:
        known = replace(known, hint=hint_of(exercise.name, known.id))
    return Verdict(key.size, answered - len(failures), _first(failures), known)


def _failures(key: PartKey, recorders: Sequence[Recorder]) -> Iterator[Failure]:
    for run, recorder in zip(key.runs, recorders, strict=True):
        for expected, received, found in zip(run, recorder.observations, recorder.differences, strict=False):
            if found is not None:
                yield Failure(expected, received, found)


def _first(failures: Sequence[Failure]) -> Failure:
    return next((failure for failure in failures if failure.difference.structural), failures[0])


def same_observations(runs: Sequence[Run], others: Sequence[Run], float32: bool = False) -> bool:
    """Return whether two answers led to the same observations, within tolerance, with every seed."""
    for one, other in zip(runs, others, strict=True):
        if len(one) != len(other):
            return False
        for seen, seen_too in zip(one, other, strict=True):
            if difference(seen.value, seen_too.value, seen.tolerance, float32) is not None:
                return False
    return True


def max_deviation(
    runs: Sequence[Run], others: Sequence[Run], float32: bool = False, enough: float = math.inf
) -> float:  # fmt: skip
    """Return the largest difference between two answers' observations, in tolerances; infinite if one of them stopped
    earlier. As soon as a margin reaches `enough`, it is returned and the rest is not compared."""
    largest = 0.0
    for one, other in zip(runs, others, strict=True):
        if len(one) != len(other):
            return math.inf
        for seen, seen_too in zip(one, other, strict=True):
            largest = max(largest, margin(seen.value, seen_too.value, seen.tolerance, float32))
            if largest >= enough:
                return largest
    return largest
