"""What the build asks for the reader's sake: each rule refuses with file, line and what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from course_grader.authoring import lint_text
from course_grader.authoring.build import BuildRefused, build
from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.lesson_cells import LessonProblem
from course_grader.authoring.lint import lint_lesson
from course_grader.authoring.new_lesson import new_lesson
from course_utils.checks import probe
from tests.authoring.conftest import EXERCISE, NAME, Change

# The change of lesson.py, the sentence, and the line that it names, after the change.
REFUSED = {
    "no title": ("# # Made up", "# Made up", "begin with the lesson's title", "# Made up"),
    "no time": ("*About one hour. You", "*You", "needs a time estimate", "# Made up, no: the first line"),
    "no aims": ("# When you are done you can", "# You will", "needs the aims", "# the first line"),
    "nothing for the README": (
        ' writes="one function: say here what the learner writes"',
        "",
        "say what the learner writes",
        "# %% [markdown]",
    ),
    "a word for the README elsewhere": (
        "# %% [markdown]\n# ## Summary",
        '# %% [markdown] writes="more"\n# ## Summary',
        "belongs to the first cell alone",
        '# %% [markdown] writes="more"',
    ),
    "no summary": ("# ## Summary", "# ## The end", "end the lesson with a section", "# ## The end"),
    "a wrong number": ("# ## 1. The idea", "# ## 2. The idea", "begin `## 1. `", "# ## 2. The idea"),
    "a small letter": ("# ## 1. The idea", "# ## 1. the idea", "a capital", "# ## 1. the idea"),
    "an exercise in a section without number": (
        '# %% kind="answer"',
        '# %% [markdown]\n# ## Your turn\n\n# %% kind="answer"',
        "'Your turn' has exercises: number it",
        "# ## Your turn",
    ),
    "extensions without a star": (
        "# ## Summary",
        "# ## Going further\n#\n# ## Summary",
        "Going further ★",
        "# ## Going further",
    ),
    "a link to no lesson": (
        "# Say what to look at.",
        "# Look at [it](../77_nowhere/77_nowhere.ipynb).",
        "which is not a notebook",
        "# Look at [it]",
    ),
    "a link to another file of a lesson": (
        "# Say what to look at.",
        f"# Look at [it](../{NAME}/lesson.py).",
        "which is not a notebook",
        "# Look at [it]",
    ),
    "a next lesson after the last": (
        "# Say in two sentences",
        f"# Next: [again](../{NAME}/{NAME}.ipynb). Say in two sentences",
        "this is the last lesson",
        "# Next: [again]",
    ),
    "code that is too wide": (
        "x = np.linspace(0, 1, 50)",
        f"x = np.linspace(0, 1, 50)  # {'x' * 90}",
        "are too wide for a notebook",
        "x = np.linspace",
    ),
    "no docstring": ('"""', "'''", "needs a docstring before its solution", '# %% kind="answer"'),
    "no hint": ("<details><summary>Hint</summary>", "Hint:", "put a folded hint", '# %% kind="answer"'),
    "a test that is named otherwise": (
        f'grade_id="{EXERCISE}_visible"',
        f'grade_id="{EXERCISE}_seen"',
        "name this cell after its exercise",
        '# %% kind="test"',
    ),
    "a test named like the exercise of no cell": (
        f'grade_id="{EXERCISE}_visible"',
        'grade_id="other_visible"',
        "name this cell after its exercise",
        '# %% kind="test"',
    ),
    "an extension with points": (
        f'grade_id="{EXERCISE}"',
        f'grade_id="{EXERCISE}" star=true',
        "an extension carries no points",
        '# %% kind="test"',
    ),
    "an exclamation mark": ("# Say what to look at.", "# Look at `a != b` now!", "an exclamation mark", "# Look at"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_rule_names_the_line_and_what_to_do(case: str, house: Path, change: Change) -> None:
    folder = house / "lessons" / NAME
    assert list(lint_lesson([read_lesson(folder)])) == []
    old, new, sentence, line = REFUSED[case]
    text = (folder / "lesson.py").read_text()
    (folder / "lesson.py").write_text(text.replace(old, new) if case == "no docstring" else text.replace(old, new, 1))
    found = [problem for problem in lint_lesson([read_lesson(folder)]) if sentence in problem.sentence]
    assert found, [str(problem) for problem in lint_lesson([read_lesson(folder)])]
    named = (folder / "lesson.py").read_text().split("\n")[found[0].line - 1]
    assert named.startswith("# # Made up" if "first line" in line else line)


def test_a_lesson_of_several_exercises_shows_an_explorer(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint_text, "EXERCISES_FOR_EXPLORER", 1)
    (problem,) = lint_lesson([read_lesson(house / "lessons" / NAME)])
    assert "shows an explorer" in problem.sentence


def test_the_next_lesson_is_linked_by_the_build(house: Path) -> None:
    new_lesson(house, "91_other_topic")
    build(house, [NAME])
    shown = nbformat.read(house / "notebooks" / NAME / f"{NAME}.ipynb", 4).cells[-1].source
    assert shown.endswith("\n\nNext: [Other topic](../91_other_topic/91_other_topic.ipynb).")


def test_a_link_to_a_lesson_that_is_not_the_next_is_refused(house: Path, change: Change) -> None:
    for name in ("91_other_topic", "92_third"):
        new_lesson(house, name)
    change("lesson.py", "# Say in two", "# Next:\n# [third](../92_third/92_third.ipynb).\n#\n# Say in two")
    (problem,) = lint_lesson([read_lesson(house / "lessons" / NAME)])
    assert "the next lesson is 91_other_topic" in problem.sentence
    assert problem.path.read_text().split("\n")[problem.line - 1] == "# Next:"


def refuses_only(recorder: probe.Recorder, rng: np.random.RandomState, answer: Any) -> None:
    recorder.expect_error("a negative factor", answer, np.ones(2), -1.0)


def accepts_only(recorder: probe.Recorder, rng: np.random.RandomState, answer: Any) -> None:
    recorder.expect_error("a small factor", answer, np.ones(2), 0.1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(refuses_only, "ask for one allowed call too"), (accepts_only, "ask for one bad call too")],
)
def test_bad_arguments_come_with_an_allowed_call(
    arguments: Any, sentence: str, house: Path, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = probe.exercises()[EXERCISE]
    # With the second probe, no question refuses a mistake that accepts a negative factor.
    change("mistakes.py", "return factor * x\n", "return factor * x + 1\n")
    changed = replace(known, parts={**known.parts, "arguments": arguments})
    with monkeypatch.context() as patch:
        patch.setitem(probe._EXERCISES, EXERCISE, changed)
        with pytest.raises(BuildRefused) as caught:
            build(house)
    (problem,) = caught.value.problems
    assert sentence in problem.sentence
    assert problem.path == Path(__file__)
    line = problem.path.read_text().split("\n")[problem.line - 1]
    assert line.startswith(f"def {arguments.__name__}(")


def allows_only_zero(recorder: probe.Recorder, rng: np.random.RandomState, answer: Any) -> None:
    recorder.expect_error("a negative factor", answer, np.ones(2), -1.0)
    recorder.ask("a factor of 0, which is allowed", answer, np.ones(2), 0.0)


def test_a_mistake_that_looks_like_any_error_is_refused(
    house: Path, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = probe.exercises()[EXERCISE]
    changed = replace(known, parts={**known.parts, "arguments": allows_only_zero})
    refuses_zero = f"def {EXERCISE}(x, factor):\n            if factor <= 0:\n                raise ValueError\n"
    change("mistakes.py", f"def {EXERCISE}(x, factor):\n", refuses_zero)
    with monkeypatch.context() as patch:
        patch.setitem(probe._EXERCISES, EXERCISE, changed)
        with pytest.raises(BuildRefused) as caught:
            build(house)
    (problem,) = caught.value.problems
    assert "'accepts_negative' of made_up_example looks like a function that fails in every call" in problem.sentence
    assert "rewrite(" in problem.path.read_text().split("\n")[problem.line - 1]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("weight_averaging", "is not a lesson's name"),
        ("9_weight", "is not a lesson's name"),
        ("91_" + "x" * 24, "may have 23 characters, not 24"),
        (f"{NAME[:2]}_other", f"{NAME} has the number {NAME[:2]} already"),
    ],
)
def test_a_lessons_name_that_does_not_fit_is_refused(name: str, sentence: str, house: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        new_lesson(house, name)
    assert [path.name for path in (house / "lessons").iterdir()] == [NAME]


def test_the_first_cell_is_not_code(house: Path, change: Change) -> None:
    change("lesson.py", 'kind="setup"', 'kind="setup" writes="no"')
    with pytest.raises(LessonProblem, match="`writes` belongs to the first cell"):
        read_lesson(house / "lessons" / NAME)
