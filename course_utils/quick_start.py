"""Make our processes start and end faster: skip imports that nothing here uses, collect garbage less often, and leave
at the end what the system frees anyway.

`import nbformat` imports jsonschema, which imports `rfc3987_syntax` if it is installed. That package compiles a grammar
of internationalised web addresses when it is imported (three seconds of CPU time). jsonschema uses it only for the
format "iri", and only with a format checker; nbformat uses no format checker.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import os
import sys
from collections.abc import Callable

UNUSED = "rfc3987_syntax"
CONTENTS_MANAGERS = ("jupytext.sync_contentsmanager", "jupytext.async_contentsmanager")
# Imports create about this many objects, hardly any of which are garbage. With Python's default threshold of 700, the
# garbage collector takes an eighth of the CPU time of the imports.
COLLECT_AT = 200_000
# The exit codes of the commands that ended in this process, if `run_and_leave` ran one.
_exit_codes: list[int] = []


def skip_unused_grammar() -> None:
    """Make `import rfc3987_syntax` fail in this process, as if it were not installed; jsonschema handles that."""
    sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]


def skip_contents_managers() -> None:
    """Make the import of jupytext's contents managers fail in this process; jupytext handles that.

    They are for Jupyter's server, and take two thirds of jupytext's import time; a command only reads and writes text.
    """
    for name in CONTENTS_MANAGERS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


def collect_seldom() -> None:
    """Make this process collect garbage less often, which suits a command that imports a lot and ends soon."""
    gc.set_threshold(COLLECT_AT, *gc.get_threshold()[1:])


@functools.cache
def leave_last() -> None:
    """Make `_leave` the last of the exit functions that are registered from now on; later calls change nothing."""
    # The function that is registered first is called last.
    atexit.register(_leave)


def run_and_leave(main: Callable[[], object]) -> None:
    """Run a command, and end this process as soon as its exit functions have run.

    Python would then free every imported module, object by object (benchmarks/start.py). Raises what `main` raises;
    Python prints it, and the process still ends with the exit code that it would have had.
    """
    leave_last()
    try:
        main()
        _exit_codes.append(0)
    except SystemExit as end:
        _exit_codes.append(end.code if isinstance(end.code, int) else int(end.code is not None))
        raise
    except KeyboardInterrupt:
        # Python ends this process by the signal.
        raise
    except BaseException:
        _exit_codes.append(1)
        raise


def _leave() -> None:
    """End this process if a command has ended in it."""
    if not _exit_codes:
        return
    for stream in (sys.stdout, sys.stderr):
        # The other side of a pipe may be closed, as in `course report | head`.
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(_exit_codes[-1])
