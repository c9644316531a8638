"""Finds what regrading changed: scores before and after, and manual grades that a teacher should review."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment as Row
from nbgrader.api import BaseCell, Grade, Gradebook, SubmittedAssignment, SubmittedNotebook
from sqlalchemy import select

from course_grader.engine.notebook.assignment import Assignment

# Smaller differences are rounding errors.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class GradebookScore:
    """A submission in the gradebook: the score of each graded cell, the late penalty, and the manually graded cells
    that have to be reviewed."""

    scores: Mapping[str, float]
    penalty: float = 0.0
    review: frozenset[str] = frozenset()

    @property
    def total(self) -> float:
        return max(0.0, sum(self.scores.values()) - self.penalty)


@dataclass(frozen=True)
class Change:
    """What changed for a student. Each pair is the old and the new value; None means "not graded".

    exercises: the exercises whose points changed; a cell without an exercise has its own name. review: cells whose
    manual grade is kept, but should be reviewed because the answer or its test changed.
    """

    student: str
    score: tuple[float | None, float | None]
    penalty: tuple[float, float]
    exercises: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    review: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "student": self.student,
            "old_score": self.score[0],
            "new_score": self.score[1],
            "late_penalty": list(self.penalty),
            "exercises": {name: list(pair) for name, pair in self.exercises.items()},
            "review": list(self.review),
        }


def gradebook_scores(database: Gradebook, assignment: str, by_hand: bool = False) -> dict[str, GradebookScore]:
    """Return the scores of each student in the gradebook. `by_hand`: only for cells that a human graded."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    penalties: dict[str, dict[str, float]] = defaultdict(dict)
    review: dict[str, set[str]] = defaultdict(set)
    query = (
        select(SubmittedAssignment.student_id, SubmittedNotebook.id, SubmittedNotebook.late_submission_penalty)
        .add_columns(BaseCell.name, Grade.score, Grade.auto_score, Grade.manual_score, Grade.needs_manual_grade)
        .select_from(Grade)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Row, SubmittedAssignment.assignment_id == Row.id)
        .join(BaseCell, Grade.cell_id == BaseCell.id)
        .where(Row.name == assignment)
    )
    if by_hand:
        query = query.where(Grade.manual_score.is_not(None))
    for student, notebook, penalty, cell, score, auto, manual, waits in database.db.execute(query):
        penalties[student][notebook] = penalty or 0.0
        if auto is not None or manual is not None:
            scores[student][cell] = score
        if manual is not None and waits:
            review[student].add(cell)
    return {
        student: GradebookScore(cells, sum(penalties[student].values()), frozenset(review[student]))
        for student, cells in scores.items()
    }


def change_of(student: str, before: GradebookScore, after: GradebookScore, assignment: Assignment) -> Change | None:
    """Return what changed for a student; None if nothing did, or if the student was not graded before."""
    if not before.scores:
        return None
    old, new = _by_exercise(before.scores, assignment), _by_exercise(after.scores, assignment)
    pairs = {name: (old.get(name), new.get(name)) for name in {**old, **new}}
    changed = {name: pair for name, pair in pairs.items() if _differ(*pair)}
    review = tuple(sorted(after.review - before.review))
    if not changed and not review and not _differ(before.penalty, after.penalty):
        return None
    score = before.total, after.total if after.scores else None
    return Change(student, score, (before.penalty, after.penalty), changed, review)


def unchanged_cells(old: Path, new: str) -> frozenset[str]:
    """Return the manually graded cells in which the student's work is the same in two autograded notebooks.

    For an answer, its own text is compared; for a task, everything that the student wrote. Returns no cells if the old
    notebook cannot be read. Tests are never returned: a manual score that overrules a test is always reviewed, because
    the test may have been corrected.
    """
    try:
        before = _written(json.loads(old.read_text(encoding="utf-8")))
        after = _written(json.loads(new))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return frozenset()
    all_equal = before[1] == after[1]
    answers = before[0]
    return frozenset(
        name for name, source in after[0].items() if (answers.get(name) == source if source is not None else all_equal)
    )


def _written(notebook: Mapping[str, Any]) -> tuple[dict[str, str | None], list[tuple[str, str]]]:
    """Return the manually graded answers and tasks by grade_id, with the source of answers, and all unlocked cells."""
    graded: dict[str, str | None] = {}
    own: list[tuple[str, str]] = []
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader", {})
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if mark.get("task") or (mark.get("grade") and mark.get("solution")):
            graded[mark["grade_id"]] = source if mark.get("solution") else None
        if not mark.get("locked"):
            own.append((cell["cell_type"], source))
    return graded, own


def _by_exercise(scores: Mapping[str, float], assignment: Assignment) -> dict[str, float]:
    total: dict[str, float] = defaultdict(float)
    for name, score in scores.items():
        cell = assignment.by_grade_id.get(name)
        total[cell.exercises[0] if cell and cell.exercises else name] += score
    return total


def _differ(old: float | None, new: float | None) -> bool:
    return old != new if old is None or new is None else abs(old - new) > TOLERANCE
