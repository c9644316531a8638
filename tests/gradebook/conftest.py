"""A small course with one lesson, its submissions and its gradebook."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from course_grader import Assignment
from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.sample_submissions import samples
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.cluster import Cluster
from course_grader.gradebook.assignment_record import enter_assignment
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database
from course_grader.gradebook.journal import Journal
from course_grader.gradebook.run import GradingJob, ProgressEvent, Summary, grade_class
from course_grader.submissions import Found, find_submissions

ROOT = Path(__file__).parents[2]
NAME = "00_start_here"
POINTS = {"mean_squared_error_visible": 1.0, "mean_squared_error_hidden": 2.0}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "COURSE_KEY"} | {"PYTHONPATH": str(ROOT)}
# Grading works in any thread, so no process has to be started.
IN_A_THREAD = Cluster(lambda: ThreadPoolExecutor(1), 1, 2)

Rows = dict[str, dict[str, Any]]


@dataclass
class School:
    """A course's folder, its submissions and their results."""

    root: Path
    notebooks: dict[str, dict[str, Any]]
    events: list[ProgressEvent] = field(default_factory=list)

    @property
    def course(self) -> Course:
        return Course.at(self.root)

    @property
    def assignment(self) -> Assignment:
        return self.course.assignment(NAME)

    def hand_in(self, student: str, kind: str | dict[str, Any] = "blank", when: str = "") -> Path:
        """Write a submission: a sample by the end of its name, or a notebook; unlike every other student's."""
        notebook = self.notebook(kind) if isinstance(kind, str) else kind
        place = self.root / "submitted" / student / NAME / f"{NAME}.ipynb"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(notebook | {"metadata": notebook["metadata"] | {"student": student}}))
        if when:
            place.with_name("timestamp.txt").write_text(when)
        return place

    def notebook(self, kind: str) -> dict[str, Any]:
        """Return a copy of a sample, which the caller may change."""
        [found] = [notebook for name, notebook in self.notebooks.items() if name.endswith(kind)]
        copied: dict[str, Any] = json.loads(json.dumps(found))
        return copied

    def grade(
        self, place: Path | None = None, cluster: Cluster = IN_A_THREAD, db: str | None = None, **options: Any
    ) -> tuple[Summary, dict[str, ProgressEvent]]:
        """Grade what was handed in; return the tally, and the events by student."""
        self.events.clear()
        course = Course.at(self.root, db)
        job = GradingJob(course, NAME, course.assignment(NAME, remember=not options.get("preview")), **options)
        folder = place or self.root / "submitted"
        found = find_submissions(folder, NAME) if folder.exists() else Found((), ())
        tally = grade_class(job, found, cluster, self.events.append)
        assert len(self.events) == len({one.student for one in self.events}), "a student was reported twice"
        return tally, {one.student: one for one in self.events}

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `course grade` in the course's folder."""
        return subprocess.run(self.command(*arguments), **self.place | {"capture_output": True} | options)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", "from course_utils.cli import main; main()", "grade", *arguments]

    @property
    def place(self) -> dict[str, Any]:
        return {"cwd": self.root, "env": ENVIRONMENT, "text": True}

    def nbgrader(self) -> NbGraderAPI:
        course = self.course
        return NbGraderAPI(coursedir=course.directory, config=course.config)

    def rows(self, db: str | None = None) -> Rows:
        """Return the gradebook's values for each student."""
        with Gradebook(db or f"sqlite:///{self.root}/gradebook.db", "descent") as book:
            return {one.student.id: _row(one) for one in book.assignment_submissions(NAME)}

    def scores(self, db: str | None = None) -> dict[str, float]:
        return {
            student: sum(grade[0] or 0 for grade in row["grades"].values()) for student, row in self.rows(db).items()
        }

    def autograded(self, student: str) -> Any:
        place = self.root / "autograded" / student / NAME / f"{NAME}.ipynb"
        return nbformat.read(place, nbformat.NO_CONVERT)

    def journal(self) -> Journal:
        return Journal(self.course.journal)

    @property
    def book(self) -> Path:
        return self.root / "gradebook.db"


def _row(one: Any) -> dict[str, Any]:
    [notebook] = one.notebooks
    grades = {
        grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade, grade.score, grade.max_score)
        for grade in notebook.grades
    }
    comments = {comment.name: (comment.auto_comment, comment.manual_comment) for comment in notebook.comments}
    when: datetime | None = one.timestamp
    return {
        "grades": grades,
        "comments": comments,
        "when": when,
        "late": one.total_seconds_late,
        "penalty": notebook.late_submission_penalty,
        "needs_manual_grade": one.needs_manual_grade,
    }


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> School:
    root = tmp_path_factory.mktemp("template")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    for part in ("solutions", "notebooks"):
        shutil.copytree(ROOT / part / NAME, root / part / NAME)
    lesson = read_lesson(ROOT / "lessons" / NAME)
    write_hidden_key(root / "course.key", [lesson], "a term")
    released = nbformat.read(root / "notebooks" / NAME / f"{NAME}.ipynb", nbformat.NO_CONVERT)
    school = School(
        root, {student: json.loads(json.dumps(notebook)) for student, notebook in samples(lesson, released)}
    )
    with pytest.MonkeyPatch.context() as patch, Database(school.course) as book:
        patch.delenv("COURSE_KEY", raising=False)
        # Adding it takes longer than grading a submission.
        enter_assignment(school.course, book.gradebook, NAME, school.assignment)
    return school


@pytest.fixture
def school(template: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    return make_school(template, tmp_path / "course", monkeypatch)


@pytest.fixture
def another(template: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], School]:
    return lambda name: make_school(template, tmp_path / name, monkeypatch)


def make_school(template: School, root: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    monkeypatch.delenv("COURSE_KEY", raising=False)
    shutil.copytree(template.root, root)
    return School(root, template.notebooks)
