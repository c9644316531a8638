"""Creates a new lesson that builds, as a template whose content the author replaces."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from course_grader.authoring.concepts import add_concept
from course_grader.authoring.lesson import lesson_folders

TEMPLATE = files("course_grader.authoring") / "template"
PROBES = Path("course_utils/checks/probes")
# With a longer one, a test cell of the template would be wider than a notebook shows.
LONGEST_TOPIC = 23


def new_lesson(root: Path, name: str) -> list[Path]:
    """Write a lesson named like `09_weight_averaging` with one exercise; return the files written or changed.

    `docs/concepts.md`, if there is one, gets a row. Raises ValueError if the name does not have this form, is too long
    or has another lesson's number, and FileExistsError if one of the files exists already.
    """
    _check_name(root, name)
    topic = name.split("_", 1)[1]
    places = {
        "lesson.py": root / "lessons" / name / "lesson.py",
        "mistakes.py": root / "lessons" / name / "mistakes.py",
        "alternatives.py": root / "lessons" / name / "alternatives.py",
        "probe.py": root / PROBES / f"{topic}.py",
    }
    for place in places.values():
        if place.exists():
            raise FileExistsError(f"{place.relative_to(root)} exists already: choose another name, or delete it first.")
    title, exercise = topic.replace("_", " ").capitalize(), f"{topic}_example"
    for template, place in places.items():
        text = (TEMPLATE / f"{template}.txt").read_text(encoding="utf-8")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text.replace("EXERCISE", exercise).replace("TITLE", title), encoding="utf-8")
    page = add_concept(root, title, name, "1. The idea", exercise)
    return [*places.values(), *([page] if page else [])]


def _check_name(root: Path, name: str) -> None:
    if not re.fullmatch(r"\d\d[a-z]?_[a-z][a-z0-9_]*", name):
        raise ValueError(f"{name!r} is not a lesson's name: write two digits and words, like 09_weight_averaging.")
    number, topic = name.split("_", 1)
    if len(topic) > LONGEST_TOPIC:
        raise ValueError(
            f"{name!r} is too long: the words after the number may have {LONGEST_TOPIC} characters, not {len(topic)}."
        )
    taken = lesson_folders(root) if (root / "lessons").is_dir() else {}
    if other := next((one for one in taken if one.split("_")[0] == number and one != name), None):
        raise ValueError(f"{other} has the number {number} already: choose another one for {name}.")
