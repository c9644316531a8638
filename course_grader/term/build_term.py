"""Builds the teacher's notebook of an assignment from `course.toml` and the lessons."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_grader.authoring.drawing import for_class
from course_grader.authoring.lesson import Lesson, cells_of, lesson_folders
from course_grader.authoring.lesson_cells import LessonCell, LessonProblem
from course_grader.authoring.lint import foreign_names, leaks, unparsable, wrong_markers
from course_grader.authoring.source_notebook import solution_notebook
from course_grader.authoring.trial_run import KeySummary, known_of_hidden_key, run_graded_cells, write_hidden_key
from course_grader.engine.notebook.assignment import teacher_cells
from course_grader.environment import environment
from course_grader.term.config import AssignmentPlan, Term
from course_grader.term.select import MissingExercise, appended, choose_exercises, with_points
from course_utils.cells import checked_exercises
from course_utils.checks.checking import CLASS
from course_utils.checks.probe import exercises
from course_utils.errors import CourseError, Exit

SHOWN = 3


def source_of(term: Term, plan: AssignmentPlan, key: Path) -> NotebookNode:
    """Return the teacher's notebook of an assignment. Unless it is a whole lesson of this course, run its cells first.

    key: the hidden key, whose secret decides which concept questions the class gets. Raises CourseError, with file and
    line, if the choice of exercises or the teacher's own lesson is wrong, or if concept questions need the key and it
    does not fit.
    """
    if plan.notebook is not None:
        # Refuse a notebook that cannot be graded before it is released.
        teacher_cells(plan.notebook)
        notebook: NotebookNode = nbformat.read(plan.notebook, as_version=4)
        return notebook
    is_built = plan.is_whole and plan.lesson in lesson_folders(term.root)
    try:
        lesson = chosen_lesson(term, plan, key)
        asks = _asks_a_class(lesson)
        if is_built and not asks:
            path = term.root / "solutions" / plan.lesson / f"{plan.lesson}.ipynb"
            notebook = nbformat.read(path, as_version=4)
            return notebook
        if not is_built:
            # With the self-study questions: the temporary key of this trial run would draw other variants.
            _run_cells(chosen_lesson(term, plan))
    except LessonProblem as problem:
        raise CourseError(f"{plan.name} cannot be released.\n{problem}", Exit.FAILED) from problem
    notebook = solution_notebook(lesson)
    if asks:
        # `course update` does not touch a notebook with this mark, since the shipped one asks other questions.
        notebook.metadata["descent"]["class"] = term.course
    return notebook


def chosen_lesson(term: Term, plan: AssignmentPlan, key: Path | None = None) -> Lesson:
    """Return the lesson with the cells that the plan asks for; with a hidden key, with the concept questions drawn for
    this class.

    Raises CourseError, with file and line, if the plan names unknown exercises or the cells have problems.
    """
    folder = _folder(term, plan.lesson)
    cells = _cells(folder, plan, key, plan.exercises)
    added = set[str]()
    for name in plan.add:
        more = _cells(_folder(term, name), plan, key)
        added |= {cell.grade_id for cell in more if cell.kind == "answer"}
        cells = appended(cells, more, lambda id, name=name: _clash(term, plan, name, id))  # type: ignore[misc]
    answers = [cell.grade_id for cell in cells if cell.kind == "answer"]
    for entry, names in (("exercises", plan.exercises or ()), ("points", plan.points)):
        if unknown := next((name for name in names if name not in answers), None):
            raise term.problem(
                plan,
                entry,
                f"contains {unknown!r}, which is not an exercise of it: choose from {', '.join(answers)}",
                unknown,
            )
    if plan.exercises is not None:
        # `exercises` chooses among the lesson's own; everything from `add` is kept.
        cells = _chosen(term, plan, cells, added | set(plan.exercises))
    if unasked := next((name for name in plan.points if name not in {cell.grade_id for cell in cells}), None):
        raise term.problem(plan, "points", f"gives points to {unasked!r}, which is not one of its exercises", unasked)
    lesson = Lesson(folder, tuple(with_points(cells, plan.points)), (), ())
    rules = (wrong_markers, unparsable, foreign_names)
    if problems := [problem for rule in rules for problem in rule(lesson)]:
        raise CourseError("\n".join([f"{plan.name} cannot be released.", *map(str, problems)]), Exit.FAILED)
    return lesson


def _cells(
    folder: Path, plan: AssignmentPlan, key: Path | None, chosen: Sequence[str] | None = None
) -> list[LessonCell]:
    """Return a lesson's cells; with a hidden key, each concept question that has points is the one for this class."""
    lesson = Lesson(folder, cells_of(folder), (), ())
    if key is not None and (graded := _graded_questions(lesson, plan, chosen)):
        lesson = for_class(lesson, graded, _questions_of(key, graded))
    return list(lesson.cells)


def _questions_of(key: Path, graded: set[str]) -> KeySummary:
    if key.is_file():
        return known_of_hidden_key(key)
    shown = ", ".join(sorted(graded)[:SHOWN]) + (" ..." if len(graded) > SHOWN else "")
    raise CourseError(
        f"Concept questions ({shown}) are drawn with the hidden key, but there is no {key.name}. Make it with "
        "`course key` before you release, or give these questions 0 points."
    )


def _graded_questions(lesson: Lesson, plan: AssignmentPlan, chosen: Sequence[str] | None) -> set[str]:
    """Return the concept questions that have points. Questions without points are the same as in self-study."""
    points = dict[str, float]()
    for cell in lesson.of_kind("test"):
        for name in checked_exercises(cell.source):
            points[name] = points.get(name, 0) + cell.points
    points |= plan.points
    known = exercises()
    asked = (name for name in lesson.answers if chosen is None or name in chosen)
    return {name for name in asked if name in known and known[name].form and points.get(name)}


def _asks_a_class(lesson: Lesson) -> bool:
    return any(f'part="{CLASS}' in cell.source for cell in lesson.of_kind("test"))


def _chosen(term: Term, plan: AssignmentPlan, cells: list[LessonCell], wanted: set[str]) -> list[LessonCell]:
    try:
        return choose_exercises(cells, wanted)
    except MissingExercise as problem:
        sentence = f"contains {problem.exercise!r}, which builds on {problem.needed!r}: add {problem.needed!r} too"
        raise term.problem(plan, "exercises", sentence, problem.exercise) from None


def _clash(term: Term, plan: AssignmentPlan, name: str, grade_id: str) -> CourseError:
    sentence = f"adds {name}, whose cell {grade_id!r} has the same id as a different cell of this assignment"
    return term.problem(plan, "add", sentence, name)


def _folder(term: Term, lesson: str) -> Path:
    own = term.own / lesson if term.own is not None else None
    return own if own is not None and own.is_dir() else term.root / "lessons" / lesson


def _run_cells(lesson: Lesson) -> None:
    """Run all cells except the experiments, with a temporary hidden key. Raises LessonProblem if a cell fails."""
    known = exercises()
    asked = tuple(cell for cell in lesson.cells if cell.kind != "answer" or cell.grade_id in known)
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "course.key"
        write_hidden_key(key, [replace(lesson, cells=asked)], "rehearsal", None)
        with environment(COURSE_KEY=str(key), MPLBACKEND="Agg"):
            run_graded_cells(lesson)


def require_no_leak(term: Term, plan: AssignmentPlan, released: NotebookNode, key: Path) -> None:
    """Raise CourseError if the released notebook contains a solution or a hidden test."""
    if plan.notebook is not None:
        text = "\n".join(cell.source for cell in released.cells)
        markers = ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS")
        if marker := next((marker for marker in markers if marker in text), None):
            raise CourseError(
                f"The release of {plan.name} still contains {marker!r}. Look for a misspelt marker in your notebook.",
                Exit.FAILED,
            )
        return
    if problems := list(leaks(chosen_lesson(term, plan, key), released)):
        raise CourseError("\n".join([f"{plan.name} cannot be released.", *map(str, problems)]), Exit.FAILED)
