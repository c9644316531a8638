"""Read basic facts from a teacher's notebook: the text of cells, the language, the imports."""

from __future__ import annotations

import ast
import json
import re
import symtable
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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


def text_of(cell: Mapping[str, Any]) -> str:
    """Return the source of a cell, which may be stored as a list of lines."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def is_autotest(cell: Mapping[str, Any]) -> bool:
    """Return whether nbgrader generates tests for a cell."""
    return cell.get("cell_type") == "code" and AUTOTEST.search(text_of(cell)) is not None


def language_of(notebook: Mapping[str, Any]) -> str:
    """Return the language of a notebook's kernel in lower case, "" if it has none."""
    metadata = notebook.get("metadata") or {}
    kernel, info = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    return str(kernel.get("language") or info.get("name") or "").lower()


def without_magics(source: str) -> str:
    """Return the source with IPython's own lines (%magic, !command) blanked, so that line numbers stay."""
    return "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.split("\n"))


def problem_of(source: str) -> str:
    """Return why a cell is not plain Python apart from IPython's own lines (%magic, !command); "" if it is."""
    try:
        ast.parse(without_magics(source))
        symtable.symtable(without_magics(source), "cell", "exec")
    except SyntaxError as error:
        return f"it is not plain Python (`{(error.text or '').strip()}`)"
    return ""


def replaced_names(source: str) -> set[str]:
    """Return the names of attributes that a cell sets, or replaces with `patch`, `setattr` and the like."""
    try:
        nodes = list(ast.walk(ast.parse(without_magics(source))))
    except SyntaxError:
        return set(re.findall(r"\.(\w+) *=[^=]", source))
    found = {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
    for node in nodes:
        if isinstance(node, ast.Call) and _called(node) in ("setattr", "delattr", "patch", "object", "multiple"):
            texts = (item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str))
            found |= {text.rpartition(".")[2] for text in texts}
    return found


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def imported_modules(notebook: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the modules that a notebook's cells import, in order."""
    found: dict[str, None] = {}
    for cell in notebook.get("cells", []):
        if cell.get("cell_type") != "code" or problem_of(source := text_of(cell)):
            continue
        for node in ast.walk(ast.parse(without_magics(source))):
            if isinstance(node, ast.Import):
                found |= dict.fromkeys(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found[node.module] = None
    return tuple(found)
