"""`course.toml`: a teacher's choice of lessons, exercises, points and dates.

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

An assignment is of the lesson that has its name, unless it names one (`lesson`); or it is a notebook of the teacher's
own (`notebook`). `mode` fixes whether it is graded "apart" or "together". `add` appends lessons from the teacher's own
folder (`own`, at the top).
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
# A name becomes a folder's.
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
    """The penalty for each day that has begun after the grace: a percentage of the score, and never more than
    `most_percent`."""

    grace_minutes: float = 0.0
    percent_per_day: float = 0.0
    most_percent: float = 100.0


@dataclass(frozen=True)
class AssignmentPlan:
    """One assignment. `exercises` is None for all of the lesson; `due` is in UTC; `line` is where it stands."""

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
        """Whether it is a lesson as it stands."""
        return self.notebook is None and self.exercises is None and not self.points and not self.add


@dataclass(frozen=True)
class Term:
    """What a course.toml says. `own` is the folder of the teacher's own lessons; `timezone` is empty if none is given,
    and due dates are then in UTC."""

    root: Path
    course: str
    assignments: Mapping[str, AssignmentPlan]
    late: LateRules
    own: Path | None
    text: str
    timezone: str = ""

    def plan(self, name: str) -> AssignmentPlan:
        """Return an assignment; CourseError where there is none of this name."""
        if name not in self.assignments:
            raise CourseError(f"{FILE} has no assignment {name!r}: it has {', '.join(self.assignments) or 'none'}.")
        return self.assignments[name]

    def problem(self, plan: AssignmentPlan, key: str, sentence: str, value: str = "") -> CourseError:
        """Return an error about a key of an assignment, with the line where the value stands."""
        return _problem(self.text, f"assignments.{plan.name}", key, sentence, value)


def read_term(root: Path) -> Term | None:
    """Read `root`/course.toml, or return None where there is none; CourseError, with the line, for what is wrong."""
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
    """Bring what course.toml says into nbgrader's configuration; `nbgrader_config.py` calls this."""
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
        raise _problem(text, where, "", "must be a table whose name is made of letters, digits, '_', '-' and '.'")
    _require_known(text, where, table, ASSIGNMENT)
    for key in ("exercises", "add"):
        if not all(isinstance(item, str) for item in table.get(key, [])):
            raise _problem(text, where, key, "must be a list of names")
    points = table.get("points", {})
    if wrong := next((key for key, value in points.items() if not _is_number(value) or value < 0), None):
        raise _problem(text, where, "points", f"must give {wrong} a number of at least 0", wrong)
    notebook = root / table["notebook"] if "notebook" in table else None
    if notebook is not None and (set(table) - {"notebook", "due", "mode"} or not notebook.is_file()):
        raise _problem(text, where, "notebook", "must be an existing notebook, and goes with `due` and `mode` alone")
    if table.get("mode", "apart") not in ("apart", "together"):
        raise _problem(text, where, "mode", 'must be "apart" or "together"')
    lesson = "" if notebook else table.get("lesson", name)
    key = "lesson" if "lesson" in table else ""
    for one in (lesson, *table.get("add", [])) if not notebook else ():
        if one not in known:
            said = f"names a lesson {one!r}, which does not exist: there is {', '.join(known)}"
            raise _problem(text, where, key if one == lesson else "add", said, one if one != lesson else "")
    exercises = tuple(table["exercises"]) if "exercises" in table else None
    due = _due(text, where, table["due"], zone) if "due" in table else None
    line = _line(text, where, "")
    return AssignmentPlan(
        name, line, lesson, notebook, exercises, points, tuple(table.get("add", ())), due, table.get("mode", "")
    )


def _due(text: str, where: str, value: date | str, zone: ZoneInfo) -> datetime:
    """Return a due date in UTC. A date alone is the end of that day; without a zone it is the term's."""
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        sentence = f"is {value!r}, which is no date: write 2026-10-19T23:59:00, or 2026-10-19 for the end of that day"
        raise _problem(text, where, "due", sentence) from None
    is_day = not isinstance(when, datetime) or (isinstance(value, str) and re.fullmatch(r"[\d-]+", value.strip()))
    if is_day:
        when = datetime.combine(when, time(23, 59, 59))
    assert isinstance(when, datetime)
    try:
        if when.tzinfo is not None:
            return when.astimezone(UTC)
        found = instants(when, zone)
        if is_day and found:
            # A day on which clocks are put back at midnight has two ends; the last is meant.
            return found[-1].astimezone(UTC)
        if len(found) == 1:
            return found[0].astimezone(UTC)
    except OverflowError:
        raise _problem(text, where, "due", f"is {value}, which is not in the calendar") from None
    raise _problem(text, where, "due", f"is {skipped_or_repeated(when, zone)}, as in {EXAMPLE}")


def _zone(text: str, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        said = f"is {name!r}, which is no time zone: write one like Europe/Berlin"
        raise _problem(text, "", "timezone", said) from None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require_known(text: str, where: str, table: Mapping[str, Any], known: Mapping[str, tuple[type, ...]]) -> None:
    for key, value in table.items():
        if key not in known:
            raise _problem(text, where, key, f"is not known here: there is {', '.join(known)}")
        if not isinstance(value, known[key]) or isinstance(value, bool):
            kinds = {str: "text in quotes", list: "a list", dict: "a table", int: "a number", date: "a date"}
            raise _problem(text, where, key, f"must be {kinds[known[key][0]]}")


def _problem(text: str, where: str, key: str, sentence: str, value: str = "") -> CourseError:
    line = _line(text, where, key, value)
    what = ".".join(part for part in (where, key) if part)
    return CourseError(f"{FILE}, line {line}: {what} {sentence}.")


def _line(text: str, where: str, key: str, value: str = "") -> int:
    """Return the line of a table's head, of one of its keys, or of a value behind the key; 1 where it is not found."""
    table, found, behind_key = "", 0, False
    for number, line in enumerate(text.split("\n"), 1):
        if head := re.match(r"\s*\[([^\[\]]+)\]\s*(#.*)?$", line):
            table = re.sub(r"[\s\"']", "", head[1])
            behind_key = table == f"{where}.{key}".strip(".")
            found = found or (number if table == where or behind_key else 0)
        elif table == where and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            found, behind_key = number, True
        # A value may stand on a later line, in a list over several.
        if behind_key and re.search(rf"(?<!\w){re.escape(value)}(?!\w)" if value else "", line):
            return number
    return found or 1
