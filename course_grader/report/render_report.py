"""Renders the class report as a self-contained, interactive HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from course_grader.engine.notebook.teacher_notebook import TeacherNotebook
from course_grader.gradebook.graded_submission import GradedSubmission
from course_grader.gradebook.manual_grades import ManualGrades
from course_grader.html.code_lines import code
from course_grader.html.render import data_island, render
from course_grader.report.summary import SMALL, ClassReport, class_report

MOST_LINES, FIRST = 200, 15


def report_page(
    graded: Sequence[GradedSubmission],
    teacher_notebook: TeacherNotebook,
    manual_grades: Mapping[str, ManualGrades] | None = None,
    names: Mapping[str, str] | None = None,
    anonymous: bool = False,
) -> str:
    """Return the class report as HTML. Students are shown by their name in `names`, else by id.

    With `anonymous`, the page contains neither names nor ids.
    """
    report = class_report(graded, teacher_notebook, manual_grades, names, anonymous)
    island = {
        "exercises": [exercise.name for exercise in report.exercises],
        "students": [[row.label, round(row.score, 3), row.letters] for row in report.students],
        "max": report.max_score,
    }
    return render(
        "report.html", "report.js", report=report, island=data_island(island), small=SMALL, code=code,
        bars=_bars(report), unread=sum(len(group.students) for group in report.problems),
        most=MOST_LINES, first=FIRST, wrong=lambda letters: _wrong(report, letters),
    )  # fmt: skip


def _bars(report: ClassReport) -> list[dict[str, float]]:
    """Return the bars of the histogram in an image of 600 by 180 pixels, each with its range in percent and count."""
    highest, width = max((*report.bars, 1)), 600 / max(len(report.bars), 1)
    return [
        {
            "x": i * width + 3, "width": width - 6, "y": 150 - 125 * count / highest, "height": 125 * count / highest,
            "left": i * width, "middle": (i + 0.5) * width, "count": count, "from": i * 10, "to": i * 10 + 10,
        }
        for i, count in enumerate(report.bars)
    ]  # fmt: skip


def _wrong(report: ClassReport, letters: str) -> str:
    names = [exercise.name for exercise, letter in zip(report.exercises, letters, strict=True) if letter != "p"]
    return ", ".join(names)
