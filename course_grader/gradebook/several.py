"""`course grade` for assignments with several notebooks, or with a teacher's own preprocessors.

They are graded by nbgrader's autograding, which calls the engine. The results are in the gradebook and in
`autograded/`. They are not in the journal, so each run grades all submissions again.
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
from course_grader.gradebook.assignment_record import enter_assignment
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database
from course_grader.gradebook.display import Display
from course_grader.gradebook.run import ProgressEvent, Summary
from course_utils.errors import CourseError


def merge_assignments(name: str, notebooks: list[Assignment]) -> Assignment:
    """Return a single assignment that describes all notebooks of an assignment in the output."""
    shown = next((notebook for notebook in notebooks if notebook.mode == "together"), notebooks[0])
    faults = {f"{notebook.name}.{grade_id}": why for notebook in notebooks for grade_id, why in notebook.faults.items()}
    return replace(notebooks[0], name=name, mode=shown.mode, why=shown.why, faults=faults)


def grade_several(course: Course, name: str, place: Path, level: Level, adds: bool, display: Display) -> Summary:
    """Grade all submissions of an assignment, and report each to the display.

    Raises CourseError if the submissions are not in nbgrader's own folders.
    """
    own = course.folder("submitted", "", "")
    if place.resolve() != own.resolve():
        raise CourseError(
            f"{course.needs_nbgrader(name)}. Put the submissions into {own}/STUDENT/{name}, and grade the folder {own}."
        )
    students = sorted(folder.parent.name for folder in own.glob(f"*/{name}") if folder.is_dir())
    summary = Summary()
    with Database(course) as database:
        for notebook in course.notebooks(name):
            summary.entered |= enter_assignment(course, database.gradebook, name, notebook)[1]
    api, mode = _nbgrader(course, level), display.exam.mode if display.exam else "apart"
    with display.bar(len(students)), _in_folder(course.root), warnings.catch_warnings(), _test_results() as results:
        # SQLAlchemy's warnings are for nbgrader's developers.
        warnings.simplefilter("ignore", SAWarning)
        for student in students:
            results.clear()
            done = api.autograde(name, student, force=True, create=adds)
            if done["success"]:
                summary.submissions_written += 1
                result = Result(
                    name,
                    "",
                    level,
                    tuple(results),
                    sandbox=isolation_program(level),
                    exposed=exposure(level),
                    mode=mode,
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
def _test_results() -> Iterator[list[CellResult]]:
    """Yield a list to which the result of each test is added, with the notebook's name before its grade_id."""
    collected: list[CellResult] = []

    def listen(student: str, notebook: str, results: Sequence[CellResult]) -> None:
        collected.extend(replace(result, grade_id=f"{notebook}.{result.grade_id}") for result in results)

    listeners.append(listen)
    try:
        yield collected
    finally:
        listeners.remove(listen)


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """Change into a folder during the block: nbgrader expects to run in the course's folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _problem(done: dict[str, Any]) -> str:
    """Return the reason in nbgrader's log why it could not grade a submission."""
    log = f"{done.get('log') or ''}\n{done.get('error') or ''}"
    errors = re.findall(r"^ *(?:[\w.]*(?:Error|Exception|Unreadable|Problem)): *(.+)", log, re.MULTILINE)
    return errors[0].strip() if errors else "nbgrader could not grade it: run `nbgrader autograde` to see its log."
