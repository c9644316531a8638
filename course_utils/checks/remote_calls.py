"""Calls between a probe and a learner's function in another process, and how they are made with fewer messages.

In a notebook both are in one process, and none of this does anything. In the grader, a message between the processes
takes longer than most functions. So a call can be deferred and sent together with others (`deferral_of`), a loop over
many calls can run in the other process (`loop_over`), and for a function that a probe passes in, the answers can be
sent in advance (`promise`), or the function can be created in the other process too (`made`).

This information is stored in attributes of the function, which only this module reads and writes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

_DEFER, _RUN_LOOP, _PROMISED = "__defer__", "__run_loop__", "__promised__"


class Defer(Protocol):
    """Defers a call. Returns a function that returns the outcome of the call, or None if the call cannot be
    deferred."""

    def __call__(self, args: Sequence[Any], kwargs: dict[str, Any], /) -> Callable[[], Any] | None: ...


class Made(NamedTuple):
    """How a function was made: by the function `name` of the module `module`, from these arguments."""

    module: str
    name: str
    args: tuple[Any, ...]


# By argument, a whole number, or None for any argument; or in turn; or how the function is made.
Promise = Mapping[int | None, Any] | list[Any] | Made


def attach(function: Callable[..., Any], defer: Defer, run_loop: Callable[..., Any] | None = None) -> None:
    """Store in a function of another process how to call it with fewer messages.

    defer: defers a call. run_loop: called with `loop`, it returns a function that runs `loop(function, *args,
    **kwargs)` in that process.
    """
    setattr(function, _DEFER, defer)
    if run_loop is not None:
        setattr(function, _RUN_LOOP, run_loop)


def deferral_of(function: Callable[..., Any]) -> Defer | None:
    """Return the function that defers calls of this one, or None if it is in this process."""
    defer: Defer | None = getattr(function, _DEFER, None)
    return defer


def loop_over(loop: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that runs `loop(function, *args, **kwargs)` in the process of `function`. `loop` must be a
    function of a module, and change none of its arguments."""
    run_loop = getattr(function, _RUN_LOOP, None)
    return functools.partial(loop, function) if run_loop is None else run_loop(loop)


def promise(function: Callable[..., Any], answers: Callable[[], Promise]) -> None:
    """Store in a function what it will return, so that the other process can call it without a message.

    answers: called when the function is passed on. It returns numbers or arrays: a dict by argument (the key None means
    a copy of this answer for any argument), or a list with the answers to successive calls. If calls of the function
    have a side effect here, it happens only when the outcome of the call is used: observe it with
    `Recorder.observe_later`.
    """
    setattr(function, _PROMISED, answers)


def promised(function: Any) -> Promise | None:
    """Return the answers that `promise` stored in a function, or None if there are none."""
    answers = getattr(function, _PROMISED, None)
    return None if answers is None else answers()


def made(text: str, make: Callable[..., Callable[..., Any]], *args: Any) -> Callable[..., Any]:
    """Return the function `make(*args)`, named `text`, to be passed to a learner's function. If the learner's function
    is in another process, a copy is created there, and its calls are not seen here. `make` must be a function of a
    module."""
    function = make(*args)
    function.__name__ = text
    promise(function, lambda: Made(make.__module__, make.__name__, args))
    return function
