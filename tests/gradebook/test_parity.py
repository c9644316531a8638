"""`course grade` writes the same gradebook and notebooks as `nbgrader autograde` with the engine."""

from __future__ import annotations

import html
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import parse_utc

from tests.gradebook.conftest import NAME, School, make_school

DUE = "2026-10-01 12:00:00 UTC"
LATE = """
c.LateSubmissionPlugin.penalty_method = "zero"
"""
STUDENTS = ("ada", "blank", "copied", "deleted", "early", "late", "unmarked", "wrong")


def hand_in(school: School) -> None:
    school.hand_in("ada", "right")
    school.hand_in("blank")
    school.hand_in("early", "right", "2026-10-01 11:59:59.5 UTC")
    school.hand_in("late", "right", "2026-10-01T14:00:01+02:00")
    school.hand_in("wrong", "not_squared", "2026-09-01 08:00:00.000000 Europe/Berlin")
    answers = school.notebook("right")
    answer = next(cell for cell in answers["cells"] if "def mean_squared_error" in "".join(cell["source"]))
    school.hand_in("copied", answers | {"cells": [*answers["cells"], answer | {"id": "again"}]})
    place = answers["cells"].index(answer)
    school.hand_in("deleted", answers | {"cells": answers["cells"][: place + 1]})
    school.hand_in("unmarked", answers | {"cells": [cell | {"metadata": {}} for cell in answers["cells"]]})


def set_up(school: School) -> None:
    hand_in(school)
    with (school.root / "nbgrader_config.py").open("a") as file:
        file.write(LATE)
    assert school.nbgrader().generate_assignment(NAME)["success"]
    with Gradebook(school.course.db_url, "descent") as book:
        book.update_or_create_assignment(NAME, duedate=DUE)


def by_hand(school: School) -> None:
    """Grade by hand, and hand in anew what was graded by hand."""
    with Gradebook(school.course.db_url, "descent") as book:
        for student in ("blank", "wrong"):
            grade = book.find_grade("mean_squared_error_hidden", NAME, NAME, student)
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 1.5, 0.25, False
            book.find_comment("mean_squared_error", NAME, NAME, student).manual_comment = "Nearly."
        book.db.commit()
        book.grant_extension(NAME, "late", days=1)
    school.hand_in("wrong", "right", "2026-09-02 08:00:00 UTC")


@pytest.fixture(scope="module")
def pair(template: School, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[School, School]]:
    """Two equal courses: the first is graded by nbgrader, the second by `course grade`."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("pair")
        schools = make_school(template, place / "nbgrader", patch), make_school(template, place / "course", patch)
        for school in schools:
            set_up(school)
        patch.setenv("COURSE_KEY", str(schools[0].root / "course.key"))
        grade_both(schools)
        yield schools


def grade_both(schools: tuple[School, School]) -> None:
    api = schools[0].nbgrader()
    for student in STUDENTS:
        # SQLAlchemy warns about the way nbgrader adds a submission.
        with warnings.catch_warnings(action="ignore"):
            done = api.autograde(NAME, student)
        assert done["success"], done["error"]
    told = schools[1].grade()[1]
    assert set(told) == set(STUDENTS)
    assert all(one.result for one in told.values())


@pytest.mark.needs("isolation")
def test_the_gradebooks_are_the_same_cell_by_cell(pair: tuple[School, School]) -> None:
    stock, ours = pair
    rows = ours.rows()
    assert rows == stock.rows()
    assert rows["late"]["late"] == 1
    assert rows["late"]["penalty"] == 3
    assert rows["early"]["penalty"] is None
    assert rows["blank"]["comments"] == {"mean_squared_error": ("No response.", None)}
    assert len({row["when"] for row in rows.values()}) == 4


@pytest.mark.needs("isolation")
def test_the_autograded_notebooks_are_the_same_but_for_what_has_no_meaning(pair: tuple[School, School]) -> None:
    stock, ours = pair
    for student in STUDENTS:
        expected, found = stock.autograded(student), ours.autograded(student)
        assert found.metadata.kernelspec == expected.metadata.kernelspec
        assert [visible(cell) for cell in found.cells] == [visible(cell) for cell in expected.cells], student
        times = [school.course.folder("autograded", student, NAME) / "timestamp.txt" for school in pair]
        assert [parse(time) for time in times[:1]] == [parse(time) for time in times[1:]]


def visible(cell: dict) -> tuple:
    mark = {name: value for name, value in cell["metadata"].get("nbgrader", {}).items() if name != "cell_type"}
    outputs = [output for output in cell.get("outputs", []) if "image/png" not in output.get("data", {})]
    return cell["cell_type"], cell["source"], mark, outputs


def parse(time: Path) -> object:
    return parse_utc(time.read_text().strip()) if time.exists() else None


@pytest.mark.needs("isolation")
def test_nbgrader_goes_on_from_there(pair: tuple[School, School]) -> None:
    ours = pair[1]
    api = ours.nbgrader()
    done = api.generate_feedback(NAME)
    assert done["success"], done["error"]
    page = (ours.root / "feedback" / "wrong" / NAME / f"{NAME}.html").read_text()
    with ours.journal() as journal:
        [wrong] = [one for one in journal.graded(NAME) if one.student == "wrong"]
    assert wrong.result
    assert html.escape(wrong.result.cells[0].message, quote=False) in html.unescape(page)
    with warnings.catch_warnings(action="ignore"):
        submission = api.get_submission(NAME, "ada")
    assert submission["autograded"]
    assert (submission["score"], submission["max_score"]) == (3, 3)


@pytest.mark.needs("isolation")
def test_what_humans_gave_stays_and_asks_for_review(pair: tuple[School, School]) -> None:
    stock, ours = pair
    for school in pair:
        by_hand(school)
    grade_both(pair)
    rows, expected = ours.rows(), stock.rows()
    assert rows["wrong"]["grades"]["mean_squared_error_hidden"] == (2.0, 1.5, True, 1.75, 2.0)
    assert rows["wrong"]["comments"] == {"mean_squared_error": (None, "Nearly.")}
    assert rows["late"]["penalty"] is None
    # What nobody handed in anew stays reviewed; nbgrader asks for another review of it.
    assert rows["blank"]["grades"]["mean_squared_error_hidden"] == (0.0, 1.5, False, 1.75, 2.0)
    assert rows.pop("blank") != expected.pop("blank")
    assert rows == expected
