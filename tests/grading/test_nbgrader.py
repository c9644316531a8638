"""Grading with nbgrader as it is: every lesson, with right, blank, mistaken and alternative submissions."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from course_grader.authoring.bank import Mistake
from course_grader.authoring.lesson import Lesson, lesson_folders, read_lesson
from course_grader.authoring.notebook import text_of
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.rehearsal import write_hidden_key
from course_grader.authoring.submissions import independent, rounds, submission
from tests.grading.stock import STOCK

ROOT = Path(__file__).parents[2]
LESSONS = lesson_folders(ROOT)
# nbgrader starts a kernel for each submission, so that all mistakes of all lessons would take most of an hour. The
# first
# two lessons go through it whole; of the others, as many rounds of mistakes. test_banks.py asks all of them, without
# nbgrader.
WHOLE, ROUNDS = ("00_start_here", "01_learning_rate_decay"), 2
HERE = dict(os.environ, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@dataclass(frozen=True)
class Graded:
    """A lesson's submissions after grading: scores by student and grade_id, and each student's notebook."""

    lesson: Lesson
    folder: Path
    scores: dict[str, dict[str, float]]
    points: dict[str, float]
    rounds: dict[str, list[Mistake]]

    def notebook(self, student: str) -> NotebookNode:
        return nbformat.read(self.folder / "autograded" / student / self.lesson.name / f"{self.lesson.name}.ipynb", 4)


@pytest.fixture(params=sorted(LESSONS), scope="module")
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Release, submit and grade one lesson in a course folder of its own, with nbgrader's own commands."""
    lesson, folder = read_lesson(LESSONS[request.param]), tmp_path_factory.mktemp("course")
    (folder / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text() + STOCK)
    shutil.copytree(ROOT / "solutions" / lesson.name, folder / "solutions" / lesson.name)
    write_hidden_key(folder / "course.key", [lesson], "a term")
    nbgrader(folder, "generate_assignment", lesson.name, "--create")
    released = folder / "notebooks" / lesson.name / f"{lesson.name}.ipynb"
    assert released.read_bytes() == (ROOT / released.relative_to(folder)).read_bytes()
    count = None if lesson.name in WHOLE else ROUNDS
    mistaken = {f"round-{i}": some for i, some in enumerate(itertools.islice(rounds(lesson, lesson.mistakes), count))}
    for student, notebook in submissions(lesson, nbformat.read(released, 4), mistaken):
        place = folder / "submitted" / student / lesson.name / f"{lesson.name}.ipynb"
        place.parent.mkdir(parents=True)
        place.write_text(text_of(notebook))
    nbgrader(folder, "autograde", lesson.name, "--create")
    nbgrader(folder, "generate_feedback", lesson.name)
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        found = book.assignment_submissions(lesson.name)
        scores = {one.student.id: {grade.name: grade.score for grade in one.notebooks[0].grades} for one in found}
        points = {grade.name: grade.max_score for grade in found[0].notebooks[0].grades}
    return Graded(lesson, folder, scores, points, mistaken)


def nbgrader(folder: Path, *args: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *args], cwd=folder, env=HERE, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def submissions(
    lesson: Lesson, released: NotebookNode, mistaken: dict[str, list[Mistake]]
) -> Iterator[tuple[str, NotebookNode]]:
    # nbgrader runs experiments too, which can take a minute a notebook: a student may delete them, and so do we.
    released.cells = [cell for cell in released.cells if "experiment" not in cell.metadata.get("tags", [])]
    yield "right", submission(lesson, released)
    yield "blank", released
    for student, mistakes in mistaken.items():
        yield student, submission(lesson, released, {one.exercise: mistaken_source(lesson, one) for one in mistakes})
    for i, others in enumerate(rounds(lesson, lesson.alternatives)):
        if i < ROUNDS or lesson.name in WHOLE:
            yield f"alternative-{i}", submission(lesson, released, {other.exercise: other.source for other in others})


def of_exercise(name: str, grades: dict[str, float]) -> dict[str, float]:
    return {cell: grades[cell] for cell in grades if re.fullmatch(rf"{name}_(visible|hidden|arguments)", cell)}


def test_the_reference_gets_full_marks_and_the_release_none(graded: Graded) -> None:
    assert graded.scores["right"] == graded.points
    assert sum(graded.points.values()) > 0
    assert set(graded.scores["blank"].values()) == {0}


def test_each_alternative_gets_full_points(graded: Graded) -> None:
    lesson = graded.lesson
    for i, others in enumerate(rounds(lesson, lesson.alternatives)):
        if f"alternative-{i}" not in graded.scores:
            assert i >= ROUNDS
            continue
        scores = graded.scores[f"alternative-{i}"]
        written = {other.exercise for other in others}
        # The reference's backward cannot read the cache of another forward, and need not.
        untouched = {name for name in lesson.answers if all(independent(lesson, name, other) for other in written)}
        for name in written | untouched:
            assert of_exercise(name, scores) == of_exercise(name, graded.points), (i, name)


def test_each_mistake_loses_points_and_shows_its_hint_in_the_feedback(graded: Graded) -> None:
    seen = set()
    for student, mistakes in graded.rounds.items():
        page = (graded.folder / "feedback" / student / graded.lesson.name / f"{graded.lesson.name}.html").read_text()
        errors = [
            "".join(output.traceback)
            for cell in graded.notebook(student).cells
            if cell.cell_type == "code"
            for output in cell.outputs
            if output.output_type == "error"
        ]
        for mistake in mistakes:
            scores, points = (of_exercise(mistake.exercise, one) for one in (graded.scores[student], graded.points))
            starred = graded.lesson.answers[mistake.exercise].star
            assert starred or sum(scores.values()) < sum(points.values()), (mistake.exercise, mistake.id)
            assert any(mistake.exercise in error and mistake.hint in error for error in errors), (
                mistake.exercise,
                mistake.id,
            )
            assert "CheckFailed" in page
            seen.add((mistake.exercise, mistake.id))
        right = {
            name
            for name in graded.lesson.answers
            if all(independent(graded.lesson, name, one.exercise) for one in mistakes)
        }
        for name in right:
            assert of_exercise(name, graded.scores[student]) == of_exercise(name, graded.points), (student, name)
    if graded.lesson.name in WHOLE:
        assert seen == {(mistake.exercise, mistake.id) for mistake in graded.lesson.mistakes}
    assert len(seen) >= len(graded.lesson.answers)


def test_no_feedback_page_holds_a_hidden_value(graded: Graded) -> None:
    key = (graded.folder / "course.key").read_text()
    numbers = set(re.findall(r"-?\d\.\d{12,}", key))
    shown = set()
    for page in graded.folder.glob("feedback/round-*/*/*.html"):
        shown |= set(re.findall(r"-?\d\.\d{12,}", page.read_text()))
    assert not numbers & shown
