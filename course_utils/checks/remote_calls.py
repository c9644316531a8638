"""Calls between a probe and a learner's function in another process, and how they are made with fewer messages.

In a notebook both are in one process, and none of this does anything. In the grader, a message between the processes
takes longer than most functions. So a call can wait and be sent with others (`deferral_of`), a loop over many calls can
run in the other process (`loop_over`), and a function that a probe passes in can say its answers beforehand
(`promise`), or be made in the other process too (`made`).

What is known of a function is kept in attributes of it. Only this module reads and writes them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

_DEFER, _RUN_LOOP, _PROMISED = "__defer__", "__run_loop__", "__promised__"


class Defer(Protocol):
    """Puts a call aside. Returns a function that gives the outcome of the call, or None if the call cannot wait."""

    def __call__(self, args: Sequence[Any], kwargs: dict[str, Any], /) -> Callable[[], Any] | None: ...


class Made(NamedTuple):
    """How a function was made: by the function `name` of the module `module`, from these arguments."""

    module: str
    name: str
    args: tuple[Any, ...]


# By argument, a whole number, or None for any argument; or in turn; or how the function is made.
Promise = Mapping[int | None, Any] | list[Any] | Made


def attach(function: Callable[..., Any], defer: Defer, run_loop: Callable[..., Any] | None = None) -> None:
    """Say how to call a function of another process with fewer messages.

    run_loop: called with a loop, it returns what calls `loop(function, *args, **kwargs)` in that process.
    """
    setattr(function, _DEFER, defer)
    if run_loop is not None:
        setattr(function, _RUN_LOOP, run_loop)


def deferral_of(function: Callable[..., Any]) -> Defer | None:
    """Return what puts calls of a function aside, None if the function is in this process."""
    defer: Defer | None = getattr(function, _DEFER, None)
    return defer


def loop_over(loop: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what calls `loop(function, *args, **kwargs)`, in the process of the function. `loop` is a function of a
    module; it changes none of its arguments."""
    run_loop = getattr(function, _RUN_LOOP, None)
    return functools.partial(loop, function) if run_loop is None else run_loop(loop)


def promise(function: Callable[..., Any], answers: Callable[[], Promise]) -> None:
    """Say beforehand what a function will answer, so that the other process need not ask for it.

    answers: called when the function is passed; returns numbers or arrays, as a dict by argument (None for a copy of
    one answer whatever the argument) or as a list in turn. Answers in turn may have an effect. It happens here all the
    same, but only when the outcome of the call is asked for: use `Recorder.observe_later` to look for it.
    """
    setattr(function, _PROMISED, answers)


def promised(function: Any) -> Promise | None:
    """Return what was promised of a function, None if nothing was."""
    answers = getattr(function, _PROMISED, None)
    return None if answers is None else answers()


def made(text: str, make: Callable[..., Callable[..., Any]], *args: Any) -> Callable[..., Any]:
    """Return `make(*args)`, by the name `text`, to be passed to a learner's function. If that is in another process, it
    is made there too, and no call of it is seen here. `make` is a function of a module."""
    function = make(*args)
    function.__name__ = text
    promise(function, lambda: Made(make.__module__, make.__name__, args))
    return function
