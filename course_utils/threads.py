"""One processor core for small matrices: a second one costs more time than it saves."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


def one_core() -> AbstractContextManager[Any]:
    """Return a context manager in which NumPy's matrix products use one core.

    With matrices as small as in this course, two threads mostly wait for each other. If another program uses the second
    core, a training step takes many times as long.
    """
    limit: AbstractContextManager[Any] = _threads().limit(limits=1)
    return limit


@functools.cache
def _threads() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    # Cached: finding the libraries that use threads takes a millisecond.
    return ThreadpoolController()
