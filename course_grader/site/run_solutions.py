"""Executes the teacher's notebooks for the site, and caches the results until something that they depend on changes."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_grader.authoring.lesson import Lesson
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.environment import environment
from course_utils.errors import CourseError, Exit
from course_utils.files import write_atomic
from course_utils.kernels import OwnKernelManager
from course_utils.pytorch import WITHOUT_TORCH

# A limit for endless loops: the slowest cell takes half a minute, or many times that on a busy machine.
SECONDS_A_CELL = 900
PACKAGES = ("numpy", "scikit-learn", "matplotlib", "ipywidgets", "ipykernel")
DESCRIBE = "from course_grader.site.alt import add_descriptions as _add\n_add()\ndel _add"


def executed(root: Path, lesson: Lesson, cache: Path) -> NotebookNode:
    """Return the lesson's solution notebook with its outputs, from the cache if nothing has changed.

    Raises CourseError if a cell fails or takes too long.
    """
    source = root / "solutions" / lesson.name / f"{lesson.name}.ipynb"
    kept = cache / f"{lesson.name}-{_digest(root, source)}.ipynb"
    if not kept.exists():
        done = _run(source, lesson)
        for old in cache.glob(f"{lesson.name}-*.ipynb"):
            old.unlink()
        write_atomic(kept, nbformat.writes(done))
    notebook: NotebookNode = nbformat.read(kept, as_version=4)
    return notebook


def _digest(root: Path, source: Path) -> str:
    """Return a digest of the notebook, of course_utils, and of the versions of Python and the packages it imports."""
    digest = hashlib.sha256(source.read_bytes())
    for path in sorted((root / "course_utils").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.read_bytes())
    digest.update(repr([sys.version, *map(version, PACKAGES)]).encode())
    return digest.hexdigest()[:16]


def _run(source: Path, lesson: Lesson) -> NotebookNode:
    notebook = nbformat.read(source, as_version=4)
    notebook.cells.insert(0, new_code_cell(DESCRIBE))
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "course.key"
        write_hidden_key(key, [lesson], "for the site")
        # The notebook runs in a temporary folder, because it may write files.
        client = NotebookClient(
            notebook,
            timeout=SECONDS_A_CELL,
            iopub_timeout=120,
            kernel_manager_class=OwnKernelManager,
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": folder}},
        )
        try:
            # One thread only: on a busy machine, several threads that wait for each other take minutes longer.
            threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            # Without PyTorch, so that the pages are the same whether this machine has it or not.
            with environment(COURSE_KEY=str(key), **threads, **{WITHOUT_TORCH: "1"}):
                client.execute()
        except CellExecutionError as error:
            last = str(error).strip().splitlines()[-1]
            raise CourseError(f"The solution of {lesson.name} does not run: {last}", Exit.FAILED) from error
        except CellTimeoutError as error:
            slow = f"A cell of {lesson.name} did not finish within {SECONDS_A_CELL} seconds. If the machine is busy"
            raise CourseError(f"{slow}, run this again later. It continues from here.", Exit.ENVIRONMENT) from error
    del notebook.cells[0]
    return json_clean(notebook)


def json_clean(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook without metadata that only a running kernel needs: widget states and execution times."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    cleaned: NotebookNode = nbformat.from_dict(json.loads(json.dumps(notebook)))
    return cleaned
