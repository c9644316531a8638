"""The files beside a notebook, such as data and modules, which a submission and the teacher's cells may read."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from course_grader.engine.notebook.source import AssignmentProblem

# What is beside a notebook and belongs to no submission.
LEFT_OUT = {".ipynb", ".key", ".pyc", ".assignment"}


def extra_files(folder: Path, most: int) -> dict[str, str]:
    """Return the files in a folder that are no notebooks, in base64, by their path; AssignmentProblem where they are
    larger than `most` bytes together."""
    found = read_extra_files(folder, most + 1)
    if sum(map(len, found.values())) > most or len(found) < sum(1 for _ in _files_in(folder)):
        raise AssignmentProblem(
            f"The files in {folder} are larger than {most // 2**20} MiB together, which is what a submission may have."
        )
    return {name: base64.b64encode(content).decode() for name, content in found.items()}


def read_extra_files(folder: Path, most: int) -> dict[str, bytes]:
    """Return the files in a folder that are no notebooks, by their path, as many as `most` bytes hold. A link is none:
    it may lead elsewhere."""
    found: dict[str, bytes] = {}
    for path in _files_in(folder):
        most -= path.stat().st_size
        if most < 0:
            break
        found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def _files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        is_left = any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts)
        if not is_left and path.suffix not in LEFT_OUT and path.is_file() and not path.is_symlink():
            yield path
