"""A teacher's plain asserts with answers of the wrong type: none passes by accident, and the student reads why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_grader import Assignment, Result, grade
from course_grader.authoring.source_notebook import file_content
from course_grader.cell_metadata import nbgrader_mark

IMPORTS = "import numpy as np\nfrom numpy import allclose\nfrom numpy.testing import assert_allclose"
STUDENTS_CLASS = "class Money:\n    pass\n\n\ndef answer(x=1.0):\n    return Money()"
HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"


def graded(folder: Path, answer: str, test: str) -> Result:
    """Grade an answer with one test of a teacher's own notebook."""

    def cell(source: str, kind: str, name: str, points: float = 0) -> Any:
        return new_code_cell(source, id=name, metadata={"nbgrader": nbgrader_mark(kind, name, points)})

    setup, task = cell(IMPORTS, "setup", "imports"), cell(answer, "answer", "answer")
    notebook = new_notebook(cells=[setup, task, cell(test, "test", "test", 1)])
    (folder / "own.ipynb").write_text(file_content(notebook))
    (folder / "course.key").write_text('{"format": 1, "exercises": {}}')
    return grade(
        nbformat.read(folder / "own.ipynb", 4),
        Assignment.from_notebook(folder / "own.ipynb", folder / "course.key"),
        "none",
    )


@pytest.mark.parametrize("empty", ["np.zeros(0)", "np.zeros((0, 3))", "np.array([], dtype=int)", "np.zeros((2, 0))"])
@pytest.mark.parametrize(
    "test",
    [
        "assert_allclose(answer(), 1.0)",
        "np.testing.assert_allclose(actual=answer(), desired=1.0)",
        "np.testing.assert_allclose(1.0, answer())",
        "np.testing.assert_almost_equal(answer(), 1.0)",
        "np.testing.assert_array_almost_equal(answer(), np.float64(1))",
        "np.testing.assert_array_equal(answer(), 1)",
        "np.testing.assert_equal(answer(), 1)",
        "np.testing.assert_equal({'a': answer()}, {'a': 1})",
        "np.testing.assert_array_less(answer(), 1)",
        "assert np.allclose(answer(), 1.0)",
        "assert allclose(answer(), [1.0])",
        "assert np.isclose(answer(), 1.0).all()",
        "assert np.allclose(np.asarray(answer()) * 2, 1.0)",
        "assert np.allclose(a=answer(), b=1.0)",
        "assert answer() > 0",
        "assert answer()[0] == 1",
        "assert answer().max() == 1",
    ],
)
def test_an_empty_array_passes_no_comparison_with_a_value(tmp_path: Path, empty: str, test: str) -> None:
    result = graded(tmp_path, f"def answer():\n    return {empty}", test)
    assert result.score == 0
    [exercise] = result.exercises
    assert exercise.outcome == "failed", result.cells
    assert "empty array" in exercise.message or "Mismatch" in exercise.message or "Arrays" in exercise.message


@pytest.mark.parametrize(
    "test",
    [
        "assert_allclose(answer(), np.zeros(0))",
        "assert answer().shape == (0,)",
        "assert np.array_equal(answer(), [])",
        "assert_allclose(answer(), [])",
        "assert len(answer()) == 0",
        "assert type(answer()) is np.ndarray",
        "assert (answer() * 2 + 1 < 3).all()",
        "assert np.sum(answer()) == 0",
        # As long as no answer was empty, the teacher's comparisons behave as in NumPy.
        "assert_allclose(np.zeros(0), 1.0)",
    ],
)
def test_an_empty_array_that_is_right_stays_right(tmp_path: Path, test: str) -> None:
    assert graded(tmp_path, "def answer():\n    return np.zeros(0)", test).score == 1


def test_after_grading_numpy_compares_as_before(tmp_path: Path) -> None:
    before = np.allclose, np.isclose, np.testing.assert_allclose
    graded(tmp_path, "def answer():\n    return np.zeros(0)", "assert_allclose(answer(), 1.0)")
    assert (np.allclose, np.isclose, np.testing.assert_allclose) == before
    np.testing.assert_allclose(np.zeros(0), 1.0)


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(
    "test",
    [
        "assert answer(2.0) + 1 == 3",
        "assert_allclose(answer(2.0), 2.0)",
        "assert abs(answer() - 1) < 1e-9",
        "assert round(answer(), 2) == 1",
        "assert answer() > 0",
        "assert len(answer()) == 2",
        "assert answer()[0] == 1",
        "assert answer().shape == (2,)",
        "assert float(answer()) == 1",
        "assert sum(answer()) == 1",
    ],
)
def test_an_object_of_the_students_class_is_named_to_the_student(tmp_path: Path, test: str, hidden: bool) -> None:
    result = graded(tmp_path, STUDENTS_CLASS, HIDDEN.format(test) if hidden else test)
    [exercise], [cell] = result.exercises, result.cells
    assert (exercise.outcome, exercise.points) == ("failed", 0)
    assert cell.student_message.startswith(
        "The answer returned an object of the class Money, but the test expects a plain value"
    )


@pytest.mark.parametrize("test", ["assert answer(1) == missing", "assert answer().owner == 1", "1 / 0"])
def test_a_fault_of_the_test_is_not_blamed_on_the_answer(tmp_path: Path, test: str) -> None:
    [cell] = graded(tmp_path, STUDENTS_CLASS, test).cells
    assert cell.outcome == "error"
    assert "no fault of yours" in cell.student_message


@pytest.mark.parametrize("empty", ["[]", "()", "[[], []]"])
@pytest.mark.parametrize("test", ["assert_allclose(answer(), 1.0)", "assert np.allclose(1.0, answer())"])
def test_an_empty_list_passes_no_comparison_with_a_value(tmp_path: Path, empty: str, test: str) -> None:
    [cell] = graded(tmp_path, f"def answer():\n    return {empty}", test).cells
    assert (cell.outcome, cell.points) == ("failed", 0)
    assert "empty" in cell.student_message


def test_a_variable_with_an_object_of_the_students_class_is_named_too(tmp_path: Path) -> None:
    [cell] = graded(tmp_path, "class Money:\n    pass\n\n\nanswer = Money()", "assert_allclose(answer, 1.0)").cells
    assert (cell.outcome, cell.points) == ("failed", 0)
    assert "of the class Money" in cell.student_message


def test_ragged_lists_are_compared_as_numpy_does(tmp_path: Path) -> None:
    answer = "def answer():\n    return [[1], [], [1, 2]]"
    assert graded(tmp_path, answer, "assert answer() == [[1], [], [1, 2]]").score == 1
    assert graded(tmp_path, answer, "assert_allclose(answer()[2], [1, 2])").score == 1
