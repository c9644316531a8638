"""For any submission, nbgrader and Jupyter can read the autograded notebook."""

from __future__ import annotations

import json
from typing import Any

import nbformat
import pytest

from course_grader import grade
from course_grader.gradebook.assignment_record import enter_assignment
from course_grader.gradebook.autograded_notebook import autograded_notebook, autograded_problem
from course_grader.gradebook.database import Database
from tests.gradebook.conftest import NAME, School, make_school

STRANGE: dict[str, Any] = {
    "ids that are none, and twice the same": {"id": "a b\n"},
    "an id that is no text": {"id": ["x"]},
    "a mark of another version": {"metadata": {"nbgrader": {"grade_id": "mean_squared_error", "schema_version": 99}}},
    "a mark that is a list": {"metadata": {"nbgrader": ["grade_id"]}},
    "tags that are no texts": {"metadata": {"tags": [1, {}], "collapsed": "perhaps"}},
    "no metadata": {"metadata": None},
    "another type": {"cell_type": "raw"},
    "outputs that are none": {"outputs": {"output_type": "stream"}, "execution_count": "x"},
    "attachments": {"cell_type": "markdown", "attachments": 3},
    "a type that is none": {"cell_type": "video"},
}


@pytest.fixture(scope="module")
def handed(template: School, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The inputs from which the autograded notebook is made."""
    with pytest.MonkeyPatch.context() as patch:
        school = make_school(template, tmp_path_factory.mktemp("page") / "course", patch)
        with Database(school.course) as book:
            assignment = school.course.assignment(NAME)
            sheet, _ = enter_assignment(school.course, book.gradebook, NAME, assignment)
        return assignment, sheet, school.notebook("right")


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("change", STRANGE.values(), ids=STRANGE)
def test_a_strange_submission_makes_a_proper_notebook(handed: Any, change: dict[str, Any]) -> None:
    assignment, sheet, right = handed
    content = json.dumps(right | {"cells": [cell | change for cell in right["cells"]]}).encode()
    result = grade(content, assignment)
    page = autograded_notebook(content, result, assignment, sheet)
    notebook = nbformat.reads(page.text, nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    tests = {cell.grade_id for cell in assignment.of_kind("test")}
    marks = [cell.metadata.nbgrader.grade_id for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len(marks) == len(set(marks))
    assert tests <= set(marks)
    assert {name: page.scores[name] for name in tests} == {cell.grade_id: cell.points for cell in result.cells}


def test_a_problem_is_reported_in_a_valid_notebook(handed: Any) -> None:
    _, sheet, _ = handed
    page = autograded_problem("The file is empty.", sheet)
    nbformat.validate(nbformat.reads(page.text, nbformat.NO_CONVERT))
    assert set(page.scores.values()) == {None}
