"""Runs one explorer (an interactive figure): computes what it shows with the learner's functions, or uses recorded
data if they cannot be used."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Explorer
from course_utils.explorers.recording import Recording, recorded
from course_utils.threads import one_core


@dataclass(frozen=True)
class Answer:
    """A scene as JSON, or None if there is none; whether the learner's functions made it; a message for the reader."""

    scene: dict[str, Any] | None
    live: bool
    message: str = ""


class Session:
    """An explorer with the learner's functions, in the order of its exercises; None for a function that is missing."""

    def __init__(self, explorer: Explorer, functions: Sequence[Callable[..., Any] | None]) -> None:
        self.explorer = explorer
        self.functions = [_named(*pair) for pair in zip(explorer.exercises, functions, strict=True)]

    @property
    def recording(self) -> Recording | None:
        """The recording of this explorer, or None."""
        return recorded(self.explorer.name)

    def first(self) -> Answer:
        """Return the scene with all controls at their start positions."""
        return self.at({})

    def at(self, positions: Mapping[str, Any]) -> Answer:
        """Return the scene at these positions of the controls, made by the learner's functions; if that fails, the
        start scene of the recording, with a message that says why."""
        try:
            values = self.explorer.values_at(positions)
            return Answer(self._own(values), live=True)
        except _Missing as missing:
            why = f": {missing.name} is not in this notebook. Once it is, run this cell again to use the controls."
        except _Raised as raised:
            why = f", since {raised.name} raised {_in_short(raised.error)}"
            if isinstance(raised.error, NotImplementedError):
                why = f": once {raised.name} is written, run this cell again to see what it does."
        except Exception as error:
            why = f", since what your functions returned cannot be drawn: {_in_short(error)}"
        recording = self.recording
        return Answer(recording["start"] if recording else None, live=False, message=f"This is a recording{why}")

    def _own(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the scene that the learner's functions make, without warnings and printed output."""
        # A rate that is too large overflows; the picture shows it, so that no warning is needed.
        quiet = contextlib.redirect_stdout(io.StringIO())
        # While the browser draws, a second thread for small matrices would only have to wait.
        with warnings.catch_warnings(), np.errstate(all="ignore"), quiet, one_core():
            warnings.simplefilter("ignore")
            return self.explorer.make(*self.functions, **values).to_json()


class _Missing(Exception):
    """There is no function for an exercise."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Raised(Exception):
    """The learner's function for an exercise raised `error`."""

    def __init__(self, name: str, error: Exception) -> None:
        self.name, self.error = name, error


def _named(name: str, function: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a function that calls this one; if it is missing or raises, the error contains the exercise's name."""

    def named(*args: Any, **kwargs: Any) -> Any:
        if function is None:
            raise _Missing(name)
        try:
            return function(*args, **kwargs)
        except (_Missing, _Raised):
            # Another function of the learner, which was passed to this one, failed.
            raise
        except Exception as error:
            raise _Raised(name, error) from error

    return named


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
