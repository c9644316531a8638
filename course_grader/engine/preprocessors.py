"""Run the engine inside `nbgrader autograde` and behind the formgrader's button: a reader and two preprocessors.

`nbgrader_config.py` names the preprocessors in `c.Autograde.sanitize_preprocessors` and
`c.Autograde.autograde_preprocessors`, and a reader built on `AnyState` in `c.Autograde.exporter_class`. The reader
accepts notebooks that nbformat refuses although they can be graded. `Intake` rearranges a notebook's cells so that
nbgrader does not fail on them. `Grade` replaces `Execute`. It leaves no output or one error in each test cell, or the
cell's own outputs in the mode together; nbgrader's `SaveAutoGrades` scores these.
"""

from __future__ import annotations

import functools
import io
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, cast

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import compute_checksum
from traitlets import Dict, Enum, Unicode

from course_grader.cell_metadata import SCHEMA_VERSION
from course_grader.engine.notebook.assignment import Assignment, TeacherCell
from course_grader.engine.notebook.extra_files import read_extra_files
from course_grader.engine.notebook.owners import owners_of, restore_cells
from course_grader.engine.notebook.read import read_submission
from course_grader.engine.notebook.source import imported_modules, marked_cells, read_json
from course_grader.engine.notebook.well_formed import unique_ids, well_formed
from course_grader.engine.result import CellResult, blameless
from course_grader.engine.rpc.clean_text import storable
from course_grader.engine.sandbox.levels import LEVELS, exposure

try:
    from course_grader.engine.grading import grade, zygote_of
    from course_grader.engine.judging.together import TogetherSession, result_of, run_all, steps_in
    from course_grader.engine.modes import fixed_mode, seconds_of, store_beside, with_mode
except ModuleNotFoundError as missing:
    remedy = "install the course with `pip install -e '.[lab,grader]'`."
    raise ModuleNotFoundError(f"Grading needs {missing.name}: {remedy}", name=missing.name) from None


class _Engine(NbGraderPreprocessor):  # type: ignore[misc]
    key = Unicode("", help="Path of the hidden key; by default the path in COURSE_KEY.").tag(config=True)

    def assignment(self, resources: dict[str, Any]) -> Assignment | None:
        """Return the assignment of the current notebook, from the teacher's notebook and the hidden key; None if there
        is no teacher's notebook, only its entry in the gradebook."""
        named = self.key or os.environ.get("COURSE_KEY", "")
        solution, key = self.solution(resources), Path(named) if named else None
        if not solution.is_file():
            return None
        modified = (path.stat().st_mtime_ns for path in (solution, key) if path is not None and path.exists())
        assignment = _assignment(solution, key, *modified)
        name, root = resources["nbgrader"]["assignment"], Path(self.parent.parent.coursedir.root)
        fixed, store = fixed_mode(self.config, name), store_beside(_database(resources), root)
        return with_mode(assignment, solution, store, name, fixed, self.config)

    def solution(self, resources: dict[str, Any]) -> Path:
        """Return the path of the teacher's notebook."""
        # The parent is nbconvert's exporter, and its parent is nbgrader's converter.
        info, coursedir = resources["nbgrader"], self.parent.parent.coursedir
        folder = coursedir.format_path(coursedir.source_directory, ".", info["assignment"])
        return Path(folder) / f"{info['notebook']}.ipynb"


class AnyState(NotebookExporter):
    """Reader for every notebook that `course grade` can grade, including other formats and metadata that nbformat
    refuses."""

    def from_filename(self, filename: str, resources: dict[str, Any] | None = None, **options: Any) -> Any:
        content = Path(filename).read_bytes()
        try:
            content.decode()
        except UnicodeDecodeError:
            # It is not text. This raises Unreadable with the kind of the file.
            read_submission(content)
        return super().from_filename(filename, resources=resources, **options)

    def from_file(self, file_stream: Any, resources: dict[str, Any] | None = None, **options: Any) -> Any:
        content = file_stream.read()
        if not _executes(self.config):
            # Then nbgrader scores the outputs that the student submitted, so they must stay.
            return super().from_file(io.StringIO(content), resources=resources, **options)
        # Raises Unreadable if the notebook cannot be graded: nbgrader logs its message, which says what to do.
        submitted = read_submission(content.encode(errors="replace"))
        for note in submitted.notes:
            self.log.warning(note)
        metadata = json.loads(content.removeprefix("\ufeff")).get("metadata")
        notebook = from_dict(well_formed(submitted.cells, metadata))
        return self.from_notebook_node(notebook, resources=resources, **options)  # type: ignore[no-untyped-call]


def _executes(config: Mapping[str, Any]) -> bool:
    """Return whether notebooks are to be run; False with nbgrader's --no-execute."""
    return config.get("Execute", {}).get("enabled", True) is not False


@functools.lru_cache(maxsize=4)
def _grade_ids(solution: Path, modified: int) -> frozenset[str]:
    """Return the grade_ids of all cells of the teacher's notebook, including manually graded ones."""
    return frozenset(marked_cells(read_json(solution, "The teacher's notebook")))


@functools.lru_cache(maxsize=4)
def _assignment(solution: Path, key: Path | None, *modified: int) -> Assignment:
    return Assignment.from_notebook(solution, key, files=solution.parent)


def _database(resources: Mapping[str, Any]) -> Path | None:
    url = str(resources["nbgrader"].get("db_url", ""))
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


class Intake(_Engine):
    """Assigns each of the teacher's cells to one cell of the submission, by nbgrader's marks.

    Lost marks are restored. If several cells have the same mark, as after splitting or copying, one keeps it and the
    others become ordinary cells. An answer that was turned into a text cell becomes a code cell again. Set-up and test
    cells that are missing or were edited are put back. A mark from another assignment, as on a cell copied from there,
    is removed.
    """

    def preprocess(self, notebook: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        assignment = self.assignment(resources)
        if assignment is None:
            return notebook, resources
        solution = self.solution(resources)
        grade_ids = _grade_ids(solution, solution.stat().st_mtime_ns)
        submitted = read_submission(notebook)
        # In the mode together, an edited test cell gets the teacher's text back, as in nbgrader. In the mode apart, it
        # stays as the student's own code.
        is_restored = assignment.mode == "together"
        submitted_cells, edited = restore_cells(submitted.cells, assignment) if is_restored else (submitted.cells, [])
        owners = owners_of(submitted_cells, assignment)
        for note in (*submitted.notes, *edited, *owners.notes):
            self.log.warning(note)
        by_hand = marked_for_humans(notebook.cells, grade_ids - assignment.by_grade_id.keys())
        cells = []
        for numbered, owner in owners.around(list(enumerate(notebook.cells))):
            if isinstance(owner, TeacherCell):
                cells.append(_fresh(owner) if numbered is None else _marked(numbered[1], owner))
            elif numbered is not None:
                place, cell = numbered
                if place not in by_hand:
                    cell.metadata.pop("nbgrader", None)
                cells.append(cell)
        unique_ids(cells)
        notebook.cells = cells
        text = json.dumps(notebook, ensure_ascii=False)
        if storable(text) != text:
            notebook = from_dict(json.loads(storable(text)))
        return notebook, resources


class Grade(_Engine):
    """Grades the notebook and writes the results into its outputs."""

    isolation = Enum(LEVELS, "namespaces", help="How submissions are isolated.").tag(config=True)
    modes = Dict(help="Fixed grading modes (apart or together), by the assignment's name.").tag(config=True)

    def preprocess(self, notebook: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        if not _executes(self.config):
            return notebook, resources
        if warning := exposure(self.isolation):
            self.log.warning(warning)
        assignment = self.assignment(resources)
        if assignment is None or assignment.mode == "together":
            name = resources["nbgrader"]["notebook"]
            assignment = assignment or Assignment(name, (), {}, {}, mode="together", imports=imported_modules(notebook))
            return self._together(notebook, resources, assignment.within(seconds_of(self.config)))
        result = grade(notebook, assignment, self.isolation, files=self._files(resources, assignment))
        results = {cell.grade_id: cell for cell in result.cells}
        for place, cell in enumerate(notebook.cells):
            mark = cell.metadata.get("nbgrader", {})
            if cell.cell_type != "code":
                continue
            if mark.get("grade_id") in results:
                cell.outputs = outputs_of_test(results[mark["grade_id"]])
            elif place in result.outputs:
                cell.outputs = [from_dict(output) for output in result.outputs[place]]
        self._log_and_notify(result.cells, assignment, resources)
        return notebook, resources

    def _files(self, resources: dict[str, Any], assignment: Assignment) -> dict[str, bytes]:
        """Return the files next to a submission, by path, as nbgrader does: the teacher's files replace the student's,
        except those in nbgrader's exclude_overwriting."""
        files = read_extra_files(Path(resources.get("metadata", {}).get("path") or "."), assignment.limits.files // 2)
        excluded = self.config.get("Autograde", {}).get("exclude_overwriting", {})
        kept = excluded.get(resources["nbgrader"]["assignment"], ())
        return files | {name: content for name, content in assignment.content_of_files.items() if name not in kept}

    def _together(
        self, notebook: NotebookNode, resources: dict[str, Any], assignment: Assignment
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Run the notebook as it is: nbgrader has already put the teacher's cells into it, from its gradebook."""
        steps = steps_in(notebook.cells, assignment)
        files = self._files(resources, assignment)
        results = []
        with TogetherSession(
            zygote_of(self.isolation, assignment), assignment.limits, files, assignment.spared
        ) as session:
            for step, outcome in run_all(steps, session):
                outputs = outcome.outputs
                if step.test is not None:
                    result = blameless(result_of(step.test, outcome), assignment.faults)
                    results.append(result)
                    outputs = list(result.outputs)
                notebook.cells[step.place].outputs = [from_dict(output) for output in outputs]
        self._log_and_notify(results, assignment, resources)
        return notebook, resources

    def _log_and_notify(self, results: Sequence[CellResult], assignment: Assignment, resources: dict[str, Any]) -> None:
        """Log faults of tests, and tests that no submission has passed so far; pass the results to the listeners."""
        for listener in listeners:
            listener(resources["nbgrader"]["student"], assignment.name, results)
        for result in results:
            if result.outcome == "error":
                self.log.error("The test %s is itself wrong: %s", result.grade_id, result.message)
            key = resources["nbgrader"]["assignment"], assignment.name, result.grade_id
            passed, failed = _tallies.get(key, (0, 0))
            is_passed = result.points > 0 or not result.max_points
            _tallies[key] = passed, failed = passed + is_passed, failed + (not is_passed and result.outcome != "blank")
            # Once for each doubling, so that a class of hundreds does not fill the log.
            if not passed and failed > 1 and failed & (failed - 1) == 0:
                warning = "None of %d submissions passes the test %s: look at the test."
                self.log.warning(warning, failed, result.grade_id)


# Callbacks, each called with a student's id, a notebook's name and the results of its tests.
listeners: list[Callable[[str, str, Sequence[CellResult]], None]] = []
# How many submissions of this run passed a test, and how many failed it.
_tallies: dict[tuple[str, str, str], tuple[int, int]] = {}


def outputs_of_test(cell: CellResult) -> list[NotebookNode]:
    """Return the outputs of a test cell: its own in the mode together; in the mode apart none if it passed, else one
    error. A test with partial credit has outputs in both modes."""
    if cell.outputs:
        return [cast(NotebookNode, from_dict(output)) for output in cell.outputs]
    if cell.outcome == "passed":
        return []
    error = {"output_type": "error", "ename": "CheckFailed", "evalue": cell.message, "traceback": [cell.message]}
    return [cast(NotebookNode, from_dict(error))]


def is_readable(mark: Any) -> bool:
    """Return whether nbgrader can read a mark; a mark of another schema version would abort its whole batch."""
    return (
        isinstance(mark, dict)
        and isinstance(mark.get("grade_id"), str)
        and mark.get("schema_version") == SCHEMA_VERSION
    )


def marked_for_humans(cells: Sequence[Mapping[str, Any]], grade_ids: Set[str]) -> set[int]:
    """Return the indices of the cells that keep a mark with one of these grade_ids, which are graded manually.

    If several cells have the same mark, the last one that the student wrote in keeps it, since nbgrader accepts only
    one. The others become ordinary cells.
    """
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        mark = cell["metadata"].get("nbgrader")
        if is_readable(mark) and mark["grade_id"] in grade_ids:
            written = cell["source"].strip() and not _is_untouched(cell)
            places[mark["grade_id"]] = place if written else places.get(mark["grade_id"], place)
    return set(places.values())


def _is_untouched(cell: Mapping[str, Any]) -> bool:
    try:
        checksum = compute_checksum(from_dict(dict(cell)))
    except (KeyError, TypeError, AttributeError, ValueError):
        return False
    return bool(cell["metadata"]["nbgrader"].get("checksum") == checksum)


def _mark(cell: TeacherCell) -> dict[str, Any]:
    mark = cell.nbgrader
    mark.pop("autotest", None)
    return mark


def _fresh(cell: TeacherCell) -> NotebookNode:
    return cast(NotebookNode, new_code_cell(cell.released, id=_id_of(cell), metadata={"nbgrader": _mark(cell)}))


def _id_of(cell: TeacherCell) -> str:
    """Return a cell's id, or one made from its grade_id: before format 4.5 cells have no id."""
    return cell.id or re.sub(r"[^a-zA-Z0-9_-]", "-", cell.grade_id)[:64] or "cell"


def _marked(cell: NotebookNode, owner: TeacherCell) -> NotebookNode:
    if cell.cell_type == "code":
        cell.metadata["nbgrader"] = from_dict(_mark(owner))
        return cell
    metadata = {**cell.metadata, "nbgrader": _mark(owner)}
    return cast(NotebookNode, new_code_cell(cell.source, id=cell.get("id") or _id_of(owner), metadata=metadata))
