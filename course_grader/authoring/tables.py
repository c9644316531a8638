"""The tables that the build writes: the lessons in README.md, and the overview in docs/concepts.md.

Each is between two marker lines of its page, which is otherwise written by hand.
"""

from __future__ import annotations

from pathlib import Path

from course_grader.authoring import concepts
from course_grader.authoring.lesson import lesson_folders, title_of
from course_grader.authoring.lesson_cells import LessonProblem, first_cell

README = Path("README.md")
PAGES = (README, concepts.PAGE)
LESSONS = ("<!-- lessons, written by course build -->\n", "<!-- end of lessons -->\n")
OVERVIEW = ("<!-- overview, written by course build -->\n", "<!-- end of overview -->\n")


def pages(root: Path) -> dict[Path, str]:
    """Return what the pages with a table should contain, by path relative to `root`; a page that does not exist is left
    out. Raises LessonProblem if a page lacks its marker lines."""
    found = {}
    if (root / README).is_file():
        found[README] = _filled(root / README, LESSONS, lesson_table(root))
    if (root / concepts.PAGE).is_file():
        found[concepts.PAGE] = _filled(root / concepts.PAGE, OVERVIEW, concepts.overview(concepts.read_concepts(root)))
    return found


def lesson_table(root: Path) -> str:
    """Return the table of all lessons, with what a learner writes in each."""
    rows = [
        f"| {name.split('_')[0]} · {title_of(folder)} | {first_cell(folder / 'lesson.py').writes} |\n"
        for name, folder in lesson_folders(root).items()
    ]
    return "| notebook | what you write |\n| --- | --- |\n" + "".join(rows)


def _filled(path: Path, markers: tuple[str, str], table: str) -> str:
    text = path.read_text(encoding="utf-8")
    begin, end = markers
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise LessonProblem(
            path, 1, f"the build writes a table here: put the lines `{begin.strip()}` and `{end.strip()}` around it."
        )
    return text.split(begin)[0] + begin + table + end + text.split(end)[1]
