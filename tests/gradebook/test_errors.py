"""A problem is reported in one sentence, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from nbgrader import dbutil
from nbgrader.api import Gradebook
from sqlalchemy import event
from sqlalchemy.engine import Engine

from course_grader.gradebook.autograded_notebook import NO_RESPONSE
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database, upgrade
from course_grader.gradebook.folders import write_submitted
from course_grader.gradebook.lock import locked
from course_utils import files
from course_utils.errors import CourseError, Exit
from tests.gradebook.conftest import NAME, School


def refused(school: School, **options: Any) -> CourseError:
    with pytest.raises(CourseError) as told:
        school.grade(**options)
    sentence = str(told.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return told.value


def graded_once(school: School) -> None:
    """Check that everything is in the gradebook, and that no reported submission was graded a second time."""
    before = {one.student for one in school.events}
    _, told = school.grade()
    assert before
    assert all(told[student].reused for student in before)
    assert school.scores() == dict.fromkeys(told, 0.0)


@pytest.mark.needs("isolation")
def test_an_unknown_student_is_added_or_left_out(school: School) -> None:
    for student in ("ada", "eve"):
        school.hand_in(student)
    with Gradebook(school.course.db_url, "descent") as book:
        book.add_student("ada")
    tally, told = school.grade(add_students=False)
    assert "eve" not in school.rows()
    assert "not in the gradebook" in told["eve"].problem
    assert tally.added == []
    tally, told = school.grade()
    assert tally.added == ["eve"]
    assert told["ada"].reused
    assert set(school.rows()) == {"ada", "eve"}


@pytest.mark.needs("isolation")
def test_what_cannot_be_read_is_reported_and_waits_for_a_human(school: School) -> None:
    school.hand_in("ada")
    school.hand_in("bob").write_text("no notebook")
    _, told = school.grade()
    assert told["bob"].result is None
    assert "line 1 is not JSON" in told["bob"].problem
    row = school.rows()["bob"]
    assert row["needs_manual_grade"]
    assert [grade[0] for grade in row["grades"].values()] == [None, None]
    assert told["bob"].problem in school.autograded("bob").cells[0].source
    with school.journal() as journal:
        assert [(one.student, one.problem) for one in journal.graded(NAME)] == [
            ("ada", ""),
            ("bob", told["bob"].problem),
        ]
    school.hand_in("bob", "right")
    assert school.grade()[1]["bob"].problem == ""
    assert school.scores()["bob"] == 3
    school.hand_in("bob").write_text("")
    school.grade()
    assert school.scores()["bob"] == 0
    assert school.rows()["bob"]["needs_manual_grade"]


@pytest.mark.needs("isolation")
def test_a_student_who_handed_in_no_notebook_is_in_the_journal(school: School) -> None:
    def in_journal() -> dict[str, tuple[bool, str]]:
        with school.journal() as journal:
            return {one.student: (one.result is not None, one.problem) for one in journal.graded(NAME)}

    school.hand_in("ada", "right")
    (school.root / "submitted" / "readme.txt").write_text("")
    notebook = school.hand_in("bob")
    notebook.with_suffix(".pdf").write_text("")
    content = notebook.read_bytes()
    notebook.unlink()
    with Gradebook(f"sqlite:///{school.book}", "descent") as book:
        book.add_student("bob")
    sentence = f"There is no notebook (.ipynb). There is only {NAME}.pdf."
    _, told = school.grade()
    assert (told["bob"].problem, told["ada"].problem) == (sentence, "")
    assert set(told) == {"ada", "bob"}
    assert in_journal() == {"ada": (True, ""), "bob": (False, sentence)}
    assert set(school.rows()) == {"ada"}
    notebook.write_bytes(content)
    school.grade()
    assert in_journal() == {"ada": (True, ""), "bob": (True, "")}
    # The earlier result still counts.
    notebook.unlink()
    _, told = school.grade()
    assert told["bob"].problem == sentence
    assert in_journal() == {"ada": (True, ""), "bob": (True, "")}


@pytest.mark.needs("isolation")
def test_a_key_for_other_questions_grades_nothing(school: School) -> None:
    school.hand_in("ada", "right")
    school.grade()
    key = school.root / "course.key"
    data = json.loads(key.read_text())
    data["exercises"]["mean_squared_error"]["asked"] += "0"
    key.write_text(json.dumps(data))
    done = school.run("submitted", "--assignment", NAME)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "checks of mean_squared_error: " in done.stderr
    assert "`course key --again`" in done.stderr
    assert school.scores() == {"ada": 3}


@pytest.mark.needs("isolation")
def test_the_newest_of_two_counts(school: School) -> None:
    school.hand_in("ada")
    other = school.root / "class"
    for name, kind in (("ada_1_10_00_start_here.ipynb", "blank"), ("ada_1_11_00_start_here-1.ipynb", "right")):
        other.mkdir(exist_ok=True)
        school.hand_in("x", kind).rename(other / name)
    _, told = school.grade(other)
    [student] = told
    assert school.scores()[student] == 3
    assert any("2 notebooks" in note for note in told[student].notes)
    # Submissions from elsewhere were copied to the folder that nbgrader reads.
    assert (school.root / "submitted" / student / NAME / f"{NAME}.ipynb").is_file()


def test_an_assignment_that_is_neither_in_the_gradebook_nor_in_the_folder(school: School) -> None:
    school.hand_in("ada")
    with pytest.raises(CourseError, match=r"contains no notebook.*spelling"):
        school.course.assignment("01_other")
    (school.root / "course.key").unlink()
    with pytest.raises(CourseError, match="course key"):
        school.course.assignment(NAME)


@pytest.mark.needs("isolation")
def test_another_number_of_cells_is_refused_once_submissions_are_in(school: School) -> None:
    school.hand_in("ada")
    school.grade()
    before = school.rows()
    solution = school.course.solution(NAME)
    solution.write_text(solution.read_text().replace("mean_squared_error_hidden", "mean_squared_error_secret"))
    assert "give the assignment a new name" in str(refused(school))
    assert school.rows() == before


@pytest.mark.needs("isolation")
def test_other_points_regrade_only_what_changed(school: School) -> None:
    school.hand_in("ada", "right")
    school.grade()
    solution = school.course.solution(NAME)
    text = solution.read_text()
    assert text.count('"points": 2,') == 1
    solution.write_text(text.replace('"points": 2,', '"points": 5,'))
    tally, told = school.grade()
    assert tally.entered
    assert not told["ada"].reused
    assert school.scores() == {"ada": 6.0}


@pytest.mark.needs("isolation")
def test_a_locked_gradebook(school: School) -> None:
    school.hand_in("ada")
    school.grade()
    school.hand_in("bob")
    other = sqlite3.connect(school.book, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    error = refused(school, db=f"sqlite:///{school.book}?timeout=0.1")
    assert "locked" in str(error)
    assert error.exit_code == Exit.ENVIRONMENT
    other.execute("ROLLBACK")
    other.close()
    assert school.grade()[1]["ada"].reused


@pytest.mark.needs("isolation")
def test_a_gradebook_that_is_locked_at_the_end_keeps_the_results(school: School) -> None:
    school.hand_in("ada")
    school.grade()
    school.hand_in("bob")
    other = sqlite3.connect(school.book, isolation_level=None)
    # Others can read until a writer commits.
    other.execute("BEGIN IMMEDIATE")
    assert "locked" in str(refused(school, db=f"sqlite:///{school.book}?timeout=0.1"))
    other.execute("ROLLBACK")
    other.close()
    assert set(school.rows()) == {"ada"}
    graded_once(school)


@pytest.mark.needs("isolation")
def test_a_full_disk_under_the_gradebook(school: School) -> None:
    school.hand_in("ada")
    school.grade()
    with closing(sqlite3.connect(school.book)) as database:
        database.execute("VACUUM")

    def no_room(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {school.book.stat().st_size // 4096}")

    for i in range(40):
        school.hand_in(f"student-{i}-{'x' * 100}")
    event.listen(Engine, "connect", no_room)
    try:
        error = refused(school)
    finally:
        event.remove(Engine, "connect", no_room)
    assert "full" in str(error)
    assert error.exit_code == Exit.ENVIRONMENT
    assert set(school.rows()) == {"ada"}
    graded_once(school)
    assert len(school.rows()) == 41


@pytest.mark.needs("isolation")
def test_a_full_disk_under_the_folders(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.hand_in("ada")

    def full(descriptor: int, mode: str) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fdopen", full)
    with pytest.raises(OSError, match=f"{NAME}.ipynb") as told:
        school.grade()
    monkeypatch.undo()
    monkeypatch.delenv("COURSE_KEY", raising=False)
    assert told.value.errno == errno.ENOSPC
    assert list((school.root / "autograded").rglob("*.ipynb*")) == []
    graded_once(school)


def make_older(school: School) -> bytes:
    """Create a gradebook with one student, with the schema before nbgrader's last change."""
    school.book.unlink()
    with Gradebook(school.course.db_url, "descent") as book:
        book.add_student("eve")
    with closing(sqlite3.connect(school.book)) as database:
        database.executescript(
            """
            DROP TABLE course;
            DROP TABLE assignment;
            CREATE TABLE assignment (
                id VARCHAR(32) PRIMARY KEY, name VARCHAR(128) NOT NULL UNIQUE, duedate DATETIME
            );
            UPDATE alembic_version SET version_num = '282d30a0218e';
            """
        )
    return school.book.read_bytes()


@pytest.mark.needs("isolation")
def test_an_older_gradebook_is_upgraded_on_demand(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    school.hand_in("ada")
    before = make_older(school)
    assert "--upgrade-gradebook" in str(refused(school))
    assert school.book.read_bytes() == before

    def fail(db_url: str) -> None:
        school.book.write_text("half")
        raise subprocess.CalledProcessError(1, "alembic")

    with monkeypatch.context() as patch:
        patch.setattr(dbutil, "upgrade", fail)
        with pytest.raises(CourseError, match="cannot upgrade"):
            upgrade(school.course)
    assert school.book.read_bytes() == before
    copy = upgrade(school.course)
    assert copy is not None
    assert copy.read_bytes() == before
    school.grade()
    assert set(school.rows()) == {"ada"}
    with Gradebook(school.course.db_url, "descent") as book:
        assert sorted(one.id for one in book.students) == ["ada", "eve"]


def test_a_time_that_a_teacher_wrote_stays_beside_the_same_notebook(school: School) -> None:
    names = "ada", NAME, NAME
    stamp = write_submitted(school.course, *names, b"first", None).with_name("timestamp.txt")
    stamp.write_text("2026-10-20 09:30:00 UTC")
    write_submitted(school.course, *names, b"first", None)
    assert stamp.read_text() == "2026-10-20 09:30:00 UTC"
    write_submitted(school.course, *names, b"second", None)
    assert not stamp.exists()


def test_a_server_whose_driver_is_not_installed(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    course = Course.at(school.root, "postgresql://nobody@127.0.0.1:1/descent")
    with pytest.raises(CourseError, match=r"needs the package psycopg.*grader,postgres"):
        Database(course)


@pytest.mark.needs("isolation")
def test_the_second_learns_who_holds_the_lock(school: School) -> None:
    school.hand_in("ada")
    with locked(school.course.journal.with_suffix(".lock")):
        error = refused(school)
    assert f"Process {os.getpid()} on " in str(error)
    assert school.rows() == {}
    school.grade()
    assert school.rows()["ada"]["comments"] == {"mean_squared_error": (NO_RESPONSE, None)}


def test_a_damaged_journal(school: School) -> None:
    school.hand_in("ada")
    Path(school.course.journal).write_text("this is no database, but long enough to be looked at" * 10)
    assert "not a database" in str(refused(school))


@pytest.mark.needs("isolation")
def test_a_gradebook_that_is_not_there_is_made(school: School) -> None:
    school.hand_in("ada", "right")
    school.book.unlink()
    tally, _ = school.grade()
    assert tally.entered
    assert school.scores() == {"ada": 3.0}
    # Results of a deleted gradebook need not be graded again.
    school.book.unlink()
    assert school.grade()[1]["ada"].reused
    assert school.scores() == {"ada": 3.0}
