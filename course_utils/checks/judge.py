"""Holds an answer's observations against a key: right, wrong, and which known mistake it is."""

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
    """The first observation that differs, beside what the reference gave."""

    expected: Observation
    received: Observation
    difference: Difference


@dataclass(frozen=True)
class Verdict:
    """What a check found: how many of its `total` observations agree, the first failure, the mistake recognised."""

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
    """Ask the probe's questions of `answers` (the exercise's own function first) and compare with the key."""
    trials = tried(exercise, part, key.seeds, key.runs, answers)
    failures = list(_failures(key, trials))
    if not failures:
        return Verdict(key.size, key.size)
    runs = [trial.observations for trial in trials]
    answered = sum(len(seen) for seen in runs)
    known = next((mistake for mistake in key.mistakes if same_observations(mistake.runs, runs, exercise.float32)), None)
    if known and not known.hint:
        known = replace(known, hint=hint_of(exercise.name, known.id))
    return Verdict(key.size, answered - len(failures), _first(failures), known)


def _failures(key: PartKey, trials: Sequence[Recorder]) -> Iterator[Failure]:
    for run, trial in zip(key.runs, trials, strict=True):
        for expected, received, found in zip(run, trial.observations, trial.differences, strict=False):
            if found is not None:
                yield Failure(expected, received, found)


def _first(failures: Sequence[Failure]) -> Failure:
    return next((failure for failure in failures if failure.difference.structural), failures[0])


def same_observations(runs: Sequence[Run], others: Sequence[Run], float32: bool = False) -> bool:
    """Tell whether two answers gave the same observations, within tolerance, at every seed."""
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
    """Return the largest margin between two answers' observations, in tolerances; infinite where one stopped
    earlier. From `enough` on it may be any margin that large: the rest is not compared."""
    largest = 0.0
    for one, other in zip(runs, others, strict=True):
        if len(one) != len(other):
            return math.inf
        for seen, seen_too in zip(one, other, strict=True):
            largest = max(largest, margin(seen.value, seen_too.value, seen.tolerance, float32))
            if largest >= enough:
                return largest
    return largest
