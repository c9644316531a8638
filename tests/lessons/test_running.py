"""The notebooks run: the teacher's from top to bottom in silence, the learner's with a kind sentence at each stub."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from course_grader.authoring.lesson import Lesson
from course_grader.site.run_solutions import executed
from course_utils.pytorch import MISSING
from tests.lessons.conftest import ROOT


def outputs(notebook: NotebookNode, kind: str) -> list[NotebookNode]:
    return [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == kind
    ]


def test_the_solution_runs_from_top_to_bottom_without_a_warning(lesson: Lesson, pytestconfig: pytest.Config) -> None:
    assert pytestconfig.cache is not None
    # Where nothing has changed since the last run, its outputs are read again.
    done = executed(ROOT, lesson, pytestconfig.cache.mkdir("executed"))
    said = [output.text for output in outputs(done, "stream") if output.name == "stderr"]
    assert not said
    pictures = [output for output in outputs(done, "display_data") if "image/png" in output.data]
    assert pictures
    # The site shows the same whether this machine has PyTorch or not.
    compared = [cell for cell in done.cells if "@compare_with_torch" in cell.source]
    assert [output.text for cell in compared for output in cell.outputs] == [f"{MISSING}\n"] * len(compared)


def test_the_release_fails_kindly_at_each_stub(lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSE_KEY", raising=False)
    notebook = nbformat.read(ROOT / "notebooks" / lesson.name / f"{lesson.name}.ipynb", 4)
    # An experiment with a stub in it raises what the stub raises; that says nothing more.
    notebook.cells = [cell for cell in notebook.cells if "experiment" not in cell.metadata.get("tags", [])]
    # A machine that runs all tests at once is slow: benchmarks/notebooks.py measures, this does not.
    place = {"metadata": {"path": str(tmp_path)}}
    done = NotebookClient(notebook, timeout=900, iopub_timeout=120, allow_errors=True, resources=place).execute()
    checked = [cell for cell in done.cells if cell.cell_type == "code" and cell.source.startswith("check(")]
    assert checked
    for cell in checked:
        (error,) = [output for output in cell.outputs if output.output_type == "error"]
        assert error.ename == "CheckFailed", (cell.source, error.evalue)
        assert "not written yet" in error.evalue or "no answer yet" in error.evalue, (cell.source, error.evalue)
    names = {output.ename for output in outputs(done, "error")}
    assert names <= {"CheckFailed", "NotImplementedError"}, names
