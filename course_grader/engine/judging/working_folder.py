"""The working folder for the tests of one submission, with the files that belong to the notebook."""

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

# Modules that the grader itself uses: a file of the same name next to the notebook does not replace them.
KEPT = {"course_grader", "course_utils", "numpy", "matplotlib", "IPython"}


class WorkingFolder:
    """A folder for the tests of one submission. Use it as a context manager; the folder is removed at the end.

    It changes the working folder of the whole process: no other thread may use relative paths while a test runs.
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
        """Run the block in the folder, which contains only the files, read-only, and is on sys.path.

        Afterwards, the process's working folder, sys.path and imported modules are as before.
        """
        folder, before = self._ensure_folder(), _working_folder()
        path, bytecode, hidden = sys.path[:], sys.dont_write_bytecode, _pop_modules_named_as(self._files)
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

    def _ensure_folder(self) -> Path:
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
        # The current working folder was deleted.
        return Path("/")


def _pop_modules_named_as(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Remove and return the imported modules whose name a file has: a kernel would import the file instead."""
    names = {Path(name).parts[0].removesuffix(".py") for name in files if name.endswith(".py")}
    names = {name for name in names if name not in KEPT and name not in sys.stdlib_module_names}
    if not names:
        return {}
    found = [name for name in sys.modules if name.split(".")[0] in names]
    return {name: sys.modules.pop(name) for name in found}


def _forget_modules(folder: Path) -> None:
    """Remove the modules that were imported from a folder."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{folder}{os.sep}"):
            del sys.modules[name]
    for place in [place for place in sys.path_importer_cache if place.startswith(str(folder))]:
        del sys.path_importer_cache[place]
