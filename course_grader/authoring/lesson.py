"""A lesson as its author wrote it: the cells of `lesson.py` with gathered functions, mistakes and alternatives."""

from __future__ import annotations

import dataclasses
import re
import runpy
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from course_grader.authoring.include import fill_gather_cells
from course_grader.authoring.lesson_cells import LessonCell, LessonProblem, read_cells
from course_grader.authoring.mistake_bank import Alternative, Mistake, read_alternatives

# A lesson's link to the one after it, with that one's folder.
NEXT = re.compile(r"\bNext:\s+\[[^\]]+\]\(\.\./([^/)]+)/")


@dataclass(frozen=True)
class Lesson:
    """One folder of `lessons/`."""

    folder: Path
    cells: tuple[LessonCell, ...] = field(repr=False)
    mistakes: tuple[Mistake, ...] = field(repr=False)
    alternatives: tuple[Alternative, ...] = field(repr=False)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def path(self) -> Path:
        return self.folder / "lesson.py"

    @cached_property
    def answers(self) -> dict[str, LessonCell]:
        """The answer cells by exercise, in the lesson's order."""
        return {cell.grade_id: cell for cell in self.cells if cell.kind == "answer"}

    def of_kind(self, kind: str) -> list[LessonCell]:
        return [cell for cell in self.cells if cell.kind == kind]

    def mistakes_of(self, exercise: str) -> list[Mistake]:
        return [mistake for mistake in self.mistakes if mistake.exercise == exercise]

    def alternatives_of(self, exercise: str) -> list[Alternative]:
        return [alternative for alternative in self.alternatives if alternative.exercise == exercise]


def read_lesson(folder: Path) -> Lesson:
    """Read a lesson's folder. Raises LessonProblem if a file is missing, or if a cell or bank is not valid."""
    for name in ("lesson.py", "mistakes.py", "alternatives.py"):
        if not (folder / name).is_file():
            raise LessonProblem(
                folder / name, 1, "this file is missing: every lesson has lesson.py, mistakes.py and alternatives.py."
            )
    return Lesson(
        folder,
        cells_of(folder),
        tuple(_read_mistakes(folder / "mistakes.py")),
        tuple(read_alternatives(folder / "alternatives.py")),
    )


def title_of(folder: Path) -> str:
    """Return the title of a lesson: the first heading of its `lesson.py`, or the folder's name if there is none."""
    path = folder / "lesson.py"
    found = re.search(r"^# # (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE) if path.is_file() else None
    return found[1].strip() if found else folder.name


def next_folder(folder: Path) -> Path | None:
    """Return the folder of the next lesson, or None for the last one."""
    return next((other for name, other in _numbered(folder.parent).items() if name > folder.name), None)


def cells_of(folder: Path) -> tuple[LessonCell, ...]:
    """Return a lesson's cells: those in its `lesson.py`, with functions copied from earlier lessons, and at the end a
    link to the next lesson."""
    path = folder / "lesson.py"
    return _with_next(folder, fill_gather_cells(path, list(read_cells(path))))


def _with_next(folder: Path, cells: tuple[LessonCell, ...]) -> tuple[LessonCell, ...]:
    """Return the cells with a link to the next lesson at the end, if the author wrote none."""
    following = next_folder(folder)
    texts = [place for place, cell in enumerate(cells) if cell.kind == "markdown"]
    if following is None or not texts or any(NEXT.search(cells[place].source) for place in texts):
        return cells
    last = cells[texts[-1]]
    link = f"Next: [{title_of(following)}](../{following.name}/{following.name}.ipynb)."
    ended = dataclasses.replace(last, source=f"{last.source.rstrip()}\n\n{link}")
    return (*cells[: texts[-1]], ended, *cells[texts[-1] + 1 :])


def lesson_folders(root: Path) -> dict[str, Path]:
    """Return the folders of `root`/lessons whose names begin with a digit, by name and in order."""
    return _numbered(root / "lessons")


def _numbered(place: Path) -> dict[str, Path]:
    return {path.name: path for path in sorted(place.iterdir()) if path.is_dir() and path.name[0].isdigit()}


def read_lessons(root: Path, only: Collection[str] = ()) -> list[Lesson]:
    """Read the lessons of `root`, all or only those named, in order.

    Raises KeyError for an unknown name, and LessonProblem if a lesson is not valid.
    """
    folders = lesson_folders(root)
    if unknown := [name for name in only if name not in folders]:
        raise KeyError(f"There is no lesson {unknown[0]!r}. Choose from {', '.join(folders)}.")
    return [read_lesson(folder) for name, folder in folders.items() if not only or name in only]


def _read_mistakes(path: Path) -> list[Mistake]:
    try:
        mistakes = runpy.run_path(str(path)).get("MISTAKES")
    except Exception as error:
        raise LessonProblem(
            path, getattr(error, "lineno", None) or 1, f"the file cannot be read: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(mistakes, list) or not all(isinstance(item, Mistake) for item in mistakes):
        raise LessonProblem(path, 1, "the file must define MISTAKES, a list of edit(...) and rewrite(...).")
    return mistakes
