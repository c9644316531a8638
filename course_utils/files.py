"""Writing files so that nothing is ever half there."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

PRIVATE = 0o600
# What a new file gets: the user's own mask says it, and can only be read by setting it.
_mask = os.umask(0o077)
os.umask(_mask)
ORDINARY = 0o666 & ~_mask


def write_atomic(path: Path, content: str | bytes, mode: int | None = None) -> None:
    """Write a file so that a reader finds the old one or the new one, and an interruption leaves the old.

    content: text is written as UTF-8. mode: the file's permissions, from the first moment never more than its owner's;
    by default those of the old file, and ORDINARY for a new one. The folder is made where it is missing.
    Raises OSError that names the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        if mode is None:
            mode = path.stat().st_mode & 0o777 if path.exists() else ORDINARY
        fresh.chmod(mode)
        fresh.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        if isinstance(error, OSError) and error.filename is None:
            # A full disk names no file.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def display_path(path: Path) -> str:
    """Return what a path is called by who stands in the current folder; in full where that is shorter."""
    return min(os.path.relpath(path), str(path), key=len)
