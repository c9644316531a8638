"""The course's notebooks are found from any current folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_utils import notebooks
from course_utils.errors import CourseError
from tests.house.samples import code, graded, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("01_b", "00_a"):
        write(tmp_path / "notebooks" / name / f"{name}.ipynb")
        write(tmp_path / "notebooks" / name / f"{name}-copy.ipynb")
    return tmp_path / "notebooks"


@pytest.mark.parametrize("start", [".", "..", "00_a", "01_b", "../other"])
def test_the_folder_is_found_from_near_it(folder: Path, start: str) -> None:
    (folder / "../other").mkdir()
    assert notebooks.find_folder(folder / start) == folder


def test_lessons_come_in_order_and_copies_do_not_count(folder: Path) -> None:
    assert [path.name for path in notebooks.lessons_in(folder)] == ["00_a.ipynb", "01_b.ipynb"]


def test_notebooks_may_lie_side_by_side(tmp_path: Path) -> None:
    write(tmp_path / "01_b.ipynb")
    write(tmp_path / "notes.ipynb")
    assert notebooks.find_folder(tmp_path) == tmp_path
    assert notebooks.lessons_in(tmp_path) == [tmp_path / "01_b.ipynb"]


def test_a_lesson_may_have_parts(tmp_path: Path) -> None:
    parts = [write(tmp_path / name / f"{name}.ipynb") for name in ("07a_newton", "07b_more")]
    assert notebooks.lessons_in(tmp_path) == parts
    assert notebooks.find("07b", tmp_path) == parts[1]


@pytest.mark.parametrize("name", ["01", "01_b", "notebooks/01_b", "notebooks/01_b/01_b.ipynb"])
def test_a_notebook_has_several_names(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(folder.parent)
    assert notebooks.find(name, folder.parent).resolve() == folder / "01_b" / "01_b.ipynb"


def test_a_source_in_lines_is_joined(tmp_path: Path) -> None:
    cell = code("") | {"source": ["a = 1\n", "a"]}
    assert notebooks.read(write(tmp_path / "one.ipynb", cell))["cells"][0]["source"] == "a = 1\na"


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "one.ipynb", code("1"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(notebooks.read(path)["cells"]) == 1


@pytest.mark.parametrize("broken", [{"source": [1]}, {"metadata": None}, {"cell_type": "poem"}, {"source": None}])
def test_a_broken_cell_is_refused(tmp_path: Path, broken: dict[str, object]) -> None:
    path = write(tmp_path / "one.ipynb", code("") | broken)
    with pytest.raises(CourseError, match="not a notebook of format 4"):
        notebooks.read(path)


def test_test_cells_are_code_that_nbgrader_grades(tmp_path: Path) -> None:
    essay = graded("essay", "my *words*", 3) | {"cell_type": "markdown"}
    answer = code("1", grade=True, solution=True, grade_id="by_hand", points=2)
    cells = [code("1"), essay, answer, graded("one_visible", "1", 1)]
    found = notebooks.test_cells(notebooks.read(write(tmp_path / "one.ipynb", *cells)))
    assert [notebooks.grade_id(cell) for cell in found] == ["one_visible"]


@pytest.mark.parametrize(("mark", "points"), [(2, 2.0), (0.5, 0.5), (None, 0.0), ("many", 0.0)])
def test_a_damaged_mark_is_worth_nothing(mark: object, points: float) -> None:
    assert notebooks.points(code("1", grade=True, grade_id="one", points=mark)) == points
