"""Read basic facts from a teacher's notebook: the text of cells, the language, the imports."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_utils.cells import blank_magics, problem_of
from course_utils.errors import CourseError

# The pattern by which nbgrader's InstantiateTests finds AUTOTEST cells.
AUTOTEST = re.compile(r"^[ \t]*#.*AUTOTEST", re.MULTILINE)


class AssignmentProblem(CourseError):
    """An assignment cannot be made or read; the message says why and what to do."""


class MissingKey(AssignmentProblem):
    """There is no hidden key, and a test needs it."""


def read_json(path: Path, what: str) -> dict[str, Any]:
    """Return the JSON object in a file. `what` names the file in the message of AssignmentProblem, which is raised if
    the file cannot be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AssignmentProblem(f"{what} {path} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise AssignmentProblem(f"{what} {path} does not contain a JSON object.")
    return data


def cell_source(cell: Mapping[str, Any]) -> str:
    """Return the source of a cell, which may be stored as a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def marked_cells(notebook: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the cells of a teacher's notebook that have a grade_id, by it, in the notebook's order; markdown too."""
    marked = ((cell, (cell.get("metadata") or {}).get("nbgrader") or {}) for cell in notebook.get("cells", []))
    return {mark["grade_id"]: cell for cell, mark in marked if "grade_id" in mark}


def is_autotest(cell: Mapping[str, Any]) -> bool:
    """Return whether nbgrader generates tests for a cell."""
    return cell.get("cell_type") == "code" and AUTOTEST.search(cell_source(cell)) is not None


def language_of(notebook: Mapping[str, Any]) -> str:
    """Return the language of a notebook's kernel in lower case, "" if it has none."""
    metadata = notebook.get("metadata") or {}
    kernel, info = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    return str(kernel.get("language") or info.get("name") or "").lower()


def imported_modules(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the modules that a notebook's cells import, in order."""
    found: dict[str, None] = {}
    for cell in notebook.get("cells", []):
        if cell.get("cell_type") != "code" or problem_of(source := cell_source(cell)):
            continue
        for node in ast.walk(ast.parse(blank_magics(source))):
            if isinstance(node, ast.Import):
                found |= dict.fromkeys(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module] = None
    return tuple(found)
