"""How long an explorer takes to follow a slider: from the key's input event until the new picture is painted.

JupyterLab runs in a headless Chromium, each explorer with the reference solutions. A key moves its first slider one
step at a time, and back at the end; the browser measures the time (performance.now), including the kernel's part.
Pass names of lessons to measure only those.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Locator  # noqa: E402

from course_grader.authoring.lesson import Lesson, read_lessons  # noqa: E402
from course_grader.authoring.recordings import explorers_of  # noqa: E402
from course_utils.explorers.catalogue import Explorer  # noqa: E402
from tests.browser.lab import Notebook, browser_page, server  # noqa: E402

FIGURE = 100.0
MOVES = 12
LAB = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]

# The first input event after a move is recorded in the capturing phase, before the panel gets it. A message that is
# sent in an animation frame arrives after that frame is painted.
WATCH = """panel => {
  panel.times = [];
  let begun = null;
  panel.addEventListener("input", () => { begun = performance.now(); }, true);
  new MutationObserver(() => {
    if (begun === null) return;
    const since = begun;
    begun = null;
    const painted = new MessageChannel();
    painted.port1.onmessage = () => panel.times.push(performance.now() - since);
    requestAnimationFrame(() => painted.port2.postMessage(0));
  }).observe(panel, { attributes: true, attributeFilter: ["data-drawn"] });
}"""


def notebook_of(lesson: Lesson, wanted: list[Explorer]) -> nbformat.NotebookNode:
    """Return a notebook with the lesson's references, and one cell for each of its explorers."""
    sources = [cell.source for cell in lesson.cells if cell.kind in ("setup", "answer", "code", "gather")]
    begin = [new_code_cell("\n\n".join(sources))]
    shown = [new_code_cell(f'explore("{one.name}")') for one in wanted]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return new_notebook(cells=begin + shown, metadata=kernel)


def milliseconds(panel: Locator) -> list[float]:
    """Return the time of each of MOVES moves of the panel's first slider."""
    slider = panel.locator(".explorer-control input[type=range]").first
    panel.evaluate(WATCH)
    slider.focus()
    last = int(slider.get_attribute("max") or 0)
    key = "ArrowRight"
    for move in range(MOVES):
        position = int(slider.input_value())
        key = "ArrowLeft" if position == last else "ArrowRight" if position == 0 else key
        slider.press(key)
        panel.page.wait_for_function("([p, n]) => p.times.length > n", arg=[panel.element_handle(), move])
    return list(panel.evaluate("panel => panel.times"))


def measured(folder: Path, only: Sequence[str]) -> Iterator[tuple[str, list[float]]]:
    """Yield the milliseconds of every explorer's moves; each lesson has its own JupyterLab, below `folder`."""
    for lesson in read_lessons(ROOT):
        wanted = explorers_of(lesson)
        if only and lesson.name not in only:
            continue
        place = folder / lesson.name / "notebooks"
        place.mkdir(parents=True)
        nbformat.write(notebook_of(lesson, wanted), place / "explorers.ipynb")
        with server(LAB, place) as address, browser_page() as page:
            Notebook(page, address, "explorers.ipynb").run_all()
            page.locator(".explorer").nth(len(wanted) - 1).wait_for()
            for number, one in enumerate(wanted):
                yield one.name, milliseconds(page.locator(".explorer").nth(number))


def main() -> None:
    print(f"{MOVES} moves of a slider each; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; milliseconds")
    print(f"{'explorer':18}{'median':>8}{'largest':>9}{'ratio to 100 ms':>17}")
    with tempfile.TemporaryDirectory() as folder:
        for name, taken in measured(Path(folder), sys.argv[1:]):
            median = statistics.median(taken)
            print(f"{name:18}{median:8.0f}{max(taken):9.0f}{median / FIGURE:17.2f}", flush=True)


if __name__ == "__main__":
    main()
