"""Run a probe's loop in the process of the learner's function, or make a function that is passed to it there.

While grading, the learner's function runs in another process. A call from one process to the other takes longer than
most of these functions, so that fewer calls save time. Only functions of the probe modules can be run there: both
processes have these modules, and a function is sent by its name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from course_utils.checks.recorder import KNOWN

# A function that runs in another process may have an attribute of this name. Called with a loop, it returns a function
# that calls `loop(function, *args, **kwargs)` in that process.
THERE = "__there__"


class Made(NamedTuple):
    """How a function was made: by calling the function `name` of `module` with these arguments."""

    module: str
    name: str
    args: tuple[Any, ...]


def loop_over(loop: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls `loop(function, *args, **kwargs)` in the process in which `function` runs. `loop` is
    defined at the top level of a probe module and changes none of its arguments."""
    run_there = getattr(function, THERE, None)
    return functools.partial(loop, function) if run_there is None else run_there(loop)


def made(text: str, make: Callable[..., Callable[..., Any]], *args: Any) -> Callable[..., Any]:
    """Return `make(*args)`, named `text`, to be passed to a learner's function. If that runs in another process, the
    function is made again there, so that calling it needs no message to this process, which then does not see these
    calls. `make` is defined at the top level of a probe module."""
    function = make(*args)
    function.__name__ = text
    setattr(function, KNOWN, lambda: Made(make.__module__, make.__name__, args))
    return function
