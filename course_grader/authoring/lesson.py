"""A lesson as its author wrote it: the cells of `lesson.py` with their line numbers, and its banks.

A cell's kind stands in its first line, in jupytext's percent format:

    # %% [markdown]
    # %% kind="setup" grade_id="imports"
    # %% kind="answer" grade_id="sgd_step"
    # %% kind="test" grade_id="sgd_step_visible" points=1
    # %% kind="experiment"
    # %% kind="gather" grade_id="gathered"
    # gathers: cosine_decay adamw_step

A gather cell is filled with the functions of other lessons that such lines name; see `gathering`. An answer cell's
grade_id is the name of its exercise. A cell without a kind is shown and run, and grades nothing.
"""

from __future__ import annotations

import re
import runpy
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import jupytext

from course_grader.authoring.bank import Alternative, Mistake, read_alternatives

GATHERS = re.compile(r"^# gathers: (.*)\n", re.MULTILINE)
KINDS = ("setup", "answer", "test", "experiment", "gather")
# What defines the names that a test may use.
DEFINING = ("setup", "answer", "gather")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
CELL_LINE = re.compile(r"# %%(\s|$)")


class LessonProblem(Exception):
    """Something in a lesson that the build refuses: the message has file, line and remedy."""

    def __init__(self, path: Path, line: int, sentence: str) -> None:
        self.path, self.line, self.sentence = path, line, sentence
        super().__init__(f"{path.parent.name}/{path.name}:{line}: {sentence}")


@dataclass(frozen=True)
class Cell:
    """One cell: its kind ("markdown", "code" or one of KINDS), its source, and where the source begins in
    `lesson.py`."""

    kind: str
    source: str
    line: int
    grade_id: str = ""
    points: float = 0
    star: bool = False
    gathers: tuple[str, ...] = ()

    @property
    def solution(self) -> str:
        """The lines between the solution markers, with the first line's indentation kept."""
        return "\n".join(self._between(BEGIN, END))

    def without_markers(self) -> str:
        """The source as a learner would hand it in: the solution without its markers."""
        return "\n".join(line for line in self.source.split("\n") if line.strip() not in (BEGIN, END))

    def with_solution(self, solution: str) -> str:
        """The source with other lines in place of the solution, without markers."""
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


@dataclass(frozen=True)
class Lesson:
    """One folder of `lessons/`."""

    folder: Path
    cells: tuple[Cell, ...]
    mistakes: tuple[Mistake, ...]
    alternatives: tuple[Alternative, ...]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def path(self) -> Path:
        return self.folder / "lesson.py"

    @cached_property
    def answers(self) -> dict[str, Cell]:
        """The answer cells by exercise, in order."""
        return {cell.grade_id: cell for cell in self.cells if cell.kind == "answer"}

    def of_kind(self, kind: str) -> list[Cell]:
        return [cell for cell in self.cells if cell.kind == kind]

    def mistakes_of(self, exercise: str) -> list[Mistake]:
        return [mistake for mistake in self.mistakes if mistake.exercise == exercise]

    def alternatives_of(self, exercise: str) -> list[Alternative]:
        return [alternative for alternative in self.alternatives if alternative.exercise == exercise]


def read_lesson(folder: Path) -> Lesson:
    """Read a lesson's folder; LessonProblem where a file is missing or a cell's first line makes no sense."""
    for name in ("lesson.py", "mistakes.py", "alternatives.py"):
        if not (folder / name).is_file():
            raise LessonProblem(
                folder / name, 1, "this file is missing: every lesson has lesson.py, mistakes.py and alternatives.py."
            )
    # Only here, for a gather cell is filled from lessons that are read by this module.
    from course_grader.authoring.gathering import fill

    return Lesson(
        folder,
        fill(folder / "lesson.py", list(read_cells(folder / "lesson.py"))),
        tuple(_read_mistakes(folder / "mistakes.py")),
        tuple(read_alternatives(folder / "alternatives.py")),
    )


def lesson_folders(root: Path) -> dict[str, Path]:
    """Return the folders of `root`/lessons whose names begin with a digit, by name and in order."""
    folders = sorted(path for path in (root / "lessons").iterdir() if path.is_dir() and path.name[0].isdigit())
    return {folder.name: folder for folder in folders}


def read_lessons(root: Path, only: Collection[str] = ()) -> list[Lesson]:
    """Read the lessons of `root`, all or only those named, in order; KeyError for an unknown name."""
    folders = lesson_folders(root)
    if unknown := [name for name in only if name not in folders]:
        raise KeyError(f"There is no lesson {unknown[0]!r}: there is {', '.join(folders)}.")
    return [read_lesson(folder) for name, folder in folders.items() if not only or name in only]


def read_cells(path: Path) -> Iterator[Cell]:
    """Yield the cells of a percent-format file."""
    text = path.read_text(encoding="utf-8")
    starts = [number for number, line in enumerate(text.split("\n"), 1) if CELL_LINE.match(line)]
    cells = jupytext.reads(text, fmt="py:percent").cells
    if cells and (not starts or len(cells) != len(starts)):
        raise LessonProblem(
            path,
            1,
            f"{len(cells)} cells were read, but {len(starts)} lines begin with `# %%`: begin the file with one.",
        )
    for start, cell in zip(starts, cells, strict=True):
        metadata = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
        yield _cell(path, start, cell.cell_type, cell.source, metadata)


def _cell(path: Path, line: int, cell_type: str, source: str, metadata: dict[str, object]) -> Cell:
    known = {"kind", "grade_id", "points", "star"}
    if unknown := sorted(set(metadata) - known):
        raise LessonProblem(path, line, f"`{unknown[0]}` is not known here: a cell takes {', '.join(sorted(known))}.")
    kind = str(metadata.get("kind", "markdown" if cell_type == "markdown" else "code"))
    if kind not in (*KINDS, "code", "markdown") or (cell_type == "markdown") != (kind == "markdown"):
        raise LessonProblem(
            path, line, f"kind {kind!r} does not fit this {cell_type} cell: code cells may be {', '.join(KINDS)}."
        )
    grade_id = str(metadata.get("grade_id", ""))
    if (kind in (*DEFINING, "test")) != bool(grade_id):
        raise LessonProblem(path, line, f"a cell of kind {kind!r} {'needs' if not grade_id else 'takes no'} grade_id.")
    points = metadata.get("points")
    if (kind == "test") != (points is not None):
        raise LessonProblem(path, line, "test cells have points, and no other cell has.")
    if points is not None and (not isinstance(points, int | float) or points < 0):
        raise LessonProblem(path, line, f"points={points!r} is not a number of at least 0.")
    gathers: tuple[str, ...] = ()
    if kind == "gather":
        gathers = tuple(name for names in GATHERS.findall(source) for name in names.split())
        source = GATHERS.sub("", source)
        if not gathers:
            raise LessonProblem(path, line, "a gather cell names what it gathers, in lines that begin `# gathers:`.")
    return Cell(kind, source, line + 1, grade_id, float(points or 0), bool(metadata.get("star", False)), gathers)


def _read_mistakes(path: Path) -> list[Mistake]:
    try:
        found = runpy.run_path(str(path)).get("MISTAKES")
    except Exception as error:
        raise LessonProblem(
            path, getattr(error, "lineno", None) or 1, f"the file cannot be read: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(found, list) or not all(isinstance(item, Mistake) for item in found):
        raise LessonProblem(path, 1, "the file must define MISTAKES, a list of edit(...) and rewrite(...).")
    return found
