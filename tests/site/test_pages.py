"""What the site makes of a lesson and of the guides, before Sphinx sees it."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_grader.authoring.lesson import read_lessons
from course_grader.site import run_solutions
from course_grader.site.build_site import build_site, from_top, keep_formulas_together, link_guide, site_path
from course_grader.site.lesson_page import SOLUTION, lesson_page
from course_utils.errors import CourseError, Exit

ROOT = Path(__file__).parents[2]
FIRST, CONCEPTS, LAST = "00_start_here", "03_dropout", "08_capstone"


def page_of(name: str) -> list[NotebookNode]:
    """The cells of a lesson's page, without outputs."""
    released, solved = (nbformat.read(ROOT / kind / name / f"{name}.ipynb", 4) for kind in ("notebooks", "solutions"))
    cells: list[NotebookNode] = lesson_page(released, solved, {name}).cells
    return cells


def test_an_unknown_lesson_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match=r"no lesson 'nope'\. Choose from 00_start_here"):
        build_site(ROOT, tmp_path, ["nope"])


@pytest.mark.parametrize("name", [FIRST, CONCEPTS, LAST])
def test_each_solution_is_behind_its_hint(name: str) -> None:
    sources = [cell.source for cell in page_of(name)]
    solutions = [place for place, source in enumerate(sources) if source.startswith(SOLUTION)]
    hints = [source for source in sources if source.startswith("<details><summary>Hint")]
    assert solutions
    assert len(hints) == sum(sources[place - 1].startswith("<details><summary>Hint") for place in solutions)
    assert all(source.endswith("</details>") for source in hints)
    assert not any(sources[place + 1].startswith("<details>") for place in solutions)
    released = nbformat.read(ROOT / "notebooks" / name / f"{name}.ipynb", 4)
    kept = "".join("".join(sources).split())
    for cell in released.cells:
        # Nothing of the text is lost where a hint is parted from what follows it.
        if cell.cell_type == "markdown" and "](../" not in cell.source and "`docs/" not in cell.source:
            assert all("".join(part.split()) in kept for part in cell.source.split("</details>"))


def test_the_check_that_the_text_speaks_of_is_shown_and_no_other() -> None:
    def hidden(name: str) -> list[str]:
        return [cell.source for cell in page_of(name) if "hidden checks of" in cell.source and cell.cell_type == "code"]

    assert hidden(FIRST) == ["# Your teacher's hidden checks of mean_squared_error run here."]
    assert hidden(CONCEPTS) == []


def test_what_a_hidden_check_said_is_not_shown() -> None:
    name = CONCEPTS
    released, solved = (nbformat.read(ROOT / kind / name / f"{name}.ipynb", 4) for kind in ("notebooks", "solutions"))
    both = next(cell for cell in solved.cells if "HIDDEN" in cell.source and "check(" in cell.source.split("###")[0])
    for text in (
        "✓ dropout_forward handles bad arguments correctly.",
        "✓ dropout_forward: 15 of 15 hidden checks passed.",
    ):
        both.outputs.append(new_output("display_data", {"text/plain": text, "text/html": f"<p>{text}</p>"}))
    outputs = [output for cell in lesson_page(released, solved, {name}).cells for output in cell.get("outputs", [])]
    told = [output.data["text/plain"] for output in outputs if "text/plain" in output.data]
    assert told == ["✓ dropout_forward handles bad arguments correctly."]


def test_a_guide_that_a_lesson_names_is_a_link_on_its_page() -> None:
    text = "It is on one page: `docs/what_to_use_when.md`. `docs/` is a folder."
    named = new_notebook(cells=[new_markdown_cell(text)])
    named.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    (cell,) = lesson_page(new_notebook(), named, set()).cells
    # Without a text of its own, the link gets the guide's title.
    assert cell.source == "It is on one page: [](../what_to_use_when.md). `docs/` is a folder."


def test_a_row_of_the_concepts_leads_to_the_lesson_and_to_the_heading() -> None:
    row = "| Share dropped or kept | 03_dropout | What does $p$ mean? | `drops_a_fifth` |"
    page = "lessons/03_dropout.ipynb"
    assert link_guide(row, read_lessons(ROOT, [CONCEPTS]), None) == (
        f"| Share dropped or kept | [03]({page}) | [What does $p$ mean?]({page}#what-does--mean) | `drops_a_fifth` |"
    )


def test_a_guide_can_show_an_explorer() -> None:
    shown = link_guide("Look:\n\n<!-- explorer: line_error -->\n\nAnd read.", [], None)
    assert shown.startswith('Look:\n\n```{raw} html\n<div class="descent-explorer"')
    assert shown.endswith("</div>\n```\n\nAnd read.")


@pytest.mark.parametrize(
    ("published", "path"),
    [
        (None, "/"),
        ("https://github.com/some-body/descent", "/descent/"),
        ("https://github.com/Some-body/some-body.github.io", "/"),
    ],
)
def test_github_shows_a_site_below_its_repositorys_name(published: str | None, path: str) -> None:
    assert site_path(published) == path


def test_a_page_shown_anywhere_refers_from_the_top() -> None:
    page = '<html data-content_root="./"><a href="lessons/a.html#b"></a><form action="search.html"><img src="./c.svg">'
    assert from_top(page, "/descent/") == (
        '<html data-content_root="/descent/"><a href="/descent/lessons/a.html#b"></a>'
        '<form action="/descent/search.html"><img src="/descent/c.svg">'
    )
    for stays in ('<a href="#here">', '<a href="/there">', '<a href="https://example.org">'):
        assert from_top(stays, "/descent/") == stays


def test_a_formula_stays_with_the_comma_behind_it() -> None:
    formula = r'<span class="math notranslate nohighlight">\(a < b\)</span>'.replace(" < ", " &lt; ")
    assert (
        keep_formulas_together(f"<p>Let {formula}, and then")
        == f'<p>Let <span class="together">{formula},</span> and then'
    )
    assert keep_formulas_together(f"(<em>{formula}</em>) or {formula}-th") == (
        f'(<em>{formula}</em>) or <span class="together">{formula}-th</span>'
    )


@pytest.mark.parametrize(("width", "look"), [(761, None), (1061, "wide")])
def test_a_wide_figure_is_distinguished_from_others(width: int, look: str | None) -> None:
    head = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + b"IHDR" + width.to_bytes(4, "big") * 2
    data = {"image/png": base64.b64encode(head + bytes(40)).decode()}
    solved = new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python"}},
        cells=[new_code_cell("plot()", outputs=[new_output("display_data", data)])],
    )
    (cell,) = lesson_page(new_notebook(), solved, set()).cells
    assert cell.metadata.mystnb.image.get("classes") == look


def test_a_cell_that_does_not_end_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lesson,) = read_lessons(ROOT, [FIRST])
    source = tmp_path / "solutions" / FIRST / f"{FIRST}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_code_cell("while True: pass")]), source)
    monkeypatch.setattr(run_solutions, "SECONDS_A_CELL", 5)
    monkeypatch.setattr(run_solutions, "DESCRIBE", "")
    with pytest.raises(CourseError, match=f"A cell of {FIRST} did not finish within 5 seconds") as told:
        run_solutions.executed(tmp_path, lesson, tmp_path / "cache")
    assert told.value.exit_code == Exit.ENVIRONMENT
