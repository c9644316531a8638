"""Computes the numbers of the class report: a record for each student and for each exercise."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.engine.result import Result
from course_grader.gradebook.graded_submission import GradedSubmission
from course_grader.gradebook.manual_grades import ManualGrades
from course_grader.report.item_statistics import histogram, interval, point_biserial
from course_grader.report.mistakes import MistakeCount, count_mistakes

# The letter of each outcome in the heat map: right, partly right, wrong, blank, or stopped by a limit or error.
LETTERS = {
    "passed": "p", "part": "a", "failed": "f", "blank": "b", "missing": "b",
    "stopped": "s", "refused": "s", "error": "s",
}  # fmt: skip
SMALL = 30


@dataclass(frozen=True)
class StudentRow:
    """A student. `letters` has a value of LETTERS for each exercise; `score` is the gradebook's if it has a score."""

    label: str
    score: float
    letters: str


@dataclass(frozen=True)
class ExerciseRow:
    """An exercise. `counts` are students by letter. `facility` is the mean share of the points; for a starred exercise,
    which has no points, the share of students who are right. `discrimination` is the point-biserial correlation with
    its confidence `interval`; both are None if they are not defined."""

    name: str
    starred: bool
    max_points: float
    counts: Mapping[str, int]
    facility: float
    discrimination: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Group:
    """A sentence and the students it applies to; `exercise` is empty if it is not about an exercise."""

    sentence: str
    students: tuple[str, ...]
    exercise: str = ""


@dataclass(frozen=True)
class ClassReport:
    """The report on a class. `problems`: notebooks that could not be read. `troubles`: test cells that were stopped by
    a limit or could not be graded. `mode`: the mode in which they were graded."""

    title: str
    assignment: str
    max_score: float
    students: tuple[StudentRow, ...]
    exercises: tuple[ExerciseRow, ...]
    bars: tuple[int, ...]
    quartiles: tuple[float, float, float]
    mean: float
    mistakes: tuple[MistakeCount, ...]
    problems: tuple[Group, ...]
    troubles: tuple[Group, ...]
    notes: tuple[Group, ...]
    mode: str = "apart"


def class_report(
    graded: Sequence[GradedSubmission],
    teacher_notebook: TeacherNotebook,
    manual_grades: Mapping[str, ManualGrades] | None = None,
    names: Mapping[str, str] | None = None,
    anonymous: bool = False,
) -> ClassReport:
    """Return the report on a class. `names`: by id. With `anonymous`, students are numbered by rank, and the report
    contains neither names nor ids."""
    manual_grades = manual_grades or {}
    if anonymous:
        graded = [
            replace(submission, problem=_nameless(submission.problem), notes=tuple(map(_nameless, submission.notes)))
            for submission in graded
        ]
    scores = {submission.student: _score(submission, manual_grades) for submission in graded}
    ranked = sorted(
        graded, key=lambda submission: (submission.result is None, -scores[submission.student], submission.student)
    )
    if anonymous:
        names = {submission.student: f"Student {i}" for i, submission in enumerate(ranked, 1)}
    else:
        names = {submission.student: submission.student for submission in ranked} | dict(names or {})
    instead = names if anonymous else {}
    results = [(submission, submission.result) for submission in ranked if submission.result]
    exercises = list(dict.fromkeys(exercise.name for _, result in results for exercise in result.exercises))
    letters = {submission.student: _letters(result, exercises) for submission, result in results}
    max_score = max((_max_score(submission, result, manual_grades) for submission, result in results), default=0.0)
    points = np.array([scores[submission.student] for submission, _ in results])
    shares = points / max_score if max_score else points
    return ClassReport(
        teacher_notebook.title,
        teacher_notebook.assignment.name,
        max_score,
        tuple(
            StudentRow(names[submission.student], scores[submission.student], letters[submission.student])
            for submission, _ in results
        ),
        tuple(_exercise_row(name, i, [result for _, result in results], letters) for i, name in enumerate(exercises)),
        tuple(histogram(shares)) if results else (),
        tuple(float(q) for q in np.quantile(points, (0.25, 0.5, 0.75))) if results else (0.0, 0.0, 0.0),  # type: ignore[arg-type]
        float(points.mean()) if results else 0.0,
        tuple(count_mistakes(graded, teacher_notebook)),
        _grouped(
            ((submission.student, "", submission.problem) for submission in ranked if submission.result is None),
            names,
            instead,
        ),
        _grouped(_troubles(results), names, instead),
        _grouped(_notes(graded), names, instead),
        "together" if any(result.mode == "together" for _, result in results) else "apart",
    )


def _score(submission: GradedSubmission, manual_grades: Mapping[str, ManualGrades]) -> float:
    if submission.student in manual_grades:
        return manual_grades[submission.student].score
    return submission.result.score if submission.result else 0.0


def _max_score(submission: GradedSubmission, result: Result, manual_grades: Mapping[str, ManualGrades]) -> float:
    return manual_grades[submission.student].max_score if submission.student in manual_grades else result.max_score


def _letters(result: Result, exercises: Sequence[str]) -> str:
    by_name = {exercise.name: exercise for exercise in result.exercises}
    letters = []
    for name in exercises:
        exercise = by_name.get(name)
        partly = exercise is not None and exercise.outcome == "failed" and exercise.points > 0
        letters.append("b" if exercise is None else LETTERS["part" if partly else exercise.outcome])
    return "".join(letters)


def _exercise_row(name: str, place: int, results: Sequence[Result], letters: Mapping[str, str]) -> ExerciseRow:
    passed = np.array([row[place] == "p" for row in letters.values()])
    own = np.array([sum(cell.points for cell in result.cells if name in cell.exercises) for result in results])
    rest = np.array([sum(cell.points for cell in result.cells if name not in cell.exercises) for result in results])
    most = max(sum(cell.max_points for cell in result.cells if name in cell.exercises) for result in results)
    r = point_biserial(passed, rest)
    counts = Counter(row[place] for row in letters.values())
    facility = float(own.mean() / most) if most else float(passed.mean())
    limits = interval(r, len(results)) if r is not None else None
    return ExerciseRow(name, most == 0, most, counts, facility, r, limits)


def _troubles(results: Sequence[tuple[GradedSubmission, Result]]) -> Iterator[tuple[str, str, str]]:
    for submission, result in results:
        for cell in result.cells:
            if LETTERS[cell.outcome] == "s":
                yield submission.student, ", ".join(cell.exercises), cell.message


def _notes(graded: Sequence[GradedSubmission]) -> Iterator[tuple[str, str, str]]:
    for submission in graded:
        exposed = [submission.result.exposed] if submission.result and submission.result.exposed else []
        for note in (*submission.notes, *(submission.result.notes if submission.result else ()), *exposed):
            yield submission.student, "", note


def _nameless(sentence: str) -> str:
    """Return the first sentence of a text, without quoted names: these and later sentences may identify a student."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "…", sentence.split(". ", 1)[0].removesuffix(".")) + "." if sentence else ""


def _grouped(
    found: Iterable[tuple[str, str, str]], names: Mapping[str, str], instead: Mapping[str, str]
) -> tuple[Group, ...]:
    """Group triples of student, exercise and sentence by sentence, the most frequent first.

    names: the name to show for each student. instead: replacements for ids that occur in sentences.
    """
    students: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for student, exercise, sentence in found:
        other = instead.get(student, student)
        safe = re.sub(rf"(?<!\w){re.escape(student)}(?!\w)", lambda _, other=other: other, sentence)  # type: ignore[misc]
        students[exercise, safe][names[student]] = None
    groups = (Group(sentence, tuple(who), exercise) for (exercise, sentence), who in students.items())
    return tuple(sorted(groups, key=lambda group: (-len(group.students), group.exercise, group.sentence)))
