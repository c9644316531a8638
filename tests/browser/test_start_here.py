"""A learner's first quarter of an hour, in JupyterLab."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook, browser_page, lab

ROOT = Path(__file__).parents[2]
NAME = "00_start_here"
STUB = "def mean_squared_error"
PANEL = 'explore("line_error"'
CHECK = 'check("mean_squared_error", mean_squared_error)'
WRONG = "def mean_squared_error(prediction, target):\n    return np.sum((prediction - target) ** 2)"
RIGHT = "def mean_squared_error(prediction, target):\n    return np.mean((prediction - target) ** 2)"


@pytest.mark.needs("browser")
def test_first_notebook(tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    shutil.copytree(ROOT / "notebooks" / NAME, folder / NAME)
    with lab(folder) as address, browser_page() as page:
        notebook = Notebook(page, address, f"{NAME}/{NAME}.ipynb")
        notebook.run_all()
        output = notebook.cell(CHECK).locator(".jp-OutputArea")
        expect(output).to_contain_text("mean_squared_error is not written yet")
        expect(output).to_contain_text("CheckFailed: mean_squared_error: not written yet")
        page.screenshot(path=tmp_path / "stub.png")

        notebook.write(STUB, WRONG)
        notebook.run(STUB)
        output = notebook.run(CHECK)
        expect(output).to_contain_text("Your number grows when there are more examples")
        expect(output).to_contain_text("Try this call")
        page.screenshot(path=tmp_path / "hint.png")

        notebook.write(STUB, RIGHT)
        notebook.run(STUB)
        expect(notebook.run(CHECK)).to_contain_text("mean_squared_error is correct")
        page.screenshot(path=tmp_path / "right.png")
        assert '"values": true' in (folder / NAME / ".course-progress.json").read_text()

        # What is saved of a panel is its picture: there is no panel without its kernel.
        expect(notebook.run(PANEL).locator(".explorer")).to_be_visible()
        notebook.validate()
        expect(page.locator(".jp-Dialog, dialog")).to_contain_text("Success")
        page.screenshot(path=tmp_path / "validated.png")
        saved = nbformat.read(folder / NAME / f"{NAME}.ipynb", as_version=4)
        [kinds] = [set(cell.outputs[0].data) for cell in saved.cells if cell.source.startswith(PANEL)]
        assert kinds == {"image/png", "text/plain"}
