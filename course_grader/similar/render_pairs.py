"""Renders the similar pairs as an HTML page, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.gradebook.graded_submission import GradedSubmission
from course_grader.html.code_lines import code_lines
from course_grader.html.render import render
from course_grader.html.submitted_cells import answers_of, submitted_cells
from course_grader.similar.pairs import Common, Pair

MOST_EXERCISES = 5


def answers_in(graded: Iterable[GradedSubmission], teacher_notebook: TeacherNotebook) -> dict[str, dict[str, str]]:
    """Return the answers of all students, by student and exercise."""
    return {
        submission.student: answers_of(*submitted_cells(submission.notebook, teacher_notebook)) for submission in graded
    }


def similar_page(
    pairs: Sequence[Pair], teacher_notebook: TeacherNotebook, students: int, names: Mapping[str, str] | None = None
) -> str:
    """Return the page as HTML. `students`: how many were compared. `names`: by id; a student without one is shown by
    id."""
    called = names or {}
    return render(
        "similar.html", pairs=pairs, title=teacher_notebook.title, assignment=teacher_notebook.assignment.name,
        students=students, most=MOST_EXERCISES, side=_side, name=lambda student: called.get(student, student),
    )  # fmt: skip


def _side(common: Common, which: int) -> Markup:
    """Return one of the two sources with the similar lines marked."""
    source = common.sources[which]
    # The highlighter drops blank lines at the top.
    skipped = len(source) - len(source.lstrip("\n"))
    lines = enumerate(code_lines(source), skipped + 1)
    marked = (Markup("<mark>{}</mark>").format(line) if i in common.lines[which] else line for i, line in lines)
    return Markup("\n").join(marked)
