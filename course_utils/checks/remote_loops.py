"""What a probe has run in the process of the learner's function, if that is another: a loop over its calls, or a
function that is passed to it. Each call less from one process to the other spares more time than most functions take.

What runs there is a function of a module of probes, which both processes have, and is sent by its name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from course_utils.checks.recorder import KNOWN

# A function that lives in another process may have an attribute of this name: called with a loop, it returns what calls
# `loop(function, *args, **kwargs)` in that process.
THERE = "__there__"


class Made(NamedTuple):
    """How a function was made: by a function of this module and name, from these arguments."""

    module: str
    name: str
    args: tuple[Any, ...]


def loop_over(loop: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return what calls `loop(function, *args, **kwargs)`, in the process of the function. `loop` is a function of a
    module; it changes none of its arguments."""
    there = getattr(function, THERE, None)
    return functools.partial(loop, function) if there is None else there(loop)


def made(text: str, make: Callable[..., Callable[..., Any]], *args: Any) -> Callable[..., Any]:
    """Return `make(*args)`, by the name `text`, to be passed to a learner's function. If that is in another process, it
    is made there too: no call of it is seen here. `make` is a function of a module."""
    function = make(*args)
    function.__name__ = text
    setattr(function, KNOWN, lambda: Made(make.__module__, make.__name__, args))
    return function
