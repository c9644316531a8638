"""The mode apart: the teacher's other cells that a test needs run before it, in the teacher's order and as in nbgrader.
Cells that it does not need do not run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from course_grader import grade
from course_grader.cell_metadata import nbgrader_mark
from course_grader.engine.judging.together import score_of
from course_grader.engine.notebook.assignment import Mode
from course_grader.engine.notebook.context import contexts_of, edited
from course_grader.engine.preprocessors import outputs_of_test
from tests.engine.test_together import IDENTITY, Cells, assignment, notebook, points

MODES: tuple[Mode, ...] = ("apart", "together")
IMPORTS = ("code", "import math\nfrom fractions import Fraction as F")
HELPER = ("code", "places = 3\ndef close(a, b):\n    return round(a, places) == round(b, places)")


def apart(cells: Cells, folder: Path, submitted: Cells | None = None, **changes: Any) -> list[float]:
    """Return the points in the mode apart, and check that they equal those in the mode together."""
    made, handed_in = assignment(cells, folder, **changes), dict(notebook(submitted or cells))
    found = {mode: points(grade(handed_in, dataclasses.replace(made, mode=mode))) for mode in MODES}
    assert found["apart"] == found["together"]
    return found["apart"]


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([IMPORTS, IDENTITY, ("test", "assert math.isclose(f(2), F(2))")], [2]),
        ([HELPER, IDENTITY, ("test", "assert close(f(2), 2.00001)")], [2]),
        # A cell that changes a needed name is needed too, and so is what that cell needs.
        ([("code", "two = 2"), ("code", "k = {}"), ("code", "k['a'] = two"), IDENTITY, ("test", "f(k['a'])")], [2]),
        ([("code", "from math import *"), IDENTITY, ("test", "assert f(floor(2.5)) == 2")], [2]),
        # The names that an earlier test defined before it failed.
        ([IDENTITY, ("test", "g = f(2)\nassert g == 3\nh = 1"), ("test", "assert g == 2"), ("test", "h")], [0, 2, 0]),
        # A locked cell that uses an answer, and one that fails.
        ([IDENTITY, ("setup", "n = f(2)"), ("test", "assert n == 2")], [2]),
        ([IDENTITY, ("setup", "n = [f(2)]\nm = n[1]"), ("test", "m"), ("test", "n"), ("test", "f(1)")], [0, 2, 1]),
        ([IDENTITY, ("setup", "def g(x):\n    return f(x)"), ("test", "assert g(2) == 2")], [2]),
        ([("code", "1 / 0\nn = 2"), IDENTITY, ("test", "assert n == 2"), ("test", "f(2)")], [0, 2]),
    ],
)
def test_what_a_test_needs_is_there(cells: Cells, expected: list[float], tmp_path: Path) -> None:
    assert apart(cells, tmp_path) == expected


# How a student changed the cells IMPORTS, HELPER and IDENTITY.
EDITED = {
    "the helper accepts all": ([IMPORTS, ("code", "def close(a, b):\n    return True"), IDENTITY], [2, 2, 2]),
    "a constant is another one": ([IMPORTS, ("code", HELPER[1].replace("3", "9")), IDENTITY], [0, 2, 2]),
    "the helper is gone": ([IMPORTS, IDENTITY], [0, 0, 2]),
    "the imports are gone": ([HELPER, IDENTITY], [2, 2, 0]),
    "one import more": ([("code", "import os\n" + IMPORTS[1]), HELPER, IDENTITY], [2, 2, 2]),
    "in one line": ([("code", "import os, math\nfrom fractions import Fraction as F"), HELPER, IDENTITY], [2, 2, 2]),
    "one import less": ([("code", "import math"), HELPER, IDENTITY], [2, 2, 0]),
    "imported again": ([IMPORTS, HELPER, IDENTITY, ("code", "import math\nfor x in [1]:\n    pass")], [2, 2, 2]),
    "defined again": ([IMPORTS, HELPER, IDENTITY, ("code", "def close(a, b):\n    return a is None")], [0, 0, 2]),
}  # fmt: skip


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(("submitted", "expected"), EDITED.values(), ids=EDITED)
def test_an_unmarked_cell_is_the_students_as_in_nbgrader(
    submitted: Cells, expected: list[float], tmp_path: Path
) -> None:
    tests = [
        ("test", "assert close(f(2), 2.00001)"),
        ("test", "assert close(1, 1.0)"),
        ("test", "assert math.floor(F(5, 2)) == f(2)"),
    ]
    # The marks contain the indices in the teacher's notebook.
    made, source = assignment([IMPORTS, HELPER, IDENTITY, *tests], tmp_path), [IMPORTS, HELPER, IDENTITY, *tests]
    handed_in = notebook(source)
    marked = {cell.source: cell for cell in handed_in.cells}
    handed_in.cells = [marked.get(text) or notebook([("code", text)]).cells[0] for _, text in [*submitted, *tests]]
    found = {mode: points(grade(dict(handed_in), dataclasses.replace(made, mode=mode))) for mode in MODES}
    assert found == dict.fromkeys(MODES, expected)
    # The cached results of a correct submission must not be used for this one.
    asked = dataclasses.replace(made, mode="apart")
    assert points(grade(dict(notebook(source)), asked)) == [2, 2, 2]
    assert points(grade(dict(handed_in), asked)) == expected


def test_no_submission_brings_a_check_of_its_own(tmp_path: Path) -> None:
    source = [("code", "from course_utils.checks import check"), IDENTITY, ("test", "check(f)")]
    made = assignment(source, tmp_path)
    handed_in = [dict(cell) for cell in notebook([("code", "def check(*given):\n    return None"), *source[1:]]).cells]
    for published, names in (({}, {"check"}), ({"f": {}}, set())):
        asking = dataclasses.replace(made, published=published)
        matches = [asking.originals.match(cell) for cell in handed_in]
        assert edited(handed_in, matches, asking).names == names


def test_nothing_runs_that_a_test_does_not_need(tmp_path: Path) -> None:
    cells = [
        ("setup", "import numpy as np"), IMPORTS, HELPER, IDENTITY, ("code", "y = f(1)"), ("setup", "z = f(3)"),
        ("test", "assert f(np.ones(1)) == 1"), ("test", "assert z and close(1, 1)"),
    ]  # fmt: skip
    given = contexts_of(assignment(cells, tmp_path))
    texts = {name: [cell.source for cell in one.cells if cell.kind != "answer"] for name, one in given.items()}
    assert texts == {"test6": ["import numpy as np"], "test7": ["import numpy as np", HELPER[1], "z = f(3)"]}


@pytest.mark.needs("isolation")
def test_the_student_reads_which_name_is_missing(tmp_path: Path) -> None:
    cells = [HELPER, ("answer", "def f(x):\n    raise NotImplementedError"), ("setup", "n = f(1)"), ("test", "n")]
    [cell] = grade(dict(notebook(cells)), dataclasses.replace(assignment(cells, tmp_path), mode="apart")).cells
    said = "There is no 'n': the cell 'setup2' that defines it ended in NotImplementedError."
    assert (cell.outcome, cell.student_message) == ("failed", said)


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("f(0.5)", 0.5),
        ("f(0)", 0),
        ("f(2)", 2),
        ("f(-1)", 2),
        ("f(0.5);", 2),
        ("f(0.5);  # so", 2),
        ("f(True)", 2),
        ("f('0.5')", 2),
        ("f(float('nan'))", 2),
        ("import numpy as np\nf(np.float64(0.5))", 2),
        ("f(None)", 2),
        ("f([0.5])", 2),
        ("print(f(0.5))", 2),
        ("if f(1):\n    0.5", 2),
        ("f(2.5)", 0),
        ("assert f(1)\n0.25 * f(2)", 0.5),
        ("1 / 0\n0.5", 0),
    ],
)
def test_a_test_gives_the_points_that_it_ends_in(test: str, expected: float, tmp_path: Path) -> None:
    assert apart([IDENTITY, ("test", test)], tmp_path) == [expected]


@pytest.mark.needs("isolation")
def test_partial_credit_is_what_nbgrader_reads_from_the_cell(tmp_path: Path) -> None:
    cells = [IDENTITY, ("test", "f(0.5)"), ("test", "f(2.5)")]
    some, many = grade(dict(notebook(cells)), dataclasses.replace(assignment(cells, tmp_path), mode="apart")).cells
    assert (some.outcome, some.student_message) == ("failed", "Partial credit: 0.5 of 2.")
    assert score_of(nbgrader_mark("test", "test1", 2), outputs_of_test(some)) == 0.5
    assert many.outcome == "error"
    assert "partial credit cannot be greater than maximum points" in many.message
    assert score_of(nbgrader_mark("test", "test1", 2), outputs_of_test(many)) == 0
