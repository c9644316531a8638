"""Sets environment variables of this process temporarily."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def environment(**wanted: str) -> Iterator[None]:
    """Set variables for the block and the processes that it starts; restore the old values afterwards."""
    with kept_environment(*wanted):
        os.environ.update(wanted)
        yield


@contextlib.contextmanager
def kept_environment(*names: str) -> Iterator[None]:
    """Restore these variables after the block, whatever the block does to them."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
