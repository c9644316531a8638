"""The class report: its numbers, names, script in a browser, and content that must not get into it."""

from __future__ import annotations

import dataclasses
import html
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from course_grader.engine.result import Outcome
from course_grader.gradebook.graded_submission import GradedSubmission
from course_grader.gradebook.manual_grades import ManualGrades
from course_grader.report.render_report import report_page
from course_grader.report.summary import class_report
from tests.browser.lab import browser_page
from tests.report.made import EXERCISES, PAPER, POINTS, made_class, result

SCRIPT = "</script ><script>window.ran=1</script><img src=x onerror=window.ran=1>"


def test_difficulty_and_discrimination_are_computed_without_the_item(tmp_path: Path) -> None:
    graded = made_class(tmp_path, 40)
    rows = class_report(graded, PAPER).exercises
    assert [row.name for row in rows] == list(EXERCISES)
    right = np.array([[cell.outcome == "passed" for cell in one.result.cells] for one in graded if one.result])
    for i, row in enumerate(rows):
        rest = right @ np.array(POINTS) - right[:, i] * POINTS[i]
        assert row.discrimination == pytest.approx(stats.pearsonr(right[:, i], rest).statistic)
        assert row.facility == pytest.approx(right[:, i].mean())
        assert row.counts["p"] == right[:, i].sum()
    assert [row.starred for row in rows] == [False, False, False, True]


def test_partial_points_count_towards_the_facility(tmp_path: Path) -> None:
    [one] = made_class(tmp_path, 1)
    assert one.result
    first = one.result.cells[0]
    cells = (
        dataclasses.replace(first, outcome="passed", points=1.0, max_points=1.0),
        dataclasses.replace(first, grade_id="sgd_step_x", outcome="failed", points=0.0, max_points=2.0),
    )
    [row] = class_report(
        [dataclasses.replace(one, result=dataclasses.replace(one.result, cells=cells))], PAPER
    ).exercises
    assert row.facility == pytest.approx(1 / 3)
    assert row.counts == {"a": 1}


def test_scores_are_the_gradebooks_if_it_has_them(tmp_path: Path) -> None:
    graded = made_class(tmp_path, 3)
    report = class_report(graded, PAPER, {one.student: ManualGrades(4.5, 6.0) for one in graded})
    assert report.quartiles == (4.5, 4.5, 4.5)
    assert report.bars[7] == 3
    assert report.max_score == 6.0


def test_mistakes_are_counted_with_an_example_that_names_nobody(tmp_path: Path) -> None:
    graded = [
        dataclasses.replace(one, result=result(["failed"] * 4, ("plus_sign", "", "", "")))
        for one in made_class(tmp_path, 4)
    ]
    mistakes = class_report(graded, PAPER).mistakes
    assert (mistakes[0].exercise, mistakes[0].name, mistakes[0].count) == ("sgd_step", "plus_sign", 4)
    assert mistakes[0].example == "def sgd_step(w, grad, lr):\n    return w + lr * grad"
    assert [mistake.name for mistake in mistakes[1:]] == ["", "", ""]


def test_anonymous_leaves_every_id_out(tmp_path: Path) -> None:
    graded = made_class(tmp_path, 12)
    graded[3] = GradedSubmission("ada3", graded[3].notebook, problem="The file ada3.ipynb is damaged.")
    stopped: list[Outcome] = ["stopped", "error", "refused", "passed"]
    graded[5] = dataclasses.replace(graded[5], result=result(stopped, notes=["A note on ada5."]))
    assert "ada3.ipynb is damaged" in report_page(graded, PAPER)
    page = report_page(graded, PAPER, anonymous=True)
    assert not re.search(r"ada\d", page)
    assert "is damaged" in page
    assert "A note on Student" in page


def test_anonymous_leaves_out_how_students_called_themselves_and_their_files(tmp_path: Path) -> None:
    graded = made_class(tmp_path, 3)
    notes = (
        "This student has 2 notebooks. lovelace.ipynb counts because its name fits best. Not graded: byron.ipynb.",
        "This name cannot be the name of a folder. The student is called 'Ada-Lovelace' instead.",
    )
    graded[0] = dataclasses.replace(graded[0], notes=notes)
    graded[1] = GradedSubmission(
        "7", graded[1].notebook, problem="There is no notebook (.ipynb). There is only lovelace.pdf."
    )
    graded[2] = GradedSubmission(
        "an", graded[2].notebook, problem="The file is not a notebook: an end is missing in line 77."
    )
    assert "lovelace.pdf" in report_page(graded, PAPER)
    page = html.unescape(report_page(graded, PAPER, anonymous=True))
    assert not re.search("lovelace|byron", page, re.IGNORECASE)
    for sentence in ("has 2 notebooks.", "cannot be the name of a folder.", "no notebook (.ipynb).", "in line 77."):
        assert sentence in page


def test_nothing_graded_and_one_student(tmp_path: Path) -> None:
    assert "Nothing could be graded yet" in report_page([], PAPER)
    [one] = made_class(tmp_path, 1)
    said = html.unescape(report_page([one], PAPER))
    assert "This class is small" in said
    assert 'data-value="-2">–' in said


def hostile_class(folder: Path) -> list[GradedSubmission]:
    graded = made_class(folder, 6)
    wrong = result(["failed"] * 4, (SCRIPT, "", "", ""), [SCRIPT])
    graded[0] = GradedSubmission(SCRIPT, graded[0].notebook, result=wrong)
    graded[1] = GradedSubmission("b", graded[1].notebook, problem=SCRIPT)
    cells = tuple(dataclasses.replace(cell, outcome="stopped", message=SCRIPT) for cell in wrong.cells)
    graded[2] = GradedSubmission("c", graded[2].notebook, result=dataclasses.replace(wrong, cells=cells))
    return graded


@pytest.mark.needs("browser")
def test_the_page_works_and_nothing_else_runs_in_it(tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    with browser_page() as page:
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
        place.write_text(report_page(hostile_class(tmp_path), PAPER))
        page.goto(place.as_uri())
        assert page.evaluate("window.ran") is None
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 2, "the data and the page's own"

        place.write_text(report_page(made_class(tmp_path, 400), PAPER))
        page.goto(place.as_uri())
        page.locator("#map").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#readout").startswith("Rows 4 to 6 (")
        assert EXERCISES[1] in page.inner_text("#readout")
        page.keyboard.press("Enter")
        assert page.inner_text("#readout") == f"Sorted by {EXERCISES[1]}."
        page.fill("#find", "ada399")
        assert page.inner_text("#readout").startswith("ada399, ")
        difficulty = page.locator("table.sortable").first
        difficulty.get_by_role("button", name="Difficulty").click()
        shown = [float(text) for text in difficulty.locator("tbody td:nth-child(8)").all_inner_texts()]
        assert shown == sorted(shown, reverse=True)
        page.set_viewport_size({"width": 400, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        hint = page.locator(".stacked td.words").first.bounding_box()
        assert hint is not None
        assert hint["x"] + hint["width"] <= 400
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert page.locator("details:not(.screen):visible:not([open])").count() == 0
        assert not page.get_by_role("heading", name="All students").is_visible()
        assert problems == []
