"""Make the notebooks that nbgrader itself makes from a teacher's notebook: the gradebook's version and the release."""

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
    """Return a teacher's notebook as nbgrader enters it into the gradebook: with marks in nbgrader's current format
    and with the generated tests in AUTOTEST cells.

    Raises AssignmentProblem if it cannot be read, or is for a kernel that is not Python.
    """
    notebook = read_json(solution, "The teacher's notebook")
    if (language := language_of(notebook)) not in ("", "python", "ipython"):
        raise AssignmentProblem(
            f"{solution} is a notebook for {language}, and the engine runs only Python. Grade it with nbgrader's own "
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
    """Return a notebook with marks in nbgrader's current format, and with generated tests in AUTOTEST cells.

    To generate the tests, the solutions run in a kernel, as in `nbgrader generate_assignment`. Raises AssignmentProblem
    if nbgrader refuses the notebook.
    """
    # Imported here: it takes half a second, and most notebooks do not need it.
    from nbgrader.nbgraderformat import MetadataValidator

    text = json.dumps(notebook, sort_keys=True)
    if (text, place) in _latest:
        return copy.deepcopy(_latest[text, place])
    node = _as_node(notebook)
    try:
        node = MetadataValidator().upgrade_notebook_metadata(node)
        if any(is_autotest(cell) for cell in node.cells):
            node = _with_tests(node, place)
    except AssignmentProblem:
        raise
    except Exception as error:
        raise AssignmentProblem(f"nbgrader does not accept {place}: {type(error).__name__}: {error}") from error
    _latest.clear()
    _latest[text, place] = _as_json(node)
    return copy.deepcopy(_latest[text, place])


# Cache of the latest notebook, since generating tests starts a kernel.
_latest: dict[tuple[str, Path], dict[str, Any]] = {}


def _with_tests(notebook: Any, place: Path) -> Any:
    folder = place.parent.resolve()
    # nbgrader looks next to the notebook, and then in the folder where it was started, which is the course's.
    parents = (parent for parent in (folder, *folder.parents) if (parent / "autotests.yml").is_file())
    templates = next(parents, None)
    if templates is None:
        raise AssignmentProblem(
            f"{place} has AUTOTEST cells, and there is no autotests.yml in its folder or above it: copy nbgrader's "
            "into the folder of the course."
        )
    from nbgrader.preprocessors import InstantiateTests

    name = os.path.relpath(templates / "autotests.yml", folder)
    preprocessor = InstantiateTests(autotest_filename=name, log=_quiet)
    resources = {"metadata": {"path": str(folder)}}
    marked = [bool(is_autotest(cell)) for cell in notebook.cells]
    with _kernels_ended():
        with_tests, _ = preprocessor.preprocess(notebook, resources)
    for cell, is_generated in zip(with_tests.cells, marked, strict=True):
        if is_generated:
            cell.metadata.nbgrader["autotest"] = True
    return with_tests


@contextlib.contextmanager
def _kernels_ended() -> Iterator[None]:
    """End the kernels that nbgrader starts in the block: it leaves their sockets open, and after an error also the
    kernel."""
    from nbgrader.preprocessors import instantiatetests

    start, started = instantiatetests.start_new_kernel, []

    def start_and_record(*args: Any, **kwargs: Any) -> Any:
        started.append(start(*args, **kwargs))
        return started[-1]

    instantiatetests.start_new_kernel = start_and_record
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
    """Return a notebook with the header and footer that nbgrader's configuration adds to a release.

    Raises AssignmentProblem if one of them cannot be read.
    """
    settings = config.get("IncludeHeaderFooter", {}) if config else {}
    root = Path((config.get("CourseDirectory", {}).get("root", "") if config else "") or ".")
    parts = {name: root / path for name in ("header", "footer") if (path := settings.get(name, ""))}
    parts = {name: path for name, path in parts.items() if path.is_file()}
    cells = {name: read_json(path, f"The {name}")["cells"] for name, path in parts.items()}
    extended = copy.deepcopy(dict(notebook))
    extended["cells"] = [*cells.get("header", ()), *extended["cells"], *cells.get("footer", ())]
    return extended


def without_solutions(notebook: Mapping[str, Any], config: Config | None = None) -> dict[str, Any]:
    """Return a teacher's notebook with stubs instead of solutions; raises AssignmentProblem if nbgrader cannot make
    it."""
    from nbgrader.preprocessors import ClearSolutions

    preprocessor = ClearSolutions(config=config, log=_quiet) if config else ClearSolutions(log=_quiet)
    try:
        cleared, _ = preprocessor.preprocess(_as_node(copy.deepcopy(dict(notebook))), {})
    except (RuntimeError, ValueError) as error:
        raise AssignmentProblem(f"nbgrader cannot remove the solutions: {error}.") from error
    return _as_json(cleared)


def _as_node(notebook: Mapping[str, Any]) -> Any:
    # Imported here: the Gradescope autograder imports this module, and has no nbformat.
    import nbformat

    return nbformat.reads(json.dumps(notebook), as_version=4)


def _as_json(node: Any) -> dict[str, Any]:
    import nbformat

    return cast("dict[str, Any]", json.loads(nbformat.writes(node)))
