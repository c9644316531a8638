"""Counts the mistakes that a class made, each with an example that does not reveal its author."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.gradebook.graded_submission import GradedSubmission
from course_grader.html.submitted_cells import answers_of, submitted_cells
from course_utils.cells import blank_magics

ASKED_FOR_EXAMPLES = 7


@dataclass(frozen=True)
class MistakeCount:
    """A mistake and how many students made it. `name` is "" for wrong answers that match no known mistake."""

    exercise: str
    name: str
    hint: str
    count: int
    example: str = ""


def count_mistakes(
    graded: Iterable[GradedSubmission], teacher_notebook: TeacherNotebook, examples: bool = True
) -> list[MistakeCount]:
    """Return the mistakes of a class, the most frequent first; wrong answers that match no known mistake come last."""
    made: dict[tuple[str, str], list[GradedSubmission]] = defaultdict(list)
    hints: dict[tuple[str, str], str] = {}
    for one in graded:
        for exercise in one.result.exercises if one.result else ():
            if exercise.outcome == "failed":
                key = exercise.name, exercise.mistake
                made[key].append(one)
                hints.setdefault(key, exercise.hint)
    order = sorted(made, key=lambda key: (key[1] == "", -len(made[key]), key))
    return [
        MistakeCount(*key, hints[key], len(made[key]), example(made[key], key[0], teacher_notebook) if examples else "")
        for key in order
    ]


def example(students: Sequence[GradedSubmission], exercise: str, teacher_notebook: TeacherNotebook) -> str:
    """Return the most frequent answer among the first few students, without comments and docstrings.

    An answer that contains its author's id is skipped. Returns "" if none is left.
    """
    sources = []
    for one in students[:ASKED_FOR_EXAMPLES]:
        cells, owners = submitted_cells(one.notebook, teacher_notebook)
        bare = _bare(answers_of(cells, owners).get(exercise, ""))
        if bare and one.student.casefold() not in bare.casefold():
            sources.append(bare)
    counts = Counter(sources)
    return min(counts, key=lambda source: (-counts[source], len(source), source), default="")


def _bare(source: str) -> str:
    """Return a source without comments and docstrings; "" if it cannot be parsed."""
    try:
        tree = ast.parse(blank_magics(source))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and ast.get_docstring(node):
                node.body = node.body[1:] or [ast.Pass()]
        return ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
