"""The folder in which the tests of one submission run, with the files beside the notebook in it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from course_grader.engine.rpc.write_files import write_files

# Modules of the grader's own, which a copy beside the notebook does not replace.
KEPT = {"course_grader", "course_utils", "numpy", "matplotlib", "IPython"}


class WorkingFolder:
    """A folder for the tests of one submission. Use as a context manager: nothing of it outlives the block.

    The working folder belongs to the whole process: no other thread may use relative paths while a test runs.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._folder: Path | None = None

    def __enter__(self) -> WorkingFolder:
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
            write_files(self._folder, self._files)
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
