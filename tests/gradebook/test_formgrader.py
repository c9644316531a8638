"""nbgrader's formgrader shows the output of `course grade`, and saves manual grades."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tests.browser.lab import TOKEN, browser_page, server
from tests.gradebook.conftest import NAME, School


@pytest.mark.needs("isolation")
@pytest.mark.needs("browser")
def test_the_formgrader_shows_what_was_graded(school: School) -> None:
    school.hand_in("ada", "right")
    school.hand_in("bob", "not_squared")
    school.hand_in("eve").write_text("{")
    _, told = school.grade()
    result = told["bob"].result
    assert result
    with closing(sqlite3.connect(school.book)) as book:
        joined = "submitted_notebook AS n JOIN submitted_assignment AS a ON a.id = n.assignment_id"
        pages = dict(book.execute(f"SELECT a.student_id, n.id FROM {joined}").fetchall())
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    with server(command, school.root) as address, browser_page() as page:
        page.goto(f"{address}/lab?token={TOKEN}")
        page.goto(f"{address}/formgrader/manage_submissions/{NAME}")
        table = page.locator("table")
        expect(table.locator("tr", has_text="ada")).to_contain_text("3 / 3")
        expect(table.locator("tr", has_text="ada")).to_contain_text("graded")
        expect(table.locator("tr", has_text="bob")).to_contain_text("0 / 3")
        expect(table.locator("tr", has_text="eve")).to_contain_text("needs manual grading")
        page.goto(f"{address}/formgrader/submissions/{pages['bob']}/")
        expect(page.locator("body")).to_contain_text(result.cells[0].message[:60])
        score = page.locator("input.score").first
        expect(score).to_have_attribute("placeholder", "0")
        page.goto(f"{address}/formgrader/submissions/{pages['eve']}/")
        expect(page.locator("body")).to_contain_text("This submission could not be graded.")
