"""`course start` and `course update`: new text around the learner's answers, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from nbformat import from_dict
from nbgrader.utils import compute_checksum

from course_utils import lab, shipped_notebooks
from course_utils.errors import CourseError
from course_utils.notebooks import read
from course_utils.update import outdated, update
from tests.house.conftest import Result
from tests.house.samples import code, graded

NAME = "00_start_here"
STUB = "def f(x):\n    raise NotImplementedError"
ANSWER = "def f(x):\n    return 2 * x"
NOW = datetime(2026, 3, 1, 9, 30)

Cells = list[dict[str, Any]]


def text(source: str) -> dict[str, Any]:
    """A cell of the course; its id is made from its text, as in the build."""
    id = hashlib.sha256(source.encode()).hexdigest()[:12]
    return {"cell_type": "markdown", "metadata": {}, "source": source, "id": id}


def free(source: str) -> dict[str, Any]:
    return code(source) | {"id": hashlib.sha256(source.encode()).hexdigest()[:12]}


def answer(grade_id: str, source: str) -> dict[str, Any]:
    cell = code(source, solution=True, locked=False, grade_id=grade_id) | {"id": grade_id}
    cell["metadata"]["nbgrader"]["checksum"] = compute_checksum(from_dict(cell))
    return cell


def first_version() -> Cells:
    return [
        text("# Start"),
        text("Old words."),
        answer("f", STUB),
        graded("f_visible", "assert f(1) == 2", 1) | {"id": "f_visible"},
        free("print(f(3))"),
        answer("gone", STUB),
    ]


def second_version() -> Cells:
    return [
        text("# Start"),
        text("New words."),
        answer("f", STUB + "\n# what to write"),
        graded("f_visible", "assert f(1) == 2, 'twice'", 1) | {"id": "f_visible"},
        free("print(f(3))"),
        text("A new end."),
    ]


class House:
    """The shipped notebooks (only one), and a learner's folder."""

    def __init__(self, root: Path) -> None:
        self.shipped, self.own = root / "notebooks", root / "mine"
        self.ship(first_version())

    def ship(self, cells: Cells) -> None:
        place = self.shipped / NAME / f"{NAME}.ipynb"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))

    @property
    def place(self) -> Path:
        return self.own / NAME / f"{NAME}.ipynb"

    def cells(self) -> Cells:
        return list(read(self.place)["cells"])

    def edit(self, change: Callable[[Cells], None]) -> None:
        notebook = read(self.place)
        change(notebook["cells"])
        self.place.write_text(json.dumps(notebook))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(tmp_path)
    monkeypatch.setattr(shipped_notebooks, "SHIPPED_FOLDERS", (tmp_path / "nowhere", house.shipped))
    shipped_notebooks.start(house.own)
    return house


def sources(house: House) -> list[str]:
    return [cell["source"] for cell in house.cells()]


def test_start_lays_down_what_is_missing_and_leaves_the_rest(house: House) -> None:
    house.edit(lambda cells: cells[2].update(source=ANSWER))
    assert shipped_notebooks.start(house.own) == []
    assert ANSWER in sources(house)
    house.place.unlink()
    assert shipped_notebooks.start(house.own) == [NAME]
    assert house.place.read_bytes() == (house.shipped / NAME / f"{NAME}.ipynb").read_bytes()


def test_answers_move_into_the_new_text(house: House) -> None:
    house.edit(lambda cells: cells[2].update(source=ANSWER))
    before = house.place.read_text()
    house.ship(second_version())
    assert outdated(house.own) == [NAME]
    [done] = update(house.own, NOW)
    assert (done.outcome, done.answers) == ("changed", 1)
    assert sources(house)[:5] == ["# Start", "New words.", ANSWER, "assert f(1) == 2, 'twice'", "print(f(3))"]
    assert sources(house)[-1] == "A new end."
    assert "Old words." not in sources(house)
    assert done.backup == house.own / "backup" / "2026-03-01_09-30-00" / f"{NAME}.ipynb"
    assert done.backup.read_text() == before
    assert outdated(house.own) == []
    assert [one.outcome for one in update(house.own, NOW)] == ["up to date"]


def test_a_stub_that_nobody_touched_is_the_new_one(house: House) -> None:
    house.ship(second_version())
    [done] = update(house.own, NOW)
    assert (done.answers, done.kept) == (0, 0)
    assert sources(house) == [cell["source"] for cell in second_version()]


def test_what_the_learner_added_or_changed_stays_where_it_was(house: House) -> None:
    def change(cells: Cells) -> None:
        cells[4].update(source="print(f(30))")
        cells.insert(3, {"cell_type": "code", "metadata": {}, "source": "my_note = 1", "id": "1a2b3c4d", "outputs": []})
        cells[1].update(source="Old words. And mine.")

    house.edit(change)
    house.edit(lambda cells: cells[2].update(source=ANSWER))
    house.ship(second_version())
    [done] = update(house.own, NOW)
    found = sources(house)
    assert found[found.index(ANSWER) + 1] == "my_note = 1"
    assert "print(f(30))" in found
    assert "print(f(3))" not in found
    assert found[found.index("# Start") + 1] == "Old words. And mine."
    assert done.kept >= 3


def test_an_answer_whose_exercise_is_gone_stays_as_an_ordinary_cell(house: House) -> None:
    house.edit(lambda cells: cells[5].update(source="def gone():\n    return 1"))
    house.ship(second_version())
    update(house.own, NOW)
    [left] = [cell for cell in house.cells() if "def gone" in cell["source"]]
    assert "nbgrader" not in left["metadata"]


def test_locked_cells_are_the_courses(house: House) -> None:
    house.edit(lambda cells: cells[3].update(source="pass"))
    assert [one.outcome for one in update(house.own, NOW)] == ["changed"]
    assert "assert f(1) == 2" in sources(house)


def test_a_notebook_that_cannot_be_read_is_left_alone_and_the_rest_goes_on(house: House) -> None:
    other = house.shipped / "01_next" / "01_next.ipynb"
    other.parent.mkdir()
    other.write_text((house.shipped / NAME / f"{NAME}.ipynb").read_text())
    house.place.write_text("{not JSON")
    first, second = update(house.own, NOW)
    assert (first.outcome, second.outcome) == ("left alone", "new")
    assert "breaks off in line 1" in first.reason
    assert house.place.read_text() == "{not JSON"


def test_the_shipped_notebooks_themselves_are_refused(house: House) -> None:
    with pytest.raises(CourseError, match="course start FOLDER"):
        update(house.shipped)


def test_without_a_shelf_it_says_so(house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shipped_notebooks, "SHIPPED_FOLDERS", (tmp_path / "nowhere",))
    with pytest.raises(CourseError, match="contains no notebooks"):
        shipped_notebooks.start(tmp_path / "here")


def test_the_lab_in_a_clone_works_in_a_folder_of_the_learners_own(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lab.own_folder(house.shipped)
    assert folder == house.shipped.parent / "my-notebooks"
    assert (folder / NAME / f"{NAME}.ipynb").exists()
    assert "Your own copies" in capsys.readouterr().out
    assert lab.own_folder(house.shipped.parent) == folder
    assert capsys.readouterr().out == ""
    house.ship(second_version())
    lab.own_folder(house.shipped.parent)
    assert f"newer text for {NAME}: run `course update`" in capsys.readouterr().out


def test_the_commands_say_what_they_did(
    house: House, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = run("start", str(house.own))
    assert again.code == 0
    assert "are already in" in again.out
    house.edit(lambda cells: cells[2].update(source=ANSWER))
    house.ship(second_version())
    monkeypatch.chdir(house.own)
    done = run("update")
    assert done.code == 0
    assert f"{NAME}: updated; kept 1 answer and" in done.out
    assert re.search(r"backup/\d{4}-\d\d-\d\d_", done.out.replace("\n", ""))
    assert run("update").out == "Everything is up to date.\n"
