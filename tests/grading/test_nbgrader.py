"""nbgrader as it is, and the engine: every exercise of every lesson is graded alike, whatever the answer.

nbgrader starts a kernel for each submission, so that one submission for each answer would take an hour. Here one
submission holds the whole bank of a lesson: every mistake and every alternative, each with the test cells of its
exercise behind it. The lesson itself is graded twice more, right and blank.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook

from course_grader import Assignment, grade
from course_grader.authoring.lesson import Lesson, lesson_folders, read_lesson
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.source_notebook import file_content
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.cell_metadata import nbgrader_mark
from tests.grading.stock import STOCK, nbgrader, remembered

ROOT = Path(__file__).parents[2]
LESSONS = lesson_folders(ROOT)
BANK = "bank"
Scores = dict[str, float]


@dataclass(frozen=True)
class Answer:
    """One answer of the bank: its id in the notebook, and the hint where it is a mistake."""

    exercise: str
    id: str
    source: str
    hint: str = ""


@dataclass(frozen=True)
class Graded:
    """A lesson's submissions after grading by nbgrader: `scores` and `points` by assignment, student and grade_id."""

    lesson: Lesson
    folder: Path
    answers: tuple[Answer, ...]
    scores: dict[tuple[str, str], Scores]
    points: dict[str, Scores]

    def errors(self, assignment: str, student: str) -> dict[str, str]:
        """Return the text of the error in each marked cell that has one, as nbgrader left it."""
        cells = read(self.folder / "autograded" / student / assignment / f"{assignment}.ipynb").cells
        return {
            cell.metadata.nbgrader.grade_id: "\n".join(output.traceback)
            for cell in cells
            if cell.cell_type == "code" and "nbgrader" in cell.metadata
            for output in cell.outputs
            if output.output_type == "error"
        }

    def of_answer(self, answer: Answer) -> tuple[Scores, Scores]:
        """Return scores and points of an answer's test cells."""
        mine = {name for name in self.points[BANK] if name.startswith(f"{answer.id}__")}
        scores = self.scores[BANK, "student"]
        return {name: scores[name] for name in mine}, {name: self.points[BANK][name] for name in mine}


@pytest.fixture(params=sorted(LESSONS), scope="module")
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Release, submit and grade one lesson and its bank in a course folder of its own, with nbgrader's own commands."""
    lesson, folder = read_lesson(LESSONS[request.param]), tmp_path_factory.mktemp("course")
    (folder / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text() + STOCK)
    shutil.copytree(ROOT / "solutions" / lesson.name, folder / "solutions" / lesson.name)
    answers = tuple(bank_of(lesson))
    solution = read(folder / "solutions" / lesson.name / f"{lesson.name}.ipynb")
    write(folder / "solutions" / BANK / f"{BANK}.ipynb", bank_notebook(lesson, solution, answers))
    write_hidden_key(folder / "course.key", [lesson], "a term")
    folder = remembered(request.config.cache, folder, lambda folder: grade_all(lesson, folder, answers))
    scores, points = {}, {}
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        for assignment in (lesson.name, BANK):
            for one in book.assignment_submissions(assignment):
                grades = one.notebooks[0].grades
                scores[assignment, one.student.id] = {grade.name: grade.score for grade in grades}
                points[assignment] = {grade.name: grade.max_score for grade in grades}
    return Graded(lesson, folder, answers, scores, points)


def grade_all(lesson: Lesson, folder: Path, answers: tuple[Answer, ...]) -> None:
    for assignment in (lesson.name, BANK):
        nbgrader(folder, "generate_assignment", assignment, "--create")
    for student, notebook in of_lesson(lesson, folder):
        write(folder / "submitted" / student / lesson.name / f"{lesson.name}.ipynb", notebook)
    write(folder / "submitted" / "student" / BANK / f"{BANK}.ipynb", filled_bank(folder, answers))
    for assignment in (lesson.name, BANK):
        nbgrader(folder, "autograde", assignment, "--create")
    nbgrader(folder, "generate_feedback", BANK)


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, 4)


def write(path: Path, notebook: NotebookNode) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(file_content(notebook))


def of_lesson(lesson: Lesson, folder: Path) -> Iterator[tuple[str, NotebookNode]]:
    released = folder / "notebooks" / lesson.name / f"{lesson.name}.ipynb"
    assert released.read_bytes() == (ROOT / released.relative_to(folder)).read_bytes()
    notebook = read(released)
    # nbgrader runs experiments too, which can take a minute a notebook: a student may delete them, and so do we.
    notebook.cells = [cell for cell in notebook.cells if "experiment" not in cell.metadata.get("tags", [])]
    yield "right", submission(lesson, notebook)
    yield "blank", notebook


def bank_of(lesson: Lesson) -> Iterator[Answer]:
    for one in lesson.mistakes:
        yield Answer(one.exercise, f"mistake__{one.exercise}__{one.id}", mistaken_source(lesson, one), one.hint)
    for other in lesson.alternatives:
        yield Answer(other.exercise, f"alternative__{other.exercise}__{other.id}", other.source)


def bank_notebook(lesson: Lesson, solution: NotebookNode, answers: tuple[Answer, ...]) -> NotebookNode:
    """Return the teacher's notebook of the bank: set-up, all references, then each answer with its exercise's tests."""
    marked = {cell.metadata.nbgrader.grade_id: cell for cell in solution.cells if "nbgrader" in cell.metadata}
    cells = [cell for cell in marked.values() if cell.metadata.nbgrader.locked and not cell.metadata.nbgrader.grade]
    references = {name: cell.without_markers() for name, cell in lesson.answers.items()}
    cells += [new_code_cell(cell.without_markers()) for cell in lesson.of_kind("gather")]
    cells += [new_code_cell(source) for source in references.values()]
    for answer in sorted(answers, key=lambda one: list(references).index(one.exercise)):
        cells.append(cell_of("answer", answer.id, answer.source, 0))
        for grade_id, test in marked.items():
            if re.fullmatch(rf"{answer.exercise}(_step_\d)?_(visible|hidden|arguments)", grade_id):
                points = test.metadata.nbgrader.points
                cells.append(cell_of("test", f"{answer.id}__{grade_id}", test.source, points))
        # Those that build on this exercise find the reference again.
        cells.append(new_code_cell(references[answer.exercise]))
    for place, cell in enumerate(cells):
        cell.id = f"cell-{place}"
    return new_notebook(cells=cells, metadata=solution.metadata)


def cell_of(kind: str, grade_id: str, source: str, points: float) -> NotebookNode:
    return new_code_cell(source, metadata={"nbgrader": nbgrader_mark(kind, grade_id, points)})


def filled_bank(folder: Path, answers: tuple[Answer, ...]) -> NotebookNode:
    notebook, sources = read(folder / "notebooks" / BANK / f"{BANK}.ipynb"), {one.id: one.source for one in answers}
    for cell in notebook.cells:
        cell.source = sources.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    return notebook


def test_the_reference_gets_full_marks_and_the_release_none(graded: Graded) -> None:
    name = graded.lesson.name
    assert graded.scores[name, "right"] == graded.points[name]
    assert sum(graded.points[name].values()) > 0
    assert set(graded.scores[name, "blank"].values()) == {0}


def test_each_alternative_gets_full_points(graded: Graded) -> None:
    alternatives = [answer for answer in graded.answers if not answer.hint]
    assert alternatives
    failed = graded.errors(BANK, "student")
    for answer in alternatives:
        scores, points = graded.of_answer(answer)
        assert scores == points
        assert points
        assert not points.keys() & failed.keys(), answer.id


def test_each_mistake_loses_points_and_shows_its_hint_in_the_feedback(graded: Graded) -> None:
    errors = graded.errors(BANK, "student")
    page = (graded.folder / "feedback" / "student" / BANK / f"{BANK}.html").read_text()
    assert page.count("CheckFailed") >= len(graded.lesson.mistakes)
    for answer in graded.answers:
        if answer.hint:
            scores, points = graded.of_answer(answer)
            starred = graded.lesson.answers[answer.exercise].star
            assert starred or sum(scores.values()) < sum(points.values()), answer.id
            told = [errors[name] for name in points if name in errors]
            assert any(answer.exercise in error and answer.hint in error for error in told), answer.id


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("student", ["right", "blank", "student"])
def test_the_engine_finds_of_every_cell_what_nbgrader_finds(graded: Graded, student: str) -> None:
    name = BANK if student == "student" else graded.lesson.name
    assignment = Assignment.from_notebook(
        graded.folder / "solutions" / name / f"{name}.ipynb", graded.folder / "course.key"
    )
    result = grade(graded.folder / "submitted" / student / name / f"{name}.ipynb", assignment)
    assert {cell.grade_id: cell.points for cell in result.cells} == graded.scores[name, student]
    errors = graded.errors(name, student)
    tests = {cell.grade_id for cell in result.cells}
    assert {cell.grade_id for cell in result.cells if cell.outcome != "passed"} == errors.keys() & tests
    assert {cell.outcome for cell in result.cells} <= {"passed", "failed", "blank"}
    for cell in result.cells:
        assert cell.hint in errors.get(cell.grade_id, "")
    if name == BANK:
        hints = {cell.grade_id: cell.hint for cell in result.cells}
        told = {answer: {hints[one] for one in graded.of_answer(answer)[1]} for answer in graded.answers}
        assert [answer.id for answer in graded.answers if answer.hint and answer.hint not in told[answer]] == []


def test_no_feedback_page_holds_a_hidden_value(graded: Graded) -> None:
    numbers = set(re.findall(r"-?\d\.\d{12,}", (graded.folder / "course.key").read_text()))
    pages = list(graded.folder.glob("feedback/*/*/*.html"))
    shown = {number for page in pages for number in re.findall(r"-?\d\.\d{12,}", page.read_text())}
    assert len(pages) == 1
    assert not numbers & shown
