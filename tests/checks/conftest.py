"""An exercise for the tests, with its own key: `scaled(x, factor)` returns `factor * x`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_utils.checks import keys
from course_utils.checks.fingerprint import with_fingerprint
from course_utils.checks.keys import Key, KnownMistake, PartKey, key_to_json
from course_utils.checks.probe import _EXERCISES, Exercise, Recorder, exercises, run

SEEDS = (1, 2)


def scaled(x: np.ndarray, factor: float) -> np.ndarray:
    if factor < 0:
        raise ValueError("factor must be at least 0.")
    return factor * x


def added(x: np.ndarray, factor: float) -> np.ndarray:
    return factor + x


def probe_values(trial: Recorder, rng: np.random.RandomState, answer: Callable[..., Any]) -> None:
    x = rng.randn(3, 2).round(2)
    once = trial.call("the scaled array", answer, x, 2.5)
    trial.call("the scaled array, scaled again", answer, once, 0.5)


def probe_arguments(trial: Recorder, rng: np.random.RandomState, answer: Callable[..., Any]) -> None:
    trial.expect_error("a negative factor", answer, np.ones(2), -1.0)


@pytest.fixture
def exercise() -> Iterator[Exercise]:
    exercises()
    made = Exercise("scaled", {"values": probe_values, "arguments": probe_arguments})
    _EXERCISES["scaled"] = made
    yield made
    del _EXERCISES["scaled"]


@pytest.fixture
def key(exercise: Exercise) -> Key:
    parts = {}
    for part in exercise.parts:
        runs = tuple(run(exercise, part, seed, [scaled]) for seed in SEEDS)
        wrong = tuple(run(exercise, part, seed, [added], right) for seed, right in zip(SEEDS, runs, strict=True))
        parts[part] = PartKey(SEEDS, runs, (KnownMistake("adds", "Which operation does the formula use?", wrong),))
    return Key("scaled", parts)


@pytest.fixture
def published(key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Publish the key, and change to an empty folder."""
    import json

    (tmp_path / "scaled.json").write_text(json.dumps(key_to_json(key)))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(keys, "PUBLISHED", tmp_path)
    keys.published_key.cache_clear()
    yield tmp_path
    keys.published_key.cache_clear()


@pytest.fixture
def hidden(key: Key, exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set COURSE_KEY to a file with the hidden key."""
    import json

    path = tmp_path / "course.key"
    path.write_text(json.dumps({"format": 1, "secret": "s", "exercises": {"scaled": with_fingerprint(key, exercise)}}))
    monkeypatch.setenv("COURSE_KEY", str(path))
    return path
