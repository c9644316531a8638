"""Write files atomically, and display paths."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

PRIVATE = 0o600
# The permissions of a new file follow from the user's umask, which can be read only by setting it.
_mask = os.umask(0o077)
os.umask(_mask)
ORDINARY = 0o666 & ~_mask


def write_atomic(path: Path, content: str | bytes, mode: int | None = None) -> None:
    """Write a file so that a reader sees either the old or the new content; after an interruption it is the old one.

    Text is written as UTF-8. `mode` are the file's permissions: by default those of the old file, or ORDINARY for a new
    one; until they are set, only the owner can read the file. A missing folder is created. Raises an OSError that names
    the file.
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
            # The error for a full disk does not name a file.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def display_path(path: Path) -> str:
    """Return a path relative to the current folder, or as it is if that is shorter."""
    return min(os.path.relpath(path), str(path), key=len)
