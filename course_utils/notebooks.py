"""Find the course's notebooks and read them, without the slow import of nbformat."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_utils.damage import SAVE, NotNotebook, parse, without_cells
from course_utils.errors import CourseError, from_os

# A lesson's number, a letter if it has parts, and its name: 07a_newton.
NAME = "[0-9][0-9]*_*"


def lessons_in(folder: Path) -> list[Path]:
    """Return the lessons' notebooks in a folder, in order. Each is in a subfolder of its own name, or all are directly
    in the folder."""
    own = [path for path in sorted(folder.glob(f"{NAME}/{NAME}.ipynb")) if path.stem == path.parent.name]
    if own or (folder / f"{folder.name}.ipynb").exists():
        return own
    return sorted(folder.glob(f"{NAME}.ipynb"))


def find_folder(start: Path) -> Path | None:
    """Return the nearest folder with notebooks: `start`, its subfolder `my-notebooks` or `notebooks`, or the same for a
    parent folder. None if there is none."""
    start = start.resolve()
    for base in (start, *start.parents):
        for folder in (base, base / "my-notebooks", base / "notebooks"):
            if lessons_in(folder):
                return folder
    return None


def require_folder(start: Path) -> Path:
    """Return the folder that `find_folder` finds. Raises CourseError if there is none."""
    folder = find_folder(start)
    if folder is None:
        raise CourseError(f"No notebooks were found in or above {start}: change to the course's folder first.")
    return folder


def find(name: str, start: Path) -> Path:
    """Return the path of a notebook; `name` is its path, its lesson ("01_learning_rate_decay") or its number ("01").

    Raises CourseError if there is none; it suggests the closest name.
    """
    path = Path(name)
    if not path.exists() and "\\" in name:
        # A path as Windows writes it; no lesson has a backslash in its name.
        path = Path(name.replace("\\", "/"))
    if path.is_file():
        return path
    if path.is_dir() and path.name not in ("", "..") and (path / f"{path.name}.ipynb").is_file():
        return path / f"{path.name}.ipynb"
    folder = find_folder(start)
    known = {lesson.stem: lesson for lesson in lessons_in(folder)} if folder else {}
    for lesson in known:
        if name in (lesson, lesson.split("_")[0]):
            return known[lesson]
    near = difflib.get_close_matches(path.stem, known, n=1, cutoff=0.5)
    advice = f"Did you mean {near[0]}?" if near else "Give the path of a .ipynb file, or a lesson's number, such as 01."
    raise CourseError(f"There is no notebook {name!r} here. {advice}")


def read(path: Path) -> dict[str, Any]:
    """Return a notebook of format 4 as plain data, with each source as one string.

    Raises CourseError if the file is not a notebook of format 4, and OSError if it can't be read.
    """
    try:
        notebook = parse(path.read_bytes())
        if "cells" not in notebook and "worksheets" not in notebook:
            raise without_cells(notebook)
    except NotNotebook as problem:
        raise CourseError(f"{path} is {problem.what}. {problem.remedy}.") from None
    if not _is_notebook(notebook):
        raise CourseError(f"{path} is JSON, but not a notebook of format 4. {SAVE}.")
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
        if not isinstance(cell["metadata"].get("nbgrader", {}), dict):
            del cell["metadata"]["nbgrader"]
    return notebook


def text_of(notebook: Mapping[str, Any]) -> str:
    """Return the text of a notebook's file."""
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    try:
        text.encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair can be written only as a JSON escape.
        text = json.dumps(notebook, indent=1) + "\n"
    return text


def try_read(path: Path) -> dict[str, Any] | CourseError:
    """Return a notebook as `read` does, or the CourseError that says what is wrong, so that a damaged notebook does not
    stop the others."""
    try:
        return read(path)
    except CourseError as problem:
        return problem
    except OSError as error:
        return from_os(error)


def _is_notebook(data: dict[str, Any]) -> bool:
    cells = data.get("cells")
    if data.get("nbformat") != 4 or not isinstance(data.get("metadata"), dict) or not isinstance(cells, list):
        return False
    return all(map(_is_cell, cells))


def _is_cell(cell: object) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("metadata"), dict):
        return False
    lines = cell.get("source")
    is_text = isinstance(lines, str) or (isinstance(lines, list) and all(isinstance(line, str) for line in lines))
    return is_text and cell.get("cell_type") in ("code", "markdown", "raw")


def title(notebook: dict[str, Any]) -> str:
    """Return the heading on the first line of the first cell; empty if there is none."""
    first = notebook["cells"][0]["source"] if notebook["cells"] else ""
    line = first.partition("\n")[0]
    return line.removeprefix("# ").strip() if line.startswith("# ") else ""


def test_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the test cells: those that nbgrader grades and the learner does not write."""
    return [cell for cell in notebook["cells"] if is_test(cell)]


def is_test(cell: dict[str, Any]) -> bool:
    """Return whether a cell is a test cell: nbgrader grades it, and the learner does not write it."""
    marks = cell["metadata"].get("nbgrader")
    if cell["cell_type"] != "code" or not isinstance(marks, dict):
        return False
    return bool(marks.get("grade")) and not marks.get("solution")


def mark(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell's mark, which is its nbgrader metadata; empty if it has none."""
    found = cell["metadata"].get("nbgrader")
    return found if isinstance(found, dict) else {}


def of_class(notebook: Mapping[str, Any]) -> str:
    """Return the name of the course whose teacher released this notebook with its own variants of questions, or ""."""
    described = notebook.get("metadata", {}).get("descent")
    return str(described.get("class", "")) if isinstance(described, dict) else ""


def is_untouched(cell: dict[str, Any]) -> bool:
    """Return whether a marked cell is unchanged since its release, by the checksum in nbgrader's metadata."""
    found = mark(cell)
    flags = "".join(str(bool(found.get(name))) for name in ("grade", "solution", "locked"))
    points_text = str(points(cell)) if found.get("grade") else ""
    hashed = cell["source"] + cell["cell_type"] + flags + str(found.get("grade_id")) + points_text
    return bool(hashlib.md5(hashed.encode(errors="surrogatepass")).hexdigest() == found.get("checksum"))


def grade_id(cell: dict[str, Any]) -> str:
    """Return a test cell's grade_id, such as "adam_step_visible"."""
    return str(cell["metadata"]["nbgrader"].get("grade_id", ""))


def exercise_of(grade_id: str) -> tuple[str, str]:
    """Return a test cell's exercise and the rest of its grade_id: ("train", "step_1_visible") for
    "train_step_1_visible"."""
    exercise, _, suffix = grade_id.rpartition("_")
    stem, step, number = exercise.rpartition("_step_")
    return (stem, f"step_{number}_{suffix}") if step and number.isdigit() else (exercise, suffix)


def points(cell: dict[str, Any]) -> float:
    """Return the points of a test cell; 0 if its metadata is damaged."""
    value = cell["metadata"]["nbgrader"].get("points")
    return float(value) if isinstance(value, int | float) else 0.0
