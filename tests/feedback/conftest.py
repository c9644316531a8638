"""Lesson 00 as an assignment, and submissions for it, graded by the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest

from course_grader import Assignment, grade
from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.gradebook.graded_submission import GradedSubmission

ROOT = Path(__file__).parents[2]
LESSON = "00_start_here"
EXERCISE = "mean_squared_error"


@dataclass(frozen=True)
class Class:
    """Makes notebooks of lesson 00 and grades them."""

    folder: Path
    assignment: Assignment
    teacher_notebook: TeacherNotebook
    right: dict[str, Any]

    def notebook(self, answer: str = "", cells: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Return the right submission with one answer replaced, followed by cells of the student."""
        notebook = json.loads(json.dumps(self.right))
        for place, cell in enumerate(notebook["cells"]):
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == EXERCISE:
                cell["source"] = answer or cell["source"]
                notebook["cells"][place + 1 : place + 1] = [{"metadata": {}, **one} for one in cells]
                break
        return dict(notebook)

    def graded(self, student: str, notebook: dict[str, Any], assignment: Assignment | None = None) -> GradedSubmission:
        place = self.folder / f"{abs(hash(student))}.ipynb"
        place.write_text(json.dumps(notebook))
        result = grade(place, assignment or self.assignment)
        return GradedSubmission(student, place, datetime(2026, 11, 3, 12, tzinfo=UTC), result)


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Class:
    lesson, folder = read_lesson(ROOT / "lessons" / LESSON), tmp_path_factory.mktemp("class")
    write_hidden_key(folder / "course.key", [lesson], "a term")
    solution = ROOT / "solutions" / LESSON / f"{LESSON}.ipynb"
    assignment = Assignment.from_notebook(solution, folder / "course.key")
    released = nbformat.read(ROOT / "notebooks" / LESSON / f"{LESSON}.ipynb", 4)
    return Class(folder, assignment, TeacherNotebook.read(solution), dict(submission(lesson, released)))
