"""Reading course.toml, and errors with line numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from traitlets.config import Config

from course_grader.term.config import LateRules, configure, read_term
from course_grader.term.late_penalty import LatePolicy
from course_utils.errors import CourseError

GOOD = """\
course = "descent-2026"
timezone = "Europe/Berlin"
own = "mine"

[late]
grace_minutes = 15
percent_per_day = 10
most_percent = 50

[assignments.01_learning_rate_decay]
exercises = [
  "sgd_step",
  "cosine_decay",
]
points = { cosine_decay = 5 }
due = 2026-10-19T23:59:00

[assignments."week2"]
lesson = "00_start_here"
add = ["90_extra"]
due = "2026-11-02"

[assignments.essay]
notebook = "mine/essay.ipynb"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for place in ("lessons/00_start_here", "lessons/01_learning_rate_decay", "mine/90_extra"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "lesson.py").write_text("# %% [markdown]\n# # A title\n")
    (tmp_path / "mine" / "essay.ipynb").write_text("{}")
    (tmp_path / "course.toml").write_text(GOOD)
    return tmp_path


def test_everything_is_read(root: Path) -> None:
    term = read_term(root)
    assert term is not None
    assert (term.course, term.late, term.own) == ("descent-2026", LateRules(15, 10, 50), root / "mine")
    first, second, third = term.assignments.values()
    assert first.lesson == "01_learning_rate_decay"
    assert (first.exercises, first.points) == (("sgd_step", "cosine_decay"), {"cosine_decay": 5})
    # Berlin has summer time in October, and winter time in November.
    assert first.due == datetime(2026, 10, 19, 21, 59, tzinfo=UTC)
    assert second.due == datetime(2026, 11, 2, 22, 59, 59, tzinfo=UTC)
    assert (second.name, second.lesson, second.add) == ("week2", "00_start_here", ("90_extra",))
    assert third.notebook == root / "mine" / "essay.ipynb"
    assert not first.is_whole


def test_without_the_file_there_is_no_term(tmp_path: Path) -> None:
    assert read_term(tmp_path) is None
    config = Config()
    configure(config, tmp_path)
    assert config == {}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"Europe/Berlin"', '"Berlin"', r"line 2: timezone is 'Berlin', which is not a time zone"),
        ('own = "mine"', 'own = "yours"', r"line 3: own names a folder 'yours'"),
        ("grace_minutes", "grace", r"line 6: late.grace is not a known key"),
        ("= 10\n", '= "10"\n', r"line 7: late.percent_per_day must be a number"),
        ("= 50\n", "= -1\n", r"line 8: late.most_percent must be at least 0"),
        ("01_learning_rate_decay]", "01_learning]", r"line 10: .* the lesson '01_learning', .*: choose from 00"),
        ("exercises = [", "exercise = [", r"line 11: .*exercise is not a known key"),
        ('  "sgd_step",', "  1,", r"line 11: .*exercises must be a list of names"),
        ("cosine_decay = 5", "cosine_decay = -5", r"line 15: .*points must be a number of at least 0 for cosine_decay"),
        ("2026-10-19T23:59:00", "2026-13-19", r"course.toml cannot be read: .*line 16"),
        ("2026-10-19T23:59:00", "2026-03-29T02:30:00", r"line 16: .*2026-03-29 02:30 does not exist in Europe/Berlin"),
        ("2026-10-19T23:59:00", "2026-10-25T02:30:00", r"line 16: .*2026-10-25 02:30 occurs twice in Europe/Berlin"),
        ("2026-10-19T23:59:00", "0001-01-01T00:00:00", r"line 16: .*out of range"),
        ('"2026-11-02"', '"tomorrow"', r"line 21: .*due is 'tomorrow', which is not a date"),
        ('lesson = "00_start_here"', 'lesson = "00_start"', r"line 19: .*week2.lesson names the lesson '00_start'"),
        ('["90_extra"]', '["91_extra"]', r"line 20: .*add names the lesson '91_extra'"),
        ("mine/essay", "mine/none", r"line 24: .*notebook must be an existing notebook"),
        ('"week2"', '"../week2"', r"line 18: .* must be a table, with a name"),
        ("[late]", "[late", "course.toml cannot be read"),
        ("course = ", "cours = ", r"line 1: cours is not a known key"),
    ],
)  # fmt: skip
def test_a_mistake_is_reported_with_its_line(root: Path, old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    (root / "course.toml").write_text(GOOD.replace(old, new))
    with pytest.raises(CourseError, match=sentence):
        read_term(root)


def test_the_end_of_a_day_is_its_last_second_also_where_clocks_change(root: Path) -> None:
    cases = {
        # Cairo's clocks are put back at midnight, so 23:59:59 occurs twice on that day.
        ("Africa/Cairo", "2026-10-29"): datetime(2026, 10, 29, 21, 59, 59, tzinfo=UTC),
        ("Europe/Berlin", "2026-10-25"): datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC),
        ("Europe/Berlin", "2026-10-25T02:30:00+01:00"): datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    }
    for (zone, due), expected in cases.items():
        (root / "course.toml").write_text(GOOD.replace("Europe/Berlin", zone).replace("2026-10-19T23:59:00", due))
        term = read_term(root)
        assert term is not None
        assert term.timezone == zone
        assert next(iter(term.assignments.values())).due == expected


def test_nbgrader_gets_the_settings(root: Path) -> None:
    config = Config()
    configure(config, root)
    assert config.CourseDirectory.course_id == "descent-2026"
    assert config.CourseDirectory.source_directory == "term/source"
    assert config.ReadTimes.timezone == "Europe/Berlin"
    assert config.AssignLatePenalties.plugin_class == "course_grader.term.late_penalty.LatePolicy"
    policy = LatePolicy(config=config)
    minute, day = 60, 86_400
    lost = {
        late: policy.late_submission_penalty("ada", 20.0, late) for late in (15 * minute, 16 * minute, day, 2 * day)
    }
    assert lost == {15 * minute: None, 16 * minute: 2.0, day: 2.0, 2 * day: 4.0}
    assert policy.late_submission_penalty("ada", 20.0, 100 * day) == 10.0
