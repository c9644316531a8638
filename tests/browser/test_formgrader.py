"""A teacher's clone with the shipped configuration: the formgrader's Autograde button runs the engine, safely."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from playwright.sync_api import Page, expect

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.source_notebook import file_content
from course_grader.authoring.trial_run import write_hidden_key
from tests.browser.lab import TOKEN, browser_page, server

ROOT = Path(__file__).parents[2]
NAME = "00_start_here"
SCORES = {"right": "3 / 3", "blank": "0 / 3", "mistaken": "0 / 3", "attack": "3 / 3"}
# Each would set window.hacked in the browser of a teacher who looks at the submission, or clicks on it.
ATTACKS = r"""
<script>window.hacked = 1</script> <img src="x" onerror="window.hacked = 2"> <svg onload="window.hacked = 3"></svg>
<a id="link" href="javascript:window.hacked = 4">click</a> [click](javascript:window.hacked=5)
<iframe srcdoc="<script>parent.hacked = 6</script>"></iframe> <style>body { display: none }</style>
<math><a xlink:href="javascript:window.hacked=7">click</a></math> $\href{javascript:window.hacked=8}{click}$

The end of the attack.
"""
DISPLAYS = f"""
from IPython.display import HTML, SVG, Javascript, Markdown, display
display(HTML({ATTACKS!r}), Markdown({ATTACKS!r}), Javascript("window.hacked = 9"))
display(dict(x=1), {{"text/html": {ATTACKS!r}, "application/javascript": "window.hacked = 10"}}, raw=True)
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='window.hacked = 11'><script>hacked = 12</script></svg>"))
print("\\x1b[31mred\\u202e <script>window.hacked = 13</script>")
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course folder with submissions that nobody has graded."""
    folder = tmp_path / "course"
    folder.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for part in ("solutions", "notebooks"):
        shutil.copytree(ROOT / part / NAME, folder / part / NAME)
    write_hidden_key(folder / "course.key", [read_lesson(ROOT / "lessons" / NAME)], "a term")
    for student, notebook in submissions():
        place = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
        place.parent.mkdir(parents=True)
        place.write_text(file_content(notebook))
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", NAME, "--force", "--create"]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return folder


def submissions() -> Iterator[tuple[str, NotebookNode]]:
    lesson, released = (
        read_lesson(ROOT / "lessons" / NAME),
        nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4),
    )
    mistake = lesson.mistakes[0]
    yield "right", submission(lesson, released)
    yield "blank", released
    yield "mistaken", submission(lesson, released, {mistake.exercise: mistaken_source(lesson, mistake)})
    attack = submission(lesson, released)
    attack.cells += [nbformat.v4.new_markdown_cell(ATTACKS), nbformat.v4.new_code_cell(DISPLAYS)]
    yield "attack", attack


@pytest.mark.needs("isolation")
@pytest.mark.needs("browser")
def test_the_autograde_button_grades_and_no_script_of_a_student_runs(course: Path) -> None:
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    with server(command, course) as address, browser_page() as page:
        page.goto(f"{address}/lab?token={TOKEN}")
        for student, score in SCORES.items():
            page.goto(f"{address}/formgrader/manage_submissions/{NAME}")
            row = page.locator("table tr", has_text=student)
            row.locator("td.autograde a").click()
            expect(page.locator(".modal-title").first).to_contain_text("Success")
            page.goto(f"{address}/formgrader/manage_submissions/{NAME}")
            expect(row).to_contain_text(score)
        look_at_the_attack(page, f"{address}/formgrader/submissions/{submission_id(course, 'attack')}/")
    assert "CheckFailed" in (course / "autograded" / "mistaken" / NAME / f"{NAME}.ipynb").read_text()


def submission_id(course: Path, student: str) -> str:
    """Return the id of a student's notebook in the gradebook, as the formgrader's addresses have it."""
    query = (
        "select submitted_notebook.id from submitted_notebook join submitted_assignment"
        " on submitted_assignment.id = submitted_notebook.assignment_id where student_id = ?"
    )
    with closing(sqlite3.connect(course / "gradebook.db")) as book:
        return str(book.execute(query, [student]).fetchone()[0])


def look_at_the_attack(page: Page, address: str) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(address)
    expect(page.get_by_text("The end of the attack.").first).to_be_visible()
    expect(page.get_by_text("red <script>window.hacked = 13</script>")).to_be_visible()
    for link in page.get_by_text("click", exact=True).all():
        link.click(timeout=5000)
    assert page.evaluate(
        "[window.hacked === undefined, document.querySelectorAll('iframe[srcdoc], svg[onload]').length]"
    ) == [
        True,
        0,
    ]
    assert dialogs == []
