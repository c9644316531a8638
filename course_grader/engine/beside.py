"""The files beside a notebook, such as data and modules, which a submission and the teacher's cells may read."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from course_grader.engine.source import AssignmentProblem

# What is beside a notebook and belongs to no submission.
LEFT_OUT = {".ipynb", ".key", ".pyc", ".assignment"}
# Modules of the grader's own, which a copy beside the notebook does not replace.
KEPT = {"course_grader", "course_utils", "numpy", "matplotlib", "IPython"}


def files_beside(folder: Path, most: int) -> dict[str, str]:
    """Return the files in a folder that are no notebooks, in base64, by their path; AssignmentProblem where they are
    larger than `most` bytes together."""
    found = files_of(folder, most + 1)
    if sum(map(len, found.values())) > most or len(found) < sum(1 for _ in _files_in(folder)):
        raise AssignmentProblem(
            f"The files in {folder} are larger than {most // 2**20} MiB together, which is what a submission may have."
        )
    return {name: base64.b64encode(content).decode() for name, content in found.items()}


def files_of(folder: Path, most: int) -> dict[str, bytes]:
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


def write_beside(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, by their path in it; leave out what would be outside of it."""
    for name, content in files.items():
        place = Path(name)
        if place.is_absolute() or ".." in place.parts:
            continue
        with contextlib.suppress(OSError):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(content)


class Workplace:
    """A folder for the tests of one submission. Use as a context manager: nothing of it outlives the block.

    The working folder belongs to the whole process: no other thread may use relative paths while a test runs.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._folder: Path | None = None

    def __enter__(self) -> Workplace:
        return self

    def __exit__(self, *exception: object) -> None:
        self._remove()

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """Work in the folder, in which there are the files, read-only, and nothing else, and import from it; then leave
        the process as if nothing had been there."""
        folder, before = self._made(), _working_folder()
        path, bytecode, hidden = sys.path[:], sys.dont_write_bytecode, _modules_named_as(self._files)
        os.chdir(folder)
        try:
            if self._files:
                sys.path.insert(0, str(folder))
                sys.dont_write_bytecode = True
            yield
        finally:
            os.chdir(before)
            sys.path[:], sys.dont_write_bytecode = path, bytecode
            if self._files:
                _forget_modules(folder)
                sys.modules.update(hidden)
            if self._files or os.listdir(folder):  # noqa: PTH208
                self._remove()

    def _made(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="grading-")).resolve()
            write_beside(self._folder, self._files)
            for place in self._folder.rglob("*") if self._files else ():
                place.chmod(0o700 if place.is_dir() else 0o400)
        return self._folder

    def _remove(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        # It was deleted while this process is in it.
        return Path("/")


def _modules_named_as(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Take out the modules that have the name of a file which a kernel would import in their place; return them."""
    names = {Path(name).parts[0].removesuffix(".py") for name in files if name.endswith(".py")}
    names = {name for name in names if name not in KEPT and name not in sys.stdlib_module_names}
    if not names:
        return {}
    found = [name for name in sys.modules if name.split(".")[0] in names]
    return {name: sys.modules.pop(name) for name in found}


def _forget_modules(folder: Path) -> None:
    """Forget what was imported from a folder."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{folder}{os.sep}"):
            del sys.modules[name]
    for place in [place for place in sys.path_importer_cache if place.startswith(str(folder))]:
        del sys.path_importer_cache[place]
