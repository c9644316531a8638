"""Read the files next to a notebook, such as data and modules, that cells may open or import."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from course_grader.engine.notebook.source import AssignmentProblem

# Files with these suffixes are not given to a submission.
LEFT_OUT = {".ipynb", ".key", ".pyc", ".assignment"}


def extra_files(folder: Path, most: int) -> dict[str, str]:
    """Return the files in a folder, except notebooks and keys, in base64, by path relative to the folder.

    Raises AssignmentProblem if they are larger than `most` bytes together.
    """
    found = read_extra_files(folder, most + 1)
    if sum(map(len, found.values())) > most or len(found) < sum(1 for _ in _files_in(folder)):
        raise AssignmentProblem(
            f"The files in {folder} are larger than {most // 2**20} MiB together, which is the limit for a submission."
        )
    return {name: base64.b64encode(content).decode() for name, content in found.items()}


def read_extra_files(folder: Path, most: int) -> dict[str, bytes]:
    """Return the files in a folder, except notebooks and keys, by path relative to the folder.

    In sorted order, up to the first file with which they would exceed `most` bytes. Symbolic links are left out, since
    they may lead out of the folder.
    """
    found: dict[str, bytes] = {}
    for path in _files_in(folder):
        most -= path.stat().st_size
        if most < 0:
            break
        found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
        if not is_hidden and path.suffix not in LEFT_OUT and path.is_file() and not path.is_symlink():
            yield path
