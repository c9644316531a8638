"""Makes hint_card.png again: notebook 00 in JupyterLab with a wrong answer, and the card that its check shows.

Run it from anywhere: `.venv/bin/python docs/pictures/hint_card.py`. It needs Chromium, as the tests of the browser do.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.browser.lab import Notebook, browser_page, lab  # noqa: E402

NAME = "00_start_here"
STUB = "def mean_squared_error"
CHECK = 'check("mean_squared_error", mean_squared_error)'
WRONG = "def mean_squared_error(prediction, target):\n    return np.sum((prediction - target) ** 2)"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "notebooks"
        shutil.copytree(ROOT / "notebooks" / NAME, folder / NAME)
        with lab(folder) as address, browser_page() as page:
            page.set_viewport_size({"width": 1000, "height": 720})
            notebook = Notebook(page, address, f"{NAME}/{NAME}.ipynb")
            notebook.run("import numpy as np")
            notebook.write(STUB, WRONG)
            notebook.run(STUB)
            notebook.run(CHECK)
            # The file browser and the table of contents make room for the notebook.
            page.keyboard.press("Control+b")
            notebook.cell(STUB).evaluate("cell => cell.scrollIntoView({block: 'start'})")
            page.mouse.move(5, 5)
            page.screenshot(path=ROOT / "docs" / "pictures" / "hint_card.png")


if __name__ == "__main__":
    main()
