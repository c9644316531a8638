"""Writes the files beside a notebook into a folder: for the worker, and for the tests."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, by their path in it; leave out what would be outside of it."""
    for name, content in files.items():
        place = Path(name)
        if place.is_absolute() or ".." in place.parts:
            continue
        with contextlib.suppress(OSError):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(content)
