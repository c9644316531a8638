"""Adds an assignment to the gradebook by calling nbgrader, and reads it back as a record for grading."""

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
    """A cell with nbgrader metadata as it is in the gradebook; `points` is None if it is not graded."""

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
    """The marked cells of an assignment's notebook by grade_id, in no particular order, and the notebook's kernel."""

    assignment: str
    notebook: str
    cells: Mapping[str, GradebookCell]
    kernelspec: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AssignmentRecord:
        """Return the record from the output of `to_json`."""
        cells = {grade_id: GradebookCell(**cell) for grade_id, cell in data["cells"].items()}
        return cls(data["assignment"], data["notebook"], cells, data["kernelspec"])


def enter_assignment(
    course: Course, database: Gradebook, name: str, assignment: Assignment
) -> tuple[AssignmentRecord, bool]:
    """Return the record of an assignment, and whether it had to be added to the gradebook or updated there.

    Raises CourseError if it is not in the gradebook and cannot be added, or if nbgrader refuses to change it.
    """
    record = _read(database, name, assignment.name)
    if record and _fits(record, assignment):
        return record, False
    # nbgrader writes through its own connection, so this one must not keep the file locked meanwhile.
    database.db.remove()
    _generate(course, name)
    record = _read(database, name, assignment.name)
    if record is None or not _fits(record, assignment):
        raise CourseError(
            f"The cells of {name} in the gradebook differ from those in the assignment. Check {name} in the folder of "
            "solutions."
        )
    return record, True


def _read(database: Gradebook, name: str, notebook: str) -> AssignmentRecord | None:
    try:
        row = database.find_notebook(notebook, name)
    except MissingEntry:
        return None
    points = {cell.name: cell.max_score for cell in (*row.grade_cells, *row.task_cells)}
    solutions, tasks = ({cell.name for cell in cells} for cells in (row.solution_cells, row.task_cells))
    cells = {
        cell.name: GradebookCell(
            cell.name,
            cell.cell_type,
            cell.source,
            cell.checksum,
            cell.locked,
            cell.name in solutions,
            cell.name in tasks,
            points.get(cell.name),
        )
        for cell in row.source_cells
    }
    return AssignmentRecord(name, notebook, cells, json.loads(row.kernelspec or "{}"))


def _fits(record: AssignmentRecord, assignment: Assignment) -> bool:
    """Return whether the gradebook has all answers of the assignment, and its tests with today's source and points."""
    for cell in assignment.by_grade_id.values():
        known = record.cells.get(cell.grade_id)
        if known is None or known.solution != (cell.kind == "answer"):
            return False
        if cell.kind == "test" and (known.points != cell.points or known.source != cell.source):
            return False
    return True


NBGRADERS = (SaveCells, "nbgrader.preprocessors.SaveCells")


class SaveCellsTogether(SaveCells):  # type: ignore[misc]
    """nbgrader's step that saves a notebook's cells, in a single transaction.

    nbgrader commits after each cell, which takes longer than all the rest, and leaves an incomplete notebook if it is
    interrupted.
    """

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
    """Make jsonschema check each schema only once during the block.

    nbgrader makes it check the same schema again for every cell, which takes a tenth of the CPU time of a release.
    """
    original, checked = vars(Draft4Validator)["check_schema"], dict[int, Any]()

    def check_schema(kind: type, schema: Any, *args: Any, **kwargs: Any) -> None:
        if checked.get(id(schema)) is not schema:
            original.__get__(None, kind)(schema, *args, **kwargs)
            # Keep a reference, so that no other schema can get the same id.
            checked[id(schema)] = schema

    Draft4Validator.check_schema = classmethod(check_schema)
    try:
        yield
    finally:
        Draft4Validator.check_schema = original


def entering(config: Config) -> Config:
    """Return a configuration with which nbgrader adds an assignment to the gradebook and then stops.

    The steps after that only make the notebook for learners, which is not needed and takes a third of the time.
    """
    # Config(config) would share the sections.
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
    """Have nbgrader add the assignment to the gradebook; the release that it also makes is thrown away."""
    course.solutions(name)
    # nbgrader raises its errors as exceptions. The rest of its log would only confuse the teacher.
    quiet = LoggingConfigurable(log=logging.Logger("nbgrader", logging.CRITICAL + 1))
    with tempfile.TemporaryDirectory() as unused:
        directory = CourseDirectory(config=course.config, parent=quiet)
        directory.root, directory.db_url = course.directory.root, course.db_url
        directory.release_directory = unused
        directory.assignment_id = name
        try:
            with schema_checked_once():
                GenerateAssignment(coursedir=directory, config=entering(course.config), parent=quiet).start()
        except (NbGraderException, RuntimeError) as error:
            raise CourseError(
                f"nbgrader cannot add {name} to the gradebook: {error}. Once there are submissions, cells cannot be "
                "added or removed: give the assignment a new name instead."
            ) from error
