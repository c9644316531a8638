"""The explorers by name: their controls, and the functions that make their scenes."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.explorers.scene import Scene

Make = Callable[..., Scene]


@dataclass(frozen=True)
class Control:
    """A slider, or a list to choose from if all values are strings.

    `values` are the values of its positions, in order; it starts at `start`. `says` is its caption. `labels` are the
    texts of the positions; by default, the values themselves. Raises ValueError if `start` is not one of the values, or
    if the number of labels is wrong.
    """

    name: str
    says: str
    values: Sequence[Any]
    start: Any
    labels: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.start not in self.values:
            raise ValueError(f"control {self.name!r} starts at {self.start!r}, which is not one of its values")
        if self.labels and len(self.labels) != len(self.values):
            raise ValueError(f"control {self.name!r} has {len(self.values)} values and {len(self.labels)} labels")

    def to_json(self) -> dict[str, Any]:
        """Return the control as JSON for the browser, with `start` as a position instead of a value."""
        labels = list(self.labels) or [_written(value) for value in self.values]
        kind = "choice" if all(isinstance(value, str) for value in self.values) else "slider"
        return {
            "name": self.name,
            "says": self.says,
            "kind": kind,
            "labels": labels,
            "start": self.values.index(self.start),
        }


def _written(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Explorer:
    """An explorer. `make(*functions, **values)` returns the scene for the learner's functions (those of `exercises`, in
    this order) and the values of the controls."""

    name: str
    title: str
    exercises: tuple[str, ...]
    controls: tuple[Control, ...]
    make: Make

    def start(self) -> dict[str, Any]:
        """Return the start values of the controls, by name."""
        return {control.name: control.start for control in self.controls}

    def values_at(self, positions: Mapping[str, Any]) -> dict[str, Any]:
        """Return the controls' values at these positions; a control without a position keeps its start value. Raises
        ValueError if a position does not exist."""
        values = self.start()
        for control in self.controls:
            position = positions.get(control.name, control.values.index(control.start))
            if not isinstance(position, int) or not 0 <= position < len(control.values):
                raise ValueError(f"{control.name} has no position {position!r}")
            values[control.name] = control.values[position]
        return values

    def to_json(self) -> dict[str, Any]:
        """Return the explorer as the browser needs it."""
        controls = [control.to_json() for control in self.controls]
        return {"name": self.name, "title": self.title, "controls": controls, "exercises": list(self.exercises)}


_known: dict[str, Explorer] = {}


def explorer(name: str, title: str, *controls: Control, exercises: Sequence[str] = ()) -> Callable[[Make], Make]:
    """Return a decorator that registers a function as an explorer. The function's parameters are the functions of the
    exercises, then the controls by name.

    Raises ValueError if another module has an explorer of this name.
    """

    def register(make: Make) -> Make:
        if name in _known and _known[name].make.__module__ != make.__module__:
            raise ValueError(f"there are two explorers named {name!r}")
        _known[name] = Explorer(name, title, tuple(exercises), controls, make)
        return make

    return register


@functools.cache
def _load() -> None:
    from course_utils.explorers import panels

    for module in pkgutil.iter_modules(panels.__path__):
        importlib.import_module(f"{panels.__name__}.{module.name}")


def explorers() -> Mapping[str, Explorer]:
    """Return all explorers by name."""
    _load()
    return dict(_known)
