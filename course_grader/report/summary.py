"""A class in numbers: one record for each student and one for each exercise."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from course_grader.engine.result import Result
from course_grader.gradebook.graded_submission import GradedSubmission
from course_grader.gradebook.manual_grades import ManualGrades
from course_grader.html.teacher_notebook import TeacherNotebook
from course_grader.report.item_statistics import histogram, interval, point_biserial
from course_grader.report.mistakes import MistakeCount, count_mistakes

# One letter for what the heat map tells apart: right, partly, not right, blank, and what hit a limit.
LETTERS = {
    "passed": "p", "part": "a", "failed": "f", "blank": "b", "missing": "b",
    "stopped": "s", "refused": "s", "error": "s",
}  # fmt: skip
SMALL = 30


@dataclass(frozen=True)
class StudentRow:
    """`letters` has one of LETTERS for each exercise; `score` is the gradebook's where it has one."""

    label: str
    score: float
    letters: str


@dataclass(frozen=True)
class ExerciseRow:
    """`counts` by letter. `facility` is the mean share of the points, or of starred exercises the share that is right.
    `discrimination` is the point-biserial correlation with `interval`, or None where it says nothing."""

    name: str
    starred: bool
    max_points: float
    counts: Mapping[str, int]
    facility: float
    discrimination: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Group:
    """A sentence and the students whom it is about; `exercise` where it is about one."""

    sentence: str
    students: tuple[str, ...]
    exercise: str = ""


@dataclass(frozen=True)
class ClassReport:
    """`problems` are the notebooks that could not be read, `troubles` the test cells that hit a limit or could not be
    judged. `mode` is that in which they were graded."""

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
    paper: TeacherNotebook,
    marks: Mapping[str, ManualGrades] | None = None,
    names: Mapping[str, str] | None = None,
    anonymous: bool = False,
) -> ClassReport:
    """Return the report on a class; `names` are by id. With `anonymous` students are numbered by rank, and neither
    name nor id stands in it."""
    marks = marks or {}
    if anonymous:
        graded = [
            replace(one, problem=_nameless(one.problem), notes=tuple(map(_nameless, one.notes))) for one in graded
        ]
    scores = {one.student: _score(one, marks) for one in graded}
    ranked = sorted(graded, key=lambda one: (one.result is None, -scores[one.student], one.student))
    if anonymous:
        names = {one.student: f"Student {i}" for i, one in enumerate(ranked, 1)}
    else:
        names = {one.student: one.student for one in ranked} | dict(names or {})
    instead = names if anonymous else {}
    results = [(one, one.result) for one in ranked if one.result]
    exercises = list(dict.fromkeys(exercise.name for _, result in results for exercise in result.exercises))
    letters = {one.student: _letters(result, exercises) for one, result in results}
    max_score = max((_max_score(one, result, marks) for one, result in results), default=0.0)
    points = np.array([scores[one.student] for one, _ in results])
    shares = points / max_score if max_score else points
    return ClassReport(
        paper.title,
        paper.assignment.name,
        max_score,
        tuple(StudentRow(names[one.student], scores[one.student], letters[one.student]) for one, _ in results),
        tuple(_exercise_row(name, i, [result for _, result in results], letters) for i, name in enumerate(exercises)),
        tuple(histogram(shares)) if results else (),
        tuple(float(q) for q in np.quantile(points, (0.25, 0.5, 0.75))) if results else (0.0, 0.0, 0.0),  # type: ignore[arg-type]
        float(points.mean()) if results else 0.0,
        tuple(count_mistakes(graded, paper)),
        _grouped(((one.student, "", one.problem) for one in ranked if one.result is None), names, instead),
        _grouped(_troubles(results), names, instead),
        _grouped(_notes(graded), names, instead),
        "together" if any(result.mode == "together" for _, result in results) else "apart",
    )


def _score(one: GradedSubmission, marks: Mapping[str, ManualGrades]) -> float:
    if one.student in marks:
        return marks[one.student].score
    return one.result.score if one.result else 0.0


def _max_score(one: GradedSubmission, result: Result, marks: Mapping[str, ManualGrades]) -> float:
    return marks[one.student].max_score if one.student in marks else result.max_score


def _letters(result: Result, exercises: Sequence[str]) -> str:
    found = {exercise.name: exercise for exercise in result.exercises}
    letters = []
    for name in exercises:
        one = found.get(name)
        partly = one is not None and one.outcome == "failed" and one.points > 0
        letters.append("b" if one is None else LETTERS["part" if partly else one.outcome])
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
    for one, result in results:
        for cell in result.cells:
            if LETTERS[cell.outcome] == "s":
                yield one.student, ", ".join(cell.exercises), cell.message


def _notes(graded: Sequence[GradedSubmission]) -> Iterator[tuple[str, str, str]]:
    for one in graded:
        exposed = [one.result.exposed] if one.result and one.result.exposed else []
        for note in (*one.notes, *(one.result.notes if one.result else ()), *exposed):
            yield one.student, "", note


def _nameless(sentence: str) -> str:
    """Return a sentence on how a file was handed in without what may name a student: quoted names, and whatever
    stands behind the first sentence, such as names of files."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "…", sentence.split(". ", 1)[0].removesuffix(".")) + "." if sentence else ""


def _grouped(
    found: Iterable[tuple[str, str, str]], names: Mapping[str, str], instead: Mapping[str, str]
) -> tuple[Group, ...]:
    """Return what was found of (student, exercise, sentence) by sentence, the most frequent first.

    names: what each student is called. instead: what stands for the id where a student's code says it.
    """
    students: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for student, exercise, sentence in found:
        other = instead.get(student, student)
        told = re.sub(rf"(?<!\w){re.escape(student)}(?!\w)", lambda _, other=other: other, sentence)  # type: ignore[misc]
        students[exercise, told][names[student]] = None
    groups = (Group(sentence, tuple(who), exercise) for (exercise, sentence), who in students.items())
    return tuple(sorted(groups, key=lambda group: (-len(group.students), group.exercise, group.sentence)))
