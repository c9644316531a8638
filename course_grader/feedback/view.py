"""Collects what a student's feedback page shows, as plain records for the template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from markupsafe import Markup

from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.engine.result import CellResult, ExerciseResult, Result
from course_grader.feedback.student_cells import CellView, own_cells
from course_grader.gradebook.graded_submission import GradedSubmission, ProblemKind
from course_grader.gradebook.manual_grades import ManualGrades
from course_grader.html.code_lines import code
from course_grader.html.submitted_cells import answers_of, submitted_cells
from course_grader.sanitize.page_content import safe_text

LABELS = {"visible": "Check in the notebook", "hidden": "Teacher's check", "arguments": "Bad arguments"}
WORDS = {
    "passed": "right", "failed": "not right yet", "part": "partly right", "blank": "not written", "missing": "missing",
    "stopped": "stopped", "refused": "could not be read", "error": "not graded",
}  # fmt: skip
SYMBOLS = {
    "passed": "✓", "failed": "✗", "part": "◐", "blank": "–", "missing": "?",
    "stopped": "!", "refused": "!", "error": "!",
}  # fmt: skip
# The teacher's message goes on with the text of an exception.
GRADER_FAILED = "The grader itself failed. This is not your fault: your teacher can see the reason."
PATH = re.compile(r"(?<![\w./])(?:/[\w.@~-]+){2,}")


@dataclass(frozen=True)
class CheckLine:
    """One test cell: its label, outcome, message, points and the teacher's changes. `hidden`: how many hidden checks
    passed, and how many there are."""

    label: str
    outcome: str
    hidden: tuple[int, int]
    message: str
    points: float
    max_points: float
    manual: float | None
    extra: float | None
    comment: str


@dataclass(frozen=True)
class ExerciseView:
    name: str
    starred: bool
    outcome: str
    points: float
    max_points: float
    hidden: tuple[int, int]
    checks: tuple[CheckLine, ...]
    hints: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    comment: str
    answer: Markup | None


@dataclass(frozen=True)
class HandView:
    """A cell that a teacher grades, without a check. `points` is None until it is graded."""

    name: str
    points: float | None
    max_points: float
    comment: str
    answer: Markup | None


@dataclass(frozen=True)
class PageView:
    title: str
    assignment: str
    student: str
    submitted: str
    problem: str
    score: float
    max_score: float
    late_penalty: float
    notes: tuple[str, ...]
    exercises: tuple[ExerciseView, ...]
    by_hand: tuple[HandView, ...]
    cells: tuple[CellView, ...]


def page_view(
    graded: GradedSubmission,
    teacher_notebook: TeacherNotebook,
    manual_grades: ManualGrades | None = None,
    name: str | None = None,
) -> PageView:
    """Return what the page of a submission shows. If the submission cannot be read, the page has no cells."""
    result = graded.result
    cells, owners = submitted_cells(graded.notebook, teacher_notebook)
    answers = answers_of(cells, owners)
    exercises = [_exercise(one, result, answers, manual_grades) for one in result.exercises] if result else []
    return PageView(
        teacher_notebook.title,
        teacher_notebook.assignment.name,
        name or graded.student,
        graded.submitted.strftime("%d %B %Y, %H:%M %Z").strip() if graded.submitted else "",
        _without_paths(GRADER_FAILED if graded.problem_kind == ProblemKind.GRADER else graded.problem),
        manual_grades.score if manual_grades else result.score if result else 0.0,
        manual_grades.max_score if manual_grades else result.max_score if result else 0.0,
        manual_grades.late_penalty if manual_grades else 0.0,
        tuple(dict.fromkeys(map(_without_paths, [*graded.notes, *(result.notes if result else ())]))),
        tuple(exercises),
        tuple(_by_hand(manual_grades, result, answers)) if manual_grades and result else (),
        tuple(own_cells(cells, owners, teacher_notebook, result)),
    )


def _exercise(
    exercise: ExerciseResult, result: Result, answers: Mapping[str, str], manual_grades: ManualGrades | None
) -> ExerciseView:
    cells = [cell for cell in result.cells if exercise.name in cell.exercises]
    lines = _without_repeats([_check(cell, manual_grades) for cell in cells])
    source = answers.get(exercise.name)
    rows = next((cell.rows for cell in cells if cell.rows), ())
    return ExerciseView(
        exercise.name,
        exercise.max_points == 0,
        _outcome(exercise.outcome, cells),
        sum(line.points for line in lines),
        exercise.max_points,
        (sum(cell.hidden_passed for cell in cells), sum(cell.hidden_total for cell in cells)),
        lines,
        tuple(dict.fromkeys(cell.hint for cell in cells if cell.hint)),
        tuple((_label(label), safe_text(text, 3000)) for label, text in rows),
        manual_grades.comments.get(exercise.name, "") if manual_grades else "",
        code(source) if source is not None else None,
    )


def _by_hand(manual_grades: ManualGrades, result: Result, answers: Mapping[str, str]) -> Iterator[HandView]:
    checked = {cell.grade_id for cell in result.cells}
    for name, most in manual_grades.most.items():
        if name not in checked:
            points = manual_grades.manual.get(name)
            total = None if points is None else points + manual_grades.extra.get(name, 0.0)
            answer = code(answers[name]) if name in answers else None
            yield HandView(name, total, most, manual_grades.comments.get(name, ""), answer)


def _without_paths(sentence: str) -> str:
    """Return a sentence with only the last part of each path: students must not see where a teacher's files are."""
    return PATH.sub(lambda path: path[0].rpartition("/")[2], safe_text(sentence, 1000))


def _without_repeats(lines: list[CheckLine]) -> tuple[CheckLine, ...]:
    """Return the lines without a message that is the same as that of the line before."""
    before = ["", *(line.message for line in lines)]
    return tuple(
        replace(line, message="" if line.message == earlier else line.message)
        for line, earlier in zip(lines, before, strict=False)
    )


def _outcome(outcome: str, cells: list[CellResult]) -> str:
    some = any(cell.outcome == "passed" and cell.max_points > 0 for cell in cells)
    return "part" if outcome == "failed" and some else outcome


def _check(cell: CellResult, manual_grades: ManualGrades | None) -> CheckLine:
    manual = manual_grades.manual.get(cell.grade_id) if manual_grades else None
    extra = manual_grades.extra.get(cell.grade_id) if manual_grades else None
    hidden = cell.hidden_passed, cell.hidden_total
    points = (cell.points if manual is None else manual) + (extra or 0.0)
    comment = manual_grades.comments.get(cell.grade_id, "") if manual_grades else ""
    label = LABELS.get(cell.grade_id.rpartition("_")[2], cell.grade_id)
    return CheckLine(label, cell.outcome, hidden, _message(cell), points, cell.max_points, manual, extra, comment)


def _message(cell: CellResult) -> str:
    """Return the message about a cell for the student, without parts that the page already shows beside it."""
    if cell.secret or cell.outcome == "error":
        return cell.student_message
    if cell.outcome in ("passed", "blank"):
        return ""
    text = safe_text(cell.message, 1500).removesuffix(cell.hint).removesuffix("Hint: ").rstrip()
    # The page shows these counts anyway.
    text = text.removesuffix(f"{cell.hidden_passed} of {cell.hidden_total} hidden checks passed.").rstrip()
    for name in cell.exercises:
        text = text.removeprefix(f"{name}: ").removeprefix(f"{name}:")
    return text[:1].upper() + text[1:]


def _label(label: str) -> str:
    return {
        "Try this call": "We asked",
        "You can try": "We asked",
        "Expected": "Expected",
        "Yours": "Yours returned",
    }.get(label, label)
