"""No page is slow, even with text on which a markdown parser, a highlighter or a sanitizer takes quadratic time."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from course_grader.gradebook.course import Course
from course_grader.html.code_lines import code_lines
from course_grader.sanitize.nbgrader_filters import clean_html, code_on_page, markdown_on_page, output_on_page
from course_grader.sanitize.page_content import safe_html, safe_markdown
from course_grader.similar.fragments import fragments
from tests.engine.conftest import ROOT

LENGTH = 48_000
SECONDS = 10
READERS: dict[str, Callable[[str], Any]] = {
    "markdown in nbgrader": lambda text: markdown_on_page({"resources": {}}, text),
    "code in nbgrader": lambda text: code_on_page({"resources": {}}, text),
    "outputs in nbgrader": lambda text: output_on_page({"resources": {}}, text),
    "HTML in nbgrader": clean_html,
    "markdown in feedback": safe_markdown.__wrapped__,
    "HTML in feedback": safe_html,
    "code in feedback": code_lines.__wrapped__,
    "an answer that is compared": fragments,
}
# (before, repeated, after): the middle text is repeated. For each of them some parser takes minutes, found by trying.
SLOW = {
    "blanks between two letters": ("a", " ", "a"),
    "empty lines": ("", "\n", "a"),
    "lines of blanks": ("a", " \n", "a"),
    "headings": ("", "#a\n", ""),
    "emphasis that never ends": ("", "*_", ""),
    "stars behind letters": ("a", "a*", ")"),
    "brackets": ("", "[", "]"),
    "links in links": ("", "[a](", ")"),
    "pictures that never end": ("", "![a](<b", ""),
    "backticks": ("", "`a", ""),
    "dollars": ("$", "[[$", "x"),
    "formulas": ("", "$a$ ", ""),
    "environments": ("", "\\begin{a}", "\\end{b}"),
    "environments of many names": ("", "\\begin{a}\\begin{b}\\end{c}", ""),
    "rules": ("a", "===\n", ""),
    "tables": ("", "a|b\n-|-\n", ""),
    "rows of a table": ("a|b\n-|-\n", "|", ""),
    "quotes in quotes": ("", "> ", "a"),
    "lists in lists": ("", "- ", "a"),
    "numbers in numbers": ("", "1. ", "a"),
    "definitions": ("", "[a]: b\n", "[a]"),
    "elements in elements": ("", "<div>", ""),
    "tables in tables": ("", "<table><tr><td>", ""),
    "ends that do not fit": ("", "<div><table></div></table>", ""),
    "bold that never ends": ("".join(f"<b title={i}>" for i in range(500)), "<p>a", ""),
    "bold that never ends, in paragraphs": ("".join(f"<b title={i}>" for i in range(500)), "a\n\n", ""),
    "tags that never end": ("", "<a\n", ""),
    "attributes": ("<a ", "b=c ", ">"),
    "comments": ("", "<!--", ""),
    "quotes of three marks": ("", '"""', "\\"),
    "a text that never ends": ("x = '", "\\'", "\\"),
    "prefixes of texts": ("", "rb", ""),
    "numbers": ("", "1e", ""),
    "operators": ("x = 1", "**", "2"),
    "escapes": ("", "\x1b[1m", ""),
    "an escape of many numbers": ("\x1b[", "1;", "m"),
}


@contextlib.contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raise TimeoutError if the block takes longer; this interrupts a match of `re`, too."""

    def late(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def long(begin: str, again: str, end: str) -> str:
    return begin + again * ((LENGTH - len(begin) - len(end)) // len(again)) + end


@pytest.mark.parametrize("parts", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_no_reader_takes_long(reader: Callable[[str], Any], parts: tuple[str, str, str]) -> None:
    with within(SECONDS):
        reader(long(*parts))


piece = st.sampled_from(sorted({part for parts in SLOW.values() for part in parts if 0 < len(part) < 20}))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    begin=st.lists(piece, max_size=3), again=st.lists(piece, min_size=1, max_size=3), end=st.lists(piece, max_size=2)
)
def test_no_reader_takes_long_for_combined_pieces(begin: list[str], again: list[str], end: list[str]) -> None:
    text = long("".join(begin), "".join(again), "".join(end))
    for reader in READERS.values():
        with within(SECONDS):
            reader(text)


def formgrader_page(cells: list[Any]) -> str:
    """Return the formgrader's page for these cells, with the course's configuration."""
    config = Config(Course.at(ROOT).config)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    notebook = nbformat.v4.new_notebook(cells=cells)
    names = ("base_url", "mathjax_url", "student", "last_name", "first_name", "notebook_id", "assignment_id")
    resources = dict.fromkeys(names, "x") | {"submission_id": "1", "index": 0, "total": 1, "course_dir": "x"}
    return str(HTMLExporter(config=config).from_notebook_node(notebook, resources=resources)[0])


def test_the_formgrader_shows_a_notebook_of_all_of_it(tmp_path: Path) -> None:
    mark = {
        "grade": False,
        "solution": True,
        "locked": False,
        "schema_version": 3,
        "grade_id": "a",
        "cell_type": "code",
    }
    cells: list[Any] = [nbformat.v4.new_markdown_cell("**first**")]
    for parts in SLOW.values():
        text = long(*parts)
        outputs = [nbformat.v4.new_output("stream", text=text)]
        cells += [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_raw_cell(text)]
        cells += [nbformat.v4.new_code_cell(text, outputs=outputs, metadata={"nbgrader": mark})]
    with within(60):
        page = formgrader_page(cells)
    assert "<strong>first</strong>" in page
    assert "This is shown as it was written" in page
    assert "This page has no room for more of this notebook" in page


def test_an_ordinary_notebook_is_shown_whole() -> None:
    solution = nbformat.read(ROOT / "solutions/01_learning_rate_decay/01_learning_rate_decay.ipynb", 4)
    page = formgrader_page(solution.cells)
    assert "shown as it was written" not in page
    assert "no room" not in page
    assert page.count("<details>") == sum(cell.source.count("<details>") for cell in solution.cells)
    assert '<span class="k">def</span>' in page
