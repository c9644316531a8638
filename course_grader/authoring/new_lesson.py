"""A new lesson that builds, for an author to write over."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

TEMPLATE = files("course_grader.authoring") / "template"
PROBES = Path("course_utils/checks/probes")


def new_lesson(root: Path, name: str) -> list[Path]:
    """Write a lesson named like `09_weight_averaging` with one exercise; return the new files.

    Raises ValueError where the name is not of that form, and FileExistsError where a file stands there already.
    """
    if not re.fullmatch(r"\d\d[a-z]?_[a-z][a-z0-9_]*", name):
        raise ValueError(f"{name!r} is no name for a lesson: write two digits and words, like 09_weight_averaging.")
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
    title = topic.replace("_", " ").capitalize()
    for template, place in places.items():
        text = (TEMPLATE / f"{template}.txt").read_text(encoding="utf-8")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text.replace("EXERCISE", f"{topic}_example").replace("TITLE", title), encoding="utf-8")
    return list(places.values())
