"""Releasing: a teacher's own lessons, nbgrader's exchange, and refused assignments, which leave nothing behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook

from course_grader.cell_metadata import nbgrader_mark
from course_grader.engine.grading import grade
from course_grader.gradebook.course import Course
from course_grader.term import assignment_of
from course_grader.term.release_term import release_assignment
from course_utils.errors import CourseError

ROOT = Path(__file__).parents[2]
NAME = "00_start_here"
OWN = '''\
# %% [markdown]
# # Extra
#
# ### Exercise: `double`

# %% kind="setup" grade_id="extra_imports"
import math

# %% kind="answer" grade_id="double"
def double(x):
    """Return 2 x."""
    ### BEGIN SOLUTION
    return x + x * math.cos(0)
    ### END SOLUTION

# %% kind="test" grade_id="double_visible" points=1
assert double(1) == 2

# %% kind="test" grade_id="double_hidden" points=2
### BEGIN HIDDEN TESTS
assert double(-3.5) == -7
### END HIDDEN TESTS
'''
LEAK = """
# %% kind="test" grade_id="double_again" points=1
def expected(x):
    return x + x * math.cos(0)
assert double(2) == expected(2)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    for part in ("lessons", "solutions", "notebooks"):
        shutil.copytree(ROOT / part / NAME, tmp_path / part / NAME, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    with (tmp_path / "nbgrader_config.py").open("a") as file:
        file.write(f'\nc.Exchange.root = "{tmp_path}/exchange"\n')
    return tmp_path


def term(root: Path, text: str) -> Course:
    (root / "mine" / "90_extra").mkdir(parents=True, exist_ok=True)
    if not (root / "mine" / "90_extra" / "lesson.py").exists():
        (root / "mine" / "90_extra" / "lesson.py").write_text(OWN)
    (root / "course.toml").write_text(f'own = "mine"\n{text}')
    return Course.at(root)


def grade_ids(path: Path) -> list[str]:
    return [cell.metadata.nbgrader.grade_id for cell in nbformat.read(path, 4).cells if "nbgrader" in cell.metadata]


def test_without_course_toml_a_lesson_is_released_as_it_is(root: Path) -> None:
    told = release_assignment(Course.at(root), NAME, root / "handout").messages
    built = ROOT / "notebooks" / NAME / f"{NAME}.ipynb"
    assert (root / "handout" / f"{NAME}.ipynb").read_bytes() == built.read_bytes()
    assert "without a due date" in told[0]
    assert assignment_of(root, NAME)[0] == root / "solutions" / NAME / f"{NAME}.ipynb"
    # A second release writes the same file; a file with different content is not overwritten.
    release_assignment(Course.at(root), NAME, root / "handout")
    (root / "handout" / f"{NAME}.ipynb").write_text("mine")
    with pytest.raises(CourseError, match="--force"):
        release_assignment(Course.at(root), NAME, root / "handout")
    release_assignment(Course.at(root), NAME, root / "handout", force=True)


def test_a_lesson_of_ones_own_follows_another_and_is_graded(root: Path) -> None:
    course = term(root, f'[assignments.week1]\nlesson = "{NAME}"\nadd = ["90_extra"]\npoints = {{ double = 6 }}\n')
    told = release_assignment(course, "week1").messages
    assert any("Learners do not have it yet" in sentence for sentence in told)
    learners = root / "term" / "release" / "week1" / "week1.ipynb"
    assert grade_ids(learners)[-4:] == ["extra_imports", "double", "double_visible", "double_hidden"]
    text = learners.read_text()
    assert "math.cos(0)" not in text
    assert "-7" not in text
    with Gradebook(course.db_url, "descent") as book:
        assert book.find_grade_cell("double_hidden", "week1", "week1").max_score == 4
    with pytest.raises(CourseError, match="has no assignment 'week2'"):
        assignment_of(root, "week2")


def test_what_is_added_comes_whole_beside_chosen_exercises(root: Path) -> None:
    chosen = f'[assignments.week1]\nlesson = "{NAME}"\nexercises = ["mean_squared_error"]\nadd = ["90_extra"]\n'
    release_assignment(term(root, chosen), "week1")
    ids = grade_ids(root / "term" / "release" / "week1" / "week1.ipynb")
    assert {"mean_squared_error", "double", "double_visible", "double_hidden"} <= set(ids)


def test_a_lesson_of_ones_own_alone_needs_no_key_of_its_own(root: Path) -> None:
    course = term(root, "[assignments.90_extra]\n")
    release_assignment(course, "90_extra")
    (root / "course.key").write_text('{"format": 1, "exercises": {}}')
    assignment = Course.at(root).assignment("90_extra")
    source, key = assignment_of(root, "90_extra")
    assert key == root / "course.key"
    notebook = nbformat.read(source, 4)
    assert grade(notebook, assignment, "none").score == 3
    learners = nbformat.read(root / "term" / "release" / "90_extra" / "90_extra.ipynb", 4)
    [exercise] = grade(learners, assignment, "none").exercises
    assert (exercise.outcome, exercise.points) == ("blank", 0)
    notebook.cells = [cell for cell in notebook.cells if "double(x)" not in cell.source]
    assert grade(notebook, assignment, "none").score == 0


def test_a_notebook_of_ones_own_is_released(root: Path) -> None:
    course = term(root, f'[assignments.essay]\nnotebook = "solutions/{NAME}/{NAME}.ipynb"\ndue = 2026-10-12\n')
    assert any("due 2026-10-12 23:59 UTC" in sentence for sentence in release_assignment(course, "essay").messages)
    assert (root / "term" / "release" / "essay" / "essay.ipynb").is_file()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"cells": [', "cannot be read"),
        ('{"cells": [{"source": "x"}]}', "is not as nbgrader writes it"),
        (
            json.dumps(new_notebook(metadata={"kernelspec": {"language": "R", "name": "ir", "display_name": "R"}})),
            "is a notebook for r, .* nbgrader's own Execute",
        ),
    ],
)
def test_a_notebook_of_ones_own_that_cannot_be_graded_is_not_released(root: Path, content: str, sentence: str) -> None:
    (root / "essay.ipynb").write_text(content)
    with pytest.raises(CourseError, match=sentence):
        release_assignment(term(root, '[assignments.essay]\nnotebook = "essay.ipynb"\n'), "essay")
    assert not (root / "gradebook.db").exists()


def test_a_notebook_of_ones_own_is_released_with_its_files_and_says_its_mode(root: Path) -> None:
    own = root / "mine" / "ps1"
    own.mkdir(parents=True)
    (own / "helper.py").write_text("factor = 2")
    (own / "numbers.csv").write_text("1,2")
    text = '[assignments.ps1]\nnotebook = "mine/ps1/ps1.ipynb"\n'
    _write_own(
        own / "ps1.ipynb",
        "import helper, pathlib\nassert pathlib.Path('numbers.csv').read_text()\nassert double(2) == 2 * helper.factor",
    )
    told = release_assignment(term(root, text), "ps1", root / "handout").messages
    assert any(sentence.startswith("It is graded in the mode apart. All") for sentence in told)
    assert {path.name for path in (root / "handout").iterdir()} == {"ps1.ipynb", "helper.py", "numbers.csv"}
    assert "return 2 * x" not in (root / "handout" / "ps1.ipynb").read_text()
    assignment = Course.at(root).assignment("ps1")
    assert assignment.mode == "apart"
    source = json.loads((root / "term" / "source" / "ps1" / "ps1.ipynb").read_text())
    assert grade(source, assignment, "none").score == 2


def test_a_test_that_fails_on_the_teachers_solution_is_not_released(root: Path) -> None:
    own = root / "mine" / "ps1"
    own.mkdir(parents=True)
    _write_own(own / "ps1.ipynb", "assert double(2) == 5")
    with pytest.raises(CourseError, match="The test 'double_test' fails on your own solution: AssertionError"):
        release_assignment(term(root, '[assignments.ps1]\nnotebook = "mine/ps1/ps1.ipynb"\n'), "ps1")
    assert not (root / "term").exists()
    assert not (root / "gradebook.db").exists()
    assert not (root / "gradebook.modes.json").exists()


@pytest.mark.parametrize("mode", ["apart", "together"])
def test_course_toml_fixes_the_mode(root: Path, mode: str) -> None:
    own = root / "mine" / "ps1"
    own.mkdir(parents=True)
    _write_own(own / "ps1.ipynb", "assert double(2) == 4")
    told = release_assignment(
        term(root, f'[assignments.ps1]\nnotebook = "mine/ps1/ps1.ipynb"\nmode = "{mode}"\n'), "ps1"
    ).messages
    assert f"It is graded in the mode {mode}. The teacher chose it." in told
    assert Course.at(root).assignment("ps1").mode == mode
    with pytest.raises(CourseError, match=r'line 5: .*must be "apart" or "together"'):
        term(root, '[assignments.ps1]\nnotebook = "mine/ps1/ps1.ipynb"\n\nmode = "beside"\n')


def _write_own(place: Path, test: str) -> None:
    answer = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    cells = [
        new_code_cell(answer, metadata={"nbgrader": nbgrader_mark("answer", "double", 0)}),
        new_code_cell(test, metadata={"nbgrader": nbgrader_mark("test", "double_test", 2)}),
    ]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), place)


def test_the_exchange_gets_it_once(root: Path) -> None:
    course = term(root, f"[assignments.{NAME}]\n")
    (root / "exchange").mkdir()
    told = release_assignment(course, NAME, exchange=True).messages
    assert any("exchange" in sentence and "'descent'" in sentence for sentence in told)
    assert (root / "exchange" / "descent" / "outbound" / NAME / f"{NAME}.ipynb").is_file()
    with pytest.raises(CourseError, match="--force"):
        release_assignment(course, NAME, exchange=True)
    release_assignment(course, NAME, exchange=True, force=True)


@pytest.mark.parametrize(
    ("text", "own", "sentence"),
    [
        (f'[assignments.{NAME}]\nexercises = ["mse"]\n', OWN, r"line 3: .* 'mse', .*: choose from mean_sq"),
        (f"[assignments.{NAME}]\npoints = {{ mse = 1 }}\n", OWN, r"line 3: .*contains 'mse', which is not an exercise"),
        ("[assignments.90_extra]\n", OWN.replace("x + x *", "x * x *"), r"lesson.py:\d+: the cell fails: Assert"),
        ("[assignments.90_extra]\n", OWN.replace("BEGIN SOLUTION", "BEGIN SOLUTON"), "looks like a marker"),
        ("[assignments.90_extra]\n", OWN.replace("double(1)", "treble(1)"), "'treble', which no set-up"),
        ("[assignments.90_extra]\n", OWN.replace("### BEGIN HIDDEN TESTS", ""), "not paired"),
        ("[assignments.90_extra]\n", OWN + LEAK, "this line of the solution of double is in the release"),
        ("[assignments.90_extra]\n", OWN.replace('"answer"', '"answr"'), r"lesson.py:\d+: kind 'answr' does not fit"),
        ("[assignments.week1]\n", OWN, r"^course.toml, line 2: .* the lesson 'week1', which does not exist"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing_behind(root: Path, text: str, own: str, sentence: str) -> None:
    course = Course.at(root)
    (root / "mine" / "90_extra").mkdir(parents=True)
    (root / "mine" / "90_extra" / "lesson.py").write_text(own)
    with pytest.raises(CourseError, match=sentence):
        release_assignment(term(root, text), text.split(".")[1].split("]")[0])
    assert not (root / "term").exists()
    assert not (root / "gradebook.db").exists()
    assert not list(root.glob(".release-*"))
    assert course.root == root


def test_cells_cannot_change_once_work_is_handed_in(root: Path) -> None:
    course = term(root, f'[assignments.week1]\nlesson = "{NAME}"\n')
    release_assignment(course, "week1")
    before = (root / "term" / "release" / "week1" / "week1.ipynb").read_bytes()
    with Gradebook(course.db_url, "descent") as book:
        book.add_student("ada")
        with book.db.no_autoflush:
            book.add_submission("week1", "ada")
    with pytest.raises(CourseError, match="cells can be changed, but not added or removed"):
        release_assignment(term(root, f'[assignments.week1]\nlesson = "{NAME}"\nadd = ["90_extra"]\n'), "week1")
    assert (root / "term" / "release" / "week1" / "week1.ipynb").read_bytes() == before
