"""Notebook 01 in JupyterLab: a stub, a wrong answer, a right one, an experiment, Validate."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.source_notebook import file_content
from tests.browser.lab import Notebook, browser_page, lab

ROOT = Path(__file__).parents[2]
NAME = "01_learning_rate_decay"
STUB = "def sgd_step"
CHECK = 'check("sgd_step", sgd_step)'
EXPERIMENT = "walk(0.3)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The notebook with every answer but the first."""
    released = nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4)
    lesson = read_lesson(ROOT / "lessons" / NAME)
    (stub,) = (cell.source for cell in released.cells if cell.id == "sgd_step")
    place = tmp_path / "notebooks" / NAME
    place.mkdir(parents=True)
    (place / f"{NAME}.ipynb").write_text(file_content(submission(lesson, released, {"sgd_step": stub})))
    return tmp_path / "notebooks"


@pytest.mark.needs("browser")
def test_from_stub_to_validated(folder: Path, tmp_path: Path) -> None:
    with lab(folder) as address, browser_page() as page:
        notebook = Notebook(page, address, f"{NAME}/{NAME}.ipynb")
        notebook.run_all()
        check = notebook.cell(CHECK).locator(".jp-OutputArea")
        expect(check).to_contain_text("sgd_step is not written yet")
        check.scroll_into_view_if_needed()
        page.screenshot(path=tmp_path / "stub.png")

        notebook.write(STUB, "def sgd_step(w, grad, lr):\n    return w + lr * grad")
        notebook.run(STUB)
        hint = next(one.hint for one in read_lesson(ROOT / "lessons" / NAME).mistakes_of("sgd_step"))
        expect(notebook.run(CHECK)).to_contain_text(hint)
        page.screenshot(path=tmp_path / "hint.png")

        notebook.write(STUB, "def sgd_step(w, grad, lr):\n    return w - lr * grad")
        notebook.run(STUB)
        expect(notebook.run(CHECK)).to_contain_text("sgd_step is correct")
        page.screenshot(path=tmp_path / "right.png")

        picture = notebook.run(EXPERIMENT).locator("img")
        before = picture.get_attribute("src")
        page.screenshot(path=tmp_path / "experiment.png")
        source = notebook.source(EXPERIMENT)
        notebook.write(EXPERIMENT, source.replace("0.3", "0.6"))
        changed = notebook.run("walk(0.6)").locator("img").get_attribute("src")
        assert before
        assert changed
        assert changed != before
        page.screenshot(path=tmp_path / "changed.png")

        notebook.write("walk(0.6)", source)
        notebook.validate()
        expect(page.locator(".jp-Dialog, dialog")).to_contain_text("Success", timeout=120_000)
        page.screenshot(path=tmp_path / "validated.png")
