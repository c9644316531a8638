"""One explorer at work: asks the learner's functions for a scene, and falls back on the recording."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Explorer
from course_utils.explorers.recording import Recording, recorded


@dataclass(frozen=True)
class Answer:
    """A scene as JSON, or None where there is none; whether it is the learner's own; what to tell the reader."""

    scene: dict[str, Any] | None
    live: bool
    message: str = ""


class Session:
    """An explorer with the learner's functions."""

    def __init__(self, explorer: Explorer, functions: tuple[Any, ...]) -> None:
        self.explorer = explorer
        self.functions = functions

    @property
    def recording(self) -> Recording | None:
        return recorded(self.explorer.name)

    def first(self) -> Answer:
        """Return what is shown first."""
        return self.at({})

    def at(self, positions: Mapping[str, Any]) -> Answer:
        """Return the scene at these positions of the controls, by the learner's functions where they answer."""
        names = " and ".join(self.explorer.exercises)
        try:
            values = self.explorer.values_at(positions)
            return Answer(self._own(values), live=True)
        except NotImplementedError:
            return self._recorded(f"This is a recording: once {names} is written, run this cell again to steer it.")
        except Exception as error:
            told = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            return self._recorded(f"This is a recording, since {names} raised {told}")

    def _own(self, values: dict[str, Any]) -> dict[str, Any]:
        # A rate that is too large overflows: that is to be seen, not to be warned of.
        quiet = contextlib.redirect_stdout(io.StringIO())
        with warnings.catch_warnings(), np.errstate(all="ignore"), quiet:
            warnings.simplefilter("ignore")
            return self.explorer.make(*self.functions, **values).to_json()

    def _recorded(self, message: str) -> Answer:
        recording = self.recording
        return Answer(recording["start"] if recording else None, live=False, message=message)
