"""Small nbgrader assignments of a teacher's own, read from text, and built as nbgrader's source notebooks.

Each file of tests/own/assignments/ is one assignment and what students hand in:

    # kind: names                        what the assignment is an example of
    # needs: pandas                      a package it imports that the project does not require
    # %% text                            a markdown cell; below, a code cell without mark and with the id `helpers`
    # %% code helpers
    # %% answer square                   nbgrader's "Autograded answer"
    # %% locked setup                    "Read-only"; `locked-text` for markdown
    # %% test square_test 2              "Autograder tests", with points
    # %% manual plot 3                   "Manually graded answer": code; `essay` for markdown
    # %% task report 4                   "Manually graded task"
    # ==== notebook part_two             what follows belongs to a second notebook
    # ==== file data/numbers.csv         a file beside the notebooks
    # ==== submission off_by_one         the right answers, except for the cells below
    # %% square                          another source for this cell
    # %% square_test deleted             the student deleted the cell; `markdown`: changed its type
    # %% after square                    a cell that the student inserted
    # ==== submission lost without=part_two

Of every assignment there are two more submissions: `blank`, as nbgrader released it, and `right`, with the teacher's
solutions, unless the file writes one of its own, as it must if the teacher wrote no solution.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

FOLDER = Path(__file__).with_name("assignments")
MARKDOWN = ("text", "locked-text", "essay", "task")
SOLUTION = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[ \t]*\n?", re.MULTILINE)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


@dataclass(frozen=True)
class Cell:
    """A cell as its header describes it: in a source notebook, or as a student changed it."""

    words: tuple[str, ...]
    source: str

    @property
    def kind(self) -> str:
        return self.words[0] if self.words else "code"

    @property
    def name(self) -> str:
        return self.words[1] if len(self.words) > 1 else ""


@dataclass(frozen=True)
class Submission:
    """What one student hands in: the cells that differ from the right answer, and the notebooks that are missing."""

    name: str
    cells: tuple[Cell, ...] = ()
    without: tuple[str, ...] = ()


@dataclass
class Own:
    """One assignment. `options` are the lines at the beginning of its file, `text` the whole file."""

    name: str
    text: str
    options: dict[str, str]
    notebooks: dict[str, tuple[Cell, ...]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    submissions: dict[str, Submission] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.options["kind"]

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(self.options.get("needs", "").split())

    def sources(self) -> dict[str, NotebookNode]:
        """Return the teacher's notebooks."""
        return {name: _notebook(cells) for name, cells in self.notebooks.items()}

    def filled_in(self, name: str, released: dict[str, NotebookNode]) -> dict[str, NotebookNode]:
        """Return what a student hands in, made of notebooks as nbgrader released them, which are changed."""
        submission = self.submissions[name]
        handed_in = {stem: released[stem] for stem in self.notebooks if stem not in submission.without}
        if name != "blank":
            for stem, notebook in handed_in.items():
                _fill_in(notebook, self.notebooks[stem], submission)
        return handed_in

    def write_source(self, folder: Path) -> None:
        """Write the source notebooks and the files beside them."""
        folder.mkdir(parents=True)
        for name, notebook in self.sources().items():
            write(folder / f"{name}.ipynb", notebook, int(self.options.get("source", "5")))
        self._write_files(folder)

    def write_submission(self, name: str, release: Path, folder: Path) -> None:
        """Write what a student hands in, made from the notebooks that nbgrader released."""
        folder.mkdir(parents=True)
        released = {stem: nbformat.read(release / f"{stem}.ipynb", 4) for stem in self.notebooks}
        for stem, notebook in self.filled_in(name, released).items():
            write(folder / f"{stem}.ipynb", notebook, int(self.options.get("submitted", "5")))
        self._write_files(folder)

    def _write_files(self, folder: Path) -> None:
        for name, content in self.files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content, encoding="utf-8")


def own_assignments() -> dict[str, Own]:
    """Return the assignments by name."""
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.txt"))}


def read(path: Path) -> Own:
    """Return the assignment of a file."""
    head, *sections = re.split(r"^# ==== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    first = re.search(r"^# %%", head, re.MULTILINE)
    assert first, f"{path.name}: no cell"
    options = dict(re.findall(r"^# (\w+): (.+)$", head[: first.start()], re.MULTILINE))
    own = Own(path.stem, path.read_text(encoding="utf-8"), options)
    own.notebooks[options.get("notebook", path.stem)] = tuple(_cells(head[first.start() :]))
    for section in sections:
        title, _, body = section.partition("\n")
        what, name, *rest = title.split()
        if what == "notebook":
            own.notebooks[name] = tuple(_cells(body))
        elif what == "file":
            own.files[name] = body
        else:
            assert what == "submission", f"{path.name}: {title}"
            without = tuple(word.removeprefix("without=") for word in rest)
            own.submissions[name] = Submission(name, tuple(_cells(body)), without)
    own.submissions.setdefault("right", Submission("right"))
    own.submissions.setdefault("blank", Submission("blank"))
    return own


def _cells(text: str) -> Iterator[Cell]:
    for part in re.split(r"^# %%", text, flags=re.MULTILINE)[1:]:
        header, _, source = part.partition("\n")
        yield Cell(tuple(header.split()), source.strip("\n"))


def _notebook(cells: tuple[Cell, ...]) -> NotebookNode:
    made = [_source_cell(cell, place) for place, cell in enumerate(cells)]
    return new_notebook(cells=made, metadata={"kernelspec": KERNEL})


def _source_cell(cell: Cell, place: int) -> NotebookNode:
    id = cell.name or f"cell-{place}"
    if cell.kind in MARKDOWN:
        made = new_markdown_cell(re.sub(r"^# ?", "", cell.source, flags=re.MULTILINE), id=id)
    else:
        made = new_code_cell(cell.source, id=id)
    if cell.kind not in ("code", "text"):
        made.metadata["nbgrader"] = _mark(cell)
    return made


def _mark(cell: Cell) -> dict[str, Any]:
    by_hand = cell.kind in ("manual", "essay")
    mark = {
        "grade": cell.kind == "test" or by_hand,
        "grade_id": cell.name,
        "locked": cell.kind in ("test", "locked", "locked-text", "task"),
        "schema_version": 3,
        "solution": cell.kind == "answer" or by_hand,
        "task": cell.kind == "task",
    }
    return mark | ({"points": float(cell.words[2])} if mark["grade"] or mark["task"] else {})


def _fill_in(notebook: NotebookNode, cells: tuple[Cell, ...], submission: Submission) -> None:
    """Write a student's answers into a released notebook."""
    answers = {cell.name: cell for cell in cells if cell.kind in ("answer", "manual")}
    for name, answer in answers.items():
        if SOLUTION.search(answer.source):
            _cell_of(notebook, name).source = SOLUTION.sub("", answer.source).rstrip("\n")
    mine = {cell.name for each in cells for cell in (each,) if cell.name}
    for change in submission.cells:
        if change.kind == "after":
            if change.name in mine:
                place = notebook.cells.index(_cell_of(notebook, change.name))
                notebook.cells.insert(place + 1, new_code_cell(change.source, id=f"new-{place}"))
        elif change.kind in mine:
            _change(notebook, _cell_of(notebook, change.kind), change)


def _change(notebook: NotebookNode, cell: NotebookNode, change: Cell) -> None:
    if change.name == "deleted":
        notebook.cells.remove(cell)
    elif change.name == "markdown":
        made = new_markdown_cell(change.source or cell.source, metadata=cell.metadata)
        made.id = cell.get("id", made.id)
        notebook.cells[notebook.cells.index(cell)] = made
    else:
        source = change.source
        cell.source = re.sub(r"^# ?", "", source, flags=re.MULTILINE) if cell.cell_type == "markdown" else source


def _cell_of(notebook: NotebookNode, name: str) -> NotebookNode:
    [found] = [one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id", one.get("id")) == name]
    return found


def write(path: Path, notebook: NotebookNode, minor: int) -> None:
    """Write a notebook in a format: before 4.5, cells have no ids."""
    notebook.nbformat_minor = minor
    if minor < 5:
        for cell in notebook.cells:
            cell.pop("id", None)
    path.write_text(nbformat.writes(notebook, version=nbformat.NO_CONVERT), encoding="utf-8")
