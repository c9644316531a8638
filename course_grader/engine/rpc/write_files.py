"""Write the files that belong to a notebook into a folder, for the worker and for the tests."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, by relative path. Paths that lead out of the folder, and files that cannot be written,
    are left out."""
    for name, content in files.items():
        place = Path(name)
        if place.is_absolute() or ".." in place.parts:
            continue
        with contextlib.suppress(OSError):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(content)
