"""Makes a lesson's page: the released notebook with the outputs of the solution notebook, and folded solutions."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Set
from itertools import pairwise
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_grader.authoring.recordings import SHOWN
from course_grader.site.alt import KEY
from course_utils.explorers.catalogue import explorers
from course_utils.explorers.recording import recorded

LINK = re.compile(r"\[([^]]*)\]\(\.\./(\w+)/\2\.ipynb\)")
# A guide that a lesson names: a learner's folder has none, so only the page has a link, with the guide's title.
GUIDE = re.compile(r"`docs/(\w+\.md)`")
NOTEBOOK = re.compile(r'href="\.\./(\w+)/\1\.ipynb"')
MARKER = re.compile(r"^\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\n?", re.MULTILINE)
HINTS = re.compile(r"(?:<details>.*?</details>\s*)+", re.DOTALL)
SOLUTION = '<details class="solution">'
# In pixels. Figures with a single panel are narrower, even with a legend beside it.
WIDE = 1000
PICTURES = ("image/png", "image/gif", "image/jpeg", "image/svg+xml")


def lesson_page(released: NotebookNode, solved: NotebookNode, pages: Set[str]) -> NotebookNode:
    """Return the page of a lesson, made from its released notebook and its executed solution.

    pages: the names of the lessons on the site. Links to lessons that are not among them become plain text.
    """
    stubs = {
        cell.metadata.nbgrader.grade_id: cell.source
        for cell in released.cells
        if _is(cell, "solution") or _is_hidden_check(cell)
    }
    page: NotebookNode = new_notebook(metadata={"kernelspec": solved.metadata.kernelspec})
    for before, cell in pairwise([new_code_cell(), *solved.cells]):
        # A hidden check shows nothing on the site, so keep it only if the text before it introduces it.
        if not _is_hidden_check(cell) or before.cell_type == "markdown":
            page.cells += _cells(cell, stubs, pages)
    page.cells = list(_hints_first(page.cells))
    return page


def _cells(cell: NotebookNode, stubs: dict[str, str], pages: Set[str]) -> Iterator[NotebookNode]:
    if cell.cell_type == "markdown":
        text = LINK.sub(lambda link: _linked(link, pages), cell.source)
        yield new_markdown_cell(GUIDE.sub(r"[](../\1)", text))
    elif _is_hidden_check(cell):
        yield new_code_cell(stubs[cell.metadata.nbgrader.grade_id])
    elif _is(cell, "solution"):
        yield new_code_cell(stubs[cell.metadata.nbgrader.grade_id])
        yield new_markdown_cell(_folded(cell.source))
    elif found := SHOWN.search(cell.source):
        yield new_code_cell(cell.source, outputs=[new_output("display_data", {"text/html": panel(found[1])})])
    else:
        # If a cell has a visible and a hidden check, show only the visible one.
        source = re.sub(r"### BEGIN HIDDEN TESTS.*?### END HIDDEN TESTS\n?", "", cell.source, flags=re.DOTALL)
        shown = [
            output for output in cell.outputs if output.output_type != "error" and not _is_of_hidden_checks(output)
        ]
        outputs = [_relinked(output, pages) for output in shown]
        yield new_code_cell(source.rstrip("\n"), outputs=outputs, metadata=_image_metadata(outputs))


def _hints_first(cells: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield the cells, with each solution moved after the hints that follow its exercise."""
    solution: list[NotebookNode] = []
    for cell in cells:
        if cell.source.startswith(SOLUTION):
            solution = [cell]
            continue
        if solution and (hints := HINTS.match(cell.source)):
            yield new_markdown_cell(hints[0].rstrip())
            cell = new_markdown_cell(cell.source[hints.end() :])
        yield from solution
        solution = []
        if cell.source:
            yield cell
    yield from solution


def _linked(link: re.Match[str], pages: Set[str]) -> str:
    text, name = link.groups()
    return f"[{text}]({name}.ipynb)" if name in pages else text


def _relinked(output: NotebookNode, pages: Set[str]) -> NotebookNode:
    """Return an output with its links to notebooks changed to links to the lessons' pages."""
    if "text/html" in output.get("data", {}):
        shown = NOTEBOOK.sub(
            lambda link: f'href="{link[1]}.html"' if link[1] in pages else "", output.data["text/html"]
        )
        output.data["text/html"] = shown
    return output


def _is(cell: NotebookNode, what: str) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get(what)) and cell.cell_type == "code"


def _is_hidden_check(cell: NotebookNode) -> bool:
    return _is(cell, "grade") and str(cell.metadata.nbgrader.grade_id).endswith("_hidden")


def _is_of_hidden_checks(output: NotebookNode) -> bool:
    return "hidden checks passed" in output.get("data", {}).get("text/plain", "")


def _folded(source: str) -> str:
    code = MARKER.sub("", source).strip("\n")
    return f"{SOLUTION}<summary>Solution</summary>\n\n```python\n{code}\n```\n\n</details>"


def panel(name: str) -> str:
    """Return an explorer as an HTML element, in which the site's script plays the recording."""
    data = {"explorer": explorers()[name].to_json(), "recording": recorded(name)}
    # "<" is escaped, so that nothing in the data can close the script element.
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    title = html.escape(explorers()[name].title)
    return (
        f'<div class="descent-explorer" aria-label="{title}" role="group">'
        f'<script type="application/json">{text}</script><noscript>This panel needs JavaScript.</noscript></div>'
    )


def _image_metadata(outputs: list[NotebookNode]) -> dict[str, Any]:
    descriptions = [
        output.metadata.get(KEY, "An animation of the paths described above.")
        for output in outputs
        if any(kind in output.get("data", {}) for kind in PICTURES)
    ]
    classes = {"classes": "wide"} if any(_width(output) > WIDE for output in outputs) else {}
    return {"mystnb": {"image": {"alt": " ".join(descriptions), **classes}}} if descriptions else {}


def _width(output: NotebookNode) -> int:
    """Return the width of a figure in pixels, which a PNG stores at byte 16; 0 if it is not a PNG."""
    png = base64.b64decode(output.get("data", {}).get("image/png", "")[:32])
    return int.from_bytes(png[16:20], "big")
