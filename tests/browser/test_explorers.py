"""An explorer in JupyterLab: it plays a recording until the learner's function exists, and then asks that function."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import Notebook, browser_page, server

NAME = "explorer.ipynb"
LAB = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
STUB = "def momentum_step(w, grad, state, lr, momentum=0.9):\n    raise NotImplementedError"
MINE = """def momentum_step(w, grad, state, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}"""
SHOW = 'from course_utils.explorers import explore\nexplore("ravine", momentum_step)'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cells = [new_code_cell(STUB), new_code_cell(SHOW)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    (tmp_path / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=cells, metadata=kernel), tmp_path / "notebooks" / NAME)
    return tmp_path / "notebooks"


def pressed(page: Page, slider: Locator, key: str, panel: Locator) -> str:
    """Press a key on a slider, wait until the picture is drawn again, and return the picture."""
    drawn = panel.get_attribute("data-drawn")
    slider.focus()
    page.keyboard.press(key)
    expect(panel).not_to_have_attribute("data-drawn", drawn or "")
    return picture(panel)


def picture(panel: Locator) -> str:
    return str(panel.locator("figure canvas").first.evaluate("canvas => canvas.toDataURL()"))


@pytest.mark.needs("browser")
def test_a_recording_plays_until_the_function_is_written(folder: Path) -> None:
    with server(LAB, folder) as address, browser_page() as page:
        notebook = Notebook(page, address, NAME)
        notebook.run_all()
        panel = page.locator(".explorer")
        expect(panel).to_contain_text("This is a recording: once momentum_step is written")
        still = picture(panel)
        momentum = panel.get_by_label("momentum", exact=True)
        assert pressed(page, momentum, "ArrowRight", panel) != still
        expect(panel.locator(".explorer-note")).to_contain_text("Rate 0.117")
        # One control at a time: the rate moves, the momentum goes back to where it started.
        pressed(
            page,
            panel.get_by_label("learning rate, relative to the largest stable one", exact=True),
            "ArrowLeft",
            panel,
        )
        expect(momentum).to_have_attribute("aria-valuetext", "0")

        notebook.write("def momentum_step", MINE)
        notebook.run("def momentum_step")
        notebook.run("explore(")
        expect(panel.locator(".explorer-message")).to_be_hidden()
        first = picture(panel)
        pressed(page, momentum, "ArrowRight", panel)
        both = pressed(page, panel.get_by_label("condition number", exact=True), "ArrowRight", panel)
        expect(panel.locator(".explorer-note")).to_contain_text("Rate 0.0468")
        expect(momentum).to_have_attribute("aria-valuetext", "0.3")
        assert both != first

        panel.get_by_role("button", name="Play").focus()
        page.keyboard.press("Space")
        expect(panel.get_by_role("button", name="Pause")).to_be_visible()
        expect(panel.get_by_role("button", name="Play")).to_be_visible()
        panel.get_by_role("button", name="Reset").click()
        expect(momentum).to_have_attribute("aria-valuetext", "0")
        page.screenshot(path=folder.parent / "explorer.png")

        notebook.restart()
        momentum.focus()
        page.keyboard.press("ArrowRight")
        expect(panel.locator(".explorer-message")).to_contain_text("If it was restarted, run the cells above")
