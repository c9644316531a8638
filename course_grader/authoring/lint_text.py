"""What the build refuses for the reader's sake: in the text of a lesson and in the presentation of its exercises.

There is one function per rule; `lint_text` runs them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from course_grader.authoring.lesson import NEXT, Lesson, lesson_folders, next_folder
from course_grader.authoring.lesson_cells import LessonCell, LessonProblem
from course_grader.authoring.recordings import explorers_of
from course_grader.cell_metadata import BEGIN
from course_utils.checks.probe import exercises

# What a notebook shows of a line of code, on a screen 1280 pixels wide, without scrolling.
CODE_WIDTH = 100
# A lesson with this many exercises must show an explorer.
EXERCISES_FOR_EXPLORER = 3
TEST_NAME = re.compile(r"(?:_step_\d)?_(?:visible|hidden|arguments)$")
NOT_PROSE = re.compile(r"```.*?```|\$\$.*?\$\$|`[^`]*`|\$[^$]*\$|!\[", re.DOTALL)


def lint_text(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield everything in a lesson's text that would puzzle or mislead its reader."""
    rules = (
        wrong_start, no_summary, wrong_numbers, wrong_links, wrong_next, wide_code, no_contract, no_hint,
        wrong_test_names, shouting, no_explorer,
    )  # fmt: skip
    for rule in rules:
        yield from rule(lesson)


def wrong_start(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield what the first cell lacks: title, time estimate, aims, or the description for the README."""
    first = lesson.cells[0] if lesson.cells else None
    if first is None or first.kind != "markdown":
        yield LessonProblem(lesson.path, 1, "begin with a markdown cell: title, time, aims.")
        return
    if not re.match(r"# [A-Z]", first.source):
        yield LessonProblem(lesson.path, first.line, "begin with the lesson's title: `# Weight averaging`.")
    if not re.search(r"\*About [^*]*\b(minutes|hours?)\b", first.source):
        yield LessonProblem(
            lesson.path, first.line, "the first cell needs a time estimate: `*About one hour. You need ...*`."
        )
    if "you can\n" not in f"{first.source}\n":
        yield LessonProblem(
            lesson.path, first.line, "the first cell needs the aims: `When you are done you can`, and a list."
        )
    if not first.writes:
        sentence = 'say what the learner writes, for the table in README.md: `# %% [markdown] writes="two schedules"`.'
        yield LessonProblem(lesson.path, first.line - 1, sentence)
    for cell in lesson.cells[1:]:
        if cell.writes:
            yield LessonProblem(lesson.path, cell.line - 1, "`writes` belongs to the first cell alone: remove it here.")


def no_summary(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield a problem if the lesson has no summary section."""
    if not any("summary" in title.lower() for _, _, title in _headings(lesson)):
        yield LessonProblem(
            lesson.path, lesson.cells[-1].line, "end the lesson with a section `## Summary`, in two sentences."
        )


def wrong_numbers(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each section number that is not the next one, each section with exercises but without a number, and
    extensions without a star."""
    sections = [(line, title) for line, level, title in _headings(lesson) if level == 2]
    numbered = [(line, title) for line, title in sections if title[0].isdigit()]
    for number, (line, title) in enumerate(numbered, 1):
        if not re.match(rf"{number}\. [A-Z]", title):
            yield LessonProblem(
                lesson.path, line, f"this is numbered section {number}: begin `## {number}. ` and a capital."
            )
    with_exercises = {
        max((place for place in sections if place[0] < cell.line), default=(lesson.cells[0].line, "0"))
        for cell in lesson.of_kind("answer")
        if not cell.star
    }
    if len(with_exercises) > 1 or numbered:
        for line, title in sorted(with_exercises):
            if not title[0].isdigit():
                yield LessonProblem(
                    lesson.path, line, f"the section {title!r} has exercises: number it, like `## 1. {title}`."
                )
    for line, title in sections:
        if title.startswith("Going further") and "★" not in title:
            yield LessonProblem(lesson.path, line, "extensions carry no points: write `## Going further ★`.")


def wrong_links(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each link to a notebook that does not exist."""
    names = lesson_folders(_root(lesson))
    for line, text in _lines(lesson):
        for target in re.findall(r"\]\(\.\./([^)#]+)", text):
            name = target.split("/")[0]
            if name not in names or target != f"{name}/{name}.ipynb":
                yield LessonProblem(
                    lesson.path,
                    line,
                    f"the link leads to {target!r}, which is not a notebook: write ../NAME/NAME.ipynb.",
                )


def wrong_next(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each link to the next lesson that leads to a different lesson."""
    following = next_folder(lesson.folder)
    for cell in lesson.of_kind("markdown"):
        for found in NEXT.finditer(cell.source):
            line = cell.line + cell.source.count("\n", 0, found.start())
            if following is None:
                yield LessonProblem(lesson.path, line, "this is the last lesson: remove the link to a next one.")
            elif found[1] != following.name:
                sentence = (
                    f"the next lesson is {following.name}: link to it, or remove this link and the build adds one."
                )
                yield LessonProblem(lesson.path, line, sentence)


def wide_code(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each line of code that is too wide for a notebook."""
    for cell in lesson.cells:
        # A gathered function is as wide as it is in its own lesson.
        if cell.kind not in ("markdown", "gather"):
            for number, line in enumerate(cell.source.split("\n"), cell.line):
                if len(line) > CODE_WIDTH:
                    yield LessonProblem(
                        lesson.path,
                        number,
                        f"{len(line)} characters are too wide for a notebook: at most {CODE_WIDTH}.",
                    )


def no_contract(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each function without a docstring before its solution."""
    for cell in _functions(lesson):
        if '"""' not in cell.source.split(BEGIN)[0]:
            yield _at(
                lesson, cell, f"{cell.grade_id} needs a docstring before its solution: what it takes and returns."
            )


def no_hint(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each function without a folded hint after its answer cell."""
    for cell in _functions(lesson):
        behind = ""
        for other in lesson.cells[lesson.cells.index(cell) + 1 :]:
            if other.kind != "markdown":
                break
            behind += other.source
        if "<details><summary>" not in behind:
            yield _at(
                lesson,
                cell,
                f"put a folded hint behind {cell.grade_id}: a text cell `<details><summary>Hint</summary>`.",
            )


def wrong_test_names(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield a problem for each test cell that is not named after its exercise, and for each test cell of an optional
    (starred) exercise that has points."""
    for cell in lesson.of_kind("test"):
        name = TEST_NAME.sub("", cell.grade_id)
        if name not in lesson.answers or name == cell.grade_id:
            sentence = (
                f"name this cell after its exercise: NAME_visible, NAME_hidden or NAME_arguments, not {cell.grade_id}."
            )
            yield _at(lesson, cell, sentence)
        elif lesson.answers[name].star and cell.points:
            yield _at(lesson, cell, f"{name} has a star, and an extension carries no points: write points=0.")


def shouting(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each line with an exclamation mark outside code and formulas."""
    for cell in lesson.of_kind("markdown"):
        prose = NOT_PROSE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), cell.source)
        for number, line in enumerate(prose.split("\n"), cell.line):
            if "!" in line:
                yield LessonProblem(lesson.path, number, "an exclamation mark: end the sentence with a full stop.")


def no_explorer(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield a problem if a lesson with several exercises has no explorer."""
    if len(lesson.answers) >= EXERCISES_FOR_EXPLORER and not explorers_of(lesson):
        sentence = (
            f"a lesson with {EXERCISES_FOR_EXPLORER} exercises or more shows an explorer: see `Add an explorer` in "
            "CONTRIBUTING.md."
        )
        yield LessonProblem(lesson.path, 1, sentence)


def _functions(lesson: Lesson) -> list[LessonCell]:
    known = exercises()
    return [cell for name, cell in lesson.answers.items() if name not in known or known[name].form is None]


def _lines(lesson: Lesson) -> Iterator[tuple[int, str]]:
    for cell in lesson.of_kind("markdown"):
        yield from enumerate(cell.source.split("\n"), cell.line)


def _headings(lesson: Lesson) -> Iterator[tuple[int, int, str]]:
    """Yield line, level and text of each heading below the title."""
    for line, text in _lines(lesson):
        if found := re.match(r"(##+)\s+(\S.*)", text):
            yield line, len(found[1]), found[2]


def _root(lesson: Lesson) -> Path:
    return lesson.folder.parent.parent


def _at(lesson: Lesson, cell: LessonCell, sentence: str) -> LessonProblem:
    return LessonProblem(lesson.path, cell.line - 1, sentence)
