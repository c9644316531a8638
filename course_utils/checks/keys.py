"""Keys: what a probe observes of the reference and of every known mistake, with given seeds, stored as data.

The published keys are in `course_utils/checks/keys/`, one JSON file for each exercise, and are used by the instant
check; those of concept questions are in a subfolder. They name each mistake by its id; the hints are in one file per
lesson (`course_utils.checks.hints`). A hidden key is one file with every exercise, made from a secret seed; the
environment variable `COURSE_KEY` names it while grading. With each exercise it has a fingerprint of the probe for which
it was made (`course_utils.checks.fingerprint`). A published key needs none: `course build --check` compares it with the
probes.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from course_utils.checks.compare import Tolerance, difference
from course_utils.checks.recorder import Observation, Run
from course_utils.checks.values import from_json, to_json

FORMAT = 1
SAME = {"same": None}
PUBLISHED = files("course_utils.checks") / "keys"
# The folder in it with the answers of the concept questions: no submission that is graded can read it.
QUESTIONS = "questions"


class KeyProblem(Exception):
    """A key that is missing, damaged or of another version; the message says what to do."""


@dataclass(frozen=True)
class KnownMistake:
    """A likely wrong answer: its id, its hint, and its observations, one run per seed.

    `hint` is "" if the hint is in the lesson's file of hints. A key contains a hint itself only for a question drawn
    for a class, because the hint then names letters of that variant; keys of earlier versions contain all hints.
    """

    id: str
    hint: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class PartKey:
    """The key of one part of an exercise; `runs` are the reference's, one per seed."""

    seeds: tuple[int, ...]
    runs: tuple[Run, ...]
    mistakes: tuple[KnownMistake, ...]

    @property
    def size(self) -> int:
        """The number of observations, which a card shows as the number of checks."""
        return sum(len(run) for run in self.runs)


@dataclass(frozen=True)
class Key:
    """The key of one exercise, by part."""

    exercise: str
    parts: dict[str, PartKey]


def is_question(exercise: str) -> bool:
    """Return whether an exercise is a concept question. A submission cannot read its published key while it is
    graded."""
    return (PUBLISHED / QUESTIONS / f"{exercise}.json").is_file()


def key_to_json(key: Key) -> dict[str, Any]:
    """Return a key as values for JSON."""
    return {
        "format": FORMAT,
        "exercise": key.exercise,
        "parts": {name: _part_to_json(part) for name, part in key.parts.items()},
    }


def _part_to_json(part: PartKey) -> dict[str, Any]:
    return {
        "seeds": list(part.seeds),
        "reference": [[_observation_to_json(seen) for seen in run] for run in part.runs],
        "mistakes": [
            {
                "id": mistake.id,
                **({"hint": mistake.hint} if mistake.hint else {}),
                "runs": [_brief(run, right) for run, right in zip(mistake.runs, part.runs, strict=True)],
            }
            for mistake in part.mistakes
        ],
    }


def _observation_to_json(seen: Observation) -> dict[str, Any]:
    return {"says": seen.says, "value": to_json(seen.value), "rtol": seen.tolerance.rtol, "atol": seen.tolerance.atol}


def _brief(run: Run, right: Run) -> list[Any]:
    # Most observations of most mistakes are the reference's own: keys stay a fraction of the size without them.
    return [
        SAME if difference(one.value, seen.value, one.tolerance) is None else to_json(seen.value)
        for seen, one in zip(run, right, strict=False)
    ]


def key_from_json(data: Any) -> Key:
    """Return the key that `key_to_json` wrote. Raises KeyProblem if the data is anything else."""
    try:
        if data["format"] != FORMAT:
            raise KeyProblem(
                f"The key has format {data['format']}, and this version reads {FORMAT}: make the key again."
            )
        return Key(data["exercise"], {name: _part_from_json(part) for name, part in data["parts"].items()})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KeyProblem(f"The key is damaged ({type(error).__name__}: {error}): make it again.") from error


def _part_from_json(data: dict[str, Any]) -> PartKey:
    runs = tuple(
        [Observation(seen["says"], from_json(seen["value"]), Tolerance(seen["rtol"], seen["atol"])) for seen in run]
        for run in data["reference"]
    )
    mistakes = tuple(
        KnownMistake(
            mistake["id"],
            mistake.get("hint", ""),
            tuple(_whole(run, right) for run, right in zip(mistake["runs"], runs, strict=True)),
        )
        for mistake in data["mistakes"]
    )
    return PartKey(tuple(data["seeds"]), runs, mistakes)


def _whole(run: Sequence[Any], right: Run) -> Run:
    return [
        one if seen == SAME else Observation(one.says, from_json(seen), one.tolerance)
        for seen, one in zip(run, right, strict=False)
    ]


@functools.lru_cache(maxsize=64)
def published_key(exercise: str) -> Key:
    """Return the published key of an exercise."""
    path = PUBLISHED / f"{exercise}.json"
    try:
        text = (path if path.is_file() else PUBLISHED / QUESTIONS / path.name).read_text(encoding="utf-8")
        return key_from_json(json.loads(text))
    except (FileNotFoundError, json.JSONDecodeError) as error:
        raise KeyProblem(
            f"The published key of {exercise!r} is missing or damaged: install course_utils again."
        ) from error
