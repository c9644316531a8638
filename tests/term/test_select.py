"""Choosing some exercises of a lesson: which cells are removed, which stay, and how points are divided."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_grader.authoring.lesson import lesson_folders
from course_grader.authoring.lesson_cells import LessonCell, read_cells
from course_grader.term.select import MissingExercise, appended, choose_exercises, with_points
from course_utils.cells import assigned_names, checked_exercises, used_names

ROOT = Path(__file__).parents[2]
LESSONS = lesson_folders(ROOT)
CELLS = [
    LessonCell("markdown", "# Title\n\nWelcome.", 1),
    LessonCell("setup", "import numpy as np\nfrom course_utils.checks import check, check_hidden", 2, "imports"),
    LessonCell("markdown", "## One\n\nProse of one.\n\n### Exercise: `one`\n\nWrite it.", 3),
    LessonCell("answer", "def one(x):\n    return x", 4, "one"),
    LessonCell("test", "check('one', one)", 5, "one_visible", 1),
    LessonCell("test", "check_hidden('one', one)", 6, "one_hidden", 2),
    LessonCell("markdown", "### Experiment", 7),
    LessonCell("experiment", "curve = one(np.ones(3))", 8),
    LessonCell("experiment", "print(curve)", 9),
    LessonCell("markdown", "## Two\n\n### Exercise: `two`", 10),
    LessonCell("code", "picture = 1", 11),
    LessonCell("answer", "def two(x):\n    curve = 2 * x\n    return curve", 12, "two"),
    LessonCell("test", "check('two', two)", 13, "two_visible", 0),
    LessonCell("test", "check_hidden('two', two)", 14, "two_hidden", 0),
    LessonCell("markdown", "### Exercise: `three`", 15),
    LessonCell("answer", "def three(x):\n    return two(x) + one(x)", 16, "three"),
    LessonCell("test", "check('three', three)", 17, "three_visible", 1),
    LessonCell("markdown", "## Summary\n\nThat was it.", 18),
]


def ids(cells: list[LessonCell]) -> list[str]:
    return [cell.grade_id for cell in cells if cell.grade_id]


def test_an_exercise_that_is_left_out_takes_its_section_with_it() -> None:
    cells = choose_exercises(CELLS, {"two"})
    assert ids(cells) == ["imports", "two", "two_visible", "two_hidden"]
    text = "\n".join(cell.source for cell in cells)
    assert "Welcome" in text
    assert "That was it" in text
    assert "one" not in text
    assert "Experiment" not in text
    assert "three" not in text


def test_a_figure_goes_with_its_exercise_and_prose_of_a_section_stays_with_another() -> None:
    cells = choose_exercises(CELLS, {"one"})
    text = "\n".join(cell.source for cell in cells)
    assert "picture" not in text
    assert "## Two" not in text
    assert "Prose of one" in text
    assert "print(curve)" in text


def test_an_exercise_that_is_built_on_is_asked_for() -> None:
    with pytest.raises(MissingExercise) as caught:
        choose_exercises(CELLS, {"one", "three"})
    assert (caught.value.exercise, caught.value.needed) == ("three", "two")


def test_points_are_divided_as_they_were() -> None:
    cells = {cell.grade_id: cell.points for cell in with_points(CELLS, {"one": 10, "two": 5})}
    assert (cells["one_visible"], cells["one_hidden"]) == (3.33, 6.67)
    assert (cells["two_visible"], cells["two_hidden"]) == (2.5, 2.5)
    assert cells["three_visible"] == 1


def test_another_lesson_comes_behind_and_shares_the_set_up() -> None:
    own = [CELLS[1], LessonCell("answer", "def mine(x):\n    return 1", 2, "mine")]
    assert ids(appended(CELLS[:4], own, KeyError)) == ["imports", "one", "mine"]
    with pytest.raises(KeyError, match="one"):
        appended(CELLS[:4], [LessonCell("answer", "def one(x):\n    return 7", 2, "one")], KeyError)


def closed(cells: list[LessonCell], exercise: str) -> tuple[list[LessonCell], set[str]]:
    """Choose an exercise and then, one by one, the exercises that it needs."""
    chosen = {exercise}
    for _ in cells:
        try:
            return choose_exercises(cells, chosen), chosen
        except MissingExercise as problem:
            chosen.add(problem.needed)
    raise AssertionError(f"{exercise} asks for ever more: {chosen}")


@pytest.mark.parametrize("lesson", sorted(LESSONS))
def test_in_every_lesson_each_exercise_can_be_chosen_with_what_it_needs(lesson: str) -> None:
    cells = list(read_cells(LESSONS[lesson] / "lesson.py"))
    for exercise in [cell.grade_id for cell in cells if cell.kind == "answer"]:
        kept, chosen = closed(cells, exercise)
        assert {cell.grade_id for cell in kept if cell.kind == "answer"} == chosen
        given = {name for cell in cells if cell.kind == "answer" for name in assigned_names(cell.source)}
        have = {name for cell in kept if cell.kind == "answer" for name in assigned_names(cell.source)}
        for cell in kept:
            if cell.kind in ("test", "code", "experiment"):
                assert not (used_names(cell.source) - assigned_names(cell.source)) & (given - have), cell.source
            if cell.kind == "test":
                assert set(checked_exercises(cell.source)) <= chosen
