"""A teacher's notebook as nbgrader itself makes it: what it enters into the gradebook, and what it hands out."""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from course_grader.cell_metadata import SCHEMA_VERSION
from course_grader.engine.notebook.source import AssignmentProblem, is_autotest, language_of, read_json

if TYPE_CHECKING:
    from traitlets.config import Config

_quiet = logging.Logger("nbgrader", logging.CRITICAL + 1)


def source_notebook(solution: Path) -> dict[str, Any]:
    """Return a teacher's notebook as nbgrader enters it into the gradebook: marks of its present format, and AUTOTEST
    cells with their tests.

    AssignmentProblem where it cannot be read, or is for another kernel than Python.
    """
    notebook = read_json(solution, "The teacher's notebook")
    if (language := language_of(notebook)) not in ("", "python", "ipython"):
        raise AssignmentProblem(
            f"{solution} is a notebook for {language}, and the engine runs Python alone. Grade it with nbgrader's own "
            "Execute: in a folder with an nbgrader_config.py that sets neither c.Autograde.sanitize_preprocessors nor "
            "c.Autograde.autograde_preprocessors. Its submissions are then not isolated."
        )
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise AssignmentProblem(f"The teacher's notebook {solution} is not as nbgrader writes it: it has no cells.")
    marks = [cell["metadata"]["nbgrader"] for cell in cells if (cell.get("metadata") or {}).get("nbgrader")]
    is_old = any(mark.get("schema_version") != SCHEMA_VERSION for mark in marks)
    if is_old or any(is_autotest(cell) for cell in cells):
        return as_entered(notebook, solution)
    return notebook


def as_entered(notebook: Mapping[str, Any], place: Path) -> dict[str, Any]:
    """Return a notebook with marks of nbgrader's present format, and the tests of AUTOTEST cells.

    To make these, the solutions run in a kernel, as in `nbgrader generate_assignment`. AssignmentProblem where that
    cannot be.
    """
    # To import nbgrader takes half a second, and most notebooks need nothing of it.
    from nbgrader.nbgraderformat import MetadataValidator

    text = json.dumps(notebook, sort_keys=True)
    if (text, place) in _made:
        return copy.deepcopy(_made[text, place])
    read = _as_node(notebook)
    try:
        read = MetadataValidator().upgrade_notebook_metadata(read)
        if any(is_autotest(cell) for cell in read.cells):
            read = _with_tests(read, place)
    except AssignmentProblem:
        raise
    except Exception as error:
        raise AssignmentProblem(f"nbgrader does not take {place}: {type(error).__name__}: {error}") from error
    _made.clear()
    _made[text, place] = _as_json(read)
    return copy.deepcopy(_made[text, place])


# The notebook that was made last: to make it takes a kernel.
_made: dict[tuple[str, Path], dict[str, Any]] = {}


def _with_tests(notebook: Any, place: Path) -> Any:
    folder = place.parent.resolve()
    # nbgrader looks beside the notebook, and else in the folder in which it was started: that of the course.
    above = next((one for one in (folder, *folder.parents) if (one / "autotests.yml").is_file()), None)
    if above is None:
        raise AssignmentProblem(
            f"{place} has AUTOTEST cells, and there is no autotests.yml in its folder or above it: copy nbgrader's "
            "into the folder of the course."
        )
    from nbgrader.preprocessors import InstantiateTests

    name = os.path.relpath(above / "autotests.yml", folder)
    maker = InstantiateTests(autotest_filename=name, log=_quiet)
    resources = {"metadata": {"path": str(folder)}}
    marked = [bool(is_autotest(cell)) for cell in notebook.cells]
    with _kernels_ended():
        made, _ = maker.preprocess(notebook, resources)
    for cell, is_made in zip(made.cells, marked, strict=True):
        if is_made:
            cell.metadata.nbgrader["autotest"] = True
    return made


@contextlib.contextmanager
def _kernels_ended() -> Iterator[None]:
    """End the kernels that nbgrader starts for this: it leaves their sockets open, and where a test cannot be made the
    kernel too."""
    from nbgrader.preprocessors import instantiatetests

    start, started = instantiatetests.start_new_kernel, []

    def start_noted(*args: Any, **kwargs: Any) -> Any:
        started.append(start(*args, **kwargs))
        return started[-1]

    instantiatetests.start_new_kernel = start_noted
    try:
        yield
    finally:
        instantiatetests.start_new_kernel = start
        for manager, client in started:
            client.stop_channels()
            if manager.has_kernel:
                manager.shutdown_kernel(now=True)
            manager.cleanup_resources()


def with_header_and_footer(notebook: Mapping[str, Any], config: Config | None) -> dict[str, Any]:
    """Return a notebook with the header and footer that nbgrader's configuration adds to a release."""
    asked = config.get("IncludeHeaderFooter", {}) if config else {}
    root = Path((config.get("CourseDirectory", {}).get("root", "") if config else "") or ".")
    parts = {name: root / path for name in ("header", "footer") if (path := asked.get(name, ""))}
    parts = {name: path for name, path in parts.items() if path.is_file()}
    cells = {name: read_json(path, f"The {name}")["cells"] for name, path in parts.items()}
    made = copy.deepcopy(dict(notebook))
    made["cells"] = [*cells.get("header", ()), *made["cells"], *cells.get("footer", ())]
    return made


def without_solutions(notebook: Mapping[str, Any], config: Config | None = None) -> dict[str, Any]:
    """Return a teacher's notebook with stubs in the place of solutions; AssignmentProblem where nbgrader cannot make
    them."""
    from nbgrader.preprocessors import ClearSolutions

    clearing = ClearSolutions(config=config, log=_quiet) if config else ClearSolutions(log=_quiet)
    try:
        made, _ = clearing.preprocess(_as_node(copy.deepcopy(dict(notebook))), {})
    except (RuntimeError, ValueError) as error:
        raise AssignmentProblem(f"nbgrader cannot take the solutions out: {error}.") from error
    return _as_json(made)


def _as_node(notebook: Mapping[str, Any]) -> Any:
    # Imported here: an autograder at Gradescope reads assignments, and has no nbformat.
    import nbformat

    return nbformat.reads(json.dumps(notebook), as_version=4)


def _as_json(read: Any) -> dict[str, Any]:
    import nbformat

    return cast("dict[str, Any]", json.loads(nbformat.writes(read)))
