"""A teacher's clone with the shipped configuration: nbgrader's formgrader shows the assignment and its scores."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.rehearsal import write_hidden_key
from course_grader.authoring.submissions import write_samples
from tests.browser.lab import TOKEN, browser_page, server

ROOT = Path(__file__).parents[2]
NAME = "00_start_here"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course folder in which some submissions are graded."""
    folder = tmp_path / "course"
    folder.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for part in ("lessons", "solutions", "notebooks"):
        shutil.copytree(ROOT / part / NAME, folder / part / NAME)
    lesson = read_lesson(folder / "lessons" / NAME)
    write_hidden_key(folder / "course.key", [lesson], "a term")
    write_samples(folder, lesson, folder / "submitted")
    for student in (folder / "submitted").iterdir():
        if student.name not in ("right", "blank", "mistake-mean_squared_error-sum"):
            shutil.rmtree(student)
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for command in (["generate_assignment", "--force", "--create"], ["autograde", "--create"]):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", command[0], NAME, *command[1:]], cwd=folder, env=environment, check=True
        )
    assert nbformat.read(folder / "autograded" / "right" / NAME / f"{NAME}.ipynb", 4).cells
    return folder


@pytest.mark.browser
def test_formgrader_shows_the_class(course: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    with server(command, course) as address, browser_page() as page:
        page.goto(f"{address}/lab?token={TOKEN}")
        page.goto(f"{address}/formgrader/gradebook/{NAME}")
        expect(page.locator("body")).to_contain_text(NAME)
        page.goto(f"{address}/formgrader/manage_submissions/{NAME}")
        table = page.locator("table")
        expect(table.locator("tr", has_text="right")).to_contain_text("3 / 3")
        expect(table.locator("tr", has_text="blank")).to_contain_text("0 / 3")
        expect(table.locator("tr", has_text="mistake-mean_squared_error-sum")).to_contain_text("0 / 3")
        page.screenshot(path=tmp_path / "formgrader.png")
