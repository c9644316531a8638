"""The table of grades, from `course export` and from `nbgrader export`."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from course_grader.cell_metadata import nbgrader_mark
from course_grader.exports.csv_table import format_number, text
from course_grader.exports.grades import rows, write_grades
from course_grader.exports.read_gradebook import open_and_read
from course_grader.gradebook.course import Course
from course_utils.errors import CourseError
from tests.exports.conftest import CELLS, NAME
from tests.exports.readers import assert_no_formula

HERE = dict(os.environ, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def table(course: Course) -> dict[str, dict[str, str]]:
    scores, students = open_and_read(course)
    header, *rest = rows(students, scores)
    return {row[0]: dict(zip(header, row, strict=True)) for row in rest}


def test_a_column_an_exercise_with_totals_penalties_and_remarks(course: Course) -> None:
    found = table(course)
    ada = found["ada"]
    assert list(ada) == [
        "student", "last name", "first name", "email", "step", "decay", "essay", "star", "submitted", "hours late",
        "points", "late penalty", "total", "out of", "remarks",
    ]  # fmt: skip
    assert [ada[name] for name in ("step", "decay", "essay", "star")] == ["3", "0.5", "4", "passed"]
    assert [ada[name] for name in ("points", "late penalty", "total", "out of")] == ["7.5", "0", "7.5", "8.5"]
    assert ada["submitted"] == "2026-10-12 20:00:00Z"
    late = found["late"]
    assert [late[name] for name in ("hours late", "points", "late penalty", "total")] == ["6.5", "5", "1.5", "3.5"]
    assert late["remarks"] == "decay could not be graded: The test itself failed."
    assert found["emmy"]["essay"] == ""
    assert found["emmy"]["remarks"] == "1 cell still needs manual grading."
    assert found["broken"]["total"] == ""
    assert found["broken"]["remarks"] == "Could not be graded: The file is empty."
    assert found["absent"]["total"] == ""
    assert found["absent"]["remarks"] == "Nothing was submitted."


def test_the_columns_follow_the_teachers_notebook(course: Course) -> None:
    place = course.folder("source", ".", NAME)
    place.mkdir(parents=True)
    notebook = new_notebook()
    for name in ("star_visible", "essay", "decay_visible", "step_visible"):
        points, exercise = CELLS[name]
        cell = new_code_cell(f"check({exercise!r}, {exercise})") if exercise else new_markdown_cell("Why?")
        cell.metadata["nbgrader"] = nbgrader_mark("test", name, points)
        notebook.cells.append(cell)
    nbformat.write(notebook, place / f"{NAME}.ipynb")
    assert list(table(course)["ada"])[4:8] == ["star", "essay", "decay", "step"]


def test_a_grade_by_hand_outdoes_the_graders(course: Course) -> None:
    with Gradebook(course.db_url, "test") as book:
        grade = book.find_grade("step_hidden", NAME, NAME, "evil")
        grade.manual_score, grade.extra_credit = 1.5, 0.25
        book.db.commit()
    assert table(course)["evil"]["total"] == "1.75"


def test_two_assignments_are_side_by_side(course: Course) -> None:
    with Gradebook(course.db_url, "test") as book:
        book.add_assignment("week2")
        book.add_notebook("week2", "week2")
        for cell, exercise in (("step_visible", "step"), ("clip_visible", "clip")):
            book.add_grade_cell(cell, "week2", "week2", max_score=1, cell_type="code")
            book.add_source_cell(cell, "week2", "week2", source=f"check({exercise!r}, {exercise})", cell_type="code")
    names = list(table(course)["ada"])
    assert "week1: step" in names
    assert "week2: step" in names
    assert "clip" in names
    assert "week2: total" in names
    assert len(names) == len(set(names))


def test_no_cell_is_a_formula_and_excel_knows_the_encoding(course: Course, tmp_path: Path) -> None:
    scores, students = open_and_read(course)
    write_grades(tmp_path / "grades.csv", students, scores)
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.reader(file, strict=True))
    assert_no_formula(found)
    assert any("Zoë" in row for row in found)


@pytest.mark.parametrize(
    ("given", "cell"),
    [
        ("=1+1", "'=1+1"), ("  -2", "'-2"), ("\t=x", "'=x"), ("\r\n@x", "'@x"), ("＝1", "'＝1"), ("a;=1", "a;'=1"),
        ("a; +1", "a; '+1"), ("O'Neil-Smith", "O'Neil-Smith"), ("-", "-"), ("a\nb", "a b"), (None, ""),
    ],
)  # fmt: skip
def test_text_that_could_be_a_formula_is_defused(given: str | None, cell: str) -> None:
    assert text(given) == cell


@pytest.mark.parametrize(
    ("value", "cell"), [(3.0, "3"), (-1.5, "-1.5"), (1 / 3, "0.3333"), (-0.00001, "0"), (100.0, "100"), (None, "")]
)
def test_a_number_is_written_short_and_left_alone(value: float | None, cell: str) -> None:
    assert format_number(value) == cell
    assert format_number(value, ",") == cell.replace(".", ",")


def test_who_or_what_the_gradebook_lacks_is_said(course: Course, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"no student 'nobody'"):
        open_and_read(course, [], ["nobody"])
    with pytest.raises(CourseError, match=r"no assignment 'week9' \(it has week1\)"):
        open_and_read(course, ["week9"])
    with pytest.raises(CourseError, match="There is no gradebook"):
        open_and_read(Course.at(course.root, f"sqlite:///{tmp_path}/elsewhere.db"))


def test_nbgraders_own_export_takes_the_plugins(course: Course) -> None:
    def export(name: str, *more: str) -> subprocess.CompletedProcess[str]:
        plugin = f"--exporter=course_grader.exports.plugins.{name}"
        command = [sys.executable, "-m", "nbgrader", "export", "--to", "own.csv", plugin, *more]
        return subprocess.run(command, cwd=course.root, env=HERE, capture_output=True, text=True)

    for name, grade, more in (("Exercises", ",7.5,", ()), ("Moodle", '"7,5"', ("--Moodle.decimal=comma",))):
        done = export(name, *more)
        assert done.returncode == 0, done.stderr
        assert grade in (course.root / "own.csv").read_text("utf-8")
    done = export("Canvas", "--assignment", f"['{NAME}']")
    assert done.returncode == 2
    assert "Pass the file that you downloaded from Canvas" in done.stderr
    assert "Traceback" not in done.stderr
