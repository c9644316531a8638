"""The mode of an assignment is chosen from the teacher's own solutions, and remembered."""

from __future__ import annotations

import dataclasses
import json
import re
from importlib import resources
from pathlib import Path

import nbformat
import pytest
from traitlets.config import Config

from course_grader import Assignment, grade
from course_grader.engine import modes
from course_grader.engine.choose_mode import ModeChoice
from course_grader.engine.modes import Modes, choose_by_grading, seconds_of, with_choice, with_mode
from course_grader.engine.notebook.source import AssignmentProblem
from course_utils.checks import keys
from course_utils.checks.fingerprint import with_fingerprint
from course_utils.checks.probe import exercises
from tests.engine.test_together import LIMITS, Cells, notebook

DOUBLE = ("answer", "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION")
pytestmark = pytest.mark.needs("isolation")


def written(cells: Cells, folder: Path, **metadata: object) -> tuple[Assignment, Path]:
    """Write a teacher's notebook; return its assignment and its path."""
    place, made = folder / "source.ipynb", notebook(cells)
    made.metadata.update(metadata)
    nbformat.write(made, place)
    return Assignment.from_notebook(place, None, LIMITS), place


def choice(cells: Cells, folder: Path, fixed: str = "") -> ModeChoice:
    return choose_by_grading(*written(cells, folder), fixed)


@pytest.mark.parametrize(
    ("cells", "mode", "why"),
    [
        ([DOUBLE, ("test", "assert f(2) == 4")], "apart", "the same scores in both modes"),
        ([("setup", "k = 2"), DOUBLE, ("test", "assert f(2) == 2 * k")], "apart", "the same scores"),
        ([("code", "k = 2"), DOUBLE, ("test", "assert f(2) == 2 * k")], "apart", "the same scores"),
        ([DOUBLE, ("test", "g = f"), ("test", "assert g(2) == 4")], "apart", "the same scores"),
        # A locked cell that fails in the mode apart affects only the tests that need it.
        ([DOUBLE, ("setup", "n = f(1)"), ("test", "assert f(2) == 4")], "apart", "the same scores"),
        ([DOUBLE, ("setup", "n = f(1)"), ("test", "assert n == 2")], "apart", "the same scores"),
        ([DOUBLE, ("setup", "f.n = 1"), ("test", "assert f.n == 1")], "together", "'test2'"),
        ([DOUBLE, ("test", "f(0)\n2")], "apart", "the same scores"),
        (
            [DOUBLE, ("test", "f?\nassert f(2) == 4")],
            "together",
            "'test1' cannot run by itself: .*not plain Python",
        ),
        ([DOUBLE, ("test", "assert f.__doc__ is None and f.__code__.co_argcount == 1")], "together", "the reference"),
        (
            [("answer", "def f(x):\n    raise NotImplementedError()"), ("test", "f(1)")],
            "together",
            "no solution in .*'an",
        ),
        ([("answer", "x = None\n# your answer"), ("test", "assert x is None")], "together", "no solution"),
        # The reference gets the same score in both modes; without the answer, the test passes in one namespace only.
        (
            [DOUBLE, ("answer", "def g(x):\n    return x"), ("test", "try:\n    g(1)\nexcept NameError:\n    pass")],
            "together",
            "the blank release gets 0 points in the mode apart and . in the mode together",
        ),
    ],
)
def test_the_mode_is_the_strong_one_if_the_scores_agree(cells: Cells, mode: str, why: str, tmp_path: Path) -> None:
    found = choice(cells, tmp_path)
    assert found.mode == mode
    assert found.faults == {}
    assert re.search(why, found.why, re.DOTALL)


def test_a_test_that_fails_on_the_reference_is_at_fault(tmp_path: Path) -> None:
    cells = [DOUBLE, ("test", "assert f(2) == 4"), ("test", "assert f(2) == 5, 'no'")]
    found = choice(cells, tmp_path)
    assert found.faults == {"test2": "AssertionError: no"}
    made = with_choice(written(cells, tmp_path)[0], found)
    result = grade(dict(notebook(cells)), made)
    assert [(cell.outcome, cell.points) for cell in result.cells] == [("passed", 2), ("error", 0)]


@pytest.mark.parametrize(
    ("test", "answer", "outcome", "message"),
    [
        (
            "assert len(f('ab')) == 4",
            "def f(x):\n    pass",
            "failed",
            "TypeError: object of type 'NoneType' has no len",
        ),
        ("import numpy as np\nnp.testing.assert_allclose(f(1.0), 2.0)", "def f(x):\n    return 'b'", "failed", "Type"),
        # This test is wrong itself.
        ("g()", "def f(x):\n    pass", "error", "The test fails on the reference too"),
    ],
)
def test_a_test_that_the_reference_passes_fails_for_what_the_answer_is(
    test: str, answer: str, outcome: str, message: str, tmp_path: Path
) -> None:
    """If the test raises an error that is not an AssertionError, the student reads that error instead of FAULT."""
    cells = [DOUBLE, ("test", test)]
    made, place = written(cells, tmp_path)
    made = with_choice(made, choose_by_grading(made, place, "apart"))
    handed_in = notebook([("answer", answer), ("test", test)])
    [cell] = grade(dict(handed_in), made).cells
    assert (cell.outcome, cell.points) == (outcome, 0)
    assert message in cell.message
    assert (message in cell.student_message) is (outcome == "failed")
    unknown = dataclasses.replace(made, reference_graded=False, faults={})
    assert [one.outcome for one in grade(dict(handed_in), unknown).cells] == ["error"]


def test_the_reference_is_graded_as_a_student_would_hand_it_in(tmp_path: Path) -> None:
    """A test may read the text of an answer; a student's answer has no solution markers."""
    cells = [DOUBLE, ("test", "import inspect\nassert '#' not in inspect.getsource(f)")]
    assert choice(cells, tmp_path).faults == {}


def test_the_reference_has_the_time_that_the_configuration_gives(tmp_path: Path) -> None:
    cells = [DOUBLE, ("test", "import time\ntime.sleep(2.5)\nassert f(1) == 2")]
    made, place = written(cells, tmp_path)
    made = dataclasses.replace(made, limits=dataclasses.replace(LIMITS, cell_seconds=0.5))
    assert list(choose_by_grading(made, place, "together").faults) == ["test1"]
    assert choose_by_grading(made, place, "together", Config({"Execute": {"timeout": 20}})).faults == {}
    assert seconds_of(Config({"ExecutePreprocessor": {"timeout": 20}})) == 20
    assert seconds_of(Config({"Execute": {"timeout": -1}})) == 0


def test_the_reference_has_the_header_of_the_configuration(tmp_path: Path) -> None:
    cells = [DOUBLE, ("test", "assert f(1) == factor")]
    made, place = written(cells, tmp_path)
    nbformat.write(notebook([("code", "factor = 2")]), tmp_path / "header.ipynb")
    config = Config({"IncludeHeaderFooter": {"header": "header.ipynb"}, "CourseDirectory": {"root": str(tmp_path)}})
    assert list(choose_by_grading(made, place).faults) == ["test1"]
    assert choose_by_grading(made, place, "", config).faults == {}


def test_a_concept_question_is_checked_if_no_submission_reads_its_answer(tmp_path: Path) -> None:
    """The key of a question is not in the sandbox, in either mode."""
    question = ("answer", 'label_kept = None\n### BEGIN SOLUTION\nlabel_kept = {"a", "c", "f"}\n### END SOLUTION')
    cells = [("setup", "from course_utils.checks import check"), question, ("test", 'check("label_kept", label_kept)')]
    place, key = tmp_path / "source.ipynb", tmp_path / "course.key"
    nbformat.write(notebook(cells), place)
    known = with_fingerprint(keys.published_key("label_kept"), exercises()["label_kept"])
    key.write_text(json.dumps({"exercises": {"label_kept": known}}))
    made = Assignment.from_notebook(place, key, LIMITS)
    assert choose_by_grading(made, place) == ModeChoice(
        "apart", "Its checks need keys that submissions must not see.", {}, True
    )
    looking = "from pathlib import Path\nimport course_utils.checks.keys as keys\n" + (
        "folder = Path(keys.__file__).parent / 'checks/keys/questions'\n"
        "found = [*Path(keys.__file__).parent.rglob('questions/*'), *folder.parent.parent.rglob('label_kept*')]\n"
        "print(found)"
    )
    for mode in ("apart", "together"):
        asked = dataclasses.replace(made, mode=mode)
        result = grade(dict(notebook([cells[0], ("answer", looking), cells[2]])), asked)
        assert result.score == 0
    with pytest.raises(AssignmentProblem, match="cannot be graded in the mode together"):
        choose_by_grading(made, place, "together")
    for mode in ("apart", "together"):
        asked = dataclasses.replace(made, mode=mode)
        result = grade(dict(notebook([cells[0], ("answer", looking), cells[2]])), asked)
        assert result.outputs[1][-1]["text"] == "[]\n"


def test_a_mode_that_is_fixed_is_taken(tmp_path: Path) -> None:
    cells = [DOUBLE, ("test", "assert f(2) == 4")]
    assert choice(cells, tmp_path, "together").mode == "together"
    made, place = written(cells, tmp_path, course_grader={"mode": "together"})
    assert choose_by_grading(made, place) == ModeChoice("together", "The teacher chose it.", {}, True)
    with pytest.raises(AssignmentProblem, match="has the mode 'beside'"):
        choice(cells, tmp_path, "beside")
    with pytest.raises(AssignmentProblem, match=r"cannot be graded in the mode apart: .*Use the mode together"):
        choice([DOUBLE, ("test", "f?\nassert f(2) == 4")], tmp_path, "apart")


def test_what_a_fixed_mode_cannot_grade_is_said_with_the_mode_that_can(tmp_path: Path) -> None:
    stack = ("answer", "class Stack:\n    ### BEGIN SOLUTION\n    size = 1\n    ### END SOLUTION\n    pass")
    cells = [stack, ("test", "assert Stack().size == 1"), ("test", "assert Stack"), ("test", "assert Stack is None")]
    found = choice(cells, tmp_path, "apart")
    assert list(found.faults) == ["test1", "test3"]
    advice = r"AttributeError: .*'size'.* grade the assignment in the mode together \(`c\.Grade\.modes = "
    assert re.search(advice, found.faults["test1"])
    # If it fails in both modes, the test itself is wrong.
    assert "together" not in found.faults["test3"]
    assert choice(cells[:2], tmp_path).mode == "together"


def test_a_choice_is_made_once_for_the_same_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, place = written([DOUBLE, ("test", "assert f.__code__.co_argcount == 1")], tmp_path)
    store = tmp_path / "gradebook.modes.json"
    first = with_mode(made, place, store, "ps1")
    assert (first.mode, store.stat().st_mode & 0o777) == ("together", 0o600)
    monkeypatch.setattr(modes, "choose_by_grading", lambda *found: pytest.fail("the mode was chosen again"))
    assert with_mode(made, place, store, "ps1") == first
    assert list(Modes(store).all()) == ["ps1/source"]
    other, place = written([DOUBLE, ("test", "f(1)\n2")], tmp_path)
    monkeypatch.setattr(modes, "choose_by_grading", lambda *found: ModeChoice("apart", "new"))
    assert with_mode(other, place, store, "ps1").why == "new"
    store.write_text("damaged")
    assert with_mode(other, place, store, "ps1").why == "new"


@pytest.mark.parametrize("hashed", ["", "HASHED "])
def test_an_autotest_cell_is_graded_as_nbgrader_writes_it(hashed: str, tmp_path: Path) -> None:
    tests = resources.files("nbgrader").joinpath("tests/apps/files/autotests.yml").read_text(encoding="utf-8")
    (tmp_path / "autotests.yml").write_text(tests)
    cells = [DOUBLE, ("test", f"### {hashed}AUTOTEST f(2); f(3)")]
    made, place = written(cells, tmp_path)
    made = with_choice(made, choose_by_grading(made, place))
    assert (made.mode, made.faults) == ("together", {})
    assert "AUTOTEST f" not in made.by_grade_id["test1"].source
    assert grade(dict(notebook(cells)), made).score == 2
    for wrong in ("def f(x):\n    raise NotImplementedError()", "def f(x):\n    return 2.5 * x"):
        assert grade(dict(notebook([("answer", wrong), cells[1]])), made).score == 0


def test_an_autotest_cell_without_its_templates_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AssignmentProblem, match=r"there is no autotests\.yml"):
        written([DOUBLE, ("test", "### AUTOTEST f(2)")], tmp_path)


def test_marks_of_an_old_nbgrader_are_read(tmp_path: Path) -> None:
    _, place = written([DOUBLE, ("test", "assert f(2) == 4")], tmp_path)
    old = json.loads(place.read_text())
    for cell in old["cells"]:
        mark = cell["metadata"]["nbgrader"]
        mark["schema_version"] = 2
        del mark["task"]
        cell.pop("id")
    place.write_text(json.dumps(old | {"nbformat_minor": 0}))
    made = Assignment.from_notebook(place, None, LIMITS)
    assert [cell.kind for cell in made.cells] == ["answer", "test"]
    assert grade(json.loads(place.read_text()), made).score == 2


def test_a_manually_graded_cell_keeps_its_mark(tmp_path: Path) -> None:
    made = notebook([DOUBLE])
    made.cells[0].metadata["nbgrader"] |= {"grade": True, "points": 3}
    place = tmp_path / "source.ipynb"
    nbformat.write(made, place)
    [cell] = Assignment.from_notebook(place, None).cells
    assert cell.kind == "answer"
    assert cell.nbgrader["grade"]
    assert cell.nbgrader["points"] == 3


def test_an_assignment_survives_being_saved(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("1")
    _, place = written([("code", "import pandas, random"), DOUBLE, ("test", "f(1)")], tmp_path)
    made = Assignment.from_notebook(place, None, LIMITS, files=tmp_path)
    made = dataclasses.replace(made, mode="together", why="so", faults={"test1": "why"})
    made.save(tmp_path / "x.assignment")
    read = Assignment.load(tmp_path / "x.assignment")
    assert read == made
    assert (read.packages, read.content_of_files) == (("pandas",), {"data.csv": b"1"})
