"""nbgrader with its own Execute, in one process with the student's code: the peer that the engine is compared with.

What it finds is remembered in pytest's cache, under a digest of all that it depends on: a second run of the tests does
not wait for it again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import commands

ROOT = Path(__file__).parents[2]
# What student's code calls, and what makes the inputs of nbgrader.
SOURCES = ("course_utils", "course_grader/authoring", "tests/grading", "requirements.lock", "pyproject.toml")
STOCK = """
from nbgrader import preprocessors as nb

c.Autograde.sanitize_preprocessors = [
    nb.ClearOutput, nb.DeduplicateIds, nb.OverwriteKernelspec, nb.OverwriteCells, nb.CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    nb.Execute, nb.IgnorePattern, nb.LimitOutput, nb.SaveAutoGrades, nb.AssignLatePenalties, nb.CheckCellMetadata,
]
"""


def nbgrader(folder: Path, *words: str) -> None:
    done = commands.nbgrader(folder, *words)
    assert done.returncode == 0, done.stderr[-3000:]


def remembered(cache: pytest.Cache, inputs: Path, make: Callable[[Path], None]) -> Path:
    """Return a folder, not to be changed, that has been copied from `inputs` and completed by `make`, now or in an
    earlier run from the same inputs, sources and packages."""
    kept = cache.mkdir("stock-nbgrader") / digest([inputs, *(ROOT / name for name in SOURCES)])
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            made = Path(shutil.copytree(inputs, Path(folder) / "course"))
            make(made)
            made.rename(kept)
    return kept


def digest(places: list[Path]) -> str:
    """Return a digest of Python and of the names and bytes of all files in these places."""
    found = hashlib.sha256(sys.version.encode())
    for place in places:
        for path in sorted(_files(place)):
            name, data = os.fsencode(path.relative_to(place)), path.read_bytes()
            found.update(b"%d %d " % (len(name), len(data)) + name + data)
    return found.hexdigest()[:32]


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    else:
        yield from (path for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
