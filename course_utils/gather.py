"""`course gather`: copy the learner's functions from earlier notebooks into one cell of the capstone.

The cell's metadata list the functions to copy. Nothing else in the notebook is changed, a copy of the notebook is kept,
and a cell that the learner edited is not changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course_utils import notebooks
from course_utils.cells import imports
from course_utils.errors import CourseError
from course_utils.files import write_atomic
from course_utils.sources import CodeCell, Collection, collect

# Seconds for the published checks of all functions together.
TIMEOUT = 120
HEAD = "# Your own functions, copied by `course gather`: change them in their notebooks and run it again."


@dataclass(frozen=True)
class GatheredFunction:
    """The outcome for one function: the lesson that it was copied from, or "", and a short message."""

    name: str
    lesson: str
    well: bool
    says: str


@dataclass(frozen=True)
class Gathered:
    """The outcome of gathering into a notebook. `backup` is the path of the old notebook, "" if nothing changed."""

    notebook: str
    functions: tuple[GatheredFunction, ...]
    problems: tuple[str, ...]
    backup: str

    @property
    def is_whole(self) -> bool:
        """Whether every function was found and passes its published check, and there are no other problems."""
        return all(function.well for function in self.functions) and not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return what `course gather --json` prints."""
        return asdict(self) | {"whole": self.is_whole}


def gather(path: Path, replace: bool = False) -> Gathered:
    """Fill the cell for gathered functions in the notebook at `path` from the other lessons' notebooks, and return the
    outcome.

    Raises CourseError if the notebook has no such cell, or if the learner edited it and `replace` is false.
    """
    notebooks.read(path)
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    cell = _gather_cell(notebook, path)
    mark = cell["metadata"]["descent"]
    now = "".join(cell["source"])
    if not (replace or _is_ours(now, mark)):
        raise CourseError(
            f"You have edited the gathered cell in {path}. Move your changes to the notebooks that the functions come "
            "from, or to a cell of your own, then run `course gather --replace`."
        )
    wanted = [str(name) for name in mark["gathers"]]
    cells, broken = _cells_beside(path)
    found = collect(wanted, cells, _given(notebook))
    source = "\n\n".join([_head(found), found.source]).rstrip("\n")
    failing = published_checks(found) if found.lesson_of else {}
    backup = ""
    if source != now:
        cell["source"] = source.splitlines(keepends=True)
        cell["outputs"], cell["execution_count"] = [], None
        mark["digest"] = _digest(source)
        backup = str(_back_up(path))
        write_atomic(path, notebooks.text_of(notebook))
    functions = tuple(_function(name, found, failing) for name in wanted)
    return Gathered(str(path), functions, (*broken, *found.problems), backup)


def published_checks(found: Collection) -> dict[str, str]:
    """Run the published checks of the gathered functions in another process, and return a line for each that fails."""
    lines: list[str] = []
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [sys.executable, "-m", "course_utils.gathered_checks", *found.lesson_of],
                input=found.source,
                stdout=out,
                stderr=subprocess.DEVNULL,
                text=True,
                timeout=TIMEOUT,
                check=False,
            )
        out.seek(0)
        lines = out.read().splitlines()
    results: dict[str, str] = dict(json.loads(line) for line in lines if line.startswith('["'))
    unfinished = [name for name in found.lesson_of if name not in results]
    # The first check without a result is the one that did not finish; the ones after it did not start.
    results |= dict.fromkeys(unfinished, "its check did not run")
    if unfinished:
        results[unfinished[0]] = f"its check did not finish within {TIMEOUT} s, or it ended Python"
    return {name: line for name, line in results.items() if line}


def _function(name: str, found: Collection, failing: Mapping[str, str]) -> GatheredFunction:
    if name in found.missing:
        return GatheredFunction(name, "", False, found.missing[name])
    if name in failing:
        return GatheredFunction(name, found.lesson_of[name], False, f"fails its check: {failing[name]}")
    return GatheredFunction(name, found.lesson_of[name], True, "passes its check")


def _head(found: Collection) -> str:
    lines = [HEAD, *(f"# {name}: {why}." for name, why in found.missing.items())]
    return "\n".join(lines)


def _gather_cell(notebook: Mapping[str, Any], path: Path) -> dict[str, Any]:
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("descent")
        if isinstance(mark, dict) and isinstance(mark.get("gathers"), list):
            found: dict[str, Any] = cell
            return found
    raise CourseError(f"{path} has no cell for gathered functions: use the capstone's notebook, or get a new copy.")


def _cells_beside(path: Path) -> tuple[list[CodeCell], list[str]]:
    """Return the code cells of the course's other notebooks, and a sentence for each notebook that can't be read."""
    folder = notebooks.require_folder(path.resolve().parent)
    cells: list[CodeCell] = []
    broken: list[str] = []
    for lesson in notebooks.lessons_in(folder):
        if lesson.resolve() == path.resolve():
            continue
        notebook = notebooks.try_read(lesson)
        if isinstance(notebook, CourseError):
            broken.append(f"Nothing was copied from {lesson.stem}: {notebook}")
        else:
            cells += _code_of(notebook, lesson.stem)
    return cells, broken


def _code_of(notebook: Mapping[str, Any], lesson: str) -> Iterator[CodeCell]:
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader")
        mark = mark if isinstance(mark, dict) else {}
        # Test cells too: learners may have written definitions there.
        if cell["cell_type"] == "code":
            exercise = str(mark.get("grade_id", "")) if mark.get("solution") else ""
            yield CodeCell(lesson, cell["source"], exercise)


def _given(notebook: Mapping[str, Any]) -> dict[str, str]:
    """Return the names that the notebook's set-up cells import, as `imports` returns them."""
    given: dict[str, str] = {}
    for cell in notebook["cells"]:
        mark = cell["metadata"].get("nbgrader")
        if cell["cell_type"] == "code" and isinstance(mark, dict) and mark.get("locked") and not mark.get("grade"):
            given |= imports("".join(cell["source"]))
    return given


def _is_ours(source: str, mark: Mapping[str, Any]) -> bool:
    """Return whether a cell is unchanged since its release or since it was last gathered."""
    if "digest" in mark:
        return bool(mark["digest"] == _digest(source))
    lines = [line.strip() for line in source.split("\n")]
    return all(line in ("", "raise NotImplementedError") or line.startswith("#") for line in lines)


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def _back_up(path: Path) -> Path:
    # Jupyter keeps its own copies in this folder, and nbgrader does not collect it.
    folder = path.parent / ".ipynb_checkpoints"
    folder.mkdir(exist_ok=True)
    number = 1
    while (kept := folder / f"{path.stem}-before-gather-{number}.ipynb").exists():
        number += 1
    shutil.copyfile(path, kept)
    return kept
