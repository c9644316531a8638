"""`course grade` with sixty students in each layout, five of whom pretend to be someone else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from course_grader.commands import grading
from course_grader.gradebook.database import Database
from course_grader.gradebook.run import GradingJob, ProgressEvent, grade_class
from course_grader.gradebook.student import Student
from course_grader.term.match_students import find_for, read_class
from course_grader.term.roster import enter_students
from course_utils.errors import CourseError, Exit
from tests.gradebook.conftest import IN_A_THREAD, NAME, School
from tests.submissions.world import LAYOUTS, Person, World, accounted

app = typer.Typer()
grading.register(app)
PEOPLE = [Person(f"s{n:02}", f"First{n}", f"Last{n}", 7000 + n) for n in range(60)]
# Students without a submission, for whom others may try to submit; and those who try it.
ABSENT, FORGERS = PEOPLE[50:55], PEOPLE[55:]


def enter_class(school: School) -> None:
    with Database(school.course) as book:
        enter_students(book.gradebook, [Student(one.id, one.first, one.last, "", str(one.number)) for one in PEOPLE])


def forgeries() -> Iterator[tuple[Person, str]]:
    """Yield the student who tries it, and the path of the file that pretends to be somebody else's."""
    for forger, victim in zip(FORGERS, ABSENT, strict=True):
        yield forger, f"{victim.id}/{NAME}/{NAME}.ipynb"
        yield forger, f"{NAME}/{victim.id}.ipynb"
        yield forger, f"{victim.full}_{victim.number}_assignsubmission_file_/{NAME}.ipynb"
        yield forger, f"{victim.last}{victim.first}_{victim.number}_990001_{NAME}.ipynb".lower()


def term_of(layout: str, school: School) -> tuple[World, dict[str, float]]:
    """Return the submissions of the class, and the score that each student has earned."""
    world, scores = World(layout, PEOPLE), dict[str, float]()
    for place, one in enumerate(PEOPLE):
        if one in ABSENT:
            continue
        kind, score = (("right", 3.0), ("not_squared", 0.0))[place % 2]
        made: dict[str, Any] = school.notebook(kind)
        world.hand_in(one, f"{NAME}.ipynb", json.dumps(made | {"metadata": made["metadata"] | {"student": one.id}}))
        scores[one.id] = score
    right = json.dumps(school.notebook("right"))
    for number, (forger, path) in enumerate(forgeries(), 2):
        world.hand_in(forger, path, right, number)
    return world, scores


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("ending", ["", ".zip"])
def test_everybody_is_who_they_are_and_every_file_is_named(
    school: School, tmp_path: Path, layout: str, ending: str
) -> None:
    enter_class(school)
    world, scores = term_of(layout, school)
    place = world.write(tmp_path / f"in{ending}")
    course = school.course
    people = read_class(course)
    assert people.has_roster
    found = find_for(course, people, place, NAME)
    known = {one.id for one in PEOPLE}
    taken = {one.student: one for one in found.submissions if one.student in known and not one.problem}
    assert set(taken) <= set(scores)
    assert set(scores) - set(taken) <= {one.id for one in FORGERS}
    for student, one in taken.items():
        assert world.owners[one.file].id == student
    assert set(accounted(found, place)) == set(world.files)
    assert set(accounted(found, place).values()) == {1}
    # None of the others is a student.
    assert {one.student for one in found.submissions} - known == set() or layout == "flat"


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_grade_is_right(school: School, tmp_path: Path, layout: str) -> None:
    enter_class(school)
    world, scores = term_of(layout, school)
    course = school.course
    found = find_for(course, read_class(course), world.write(tmp_path / "in.zip"), NAME)
    told: list[ProgressEvent] = []
    grade_class(GradingJob(course, NAME, school.assignment, add_students=False), found, IN_A_THREAD, told.append)
    assert school.scores() == scores
    with Database(course) as book:
        assert book.students() == {one.id for one in PEOPLE}


@pytest.fixture
def here(school: School, monkeypatch: pytest.MonkeyPatch) -> School:
    monkeypatch.chdir(school.root)
    enter_class(school)
    return school


def state(school: School) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in school.root.rglob("*") if path.is_file()}


def test_a_dry_run_says_all_and_writes_nothing(here: School) -> None:
    here.hand_in("s01", "right", "2026-10-12 10:00:00 UTC")
    here.hand_in("s02").with_name("data.csv").write_text("")
    here.hand_in("s03x", "right")
    before = state(here)
    arguments = ["submitted", "--assignment", NAME, "--dry-run"]
    ended = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert ended.exit_code == Exit.FAILED
    lines = ended.stdout.splitlines()
    assert lines[:3] == [
        "nbgrader's layout in a folder, 3 submissions",
        f"s01: 2026-10-12 10:00:00+00:00, s01/{NAME}/{NAME}.ipynb",
        f"s02: time unknown, s02/{NAME}/{NAME}.ipynb",
    ]
    assert lines[3].startswith(
        "not graded: s03x: This student is not in the gradebook. Closest in the roster: First3 Last3 (s03)"
    )
    assert f"left out: s02/{NAME}/data.csv: It is not a notebook." in lines
    assert lines[-1] == "Nothing was graded, and nothing was written."
    ended = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    *rows, last = map(json.loads, ended.stdout.splitlines())
    assert [(row["student"], row["file"][:4], bool(row["problem"])) for row in rows] == [
        ("s01", "s01/", False), ("s02", "s02/", False), ("s03x", "s03x", True),
    ]  # fmt: skip
    assert rows[0]["submitted"] == "2026-10-12T10:00:00+00:00"
    assert last["summary"]["layout"] == "nbgrader"
    assert last["summary"]["left_out"][0]["names"] == [f"s02/{NAME}/data.csv"]
    assert len(last["summary"]["no_submission"]) == 58
    assert state(here) == before
    ended = CliRunner().invoke(app, [*arguments, "--unknown-students", "add"], catch_exceptions=False)
    assert ended.exit_code == 0


@pytest.mark.needs("isolation")
def test_a_stranger_is_refused_if_there_is_a_roster(here: School) -> None:
    here.hand_in("s01", "right")
    here.hand_in("s01x", "right")
    arguments = ["submitted", "--assignment", NAME, "--workers", "1"]
    ended = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert ended.exit_code == Exit.FAILED
    assert ended.stdout.startswith("Reading submitted ...\nnbgrader's layout in a folder, 2 submissions.\n")
    assert (
        "not graded: s01x: This student is not in the gradebook. Closest in the roster: First1 Last1 (s01)"
        in ended.stdout
    )
    assert set(here.scores()) == {"s01"}


def test_a_table_says_who_is_in_a_team(here: School, tmp_path: Path) -> None:
    world = World("moodle", PEOPLE)
    world.files = {f"Team 1_9_assignsubmission_file_/{NAME}.ipynb": json.dumps(here.notebook("right"))}
    place = world.write(tmp_path / "in.zip")
    (tmp_path / "teams.csv").write_text("Team,ID\nTeam 1,s01\nteam 1,s02\n")
    arguments = [str(place), "--assignment", NAME, "--dry-run", "--teams", str(tmp_path / "teams.csv")]
    ended = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert ended.exit_code == 0
    assert "note: s01, s02: A team submitted this. Its name is Team 1.\n" in ended.stdout
    for line, words in (
        ("Team 1,nobody", "Line 4: 'nobody' is not in the gradebook"),
        ("Team 2,s01", "Line 4: 's01' is already in a team, in line 2"),
    ):
        (tmp_path / "teams.csv").write_text(f"Team,ID\nTeam 1,s01\nteam 1,s02\n{line}\n")
        with pytest.raises(CourseError, match=words):
            CliRunner().invoke(app, arguments, catch_exceptions=False)
