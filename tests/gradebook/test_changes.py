"""After a second attempt, a corrected test or a new key, manual grades stay, and changes are reported or previewed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text

from course_grader.cell_metadata import nbgrader_mark
from course_grader.gradebook.changes import Change, GradebookScore, change_of, gradebook_scores, unchanged_cells
from course_grader.gradebook.display import Display
from course_grader.gradebook.preview import copy_tables
from course_grader.gradebook.run import Summary
from tests.gradebook.conftest import NAME, School

HIDDEN, VISIBLE = "mean_squared_error_hidden", "mean_squared_error_visible"
ESSAY = "essay"


@pytest.fixture
def seminar(school: School) -> School:
    """The course with a manually graded question in its assignment, and three graded students."""
    place = school.course.solution(NAME)
    notebook = nbformat.read(place, 4)
    mark = nbgrader_mark("manual", ESSAY, 4) | {"cell_type": "markdown", "grade": True, "solution": True}
    mark |= {"locked": False, "points": 4}
    essay = nbformat.v4.new_markdown_cell("Why?", id=ESSAY, metadata={"nbgrader": mark})
    notebook.cells.append(essay)
    nbformat.write(notebook, place)
    assert school.nbgrader().generate_assignment(NAME)["success"]
    for student in ("ada", "bob", "cy"):
        hand_in(school, student, "blank", f"Because, says {student}.")
    school.grade()
    with Gradebook(school.course.db_url, "descent") as book:
        for student in ("ada", "bob", "cy"):
            one = book.find_grade(ESSAY, NAME, NAME, student)
            one.manual_score, one.extra_credit, one.needs_manual_grade = 3, 0.5, False
            book.find_comment(ESSAY, NAME, NAME, student).manual_comment = f"Well put, {student}."
        one = book.find_grade(HIDDEN, NAME, NAME, "bob")
        one.manual_score, one.needs_manual_grade = 1, False
        book.db.commit()
    return school


def hand_in(school: School, student: str, kind: str, words: str, when: str = "2026-10-19 08:30:00 UTC") -> None:
    notebook = school.notebook(kind)
    mark = {"grade_id": ESSAY, "schema_version": 3, "cell_type": "markdown", "grade": True, "solution": True}
    mark |= {"locked": False, "task": False, "points": 4}
    cell = {"cell_type": "markdown", "id": ESSAY, "metadata": {"nbgrader": mark}, "source": words}
    school.hand_in(student, notebook | {"cells": [*notebook["cells"], cell]}, when)


def by_hand(school: School) -> dict[str, tuple[Any, ...]]:
    """Return each essay's manual score, whether it needs grading, its score, and the comment."""
    return {student: (*row["grades"][ESSAY][1:4], row["comments"][ESSAY][1]) for student, row in school.rows().items()}


def everything(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.needs("isolation")
def test_a_second_attempt_keeps_what_humans_gave_and_says_what_changed(seminar: School) -> None:
    assert set(by_hand(seminar).values()) == {(3, False, 3.5, f"Well put, {one}.") for one in ("ada", "bob", "cy")}
    hand_in(seminar, "ada", "right", "Because, says ada.")
    hand_in(seminar, "bob", "sum", "Now I see why.")
    before = everything(seminar.root)
    preview, told = seminar.grade(preview=True)
    # Nothing was written, although the submissions were graded.
    assert everything(seminar.root) == before
    assert {student: one.reused for student, one in told.items()} == {"ada": False, "bob": False, "cy": True}
    tally, _ = seminar.grade()
    assert preview.changes == tally.changes
    assert (preview.submissions_written, preview.waiting) == (tally.submissions_written, tally.waiting) == (2, 1)
    ada, bob = tally.changes
    assert (ada.student, ada.score, ada.review) == ("ada", (3.5, 6.5), ())
    assert ada.exercises == {"mean_squared_error": (0, 3)}
    # His answer changed, and so did the work for which a test's score was overruled.
    assert (bob.student, bob.score, bob.review) == ("bob", (4.5, 4.5), (ESSAY, HIDDEN))
    assert by_hand(seminar) == {
        "ada": (3, False, 3.5, "Well put, ada."),
        "bob": (3, True, 3.5, "Well put, bob."),
        "cy": (3, False, 3.5, "Well put, cy."),
    }
    assert seminar.rows()["bob"]["grades"][HIDDEN][:3] == (0, 1, True)
    assert seminar.grade()[0].changes == []


@pytest.mark.needs("isolation")
def test_a_corrected_test_asks_only_for_what_it_changed(seminar: School) -> None:
    solution = seminar.course.solution(NAME)
    text = solution.read_text()
    visible = 'check(\\"mean_squared_error\\", mean_squared_error)'
    assert text.count(visible) == 1
    # Now everybody passes the visible test.
    solution.write_text(text.replace(visible, "assert True"))
    before = everything(seminar.root)
    preview, _ = seminar.grade(preview=True)
    assert preview.entered
    assert everything(seminar.root) == before
    tally, told = seminar.grade()
    assert not any(one.reused for one in told.values())
    assert tally.changes == preview.changes
    assert [(one.student, one.score, one.review) for one in tally.changes] == [
        ("ada", (3.5, 4.5), ()), ("bob", (4.5, 5.5), (HIDDEN,)), ("cy", (3.5, 4.5), ()),
    ]  # fmt: skip
    # nbgrader itself would also ask to review these, not only the test that was overruled.
    assert by_hand(seminar) == {one: (3, False, 3.5, f"Well put, {one}.") for one in ("ada", "bob", "cy")}
    assert seminar.rows()["bob"]["grades"][HIDDEN][:3] == (0, 1, True)


@pytest.mark.needs("isolation")
def test_without_the_graded_notebook_or_after_a_killed_run_all_is_looked_at(seminar: School) -> None:
    (seminar.root / "autograded" / "ada" / NAME / f"{NAME}.ipynb").unlink()
    with seminar.journal() as journal:
        entry = journal.entry(NAME, "cy")
        assert entry is not None
        # The state after a run was killed between writing the notebook and the gradebook.
        journal.add((), [type(entry)(**vars(entry) | {"in_gradebook": ""})])
    tally, _ = seminar.grade()
    assert {one.student: one.review for one in tally.changes} == {"ada": (ESSAY,), "cy": (ESSAY,)}
    assert [one[1] for one in by_hand(seminar).values()] == [True, False, True]


@pytest.mark.needs("isolation")
def test_what_cannot_be_read_keeps_the_grades_by_hand(seminar: School) -> None:
    seminar.hand_in("bob").write_text("{")
    tally, told = seminar.grade()
    assert told["bob"].problem
    [bob] = tally.changes
    assert (bob.score, bob.review) == ((4.5, 4.5), (ESSAY, HIDDEN))
    assert by_hand(seminar)["bob"] == (3, True, 3.5, "Well put, bob.")


@pytest.mark.needs("isolation")
def test_the_penalty_is_part_of_what_changed(seminar: School) -> None:
    with (seminar.root / "nbgrader_config.py").open("a") as file:
        file.write('\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    with Gradebook(seminar.course.db_url, "descent") as book:
        book.update_or_create_assignment(NAME, duedate="2026-10-18 09:00:00 UTC")
    preview, _ = seminar.grade(preview=True)
    assert next((one.student, one.score, one.penalty) for one in preview.changes) == ("ada", (3.5, 0), (0, 3.5))
    assert all(row["penalty"] is None for row in seminar.rows().values())


@pytest.mark.needs("isolation")
def test_scores_are_those_of_the_gradebook(seminar: School) -> None:
    with Gradebook(seminar.course.db_url, "descent") as book:
        # nbgrader counts extra credit only if there is a score.
        book.find_grade(ESSAY, NAME, NAME, "cy").manual_score = None
        book.db.commit()
        found = gradebook_scores(book, NAME)
        assert {one.student.id: one.score for one in book.assignment_submissions(NAME)} == {
            student: standing.total for student, standing in found.items()
        }
        assert (found["cy"].total, found["ada"].total) == (0, 3.5)


def test_it_is_said_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    change = Change("ada", (3.5, 6.3), (0.0, 0.2), {"sgd_step": (0, 3), "new": (None, 0)}, (ESSAY,))
    Display(NAME, as_json=False, preview=True).summary(Summary(changes=[change]))
    out = capsys.readouterr().out
    assert out.startswith("This is a preview: submissions were graded, but nothing was written.")
    assert "changed: ada: 3.5 -> 6.3 (sgd_step 0 -> 3, new not graded -> 0, late penalty 0 -> 0.2)\n" in out
    assert "look again: ada: the work or its test changed since you graded essay by hand; your score" in out
    Display(NAME, as_json=True, preview=True).summary(Summary(changes=[change]))
    found = json.loads(capsys.readouterr().out)["summary"]
    assert found["preview"] is True
    assert found["changes"] == [
        {
            "student": "ada", "old_score": 3.5, "new_score": 6.3, "late_penalty": [0.0, 0.2],
            "exercises": {"sgd_step": [0, 3], "new": [None, 0]}, "review": [ESSAY],
        }
    ]  # fmt: skip


@pytest.mark.needs("isolation")
def test_the_first_grading_changes_nothing(school: School) -> None:
    school.hand_in("ada", "right")
    assert school.grade()[0].changes == []
    assert change_of("ada", GradebookScore({}), GradebookScore({"x": 1.0}), school.assignment) is None


def test_an_unreadable_notebook_is_never_unchanged(tmp_path: Path) -> None:
    for number, content in enumerate(["", "[]", '{"cells": [1]}', '{"cells": [{"metadata": []}]}', "\udcff"]):
        (tmp_path / str(number)).write_bytes(content.encode(errors="surrogateescape"))
        assert unchanged_cells(tmp_path / str(number), '{"cells": []}') == frozenset()
    assert unchanged_cells(tmp_path / "none", '{"cells": []}') == frozenset()


@pytest.mark.needs("isolation")
def test_the_tables_of_a_server_are_copied_whole(seminar: School, tmp_path: Path) -> None:
    copy_tables(seminar.course.db_url, f"sqlite:///{tmp_path}/copy.db", "descent")
    engines = [create_engine(url) for url in (seminar.course.db_url, f"sqlite:///{tmp_path}/copy.db")]
    with engines[0].connect() as old, engines[1].connect() as new:
        names = [name for (name,) in old.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))]
        assert len(names) > 10
        for name in names:
            rows = [sorted(map(repr, db.execute(text(f'SELECT * FROM "{name}"')))) for db in (old, new)]
            assert rows[0] == rows[1], name
    for engine in engines:
        engine.dispose()
