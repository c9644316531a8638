"""`course grade` on the command line: output and exit codes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
import typer
from rich.progress import Task, TaskID
from typer.testing import CliRunner

from course_grader.commands import grading
from course_grader.engine.sandbox import levels
from course_grader.engine.sandbox.levels import Level
from course_grader.gradebook import course_doctor
from course_grader.gradebook.display import Display
from course_grader.gradebook.progress_bar import Pace
from course_grader.gradebook.run import ProgressEvent, Summary
from course_utils.errors import CourseError, Exit
from tests.gradebook.conftest import NAME, School

app = typer.Typer()
grading.register(app)


def grade(*arguments: str) -> str:
    ended = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return str(ended.stdout)


@pytest.fixture
def here(school: School, monkeypatch: pytest.MonkeyPatch) -> School:
    monkeypatch.chdir(school.root)
    return school


@pytest.mark.needs("isolation")
def test_one_notebook_is_explained_and_the_gradebook_stays(here: School) -> None:
    place = here.hand_in("ada", "not_squared")
    before = here.book.read_bytes()
    told = grade(str(place), "--explain")
    isolation = f"isolation namespaces by {levels.isolation_program('namespaces')}"
    assert told.startswith(f"{NAME}: 0 of 3 points\n{isolation}, mode apart, assignment {here.assignment.digest}\n")
    assert "mean_squared_error: failed, 0 of 3 points\n  mistake: not_squared\n" in told
    assert "mean_squared_error_hidden: failed, 0 of 2 points" in told
    assert grade(str(place)) == told, "the same submission and key give the same result"
    found = json.loads(grade(str(place), "--json", "--trust-submissions"))
    assert (found["score"], found["isolation"]) == (0.0, "none")
    assert here.book.read_bytes() == before
    assert not here.course.journal.exists()


@pytest.mark.needs("isolation")
def test_an_assignment_file_serves_in_place_of_the_course(here: School, tmp_path: Path) -> None:
    here.assignment.save(tmp_path / "exam.assignment")
    place = here.hand_in("ada", "right").rename(tmp_path / "mine.ipynb")
    (here.root / "course.key").unlink()
    assert "3 of 3 points" in grade(str(place), "--assignment", str(tmp_path / "exam.assignment"))


@pytest.mark.parametrize(
    ("arguments", "sentence", "code"),
    [
        (["submitted", "--explain"], "only for one notebook", Exit.BAD_INPUT),
        (["submitted", "--preview", "--upgrade-gradebook"], "--preview writes nothing", Exit.BAD_INPUT),
        (["submitted", "--trust-submissions", "--isolation", "user"], "leave out --isolation", Exit.BAD_INPUT),
        pytest.param(
            ["broken.ipynb", "--assignment", NAME], "it breaks off in line 1", Exit.FAILED,
            marks=pytest.mark.needs("isolation"),
        ),
        (["submitted", "--assignment", "09_other"], "contains no notebook", Exit.BAD_INPUT),
        (["submitted"], "pass --assignment", Exit.BAD_INPUT),
        (["submitted", "--db", "nowhere"], "not the address of a database", Exit.BAD_INPUT),
    ],
)  # fmt: skip
def test_wrong_use_is_one_sentence(here: School, arguments: list[str], sentence: str, code: Exit) -> None:
    (here.root / "broken.ipynb").write_text("{")
    with pytest.raises(CourseError, match=sentence) as told:
        grade(*arguments)
    assert told.value.exit_code == code


@pytest.mark.needs("isolation")
def test_a_program_reads_lines_and_the_exit_code(school: School) -> None:
    school.hand_in("ada", "right")
    school.hand_in("bob").write_text("{")
    ended = school.run("submitted", "--json", "--workers", "1")
    *lines, last = map(json.loads, ended.stdout.splitlines())
    assert ended.returncode == Exit.FAILED
    assert ended.stderr == ""
    assert {line["student"]: (line["score"], bool(line["problem"])) for line in lines} == {
        "ada": (3.0, False),
        "bob": (None, True),
    }
    assert last["summary"]["counts"] == {"full marks": 1, "part": 0, "no points": 0, "not graded": 1}
    assert [problem["student"] for problem in last["summary"]["problems"]] == ["bob"]
    assert school.scores() == {"ada": 3.0, "bob": 0.0}
    # Whoever could not be graded may be graded by hand.
    assert last["summary"]["waiting"] == 1


@pytest.mark.needs("isolation")
def test_a_preview_says_what_would_change_and_where_times_come_from(school: School) -> None:
    school.hand_in("ada", "blank", "2026-10-19 17:30:00 +0900")
    school.grade()
    school.hand_in("ada", "right", "2026-10-19 17:45:00 +0900")
    before = school.book.read_bytes()
    ended = school.run("submitted", "--json", "--preview", "--workers", "1")
    assert ended.returncode == 0, ended.stderr
    line, last = map(json.loads, ended.stdout.splitlines())
    assert (line["submitted"], line["time_source"]) == ("2026-10-19T08:45:00+00:00", "timestamp.txt")
    assert last["summary"]["preview"] is True
    assert [(one["old_score"], one["new_score"]) for one in last["summary"]["changes"]] == [(0, 3)]
    assert school.book.read_bytes() == before
    assert school.scores() == {"ada": 0}


def test_the_bar_shows_rate_and_time_left_of_the_last_half_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("course_grader.gradebook.progress_bar.time.monotonic", lambda: clock[0])
    pace, task = Pace(), Task(TaskID(0), "", total=68, completed=0, _get_time=lambda: clock[0])
    for _ in range(4):
        pace.note()
    # Results that arrive at once, such as those of an earlier run, do not give a rate.
    assert str(pace.render(task)) == "-.-/s -:--:--"
    task.completed = 8
    for clock[0] in (110.0, 120.0, 125.0, 128.0):
        pace.note()
    assert str(pace.render(task)) == "0.2/s 0:04:00"
    clock[0] = 135.0
    assert str(pace.render(task)) == "0.1/s 0:08:20"


class Terminal(io.StringIO):
    """Collects what is written to a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_bar_counts_by_outcome(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    display = Display(NAME, as_json=False)
    with display.bar(2):
        display.report(ProgressEvent("ada", problem="The file is empty."))
        display.report(ProgressEvent("eve\x1b[31m", problem="The file is empty."))
    assert "2 not graded" in screen.getvalue()
    assert "2/2" in screen.getvalue()
    display.summary(Summary(added=[f"student-{i}" for i in range(12)], waiting=1))
    out = capsys.readouterr().out
    assert "12 students added to the gradebook: student-0, " in out
    assert "student-9 and 2 more." in out
    assert "not graded: eve: The file is empty.\n" in out
    assert "Still to be graded by hand, in the formgrader: 1 submission.\n" in out


@pytest.mark.parametrize(
    ("level", "reason"),
    [pytest.param("namespaces", "", marks=pytest.mark.needs("isolation")), ("user", "bubblewrap is not installed.")],
)
def test_doctor_reports_the_isolation(level: Level, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "best_level", lambda: (level, reason))
    by = f", with {levels.isolation_program(level)}" if level == "namespaces" else ""
    finding = next(course_doctor.findings())
    assert (finding.says, finding.remedy) == (f"this machine provides the level {level!r}{by}.", reason)
    monkeypatch.setattr(course_doctor, "MARK_OF_A_TEACHER", "no_such_package")
    assert list(course_doctor.findings()) == []
