"""Reads `course.toml`, in which a teacher chooses lessons, exercises, points and due dates.

    course = "descent-2026"
    timezone = "Europe/Berlin"

    [late]
    grace_minutes = 15
    percent_per_day = 10
    most_percent = 50

    [assignments.01_learning_rate_decay]
    exercises = ["sgd_step", "cosine_decay"]
    points = { cosine_decay = 5 }
    due = 2026-10-19T23:59:00

An assignment uses the lesson with its name, or another one (`lesson`), or a notebook of the teacher (`notebook`).
`mode` sets how it is graded: "apart" or "together". `add` appends the cells of other lessons; the teacher's own lessons
are in the folder `own`, which is set at the top of the file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from course_grader.submissions.times import EXAMPLE, instants, skipped_or_repeated
from course_utils.errors import CourseError

if TYPE_CHECKING:
    from traitlets.config import Config

FILE = "course.toml"
SOURCE, RELEASE = "term/source", "term/release"
# The name of an assignment becomes the name of a folder.
NAME = re.compile(r"\w[\w.-]*")
TOP: dict[str, tuple[type, ...]] = {
    "course": (str,), "timezone": (str,), "own": (str,), "late": (dict,), "assignments": (dict,),
}  # fmt: skip
LATE: dict[str, tuple[type, ...]] = {
    "grace_minutes": (int, float), "percent_per_day": (int, float), "most_percent": (int, float),
}  # fmt: skip
ASSIGNMENT: dict[str, tuple[type, ...]] = {
    "lesson": (str,), "exercises": (list,), "points": (dict,), "due": (date, str), "add": (list,), "notebook": (str,),
    "mode": (str,),
}  # fmt: skip


@dataclass(frozen=True)
class LateRules:
    """The penalty for late submissions: a percentage of the score for each day or part of a day after the grace period,
    at most `most_percent`."""

    grace_minutes: float = 0.0
    percent_per_day: float = 0.0
    most_percent: float = 100.0


@dataclass(frozen=True)
class AssignmentPlan:
    """One assignment. `exercises` is None for all exercises of the lesson; `due` is in UTC; `line` is its line in
    course.toml; `mode` is empty if none is set."""

    name: str
    line: int
    lesson: str = ""
    notebook: Path | None = None
    exercises: tuple[str, ...] | None = None
    points: Mapping[str, float] = field(default_factory=dict)
    add: tuple[str, ...] = ()
    due: datetime | None = None
    mode: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it is a lesson without any change."""
        return self.notebook is None and self.exercises is None and not self.points and not self.add


@dataclass(frozen=True)
class Term:
    """The content of a course.toml. `own` is the folder of the teacher's own lessons. `timezone` is empty if the file
    sets none; due dates without a zone are then in UTC."""

    root: Path
    course: str
    assignments: Mapping[str, AssignmentPlan]
    late: LateRules
    own: Path | None
    text: str
    timezone: str = ""

    def plan(self, name: str) -> AssignmentPlan:
        """Return an assignment. Raises CourseError if there is none with this name."""
        if name not in self.assignments:
            raise CourseError(f"{FILE} has no assignment {name!r}. It has: {', '.join(self.assignments) or 'none'}.")
        return self.assignments[name]

    def problem(self, plan: AssignmentPlan, key: str, sentence: str, value: str = "") -> CourseError:
        """Return an error about a key of an assignment, with the line of the value."""
        return _problem(self.text, f"assignments.{plan.name}", key, sentence, value)


def read_term(root: Path) -> Term | None:
    """Return the content of `root`/course.toml, or None if there is no such file.

    Raises CourseError, with the line, if something in it is wrong.
    """
    path = root / FILE
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError:
        raise CourseError(f"{FILE} is not UTF-8 text: save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{FILE} cannot be read: {error}.") from error
    _require_known(text, "", data, TOP)
    late = data.get("late", {})
    _require_known(text, "late", late, LATE)
    if negative := next((key for key, value in late.items() if value < 0), None):
        raise _problem(text, "late", negative, "must be at least 0")
    own = root / data["own"] if "own" in data else None
    if own is not None and not own.is_dir():
        raise _problem(text, "", "own", f"names a folder {data['own']!r}, which does not exist")
    zone = _zone(text, data.get("timezone", "UTC"))
    known = _lessons(root, own)
    plans = {name: _plan(root, text, name, table, known, zone) for name, table in data.get("assignments", {}).items()}
    return Term(root, data.get("course", "descent"), plans, LateRules(**late), own, text, data.get("timezone", ""))


def configure(config: Config, root: Path) -> None:
    """Copy the settings of course.toml into nbgrader's configuration. `nbgrader_config.py` calls this.

    Raises CourseError if course.toml is wrong.
    """
    term = read_term(root)
    if term is None:
        return
    config.CourseDirectory.course_id = term.course
    config.CourseDirectory.source_directory, config.CourseDirectory.release_directory = SOURCE, RELEASE
    if modes := {name: plan.mode for name, plan in term.assignments.items() if plan.mode}:
        config.Grade.modes = config.get("Grade", {}).get("modes", {}) | modes
    if term.timezone:
        config.ReadTimes.timezone = term.timezone
    if term.late.percent_per_day:
        config.AssignLatePenalties.plugin_class = "course_grader.term.late_penalty.LatePolicy"
        config.LatePolicy.grace_minutes = term.late.grace_minutes
        config.LatePolicy.percent_per_day = term.late.percent_per_day
        config.LatePolicy.most_percent = term.late.most_percent


def _lessons(root: Path, own: Path | None) -> dict[str, Path]:
    folders = [folder for place in (root / "lessons", own) if place is not None and place.is_dir()
               for folder in sorted(place.iterdir()) if (folder / "lesson.py").is_file()]  # fmt: skip
    return {folder.name: folder for folder in folders}


def _plan(root: Path, text: str, name: str, table: Any, known: Mapping[str, Path], zone: ZoneInfo) -> AssignmentPlan:
    where = f"assignments.{name}"
    if not isinstance(table, dict) or not NAME.fullmatch(name):
        raise _problem(text, where, "", "must be a table, with a name of letters, digits, '_', '-' and '.' only")
    _require_known(text, where, table, ASSIGNMENT)
    for key in ("exercises", "add"):
        if not all(isinstance(item, str) for item in table.get(key, [])):
            raise _problem(text, where, key, "must be a list of names")
    points = table.get("points", {})
    if wrong := next((key for key, value in points.items() if not _is_number(value) or value < 0), None):
        raise _problem(text, where, "points", f"must be a number of at least 0 for {wrong}", wrong)
    notebook = root / table["notebook"] if "notebook" in table else None
    if notebook is not None and (set(table) - {"notebook", "due", "mode"} or not notebook.is_file()):
        raise _problem(
            text, where, "notebook", "must be an existing notebook, and only `due` and `mode` can be set beside it"
        )
    if table.get("mode", "apart") not in ("apart", "together"):
        raise _problem(text, where, "mode", 'must be "apart" or "together"')
    lesson = "" if notebook else table.get("lesson", name)
    key = "lesson" if "lesson" in table else ""
    for wanted in (lesson, *table.get("add", [])) if not notebook else ():
        if wanted not in known:
            sentence = f"names the lesson {wanted!r}, which does not exist: choose from {', '.join(known)}"
            is_main = wanted == lesson
            raise _problem(text, where, key if is_main else "add", sentence, "" if is_main else wanted)
    exercises = tuple(table["exercises"]) if "exercises" in table else None
    due = _due(text, where, table["due"], zone) if "due" in table else None
    line = _line(text, where, "")
    return AssignmentPlan(
        name, line, lesson, notebook, exercises, points, tuple(table.get("add", ())), due, table.get("mode", "")
    )


def _due(text: str, where: str, value: date | str, zone: ZoneInfo) -> datetime:
    """Return a due date in UTC. A date without a time means the end of that day; `zone` is used if it names no zone."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        sentence = (
            f"is {value!r}, which is not a date: write 2026-10-19T23:59:00, or 2026-10-19 for the end of that day"
        )
        raise _problem(text, where, "due", sentence) from None
    is_day = not isinstance(when, datetime) or (isinstance(value, str) and re.fullmatch(r"[\d-]+", value.strip()))
    if is_day:
        when = datetime.combine(when, time(23, 59, 59))
    assert isinstance(when, datetime)
    try:
        if when.tzinfo is not None:
            return when.astimezone(UTC)
        possible = instants(when, zone)
        if is_day and possible:
            # If clocks are put back at midnight, the day ends twice: the later end is meant.
            return possible[-1].astimezone(UTC)
        if len(possible) == 1:
            return possible[0].astimezone(UTC)
    except OverflowError:
        raise _problem(text, where, "due", f"is {value}, which is out of range") from None
    raise _problem(text, where, "due", f"is not one point in time: {skipped_or_repeated(when, zone)}, as in {EXAMPLE}")


def _zone(text: str, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        sentence = f"is {name!r}, which is not a time zone: write a name such as Europe/Berlin"
        raise _problem(text, "", "timezone", sentence) from None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require_known(text: str, where: str, table: Mapping[str, Any], known: Mapping[str, tuple[type, ...]]) -> None:
    for key, value in table.items():
        if key not in known:
            raise _problem(text, where, key, f"is not a known key: choose from {', '.join(known)}")
        if not isinstance(value, known[key]) or isinstance(value, bool):
            kinds = {str: "text in quotes", list: "a list", dict: "a table", int: "a number", date: "a date"}
            raise _problem(text, where, key, f"must be {kinds[known[key][0]]}")


def _problem(text: str, where: str, key: str, sentence: str, value: str = "") -> CourseError:
    line = _line(text, where, key, value)
    what = ".".join(part for part in (where, key) if part)
    return CourseError(f"{FILE}, line {line}: {what} {sentence}.")


def _line(text: str, where: str, key: str, value: str = "") -> int:
    """Return the line of a table's header, of one of its keys, or of a value after the key; 1 if it is not found."""
    table, found, behind_key = "", 0, False
    for number, line in enumerate(text.split("\n"), 1):
        if head := re.match(r"\s*\[([^\[\]]+)\]\s*(#.*)?$", line):
            table = re.sub(r"[\s\"']", "", head[1])
            behind_key = table == f"{where}.{key}".strip(".")
            found = found or (number if table == where or behind_key else 0)
        elif table == where and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            found, behind_key = number, True
        # A list can span several lines, so the value may be on a later line than its key.
        if behind_key and re.search(rf"(?<!\w){re.escape(value)}(?!\w)" if value else "", line):
            return number
    return found or 1
