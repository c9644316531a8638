"""Run a notebook from top to bottom in a new kernel, and report which of its checks pass."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from course_utils import notebooks
from course_utils.errors import CourseError, Exit
from course_utils.matching import Originals, places_of, to_put_in
from course_utils.shipped_notebooks import shipped_folder

KERNEL = "python3"


@dataclass(frozen=True)
class CheckOutcome:
    """The outcome of one test cell. A hidden test cell is empty here; its tests run when the teacher grades."""

    grade_id: str
    points: float
    status: Literal["passed", "failed", "hidden"]
    message: str = ""


@dataclass(frozen=True)
class NotebookRun:
    """The outcomes of a notebook's test cells, in order."""

    notebook: str
    tests: tuple[CheckOutcome, ...]

    def count(self, status: str) -> int:
        """Return how many tests have this status."""
        return sum(test.status == status for test in self.tests)

    def as_dict(self) -> dict[str, Any]:
        """Return what `course check --json` prints."""
        counts = {status: self.count(status) for status in ("passed", "failed", "hidden")}
        return {"notebook": self.notebook, **counts, "tests": [asdict(test) for test in self.tests]}


def run_notebook(path: Path, timeout: int, on_cell: Callable[[int, int], None]) -> NotebookRun:
    """Run a notebook's code in its folder, and return the outcome of each test cell; the file stays as it is.

    A cell that takes more than `timeout` seconds is stopped, and the next one runs. `on_cell(number, cells)` is called
    when a cell starts, with its number and the number of cells. Raises CourseError if the notebook can't be read or
    run.
    """
    notebook = notebooks.read(path)
    # The notebook of a class may have other questions than the shipped one, so it is not compared with that.
    shipped = [] if notebooks.of_class(notebook) else _shipped(path.stem)
    cells, tests = as_graded(notebook["cells"], shipped)
    if not tests:
        raise CourseError(f"{path} has no checks: it is not a notebook of this course, or its test cells were deleted.")
    executed = _execute({**notebook, "cells": cells}, path, timeout, on_cell)
    return NotebookRun(
        str(path), tuple(_outcome(executed["cells"][place], test, timeout) for place, test in tests.items())
    )


@dataclass(frozen=True)
class _Shipped:
    """A cell as the course ships it; see `matching.Original`."""

    cell: dict[str, Any]
    kind: str
    released: str

    @property
    def id(self) -> str:
        return str(self.cell.get("id", ""))

    @property
    def grade_id(self) -> str:
        return str(notebooks.mark(self.cell).get("grade_id", ""))


def _shipped(lesson: str) -> list[dict[str, Any]]:
    """Return the cells of a lesson's shipped notebook; none if there is no such lesson."""
    try:
        return list(notebooks.read(shipped_folder() / lesson / f"{lesson}.ipynb")["cells"])
    except (CourseError, OSError):
        return []


def as_graded(
    cells: list[dict[str, Any]], shipped: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:
    """Return the cells to run, and a dict from index among them to the original of each test cell that counts.

    This is what the grader does too: originals of missing or edited test and set-up cells are inserted, and one of
    several copies of a test counts. All of the learner's own cells run.
    """
    untouched = {notebooks.mark(cell).get("grade_id"): cell for cell in cells if notebooks.is_untouched(cell)}
    # Untouched cells may be an earlier version of a test, or a test that a teacher added: they count as originals.
    known = {notebooks.mark(cell).get("grade_id") for cell in shipped}
    added = [
        cell for grade_id, cell in untouched.items() if grade_id not in known and notebooks.mark(cell).get("grade")
    ]
    every = [*shipped, *added] if shipped else cells
    originals = Originals(_original(cell, untouched) for cell in every if cell["cell_type"] == "code")
    matches = [originals.match(cell) for cell in cells]
    texts = "\n".join(cell["source"] for cell in cells)
    counting = {place for place in places_of(matches).values() if matches[place].is_exact}
    put_in = to_put_in(matches, originals)
    found: list[dict[str, Any]] = []
    tests: dict[int, dict[str, Any]] = {}

    def add(cell: dict[str, Any], original: _Shipped | None) -> None:
        if original is not None and original.kind == "test":
            tests[len(found)] = original.cell
        found.append(cell)

    for place in range(-1, len(cells)):
        if place >= 0:
            add(cells[place], matches[place].copy_of if place in counting else None)
        for one in put_in.get(place, ()):
            if _is_wanted(one, texts):
                add(one.cell, one)
    return found, tests


def _is_wanted(original: _Shipped, texts: str) -> bool:
    """Return whether to insert a missing cell. A test is not inserted if the notebook does not mention its exercise,
    because the notebook is older than the exercise."""
    return original.kind == "setup" or notebooks.exercise_of(original.grade_id)[0] in texts


def _original(cell: dict[str, Any], untouched: dict[Any, dict[str, Any]]) -> _Shipped:
    mark = notebooks.mark(cell)
    known = untouched.get(mark.get("grade_id"), cell) if mark.get("locked") else cell
    if not mark:
        kind = "experiment" if "experiment" in (cell["metadata"].get("tags") or []) else "code"
    else:
        kind = "answer" if mark.get("solution") else "test" if mark.get("grade") else "setup"
    return _Shipped(known, kind, known["source"])


def _execute(notebook: dict[str, Any], path: Path, timeout: int, on_cell: Callable[[int, int], None]) -> dict[str, Any]:
    position = 0

    def note(cell: object, cell_index: int) -> None:
        nonlocal position
        position = cell_index + 1
        on_cell(position, len(notebook["cells"]))

    client = _client(notebook, path, timeout, note)
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError

    try:
        executed: dict[str, Any] = client.execute()
    except NoSuchKernel:
        raise CourseError(f"Jupyter has no kernel {KERNEL!r}: {KERNEL_REMEDY}", Exit.ENVIRONMENT) from None
    except RuntimeError as error:
        if not position:
            # nbclient has lost its kernel manager; without a new one it would print a traceback when Python exits.
            client.create_kernel_manager()
            sentence = f"{sys.executable} cannot run notebooks: its kernel did not start ({error}). {DOCTOR}"
            raise CourseError(sentence, Exit.ENVIRONMENT) from None
        if not isinstance(error, DeadKernelError):
            raise
        raise CourseError(
            f"Python stopped while it ran cell {position} of {path}: look there for a call that ends the process, "
            "or for code that needs more memory than the machine has.",
            Exit.FAILED,
        ) from None
    return executed


def _client(notebook: dict[str, Any], path: Path, timeout: int, note: Callable[[object, int], None]) -> Any:
    """Return the nbclient that runs the notebook in its folder; it calls `note(cell, cell_index)` before each cell.
    Raises CourseError if nbclient or another package is not installed."""
    try:
        import nbformat
        from nbclient import NotebookClient

        from course_utils.kernels import OwnKernelManager
    except ImportError as error:
        raise CourseError(
            f"{error.name} is not installed: run `pip install -e '.[lab]'` in the course.", Exit.ENVIRONMENT
        ) from error
    return NotebookClient(
        nbformat.from_dict({**notebook, "metadata": {}, "cells": [_bare(cell) for cell in notebook["cells"]]}),
        allow_errors=True,
        kernel_name=KERNEL,
        kernel_manager_class=OwnKernelManager,
        timeout=timeout,
        interrupt_on_timeout=True,
        # The kernel's warnings would be printed between the progress bar and the table.
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.resolve().parent)}},
        on_cell_start=note,
    )


def _bare(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell with only what is needed to run it, since nbformat fails on deeply nested metadata."""
    mark = cell["metadata"].get("nbgrader", {})
    kept = {name: mark[name] for name in ("grade", "solution", "grade_id", "points") if name in mark}
    bare = {"cell_type": cell["cell_type"], "source": cell["source"], "metadata": {"nbgrader": kept}}
    return bare | {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else bare


DOCTOR = "Run `course doctor` to find the cause."
KERNEL_REMEDY = "run `python -m ipykernel install --sys-prefix` in the course's environment."


def _outcome(cell: dict[str, Any], test: dict[str, Any], timeout: int) -> CheckOutcome:
    name, points = notebooks.grade_id(test), notebooks.points(test)
    if _is_empty(cell["source"]):
        return CheckOutcome(name, points, "hidden")
    errors = [output for output in cell.get("outputs", []) if output["output_type"] == "error"]
    if not errors:
        return CheckOutcome(name, points, "passed")
    return CheckOutcome(name, points, "failed", _message(errors[0], timeout))


def _is_empty(source: str) -> bool:
    try:
        return not ast.parse(source).body
    except SyntaxError:
        return False


def _message(error: dict[str, Any], timeout: int) -> str:
    """Return one line for a failed test: the check's message, or the type and first line of another error."""
    lines = str(error["evalue"]).strip().splitlines()
    if error["ename"] == "KeyboardInterrupt":
        return f"stopped: it took more than {timeout} s."
    if error["ename"] in ("CheckFailed", "KeyProblem"):
        return lines[0] if lines else "not correct yet."
    return ": ".join([error["ename"], *lines[:1]])
