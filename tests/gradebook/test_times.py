"""`course grade` and nbgrader read times that students cannot write correctly, and ignore others."""

from __future__ import annotations

import json
import os
import sqlite3
import warnings
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course_grader.gradebook.display import Display
from course_grader.gradebook.graded_submission import ProblemKind
from course_grader.gradebook.journal import FORMAT, Journal, JournalEntry
from tests.gradebook.conftest import NAME, School

CONFIG = """
c.ReadTimes.timezone = "Asia/Seoul"
c.LateSubmissionPlugin.penalty_method = "zero"
"""
# 18:00 in Seoul. All except the last two submitted half an hour or a day before.
DUE = "2026-10-19 09:00:00 UTC"
STAMPS = {
    "2026-10-19 17:30:00 KST": datetime(2026, 10, 19, 8, 30),
    "2026-10-19 17:30:00.000000 +0900": datetime(2026, 10, 19, 8, 30),
    "2026-10-19 17:30:00 +09:00": datetime(2026, 10, 19, 8, 30),
    "2026-10-19 17:30:00": datetime(2026, 10, 19, 8, 30),
    "\ufeff2026-10-19 17:30:00\r\n": datetime(2026, 10, 19, 8, 30),
    "2026-10-18 17:30:00 CEST": datetime(2026, 10, 18, 15, 30),
    "2026-10-19 08:30:00.000000 UTC": datetime(2026, 10, 19, 8, 30),
    "2026-10-19 17:30:00 IST": None,
    "soon": None,
    "2062-10-19 17:30:00 UTC": None,
    "2026-10-19 17:30:00 CEST": datetime(2026, 10, 19, 15, 30),
    "2026-10-19 17:30:00 PDT": datetime(2026, 10, 20, 0, 30),
}
REFUSED = {f"s{number:02}" for number, when in enumerate(STAMPS.values()) if when is None}
LATE = {"s10", "s11"}


def set_up(school: School, config: str = CONFIG) -> School:
    with (school.root / "nbgrader_config.py").open("a") as file:
        file.write(config)
    with Gradebook(school.course.db_url, "descent") as book:
        book.update_or_create_assignment(NAME, duedate=DUE)
    return school


def stamp_of(school: School, student: str) -> Path:
    return school.root / "submitted" / student / NAME / "timestamp.txt"


def hand_in_all(school: School) -> None:
    for number, text in enumerate(STAMPS):
        school.hand_in(f"s{number:02}", "right", text)


def check(school: School) -> None:
    """The gradebook has the time meant, or none, and no one punctual pays; the formgrader sees each as graded."""
    rows = school.rows()
    assert {one: row["when"] for one, row in rows.items()} == {
        f"s{number:02}": when for number, when in enumerate(STAMPS.values())
    }
    assert {one for one, row in rows.items() if row["penalty"]} == LATE
    assert all(sum(grade[0] for grade in row["grades"].values()) == 3 for row in rows.values())
    with warnings.catch_warnings(action="ignore"):
        seen = {one["student"]: one["autograded"] for one in school.nbgrader().get_submissions(NAME)}
    assert seen == dict.fromkeys(rows, True)


@pytest.mark.needs("isolation")
def test_each_time_is_the_one_meant_or_none(school: School, capsys: pytest.CaptureFixture[str]) -> None:
    hand_in_all(set_up(school))
    for turn in range(2):
        tally, told = school.grade()
        check(school)
        for student, one in told.items():
            assert one.time_source == ("" if student in REFUSED else "timestamp.txt"), student
            assert len([note for note in one.notes if note.startswith("timestamp.txt")]) == (student in REFUSED)
        assert (tally.untimed, tally.marked_late) == (len(REFUSED), 0)
        assert tally.submissions_written == (0 if turn else len(STAMPS))
    assert "IST can mean several time zones" in told["s07"].notes[0]
    with school.journal() as journal:
        sources = {one.student: one.time_source for one in journal.graded(NAME)}
    assert sources == {student: one.time_source for student, one in told.items()}
    display = Display(NAME, as_json=False)
    for one in told.values():
        display.report(one)
    display.summary(tally)
    out = capsys.readouterr().out
    assert "Lateness is unknown for 3 submissions: there is no reliable time" in out
    assert "time unknown: s08: timestamp.txt, line 1: 'soon' is not a date and a time" in out


@pytest.mark.needs("isolation")
def test_nbgrader_reads_them_as_course_grade_does(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in_all(set_up(school))
    monkeypatch.setenv("COURSE_KEY", str(school.root / "course.key"))
    api = school.nbgrader()
    for student in sorted(f"s{number:02}" for number in range(len(STAMPS))):
        with warnings.catch_warnings(action="ignore"):
            done = api.autograde(NAME, student)
        assert done["success"], done["error"]
    check(school)
    # A second submission, half an hour later, in a zone that nbgrader does not know: without --force it is newer.
    for student, text in (("s00", "2026-10-19 17:45:00 KST"), ("s06", "2026-10-19 01:45:00 PDT")):
        school.hand_in(student, "blank", text)
        with warnings.catch_warnings(action="ignore"):
            done = api.autograde(NAME, student, force=False)
        assert done["success"], done["error"]
        assert school.rows()[student]["when"] == datetime(2026, 10, 19, 8, 45)
        assert school.scores()[student] == 0
    # A submission without a valid time has no time, not that of the earlier submission.
    school.hand_in("s00", "right", "tomorrow")
    with warnings.catch_warnings(action="ignore"):
        assert api.autograde(NAME, "s00")["success"]
    assert school.rows()["s00"]["when"] is None
    assert school.scores()["s00"] == 3


@pytest.mark.needs("isolation")
def test_only_a_regular_file_gives_a_time(school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(school)
    for student in ("ada", "bob", "cy"):
        school.hand_in(student, "right")
    (tmp_path / "early").write_text("2026-10-01 08:00:00 UTC")
    stamp_of(school, "ada").symlink_to(tmp_path / "early")
    os.mkfifo(stamp_of(school, "bob"))
    stamp_of(school, "cy").mkdir()
    monkeypatch.setenv("COURSE_KEY", str(school.root / "course.key"))
    for student in ("ada", "bob", "cy"):
        with warnings.catch_warnings(action="ignore"):
            done = school.nbgrader().autograde(NAME, student)
        assert done["success"], done["error"]
    school.grade()
    assert school.scores() == {"ada": 3, "bob": 3, "cy": 3}
    assert {row["when"] for row in school.rows().values()} == {None}
    assert (tmp_path / "early").exists()


@pytest.mark.needs("isolation")
def test_nbgrader_reads_them_also_without_the_journal(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(school)
    school.hand_in("ada", "right", "2026-10-19 17:30:00 KST")
    school.course.journal.mkdir()
    monkeypatch.setenv("COURSE_KEY", str(school.root / "course.key"))
    with warnings.catch_warnings(action="ignore"):
        done = school.nbgrader().autograde(NAME, "ada")
    assert done["success"], done["error"]
    assert school.rows()["ada"]["when"] == datetime(2026, 10, 19, 8, 30)


@pytest.mark.needs("isolation")
def test_a_timezone_that_is_added_or_put_right_afterwards_counts(school: School) -> None:
    set_up(school, "")
    school.hand_in("ada", "right", "2026-10-19 17:30:00")
    assert school.grade()[1]["ada"].submitted is None
    assert not stamp_of(school, "ada").exists()
    config = school.root / "nbgrader_config.py"
    text = config.read_text()
    for zone, hour in (("Europe/Berlin", 15), ("Asia/Seoul", 8)):
        config.write_text(f'{text}\nc.ReadTimes.timezone = "{zone}"\n')
        _, told = school.grade()
        assert told["ada"].submitted is not None
        assert told["ada"].notes == ()
        assert school.rows()["ada"]["when"] == datetime(2026, 10, 19, hour, 30)
    # A time that the teacher writes overrides the earlier one.
    stamp_of(school, "ada").write_text("2026-10-19 07:00:00 UTC")
    school.grade()
    assert school.rows()["ada"]["when"] == datetime(2026, 10, 19, 7)


@pytest.mark.needs("isolation")
def test_a_new_notebook_without_a_time_does_not_get_that_of_the_old_one(school: School, tmp_path: Path) -> None:
    school.hand_in("ada", "blank", "2026-10-19 08:30:00 UTC")
    school.hand_in("bob", "blank", "tomorrow")
    school.grade()
    place = tmp_path / "flat"
    place.mkdir()
    old = (school.root / "submitted" / "ada" / NAME / f"{NAME}.ipynb").read_bytes()
    # The same notebook in a zip is the same submission.
    (place / "ada.ipynb").write_bytes(old)
    _, told = school.grade(place)
    assert (told["ada"].reused, told["ada"].time_source) == (True, "timestamp.txt")
    assert school.rows()["ada"]["when"] == datetime(2026, 10, 19, 8, 30)
    for student in ("ada", "bob"):
        (place / f"{student}.ipynb").write_text(json.dumps(school.notebook("right")))
    _, told = school.grade(place)
    for student in ("ada", "bob"):
        assert (told[student].submitted, told[student].time_source) == (None, "")
        assert school.rows()[student]["when"] is None
        assert not stamp_of(school, student).exists()


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(
    "names",
    [
        (f"Ada_12_assignsubmission_file_/{NAME}.ipynb", "Ada_12_assignsubmission_file_/timestamp.txt"),
        (f"Ada_12_assignsubmission_file_/{NAME}/{NAME}.ipynb", f"Ada_12_assignsubmission_file_/{NAME}/timestamp.txt"),
        ("Ada/work.ipynb", "Ada/timestamp.txt"),
        ("Ada.ipynb", "timestamp.txt"),
        (f"Ada/{NAME}/deep/{NAME}.ipynb", f"Ada/{NAME}/deep/timestamp.txt"),
    ],
)
def test_a_timestamp_of_a_students_own_is_an_ordinary_file(
    school: School, tmp_path: Path, names: tuple[str, ...]
) -> None:
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as file:
        file.writestr(names[0], json.dumps(school.notebook("right")))
        file.writestr(names[1], "2026-10-01 08:00:00 UTC")
    _, told = school.grade(tmp_path / "class.zip")
    assert (told["Ada"].submitted, told["Ada"].time_source, told["Ada"].notes) == (None, "", ())
    assert school.rows()["Ada"]["when"] is None


def test_a_journal_of_format_2_says_whose_fault_a_problem_is(school: School) -> None:
    problems = {
        "ada": ("The grader itself failed at it (KeyError: 0.5).", ProblemKind.GRADER),
        "bob": ("The process that graded it ended, alone with it.", ProblemKind.GRADER),
        "cam": ("The file is empty.", ProblemKind.NONE),
    }
    path = school.course.journal
    with Journal(path) as journal:
        for student, (problem, _) in problems.items():
            journal.add((), [JournalEntry(NAME, student, Path("x.ipynb"), None, (), "", problem)])
    with sqlite3.connect(path) as file:
        file.execute("ALTER TABLE submission DROP COLUMN problem_kind")
        file.execute("PRAGMA user_version = 2")
    file.close()
    with Journal(path) as journal:
        found = {one.student: (one.problem, one.problem_kind) for one in journal.graded(NAME)}
    assert found == problems


@pytest.mark.needs("isolation")
def test_a_journal_of_the_version_before_is_read(school: School, another: Callable[[str], School]) -> None:
    school.hand_in("ada", "right", "2026-10-19 08:30:00 UTC")
    school.grade()
    path = school.course.journal
    with sqlite3.connect(path) as file:
        for column in ("time_source", "problem_kind"):
            file.execute(f"ALTER TABLE submission DROP COLUMN {column}")
        file.execute("DROP TABLE stamp")
        file.execute("PRAGMA user_version = 1")
    file.close()
    with Journal(path) as journal:
        [ada] = journal.graded(NAME)
    assert (ada.time_source, ada.result is not None) == ("", True)
    _, told = school.grade()
    assert (told["ada"].reused, told["ada"].time_source) == (True, "timestamp.txt")
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    file.close()
