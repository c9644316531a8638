"""One explorer at work: asks the learner's functions for a scene, and falls back on the recording."""

from __future__ import annotations

import contextlib
import functools
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from course_utils.explorers.catalogue import Explorer
from course_utils.explorers.recording import Recording, recorded


@dataclass(frozen=True)
class Answer:
    """A scene as JSON, or None where there is none; whether it is the learner's own; what to tell the reader."""

    scene: dict[str, Any] | None
    live: bool
    message: str = ""


class Session:
    """An explorer with the learner's functions, in the order of its exercises; None for one that is not there."""

    def __init__(self, explorer: Explorer, functions: Sequence[Callable[..., Any] | None]) -> None:
        self.explorer = explorer
        self.functions = [_named(*pair) for pair in zip(explorer.exercises, functions, strict=True)]

    @property
    def recording(self) -> Recording | None:
        return recorded(self.explorer.name)

    def first(self) -> Answer:
        """Return what is shown first."""
        return self.at({})

    def at(self, positions: Mapping[str, Any]) -> Answer:
        """Return the scene at these positions of the controls, by the learner's functions where they answer."""
        try:
            values = self.explorer.values_at(positions)
            return Answer(self._own(values), live=True)
        except _Missing as missing:
            told = f": {missing.name} is not in this notebook. Once it is, run this cell again to steer the panel."
        except _Raised as raised:
            told = f", since {raised.name} raised {_in_short(raised.error)}"
            if isinstance(raised.error, NotImplementedError):
                told = f": once {raised.name} is written, run this cell again to steer it."
        except Exception as error:
            told = f", since what your functions returned cannot be drawn: {_in_short(error)}"
        recording = self.recording
        return Answer(recording["start"] if recording else None, live=False, message=f"This is a recording{told}")

    def _own(self, values: dict[str, Any]) -> dict[str, Any]:
        # A rate that is too large overflows: that is to be seen, not to be warned of.
        quiet = contextlib.redirect_stdout(io.StringIO())
        # Beside a browser that draws, a second thread for small matrices waits for its turn, and we for it.
        with warnings.catch_warnings(), np.errstate(all="ignore"), quiet, _threads().limit(limits=1):
            warnings.simplefilter("ignore")
            return self.explorer.make(*self.functions, **values).to_json()


class _Missing(Exception):
    """An exercise for which there is no function."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Raised(Exception):
    """What the learner's function of this name raised."""

    def __init__(self, name: str, error: Exception) -> None:
        self.name, self.error = name, error


def _named(name: str, function: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a function that answers as this one, and whose failure tells the name of its exercise."""

    def asked(*args: Any, **kwargs: Any) -> Any:
        if function is None:
            raise _Missing(name)
        try:
            return function(*args, **kwargs)
        except (_Missing, _Raised):
            # A function that was passed to this one failed.
            raise
        except Exception as error:
            raise _Raised(name, error) from error

    return asked


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


@functools.cache
def _threads() -> ThreadpoolController:
    # To look for the libraries that have threads takes a millisecond.
    return ThreadpoolController()
