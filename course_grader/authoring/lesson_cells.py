"""Reads the cells of a `lesson.py`, with their line numbers.

The first line of a cell has its kind, in jupytext's percent format:

    # %% [markdown]
    # %% [markdown] writes="one small function"
    # %% kind="setup" grade_id="imports"
    # %% kind="answer" grade_id="sgd_step"
    # %% kind="test" grade_id="sgd_step_visible" points=1
    # %% kind="experiment"
    # %% kind="gather" grade_id="gathered"
    # gathers: cosine_decay adamw_step

A gather cell is filled with the functions of other lessons that its lines `# gathers:` name; see `include`. An answer
cell's grade_id is the name of its exercise. A cell without a kind is shown and run, but not graded. The first cell says
what the learner writes in this lesson, for the table in README.md.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from course_grader.cell_metadata import BEGIN, END
from course_utils.quick_start import skip_contents_managers

skip_contents_managers()

import jupytext  # noqa: E402

GATHERS = re.compile(r"^# gathers: (.*)\n", re.MULTILINE)
KINDS = ("setup", "answer", "test", "experiment", "gather")
# The kinds of cells that define the names that a test may use.
DEFINING = ("setup", "answer", "gather")
CELL_LINE = re.compile(r"# %%(\s|$)")


class LessonProblem(Exception):
    """A problem in a lesson that stops the build. The message says where it is, and what to do."""

    def __init__(self, path: Path, line: int, sentence: str) -> None:
        self.path, self.line, self.sentence = path, line, sentence
        super().__init__(f"{path.parent.name}/{path.name}:{line}: {sentence}")


@dataclass(frozen=True)
class LessonCell:
    """One cell. kind: "markdown", "code" or one of KINDS. line: the line of `lesson.py` in which its source begins.
    star: whether the exercise has no points. gathers: the functions that a gather cell is filled with."""

    kind: str
    source: str
    line: int
    grade_id: str = ""
    points: float = 0
    star: bool = False
    gathers: tuple[str, ...] = ()
    writes: str = ""

    @property
    def solution(self) -> str:
        """The lines between the solution markers, with their indentation."""
        return "\n".join(self._between(BEGIN, END))

    def without_markers(self) -> str:
        """Return the source as a learner would submit it, with the solution but without the markers."""
        return "\n".join(line for line in self.source.split("\n") if line.strip() not in (BEGIN, END))

    def with_solution(self, solution: str) -> str:
        """Return the source with other lines instead of the solution, without the markers."""
        before, rest = self.source.split(BEGIN, 1)
        after = rest.split(END, 1)[1]
        head = before.rstrip(" \t")
        return head + solution + after

    def _between(self, begin: str, end: str) -> Iterator[str]:
        inside = False
        for line in self.source.split("\n"):
            if line.strip() == begin:
                inside = True
            elif line.strip() == end:
                inside = False
            elif inside:
                yield line


def read_cells(path: Path) -> tuple[LessonCell, ...]:
    """Return the cells of a percent-format file. Raises LessonProblem if one of them is not valid."""
    return _read(path, path.read_text(encoding="utf-8"))


def first_cell(path: Path) -> LessonCell:
    """Return the first cell of a percent-format file without reading the rest. Raises LessonProblem if there is
    none."""
    text = path.read_text(encoding="utf-8")
    starts = [match.start() for match in re.finditer(r"^# %%(?=\s)", text, re.MULTILINE)]
    cells = _read(path, text[: starts[1]] if len(starts) > 1 else text)
    if not cells:
        raise LessonProblem(path, 1, "the file is empty: begin it with a line `# %% [markdown]` and a title.")
    return cells[0]


def percent_cells(text: str) -> list[NotebookNode]:
    """Return the cells of a text in jupytext's percent format."""
    cells: list[NotebookNode] = jupytext.reads(text, fmt="py:percent").cells
    return cells


# Cached, because jupytext takes half a second per lesson, and a lesson may be read several times: `course release`
# reads it twice, and each lesson that gathers functions reads the lessons that define them.
@functools.lru_cache(maxsize=64)
def _read(path: Path, text: str) -> tuple[LessonCell, ...]:
    return tuple(_cells(path, text))


def _cells(path: Path, text: str) -> Iterator[LessonCell]:
    starts = [number for number, line in enumerate(text.split("\n"), 1) if CELL_LINE.match(line)]
    cells = percent_cells(text)
    if cells and (not starts or len(cells) != len(starts)):
        raise LessonProblem(
            path,
            1,
            f"the file has {len(cells)} cells, but {len(starts)} lines begin with `# %%`: begin the file with one.",
        )
    for start, cell in zip(starts, cells, strict=True):
        metadata = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
        yield _cell(path, start, cell.cell_type, cell.source, metadata)


def _cell(path: Path, line: int, cell_type: str, source: str, metadata: dict[str, object]) -> LessonCell:
    known = {"kind", "grade_id", "points", "star", "writes"}
    if unknown := sorted(set(metadata) - known):
        raise LessonProblem(path, line, f"`{unknown[0]}` is not known: a cell can have {', '.join(sorted(known))}.")
    kind = str(metadata.get("kind", "markdown" if cell_type == "markdown" else "code"))
    if kind not in (*KINDS, "code", "markdown") or (cell_type == "markdown") != (kind == "markdown"):
        raise LessonProblem(
            path, line, f"kind {kind!r} does not fit this {cell_type} cell: a code cell can be {', '.join(KINDS)}."
        )
    grade_id = str(metadata.get("grade_id", ""))
    if (kind in (*DEFINING, "test")) != bool(grade_id):
        raise LessonProblem(
            path, line, f"a cell of kind {kind!r} {'must' if not grade_id else 'cannot'} have a grade_id."
        )
    points = metadata.get("points")
    if (kind == "test") != (points is not None):
        raise LessonProblem(path, line, "every test cell needs points, and no other cell can have points.")
    if points is not None and (not isinstance(points, int | float) or points < 0):
        raise LessonProblem(path, line, f"points={points!r} is not a number of at least 0.")
    if "writes" in metadata and kind != "markdown":
        raise LessonProblem(path, line, "`writes` belongs to the first cell, which is markdown.")
    gathers: tuple[str, ...] = ()
    if kind == "gather":
        gathers = tuple(name for names in GATHERS.findall(source) for name in names.split())
        source = GATHERS.sub("", source)
        if not gathers:
            raise LessonProblem(path, line, "a gather cell must name functions in lines that begin with `# gathers:`.")
    star, writes = bool(metadata.get("star", False)), str(metadata.get("writes", ""))
    return LessonCell(kind, source, line + 1, grade_id, float(points or 0), star, gathers, writes)
