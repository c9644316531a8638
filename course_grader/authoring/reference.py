"""Runs a lesson's code: the set-up, the references, and variants of a reference.

There is no second copy of a reference: whatever needs it executes its cell.
"""

from __future__ import annotations

from typing import Any

from course_grader.authoring.lesson import Lesson
from course_grader.authoring.lesson_cells import DEFINING, LessonCell, LessonProblem
from course_grader.authoring.mistake_bank import Alternative, Mistake
from course_utils.cells import blank_magics


def namespace(lesson: Lesson) -> dict[str, Any]:
    """Execute the lesson's set-up, answer and gather cells in order, and return the names that they define.

    Raises LessonProblem if a cell fails.
    """
    import matplotlib

    matplotlib.use("Agg")
    names: dict[str, Any] = {"__name__": f"lesson_{lesson.name}"}
    for cell in lesson.cells:
        if cell.kind in DEFINING:
            execute(lesson, cell, cell.source, names)
    return names


def execute(lesson: Lesson, cell: LessonCell, source: str, names: dict[str, Any]) -> None:
    """Execute a cell's source. Raises LessonProblem, with the line in `lesson.py`, if it fails."""
    text = "\n" * (cell.line - 1) + blank_magics(source)
    try:
        exec(compile(text, str(lesson.path), "exec"), names)
    except Exception as error:
        raise LessonProblem(
            lesson.path, _line_of(error, lesson, cell), f"the cell fails: {type(error).__name__}: {error}"
        ) from error


def _line_of(error: Exception, lesson: Lesson, cell: LessonCell) -> int:
    line = getattr(error, "lineno", None) or cell.line
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(lesson.path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return int(line)


def mistaken_source(lesson: Lesson, mistake: Mistake) -> str:
    """Return the answer cell's source with a mistake in it.

    Raises LessonProblem if the lesson does not have the exercise, or if `old` does not occur exactly once.
    """
    path = lesson.folder / "mistakes.py"
    if mistake.exercise not in lesson.answers:
        raise LessonProblem(
            path, mistake.line, f"{mistake.id!r} is a mistake of {mistake.exercise!r}, which this lesson does not have."
        )
    if mistake.old is None:
        return mistake.new
    cell = lesson.answers[mistake.exercise]
    times = cell.solution.count(mistake.old)
    if times != 1:
        raise LessonProblem(
            path,
            mistake.line,
            f"{mistake.old!r} occurs {times} times in the solution of {mistake.exercise}, but it must occur exactly "
            "once.",
        )
    return cell.with_solution(cell.solution.replace(mistake.old, mistake.new))


def variant(lesson: Lesson, names: dict[str, Any], exercise: str, source: str) -> Any:
    """Return the value of `exercise` if its answer cell is `source` and everything else is the reference's.

    names: the output of `namespace`. Raises LessonProblem if the cell fails or does not define the exercise.
    """
    changed = dict(names)
    execute(lesson, lesson.answers[exercise], source, changed)
    if exercise not in changed:
        raise LessonProblem(lesson.path, lesson.answers[exercise].line, f"the cell does not define {exercise!r}.")
    return changed[exercise]


def mistaken(lesson: Lesson, names: dict[str, Any], mistake: Mistake) -> Any:
    """Return the function, or the answer to a question, with a mistake in it."""
    return variant(lesson, names, mistake.exercise, mistaken_source(lesson, mistake))


def alternative(lesson: Lesson, names: dict[str, Any], other: Alternative) -> Any:
    """Return the function, or the answer to a question, of an alternative."""
    if other.exercise not in lesson.answers:
        raise LessonProblem(
            lesson.folder / "alternatives.py", other.line, f"this lesson has no exercise {other.exercise!r}."
        )
    return variant(lesson, names, other.exercise, other.source)
