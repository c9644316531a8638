"""The build: what it makes, what it refuses with file and line, and that it is all or nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_grader.authoring import build as build_module
from course_grader.authoring.build import BuildRefused, build, check_build
from course_grader.authoring.lesson_cells import LessonProblem
from tests.authoring.conftest import EXERCISE, NAME, ROOT, Change

NOTEBOOK = Path("notebooks") / NAME / f"{NAME}.ipynb"
SOLUTION = Path("solutions") / NAME / f"{NAME}.ipynb"
KEY = Path("course_utils/checks/keys") / f"{EXERCISE}.json"
HINTS = Path("course_utils/checks/hints") / f"{NAME}.json"


def contents(house: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(house.rglob("*")) if path.is_file() and path.suffix != ".pyc"}


def test_what_is_committed_is_what_the_lessons_build() -> None:
    assert check_build(ROOT) == []


def test_a_new_lesson_builds_and_a_second_build_changes_nothing(house: Path) -> None:
    assert sorted(build(house)) == sorted([NOTEBOOK, SOLUTION, KEY, HINTS])
    first = contents(house)
    assert build(house) == []
    assert contents(house) == first


def test_the_release_has_stubs_and_no_solution(house: Path) -> None:
    build(house)
    released, source = nbformat.read(house / NOTEBOOK, 4), nbformat.read(house / SOLUTION, 4)
    (answer,) = (cell for cell in released.cells if cell.id == EXERCISE)
    assert "raise NotImplementedError" in answer.source
    assert "return factor * x" not in str(released)
    assert "check_hidden(" not in str(released)
    assert "return factor * x" in str(source)
    assert [cell.id for cell in released.cells] == [cell.id for cell in source.cells]
    assert all(cell.get("outputs", []) == [] for cell in released.cells)


def test_a_cell_keeps_its_id_when_another_is_inserted(house: Path, change: Change) -> None:
    build(house)
    before = {cell.id for cell in nbformat.read(house / NOTEBOOK, 4).cells}
    old = "# %% [markdown]\n# ## 1. The idea"
    change("lesson.py", old, f"# %% [markdown]\n# New.\n\n{old}")
    build(house)
    assert before < {cell.id for cell in nbformat.read(house / NOTEBOOK, 4).cells}


def test_drift_is_reported_and_left_alone(house: Path) -> None:
    build(house)
    (house / NOTEBOOK).write_text("{}")
    (house / KEY).with_name("stale.json").write_text("{}")
    assert check_build(house) == sorted([NOTEBOOK, KEY.with_name("stale.json")])
    assert (house / NOTEBOOK).read_text() == "{}"
    assert build(house) == sorted([NOTEBOOK, KEY.with_name("stale.json")])
    assert check_build(house) == []
    assert not (house / KEY).with_name("stale.json").exists()


def test_a_key_is_rewritten_only_if_it_says_something_else(house: Path, change: Change) -> None:
    build(house)
    before = (house / KEY).read_text()
    number = re.search(r"(?<=\[)-?\d\.\d+", before)
    assert number is not None
    digits = before.replace(number[0], f"{float(number[0]) * (1 + 1e-13):.17g}", 1)
    assert digits != before
    (house / KEY).write_text(digits)
    assert build(house) == []
    assert (house / KEY).read_text() == digits
    change("mistakes.py", "Should it?", "Should it really?")
    assert build(house) == [HINTS]
    change("mistakes.py", "factor + x", "factor + 2 * x")
    assert build(house) == [KEY]


REFUSED = {
    "a missing marker": ("lesson.py", "    ### END SOLUTION\n", "", "needs one `### BEGIN SOLUTION`"),
    "a misspelt marker": (
        "lesson.py",
        "### BEGIN HIDDEN TESTS",
        "### BEGIN HIDEN TEST",
        "looks like a marker but is not one",
    ),
    "a marker with other signs": ("lesson.py", "### BEGIN HIDDEN TESTS", "# BEGIN HIDDEN TESTS", "looks like a marker"),
    "a marker in another kind of cell": (
        "lesson.py",
        "x = np.linspace",
        "### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\nx = np.linspace",
        "do not belong in a cell of kind 'experiment'",
    ),
    "a solution that the release shows": (
        "lesson.py",
        "x = np.linspace",
        'if factor < 0:\n    raise ValueError(f"factor is {factor}: it must be at least 0.")\nx = np.linspace',
        "is in the release",
    ),
    "a grade_id twice": ("lesson.py", f"{EXERCISE}_hidden", f"{EXERCISE}_visible", "occurs twice in this lesson"),
    "an exercise without probe": ("lesson.py", f'grade_id="{EXERCISE}"', 'grade_id="unheard_of"', "has no probe"),
    "a check of nothing": ("lesson.py", f'check("{EXERCISE}"', 'check("nothing"', "checks 'nothing'"),
    "an unchecked part": (
        "lesson.py",
        f'check("{EXERCISE}", {EXERCISE}, part="arguments")\n',
        "pass\n",
        "no test cell calls",
    ),
    "few mistakes": ("mistakes.py", '"made_up_example",\n        "adds"', '"other",\n        "adds"', "has 3 mistakes"),
    "few alternatives": ("alternatives.py", 'id="by_rows"', 'id=""', "needs an id of its own"),
    "text that is not there": (
        "mistakes.py",
        '"factor * x",\n        "factor + x"',
        '"factor ** x",\n        "factor + x"',
        "occurs 0 times",
    ),
    "text that is there twice": (
        "mistakes.py",
        '"factor * x",\n        "factor + x"',
        '"factor",\n        "factor + x"',
        "times in the solution",
    ),
    "a mistake that is none": ("mistakes.py", '"factor + x"', '"x * factor"', "no probe distinguishes 'adds'"),
    "two mistakes that look alike": ("mistakes.py", '"x / factor"', '"x + factor"', "'adds' and 'divides' look alike"),
    "a mistake that hardly differs": ("mistakes.py", '"factor + x"', '"factor * x + 1e-8"', "by only"),
    "a foreign name": (
        "lesson.py",
        f'check("{EXERCISE}", {EXERCISE})',
        f'check("{EXERCISE}", fig)',
        "the test uses 'fig'",
    ),
    "no Python": ("lesson.py", "x = np.linspace(0", "x = = np.linspace(0", "not valid Python"),
    "a cell that fails": ("lesson.py", "import numpy as np", "import numpy as np\n1 / 0", "ZeroDivisionError"),
    "an unknown kind": ("lesson.py", 'kind="experiment"', 'kind="experimental"', "does not fit"),
    "an unknown word": ("lesson.py", "points=2", "point=2", "`point` is not known"),
    "negative points": ("lesson.py", "points=2", "points=-2", "not a number of at least 0"),
    "points on no test": (
        "lesson.py",
        'kind="experiment"',
        'kind="experiment" points=1',
        "every test cell needs points",
    ),
    "no grade_id": ("lesson.py", ' grade_id="imports"', "", "must have a grade_id"),
    "an unreadable bank": ("mistakes.py", "MISTAKES = [", "MISTAKES = [[", "cannot be read"),
    "a text without time": ("lesson.py", "*About one hour. You", "*You", "needs a time estimate"),
    "an empty bank": ("mistakes.py", "MISTAKES = [", "OTHERS = [", "must define MISTAKES"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_build_refuses_with_file_and_line_and_changes_nothing(case: str, house: Path, change: Change) -> None:
    build(house)
    before = contents(house)
    file, old, new, sentence = REFUSED[case]
    change(file, old, new)
    before[house / "lessons" / NAME / file] = (house / "lessons" / NAME / file).read_bytes()
    with pytest.raises((LessonProblem, BuildRefused)) as caught:
        build(house)
    problems = getattr(caught.value, "problems", [caught.value])
    (found, *_) = [problem for problem in problems if sentence in problem.sentence] or [None]
    assert found is not None, str(caught.value)
    assert f"{NAME}/" in str(found)
    lines = found.path.read_text().split("\n")
    assert 1 <= found.line <= len(lines)
    assert contents(house) == before


def test_a_problem_names_the_very_line(house: Path, change: Change) -> None:
    change("lesson.py", "### BEGIN HIDDEN TESTS", "### BEGIN HIDEN TESTS")
    with pytest.raises(BuildRefused) as caught:
        build(house)
    problem = caught.value.problems[0]
    assert problem.path.read_text().split("\n")[problem.line - 1] == "### BEGIN HIDEN TESTS"


def test_a_missing_file_is_named(house: Path) -> None:
    (house / "lessons" / NAME / "mistakes.py").unlink()
    with pytest.raises(LessonProblem, match=r"mistakes\.py:1: this file is missing"):
        build(house)


def test_one_exercise_name_in_two_lessons_is_refused(house: Path) -> None:
    folder = house / "lessons" / NAME
    (house / "lessons" / "91_again").mkdir()
    for path in folder.glob("*.py"):
        (house / "lessons" / "91_again" / path.name).write_text(path.read_text())
    with pytest.raises(BuildRefused, match=f"is also in {NAME}"):
        build(house)


def test_an_interrupted_build_leaves_nothing_half_written(
    house: Path, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(house)
    change("lesson.py", "Say what to look at.", "Look at the slope.")
    before = contents(house)

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build_module, "rehearse", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(house)
    assert contents(house) == before


def test_two_machines_would_build_the_same_bytes(house: Path) -> None:
    build(house)
    first = contents(house)
    for path in (house / NOTEBOOK, house / SOLUTION, house / KEY, house / HINTS):
        path.unlink()
    program = (
        "import sys; from pathlib import Path; from course_utils.checks import probes; "
        "probes.__path__.append('course_utils/checks/probes'); "
        "from course_grader.authoring.build import build; build(Path.cwd())"
    )
    subprocess.run([sys.executable, "-c", program], cwd=house, check=True, env={"PYTHONHASHSEED": "7"})
    assert contents(house) == first
