"""An assignment in the gradebook: entered by nbgrader itself, and read back as a record for its submissions."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

from jsonschema import Draft4Validator
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from traitlets.config import Config, LoggingConfigurable

from course_grader.cell_metadata import SCHEMA_VERSION
from course_grader.engine.notebook.assignment import Assignment
from course_grader.gradebook.course import Course
from course_utils.errors import CourseError


@dataclass(frozen=True)
class GradebookCell:
    """One of the teacher's marked cells as the gradebook has it; `points` is None where it is not graded."""

    grade_id: str
    cell_type: str
    source: str
    checksum: str
    locked: bool
    solution: bool
    task: bool
    points: float | None

    @property
    def mark(self) -> dict[str, Any]:
        """nbgrader's metadata of the cell."""
        mark: dict[str, Any] = {
            "cell_type": self.cell_type,
            "checksum": self.checksum,
            "grade": self.points is not None and not self.task,
            "grade_id": self.grade_id,
            "locked": self.locked,
            "schema_version": SCHEMA_VERSION,
            "solution": self.solution,
            "task": self.task,
        }
        if self.points is not None:
            mark["points"] = self.points
        return mark


@dataclass(frozen=True)
class AssignmentRecord:
    """The marked cells of an assignment's notebook by grade_id, in no order, and the kernel it asks for."""

    assignment: str
    notebook: str
    cells: Mapping[str, GradebookCell]
    kernelspec: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AssignmentRecord:
        """Return the record that `to_json` wrote."""
        cells = {grade_id: GradebookCell(**cell) for grade_id, cell in data["cells"].items()}
        return cls(data["assignment"], data["notebook"], cells, data["kernelspec"])


def enter(course: Course, database: Gradebook, name: str, assignment: Assignment) -> tuple[AssignmentRecord, bool]:
    """Return the record of an assignment; and whether it had to be entered into the gradebook, or entered again.

    Raises CourseError where it is neither there nor to be had, or nbgrader refuses to change it.
    """
    record = _read(database, name, assignment.name)
    if record and _fits(record, assignment):
        return record, False
    # What nbgrader writes goes through another connection; this one must not hold the file meanwhile.
    database.db.remove()
    _generate(course, name)
    record = _read(database, name, assignment.name)
    if record is None or not _fits(record, assignment):
        raise CourseError(
            f"The gradebook has other cells of {name} than the assignment that is graded: look at {name} in "
            "the folder of solutions."
        )
    return record, True


def _read(database: Gradebook, name: str, notebook: str) -> AssignmentRecord | None:
    try:
        found = database.find_notebook(notebook, name)
    except MissingEntry:
        return None
    points = {cell.name: cell.max_score for cell in (*found.grade_cells, *found.task_cells)}
    solutions, tasks = ({cell.name for cell in cells} for cells in (found.solution_cells, found.task_cells))
    cells = {
        one.name: GradebookCell(
            one.name,
            one.cell_type,
            one.source,
            one.checksum,
            one.locked,
            one.name in solutions,
            one.name in tasks,
            points.get(one.name),
        )
        for one in found.source_cells
    }
    return AssignmentRecord(name, notebook, cells, json.loads(found.kernelspec or "{}"))


def _fits(record: AssignmentRecord, assignment: Assignment) -> bool:
    """Tell whether the gradebook has the assignment's tests as they are now, and all of its answers."""
    for cell in assignment.by_grade_id.values():
        known = record.cells.get(cell.grade_id)
        if known is None or known.solution != (cell.kind == "answer"):
            return False
        if cell.kind == "test" and (known.points != cell.points or known.source != cell.source):
            return False
    return True


NBGRADERS = (SaveCells, "nbgrader.preprocessors.SaveCells")


class SaveCellsTogether(SaveCells):  # type: ignore[misc]
    """nbgrader's own step that enters a notebook's cells, in one transaction: nbgrader commits after each cell, which
    takes longer than all the rest, and leaves half a notebook where it is interrupted."""

    def _create_notebook(self, nb: NotebookNode) -> None:
        session = self.gradebook.db
        session.commit = session.flush
        try:
            super()._create_notebook(nb)
        finally:
            del session.commit
        session.commit()


@contextmanager
def schema_checked_once() -> Iterator[None]:
    """Let jsonschema check a schema once in the block. nbgrader has its own checked for every cell that it validates,
    which takes a tenth of the CPU time of a release."""
    as_it_is, checked = vars(Draft4Validator)["check_schema"], dict[int, Any]()

    def check_schema(kind: type, schema: Any, *args: Any, **kwargs: Any) -> None:
        if checked.get(id(schema)) is not schema:
            as_it_is.__get__(None, kind)(schema, *args, **kwargs)
            # Kept, so that no other schema gets its number.
            checked[id(schema)] = schema

    Draft4Validator.check_schema = classmethod(check_schema)
    try:
        yield
    finally:
        Draft4Validator.check_schema = as_it_is


def entering(config: Config) -> Config:
    """Return the configuration with which nbgrader enters an assignment into the gradebook and does no more.

    What it does after that makes the notebook for learners, which is left aside; to do it takes a third of the time.
    """
    # Not Config(config), which shares the sections.
    short = deepcopy(config)
    default = GenerateAssignment.class_traits()["preprocessors"].default()
    steps = list(short.GenerateAssignment.get("preprocessors", default))
    names = [str(getattr(step, "__name__", step)).rpartition(".")[2] for step in steps]
    if SaveCells.__name__ in names:
        place = names.index(SaveCells.__name__)
        own = SaveCellsTogether if steps[place] in NBGRADERS else steps[place]
        short.GenerateAssignment.preprocessors = [*steps[:place], own]
    short.Exporter.optimistic_validation = True
    return short


def _generate(course: Course, name: str) -> None:
    """Let nbgrader enter the assignment, with the release that it makes on the way left aside."""
    course.solutions(name)
    # Its errors come as exceptions; what else it logs is not for the teacher's eyes.
    quiet = LoggingConfigurable(log=logging.Logger("nbgrader", logging.CRITICAL + 1))
    with tempfile.TemporaryDirectory() as aside:
        directory = CourseDirectory(config=course.config, parent=quiet)
        directory.root, directory.db_url = course.directory.root, course.db_url
        directory.release_directory = aside
        directory.assignment_id = name
        try:
            with schema_checked_once():
                GenerateAssignment(coursedir=directory, config=entering(course.config), parent=quiet).start()
        except (NbGraderException, RuntimeError) as error:
            raise CourseError(
                f"nbgrader does not take {name} into the gradebook: {error}. Cells cannot be added or taken away once "
                "submissions are in; give the assignment another name."
            ) from error
