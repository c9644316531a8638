"""What every lesson has for its reader, whatever it teaches."""

from __future__ import annotations

import re

from course_grader.authoring.lesson import Lesson
from course_grader.authoring.lesson_cells import LessonCell
from course_utils.checks.probe import exercises
from tests.lessons.conftest import LESSONS, ROOT

# What a notebook shows of a line of code, on a screen 1280 pixels wide, without scrolling.
CODE_WIDTH = 100


def prose(lesson: Lesson) -> str:
    return "\n\n".join(cell.source for cell in lesson.of_kind("markdown"))


def hint_of(lesson: Lesson, answer: LessonCell) -> str:
    """Return the markdown between an answer cell and the next code cell."""
    after = lesson.cells[lesson.cells.index(answer) + 1 :]
    text = ""
    for cell in after:
        if cell.kind != "markdown":
            break
        text += cell.source
    return text


def test_it_begins_with_a_title_and_the_time_it_takes(lesson: Lesson) -> None:
    first = lesson.cells[0]
    assert first.kind == "markdown"
    assert re.match(r"# [A-Z]", first.source)
    assert re.search(r"\*About .*(minutes|hour)", first.source)
    assert "you can" in first.source


def test_it_ends_with_a_summary(lesson: Lesson) -> None:
    assert re.search(r"^#+ .*[Ss]ummary", prose(lesson), re.MULTILINE)


def test_its_sections_are_numbered(lesson: Lesson) -> None:
    titles = re.findall(r"^## (.+)$", prose(lesson), re.MULTILINE)
    numbered = [title for title in titles if title[0].isdigit()]
    if lesson.name[:2] not in ("00", "08"):
        assert len(numbered) > 2
    for number, title in enumerate(numbered, 1):
        assert re.match(rf"{number}\. [A-Z]", title), title
    # Exercises without points stand under a star.
    assert [title for title in titles if title.startswith("Going further") and "★" not in title] == []


def test_it_leads_on_to_the_next_lesson(lesson: Lesson) -> None:
    later = [name for name in LESSONS if name > lesson.name]
    if later:
        assert f"](../{later[0]}/{later[0]}.ipynb)" in prose(lesson)


def test_code_fits_the_screen(lesson: Lesson) -> None:
    wide = [
        f"{lesson.name}/lesson.py:{number}"
        for cell in lesson.cells
        if cell.kind != "markdown"
        for number, line in enumerate(cell.source.split("\n"), cell.line)
        if len(line) > CODE_WIDTH
    ]
    assert not wide, wide


def test_every_exercise_has_a_folded_hint(lesson: Lesson) -> None:
    known = exercises()
    without = [
        name
        for name, cell in lesson.answers.items()
        if known[name].form is None and "<details><summary>" not in hint_of(lesson, cell)
    ]
    assert not without, without


def test_every_function_has_a_contract(lesson: Lesson) -> None:
    for name, cell in lesson.answers.items():
        if exercises()[name].form is None:
            assert '"""' in cell.source.split("### BEGIN SOLUTION")[0], name


def test_every_link_to_a_notebook_leads_somewhere(lesson: Lesson) -> None:
    for target in re.findall(r"\]\(\.\./([^)#]+)\)", prose(lesson)):
        assert (ROOT / "notebooks" / target).is_file(), f"{lesson.name} links to {target}"


def test_starred_exercises_carry_no_points(lesson: Lesson) -> None:
    for cell in lesson.of_kind("test"):
        name = re.sub(r"(_step_\d)?_(visible|hidden|arguments)$", "", cell.grade_id)
        assert name in lesson.answers, f"{cell.grade_id} ends in none of _visible, _hidden, _arguments"
        if lesson.answers[name].star:
            assert cell.points == 0, cell.grade_id


def test_no_exclamation_marks(lesson: Lesson) -> None:
    text = re.sub(r"```.*?```|\$\$.*?\$\$|`[^`]*`|\$[^$]*\$|!\[", "", prose(lesson), flags=re.DOTALL)
    assert "!" not in text, re.findall(r".{30}!.{0,10}", text)


def test_it_stands_in_the_readme(lesson: Lesson) -> None:
    title = lesson.cells[0].source.split("\n")[0].removeprefix("# ")
    assert f"| {lesson.name.split('_')[0]} · {title} |" in (ROOT / "README.md").read_text(encoding="utf-8")
