"""A table in a notebook with the learner's progress in all lessons."""

from __future__ import annotations

import html
from pathlib import Path

from course_utils import notebooks
from course_utils.progress import LessonProgress, summary
from course_utils.shipped_notebooks import shipped_folder

WIDTH = 160


def show_progress() -> None:
    """Show the solved and open exercises and the points of each lesson. No data leave this machine."""
    from IPython.display import display

    display(ProgressPanel(summary(notebooks.find_folder(Path.cwd()) or shipped_folder())))  # type: ignore[no-untyped-call]


class ProgressPanel:
    """Displays the progress as a table with a bar for each lesson, or as text without a browser."""

    def __init__(self, lessons: list[LessonProgress]) -> None:
        self.lessons = lessons

    def __repr__(self) -> str:
        return "\n".join(
            str(one.problem or f"{_title(one)}: {one.passed} of {len(one.exercises)} solved") for one in self.lessons
        )

    def _repr_html_(self) -> str:
        solved = sum(lesson.passed for lesson in self.lessons)
        exercises = sum(len(lesson.exercises) for lesson in self.lessons)
        head = "".join(f'<th style="text-align:left">{name}</th>' for name in ("Lesson", "Solved", "Points", "Open"))
        rows = "".join(map(_row, self.lessons))
        return (
            f"<p>You have solved {solved} of {exercises} exercises. Run this cell again to update the table.</p>"
            f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        )


def _row(lesson: LessonProgress) -> str:
    if lesson.problem:
        sentence = html.escape(str(lesson.problem))
        return f'<tr><td>{html.escape(_title(lesson))}</td><td colspan="3" style="text-align:left">{sentence}</td></tr>'
    count = len(lesson.exercises)
    waiting = [one.name for one in lesson.exercises if not one.passed and not one.answered]
    answered = [one.name for one in lesson.exercises if one.answered]
    link = f"../{lesson.lesson}/{lesson.lesson}.ipynb"
    cells = (
        f'<a href="{html.escape(link)}">{html.escape(_title(lesson))}</a>',
        _one_line(f"{_bar(lesson.passed, count)} {lesson.passed} of {count}"),
        _one_line(f"{lesson.points:g} of {lesson.possible:g}"),
        _folded(waiting, "to do") + _folded(answered, "answered"),
    )
    row = "".join(f'<td style="text-align:left;vertical-align:top">{cell}</td>' for cell in cells)
    return f"<tr>{row}</tr>"


def _one_line(line: str) -> str:
    """Return HTML that stays on one line, however narrow the table is."""
    return f'<span style="white-space:nowrap">{line}</span>'


def _bar(passed: int, count: int) -> str:
    return f'<progress max="{max(count, 1)}" value="{passed}" style="width:{WIDTH}px" aria-label="solved"></progress>'


def _folded(names: list[str], what: str) -> str:
    if not names:
        return ""
    listed = ", ".join(f"<code>{html.escape(name)}</code>" for name in names)
    return f"<details><summary>{len(names)} {what}</summary>{listed}</details>"


def _title(lesson: LessonProgress) -> str:
    number, _, name = lesson.lesson.partition("_")
    return f"{number} · {lesson.title or name.replace('_', ' ')}"
