"""The engine inside nbgrader gives the same grades as nbgrader's own Execute, and does not fail on odd notebooks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from course_grader import Assignment, grade
from course_grader.authoring.lesson import Lesson, read_lesson
from course_grader.authoring.sample_submissions import samples, submission
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.engine.notebook.read import Unreadable
from course_grader.engine.preprocessors import AnyState
from tests.grading.stock import STOCK, nbgrader

ROOT = Path(__file__).parents[2]
NAME = "00_start_here"
FUTURE = {"grade_id": "x", "schema_version": 99, "grade": True, "solution": True, "locked": False, "task": False}
Scores = dict[str, dict[str, float]]


def course(folder: Path, lesson: Lesson, engine: bool, notebooks: Iterator[tuple[str, NotebookNode]]) -> Path:
    """Set up a course folder with submissions, and grade them."""
    folder.mkdir()
    config = (ROOT / "nbgrader_config.py").read_text()
    (folder / "nbgrader_config.py").write_text(config + ("" if engine else STOCK))
    shutil.copytree(ROOT / "solutions" / lesson.name, folder / "solutions" / lesson.name)
    write_hidden_key(folder / "course.key", [lesson], "a term")
    nbgrader(folder, "generate_assignment", lesson.name, "--create")
    for student, notebook in notebooks:
        place = folder / "submitted" / student / lesson.name / f"{lesson.name}.ipynb"
        place.parent.mkdir(parents=True)
        # JSON escapes make it possible to submit a lone surrogate.
        place.write_text(("\ufeff" if student == "byte-order mark" else "") + json.dumps(notebook))
    nbgrader(folder, "autograde", lesson.name, "--create")
    return folder


def scores(folder: Path) -> Scores:
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        found = book.assignment_submissions(NAME)
        return {one.student.id: {grade.name: grade.score for grade in one.notebooks[0].grades} for one in found}


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return read_lesson(ROOT / "lessons" / NAME)


@pytest.fixture
def released() -> NotebookNode:
    return nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4)


@pytest.mark.needs("isolation")
def test_the_engine_gives_the_grades_of_nbgrader_itself(tmp_path: Path, lesson: Lesson, released: NotebookNode) -> None:
    kinds = ("right", "blank", "not_squared", "sum", "alternative-1")
    chosen = [(student, notebook) for student, notebook in samples(lesson, released) if student.endswith(kinds)]
    assert len(chosen) == len(kinds)
    stock = scores(course(tmp_path / "stock", lesson, False, iter(chosen)))
    engine = scores(course(tmp_path / "engine", lesson, True, iter(chosen)))
    assert engine == stock
    assert len({tuple(one.values()) for one in engine.values()}) > 1


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "The file is a web page, saved in place of the notebook"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "The file is a Git LFS pointer"),
        (b"PK\x03\x04\xff\xfe\xfd", "The file is a zip archive"),
    ],
)
def test_autograde_says_what_a_broken_file_is(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "a.ipynb").write_bytes(content)
    with pytest.raises(Unreadable, match=what):
        AnyState().from_filename(str(tmp_path / "a.ipynb"))


@pytest.mark.needs("isolation")
def test_a_warning_costs_nothing_and_odd_notebooks_do_not_end_the_batch(
    tmp_path: Path, lesson: Lesson, released: NotebookNode
) -> None:
    def odd() -> Iterator[tuple[str, NotebookNode]]:
        warning = "\nimport sys; print('careful', file=sys.stderr)"
        yield "warning", changed(lambda cells: cells[answer].update(source=cells[answer].source + warning))
        yield "copied", changed(lambda cells: cells.append(nbformat.from_dict(cells[answer] | {"id": "again"})))
        yield "tests deleted", changed(lambda cells: cells.__setitem__(slice(None), cells[: answer + 1]))
        yield "retyped", changed(lambda cells: cells.__setitem__(answer, markdown(cells[answer])))
        yield "unmarked", changed(lambda cells: [cell.update(metadata={}) for cell in cells])
        yield "of the future", changed(lambda cells: cells[0].metadata.update(nbgrader=FUTURE))
        yield (
            "half a character",
            changed(lambda cells: [cell.update(source=f"{cell.source}\n# \ud800") for cell in cells]),
        )
        yield "of another assignment", changed(lambda cells: cells.append(foreign))
        yield "half a mark", changed(lambda cells: cells.append(nbformat.from_dict(foreign | {"metadata": half})))
        yield "format 9", changed(lambda cells: None) | {"nbformat": 9}
        yield "exits", changed(lambda cells: cells[answer].update(source="import os; os._exit(1)"))

    def changed(change: Any) -> NotebookNode:
        notebook = nbformat.from_dict(submission(lesson, released))
        change(notebook.cells)
        return nbformat.from_dict(notebook)

    def markdown(cell: NotebookNode) -> NotebookNode:
        return nbformat.v4.new_markdown_cell(cell.source, metadata=cell.metadata)

    mark = FUTURE | {"schema_version": 3, "cell_type": "code", "points": 9, "solution": False}
    foreign = nbformat.v4.new_code_cell("2", metadata={"nbgrader": mark})
    half = {"nbgrader": {"grade_id": "y", "schema_version": 3, "grade": True}}
    marks = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in released.cells]
    answer = marks.index("mean_squared_error")
    submissions = [*odd(), ("byte-order mark", changed(lambda cells: None))]
    folder = course(tmp_path / "course", lesson, True, iter(submissions))
    full = {"mean_squared_error_visible": 1.0, "mean_squared_error_hidden": 2.0}
    found = scores(folder)
    assert found.pop("exits") == dict.fromkeys(full, 0.0)
    assert len(found) == 11
    assert all(one == full for one in found.values()), found
    nbgrader(folder, "generate_feedback", NAME)
    page = next((folder / "feedback" / "exits").rglob("*.html")).read_text()
    assert "There is no &#39;mean_squared_error&#39;" in page or "There is no 'mean_squared_error'" in page


def nested(depth: int) -> Any:
    inner: Any = "end"
    for _ in range(depth):
        inner = {"a": inner}
    return inner


REFUSED: dict[str, Any] = {
    "nothing": None,
    "a list": [1, 2],
    "a text": "metadata",
    "a number": 7,
    "tags that are a number": {"tags": 5},
    "tags that are lists": {"tags": [["experiment"]]},
    "tags that repeat": {"tags": ["a", "a"]},
    "a tag with a comma": {"tags": ["a,b"]},
    "a name that is none": {"name": ""},
    "flags that are none": {"collapsed": "maybe", "scrolled": 7, "deletable": "no", "editable": None},
    "jupyter's own as a list": {"jupyter": [1], "format": 3, "execution": "now"},
    "nested 900 deep": {"a": nested(900)},
    "a mark nested 900 deep": {"nbgrader": nested(900)},
    "a mark with a nested entry": {"nbgrader": {"grade_id": nested(50), "schema_version": 3, "points": [1]}},
    "a mark that is a list": {"nbgrader": ["grade_id"]},
}


@pytest.mark.needs("isolation")
def test_metadata_that_nbformat_refuses_costs_nothing(tmp_path: Path, lesson: Lesson, released: NotebookNode) -> None:
    """Each student's answers are right, with odd metadata in the notebook, in an answer, and in cells of every type."""

    def odd(metadata: Any) -> Any:
        notebook = json.loads(json.dumps(submission(lesson, released)))
        answer = next(cell for cell in notebook["cells"] if "### " in cell["source"] or "mean" in cell["source"])
        whole = metadata if not isinstance(metadata, dict) else answer["metadata"] | metadata
        cells = [
            {
                "cell_type": kind,
                "id": f"{kind}-odd",
                "source": "1",
                "metadata": metadata,
                "attachments": 3,
                "outputs": 4,
            }
            for kind in ("code", "markdown", "raw")
        ]
        answer["metadata"] = whole
        return notebook | {"cells": [*notebook["cells"], *cells], "metadata": metadata, "more": metadata}

    folder = course(tmp_path / "course", lesson, True, ((name, odd(REFUSED[name])) for name in REFUSED))
    full = {"mean_squared_error_visible": 1.0, "mean_squared_error_hidden": 2.0}
    assert scores(folder) == dict.fromkeys(REFUSED, full)
    for name in REFUSED:
        assignment = Assignment.from_notebook(folder / "solutions" / NAME / f"{NAME}.ipynb", folder / "course.key")
        handed_in = folder / "submitted" / name / NAME / f"{NAME}.ipynb"
        assert grade(handed_in, assignment).score == 3.0
        nbformat.validate(nbformat.read(folder / "autograded" / name / NAME / f"{NAME}.ipynb", 4))
