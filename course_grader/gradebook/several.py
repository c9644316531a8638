"""`course grade` of an assignment with several notebooks, or with preprocessors of a teacher's own: nbgrader's own
autograding, with the engine in it.

What comes of it is in the gradebook and in `autograded/`; there is no journal entry, so that each run grades all of
them again.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbgrader.apps.api import NbGraderAPI
from sqlalchemy.exc import SAWarning

from course_grader.configuration import use_engine
from course_grader.engine.notebook.assignment import Assignment
from course_grader.engine.preprocessors import listeners
from course_grader.engine.result import CellResult, Result
from course_grader.engine.sandbox.levels import Level, exposure, isolation_program
from course_grader.gradebook.assignment_record import enter
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database
from course_grader.gradebook.display import Display
from course_grader.gradebook.run import ProgressEvent, Summary
from course_utils.errors import CourseError


def merged(name: str, notebooks: list[Assignment]) -> Assignment:
    """Return what the notebooks of an assignment are together, to be shown."""
    mode = next((one for one in notebooks if one.mode == "together"), notebooks[0])
    faults = {f"{one.name}.{grade_id}": why for one in notebooks for grade_id, why in one.faults.items()}
    return replace(notebooks[0], name=name, mode=mode.mode, why=mode.why, faults=faults)


def grade_several(course: Course, name: str, place: Path, level: Level, adds: bool, display: Display) -> Summary:
    """Grade all submissions of an assignment, and report each to the display.

    Raises CourseError if the submissions are not in nbgrader's own folders.
    """
    own = course.folder("submitted", "", "")
    if place.resolve() != own.resolve():
        raise CourseError(
            f"{course.needs_nbgrader(name)}: put submissions into {own}/STUDENT/{name}, and grade the folder {own}."
        )
    students = sorted(folder.parent.name for folder in own.glob(f"*/{name}") if folder.is_dir())
    summary = Summary()
    with Database(course) as database:
        for notebook in course.notebooks(name):
            summary.entered |= enter(course, database.gradebook, name, notebook)[1]
    api, mode = _nbgrader(course, level), display.exam.mode if display.exam else "apart"
    with display.bar(len(students)), _inside(course.root), warnings.catch_warnings(), _listening() as found:
        # SQLAlchemy's advice to nbgrader.
        warnings.simplefilter("ignore", SAWarning)
        for student in students:
            found.clear()
            done = api.autograde(name, student, force=True, create=adds)
            if done["success"]:
                summary.booked += 1
                result = Result(
                    name, "", level, tuple(found), sandbox=isolation_program(level), exposed=exposure(level), mode=mode
                )
                display.report(ProgressEvent(student, result=result))
            else:
                display.report(ProgressEvent(student, problem=_problem(done)))
    with Database(course) as database:
        summary.waiting = database.waiting(name)
    return summary


def _nbgrader(course: Course, level: Level) -> NbGraderAPI:
    config = deepcopy(course.config)
    use_engine(config)
    config.Grade.isolation = level
    if course.key.is_file():
        config.Intake.key = config.Grade.key = str(course.key)
    course.directory.config = config
    return NbGraderAPI(course.directory, config=config)


@contextmanager
def _listening() -> Iterator[list[CellResult]]:
    """Yield a list to which the result of each test is added, with its notebook's name in its own."""
    found: list[CellResult] = []

    def listen(student: str, notebook: str, results: Sequence[CellResult]) -> None:
        found.extend(replace(one, grade_id=f"{notebook}.{one.grade_id}") for one in results)

    listeners.append(listen)
    try:
        yield found
    finally:
        listeners.remove(listen)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in the course's folder, as a teacher would with nbgrader."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _problem(done: dict[str, Any]) -> str:
    """Return why nbgrader could not grade a submission, from its log."""
    said = f"{done.get('log') or ''}\n{done.get('error') or ''}"
    errors = re.findall(r"^ *(?:[\w.]*(?:Error|Exception|Unreadable|Problem)): *(.+)", said, re.MULTILINE)
    return errors[0].strip() if errors else "nbgrader could not grade it: run `nbgrader autograde` to see its log."
