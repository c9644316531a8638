"""A course with the assignments of this folder, as their teacher has it, and what its gradebook says after grading."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from tests.own.build import Own

ROOT = Path(__file__).parents[2]
CONFIG = "nbgrader_config.py"
# nbgrader calls the program `alembic` by name.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
# What a gradebook says of a cell: points given, points at most, "by hand" if a human is to look, the comment if any.
Cell = list[Any]
# By student, notebook and cell. A student whom the grader could not grade has a sentence in place of notebooks.
Scores = dict[str, dict[str, dict[str, Cell]] | str]

# The course's own configuration without the places of its own notebooks: what a teacher's own course adds to its file.
OURS = """{configuration}

for name in ("course_id", "source_directory", "release_directory", "ignore"):
    c.CourseDirectory.pop(name, None)
c.ClearSolutions.pop("code_stub", None)
# As nbgrader reads a time without a zone.
c.ReadTimes.timezone = "UTC"
"""


def our_configuration() -> str:
    """Return the configuration with which nbgrader grades a teacher's own course in the engine."""
    return OURS.format(configuration=(ROOT / CONFIG).read_text(encoding="utf-8"))


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work inside a folder: nbgrader looks for autotests.yml in the working folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def make_course(folder: Path, assignments: Iterable[Own], configuration: str = "") -> dict[str, str]:
    """Write a course: sources, releases and submissions, made by nbgrader itself.

    Return what went wrong by assignment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    head = f"c = get_config()\nc.CourseDirectory.root = {str(folder)!r}\n"
    (folder / CONFIG).write_text(configuration or head, encoding="utf-8")
    (folder / "autotests.yml").write_text(
        resources.files("nbgrader").joinpath("tests/apps/files/autotests.yml").read_text(encoding="utf-8")
    )
    problems = {}
    api = nbgrader(folder, Config())
    for own in assignments:
        own.write_source(folder / "source" / own.name)
        with inside(folder):
            made = api.generate_assignment(own.name)
        if not made["success"]:
            problems[own.name] = made.get("log") or made["error"]
            continue
        for name in own.submissions:
            own.write_submission(name, folder / "release" / own.name, folder / "submitted" / name / own.name)
    return problems


def nbgrader(folder: Path, config: Config | None = None) -> NbGraderAPI:
    """Return nbgrader's programs for a course, by its configuration file or another configuration."""
    if config is None:
        config = PyFileConfigLoader(CONFIG, path=str(folder)).load_config()
    directory = CourseDirectory(config=config)
    directory.root = str(folder)
    return NbGraderAPI(directory, config=config)


def autograde(folder: Path, own: Own, api: NbGraderAPI) -> Scores:
    """Grade all submissions of an assignment with `nbgrader autograde`; return the scores."""
    with inside(folder):
        done = api.autograde(own.name, "*")
    found = scores(folder, own)
    for name in own.submissions:
        if not (folder / "autograded" / name / own.name).is_dir():
            found[name] = "not graded: " + reason(done.get("log", ""), name)
    return found


def reason(log: str, student: str) -> str:
    """Return the error that ended the grading of a student, from nbgrader's log."""
    part = re.search(rf"error processing assignment: \S*/{re.escape(student)}/.*", log, re.DOTALL)
    errors = re.findall(r"^ *([\w.]*(?:Error|Exception)\b.*)", part.group() if part else log, re.MULTILINE)
    return errors[0].strip() if errors else "no reason in the log"


def scores(folder: Path, own: Own) -> Scores:
    """Return what the gradebook says of the submissions of an assignment."""
    found: Scores = {}
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        for submission in book.assignment_submissions(own.name):
            found[submission.student.id] = {
                notebook.name: {grade.name: _cell(grade, notebook) for grade in notebook.grades}
                for notebook in sorted(submission.notebooks, key=lambda each: each.name)
            }
    return dict(sorted(found.items()))


def _cell(grade: Any, notebook: Any) -> Cell:
    said = [grade.auto_score, grade.max_score]
    if grade.needs_manual_grade:
        said.append("by hand")
    [*comments] = [each.auto_comment for each in notebook.comments if each.name == grade.name and each.auto_comment]
    return [*said, *comments]


def copy_for(folder: Path, place: Path) -> Path:
    """Return a copy of a course that is graded by our engine."""
    shutil.copytree(folder, place)
    (place / CONFIG).write_text(our_configuration(), encoding="utf-8")
    return place
