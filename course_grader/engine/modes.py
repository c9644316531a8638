"""Remember the mode of each assignment and the reason for it, in a file next to the gradebook."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from traitlets.config import Config

from course_grader.engine.choose_mode import ModeChoice, choose
from course_grader.engine.notebook.assignment import Assignment
from course_grader.engine.notebook.nbgrader_source import source_notebook, with_header_and_footer, without_solutions
from course_grader.engine.sandbox.levels import best_level
from course_utils.files import PRIVATE, write_atomic

FORMAT = 1
NAME = "modes.json"
# Permissions of a file in a course with nbgrader's `groupshared`.
SHARED = 0o660


class Modes:
    """The file: for each "assignment/notebook" a choice, and the key of the content that it was made from."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> dict[str, ModeChoice]:
        """Return every choice by "assignment/notebook"."""
        return {name: _choice(entry) for name, entry in self._read().items()}

    def get(self, name: str, key: str) -> ModeChoice | None:
        """Return the stored choice of an assignment, or None if there is none or it was made from other content."""
        entry = self._read().get(name)
        return _choice(entry) if entry and entry.get("key") == key else None

    def put(self, name: str, key: str, choice: ModeChoice, permissions: int = PRIVATE) -> None:
        """Store a choice. Faults may quote hidden tests, so only the owner may read the file, or the group if the
        course is shared."""
        entries = self._read() | {name: asdict(choice) | {"faults": dict(choice.faults), "key": key}}
        write_atomic(self.path, json.dumps({"format": FORMAT, "assignments": entries}, indent=1), permissions)

    def _read(self) -> dict[str, Any]:
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            # A missing or damaged file costs only time: the modes are chosen again.
            return {}
        entries = data.get("assignments") if isinstance(data, dict) and data.get("format") == FORMAT else None
        return entries if isinstance(entries, dict) else {}


def with_mode(
    assignment: Assignment,
    solution: Path,
    store: Path,
    name: str,
    fixed: str = "",
    config: Config | None = None,
    thorough: bool = False,
    remember: bool = True,
) -> Assignment:
    """Return the assignment with its mode: the stored choice for the same content, or a new one.

    solution: the teacher's notebook. store: the file of choices. name: the assignment's name. fixed: the mode that the
    teacher asks for, or "". thorough: see `choose`. remember: whether to write a new choice into the store.
    Raises AssignmentProblem if the assignment cannot be graded in the mode that the teacher chose.
    """
    modes, entry = Modes(store), f"{name}/{assignment.name}"
    key = _key(assignment, solution, f"{fixed} {seconds_of(config):g}", thorough)
    choice = modes.get(entry, key)
    if choice is None:
        choice = choose_by_grading(assignment, solution, fixed, config, thorough)
        if remember and not (thorough and choice.faults):
            # A release with faults is refused, so its choice is not stored.
            is_shared = config is not None and config.get("CourseDirectory", {}).get("groupshared", False)
            modes.put(entry, key, choice, SHARED if is_shared else PRIVATE)
    return with_choice(assignment, choice)


def fixed_mode(config: Config, name: str) -> str:
    """Return the mode that nbgrader's configuration (`c.Grade.modes`) or course.toml fixes, "" for none."""
    return str(config.get("Grade", {}).get("modes", {}).get(name, ""))


def seconds_of(config: Config | None) -> float:
    """Return the seconds that nbgrader's configuration allows a cell; 0 if it sets no timeout, or disables it."""
    for name in ("Execute", "ExecutePreprocessor", "NotebookClient"):
        if seconds := config.get(name, {}).get("timeout", 0) if config else 0:
            return max(0.0, float(seconds))
    return 0.0


def with_choice(assignment: Assignment, choice: ModeChoice) -> Assignment:
    """Return the assignment with the chosen mode, its reason and its faults."""
    faults, is_graded = dict(choice.faults), choice.reference_graded
    return replace(assignment, mode=choice.mode, why=choice.why, faults=faults, reference_graded=is_graded)


def choose_by_grading(
    assignment: Assignment, solution: Path, fixed: str = "", config: Config | None = None, thorough: bool = True
) -> ModeChoice:
    """Choose the mode of an assignment by grading the teacher's notebook; see `choose`."""
    reference = with_header_and_footer(source_notebook(solution), config)
    level, _ = best_level()
    return choose(
        assignment, reference, without_solutions(reference, config), fixed, level, thorough, seconds_of(config)
    )


def store_beside(database: Path | None, root: Path) -> Path:
    """Return the path of the file of choices: next to the gradebook, or in the course's folder if the gradebook is on a
    database server."""
    return (database or root / "gradebook.db").with_suffix(f".{NAME}")


def _key(assignment: Assignment, solution: Path, fixed: str, thorough: bool) -> str:
    content = hashlib.sha256(solution.read_bytes()).hexdigest()
    parts = (assignment.digest, content, fixed, str(thorough and assignment.needs_key), *_versions())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def _versions() -> tuple[str, ...]:
    """Return a digest of the engine's source and the versions that grading depends on: an edit of the engine does not
    change a version number."""
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest(), sys.version, version("nbgrader"), version("ipython")


def _choice(entry: Mapping[str, Any]) -> ModeChoice:
    return ModeChoice(entry["mode"], entry["why"], dict(entry["faults"]), entry.get("reference_graded", False))
