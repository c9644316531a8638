"""`course feedback`, `course report` and `course similar` in a small course, and nbgrader's release of feedback."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook
from nbgrader.utils import notebook_hash

from tests.gradebook.conftest import NAME, School, school, template  # noqa: F401

WHEN = "2026-11-03 12:00:00.000000 UTC"
WRONG = "not_squared"


@pytest.fixture
def graded(school: School) -> School:  # noqa: F811
    for student, kind in (("ada", "right"), ("bob", WRONG), ("cy", WRONG)):
        school.hand_in(student, kind, WHEN)
    broken = school.hand_in("dee", "right")
    broken.write_text("{")
    school.grade()
    return school


def course(graded: School, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from course_utils.cli import main; main()", *arguments]
    place: dict[str, Any] = graded.place
    return subprocess.run(program, capture_output=True, **place)


def page(graded: School, student: str) -> str:
    return (graded.root / "feedback" / student / NAME / f"{NAME}.html").read_text()


@pytest.mark.needs("isolation")
def test_feedback_with_manual_scores_is_released_by_nbgrader(graded: School, tmp_path: Path) -> None:
    with Gradebook(graded.course.db_url, "descent") as book:
        grade = book.find_grade("mean_squared_error_hidden", NAME, NAME, "bob")
        grade.manual_score, grade.extra_credit = 1.5, 0.25
        book.find_comment("mean_squared_error", NAME, NAME, "bob").manual_comment = "Mind the <b>sign</b>."
        book.find_submission_notebook(NAME, NAME, "bob").late_submission_penalty = 0.5
        book.db.commit()
    secret = graded.root / "submitted" / "bob" / NAME / "submission_secret.txt"
    secret.write_text("bob's secret")
    done = course(graded, "feedback", NAME, "--workers", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 pages of feedback" in done.stdout
    assert "1.25 of 3 points" in page(graded, "bob"), "1.5 by hand, 0.25 extra, 0.5 for being late"
    assert "Late penalty: 0.5 points" in page(graded, "bob")
    assert "Mind the &lt;b&gt;sign&lt;/b&gt;." in page(graded, "bob")
    assert "could not be graded" in page(graded, "dee")
    assert "3 of 3 points" in page(graded, "ada")

    exchange = tmp_path / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    release = [
        sys.executable,
        "-m",
        "nbgrader",
        "release_feedback",
        NAME,
        "--student=bob",
        f"--Exchange.root={exchange}",
    ]
    done = subprocess.run(release, capture_output=True, **graded.place)
    assert done.returncode == 0, done.stderr
    released = exchange / "descent" / "feedback"
    name = notebook_hash(secret="bob's secret", notebook_id=NAME)
    assert (released / f"{name}.html").read_text() == page(graded, "bob")


@pytest.mark.needs("isolation")
def test_report_and_similar_are_written(graded: School) -> None:
    done = course(graded, "report", "--anonymous", "--to", "class.html")
    # The path as the teacher types it, not an absolute path.
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"{NAME}: class.html\n")
    text = (graded.root / "class.html").read_text()
    assert "not squared" in text
    assert "ada" not in text.split("<body", 1)[1].split("<script>")[0].replace("gradable", "")
    done = course(graded, "similar", NAME)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not verdicts" in (graded.root / "similar" / f"{NAME}.html").read_text()


@pytest.mark.needs("isolation")
def test_students_are_on_the_pages_by_their_names(graded: School) -> None:
    with Gradebook(graded.course.db_url, "descent") as book:
        for student, first, last in (("bob", "Bob", "O'Neil & Co"), ("cy", "", "Young"), ("dee", "Dee", "")):
            book.update_or_create_student(student, first_name=first, last_name=last)
    course(graded, "feedback", NAME)
    assert "Feedback for <strong>Bob O&#39;Neil &amp; Co (bob)</strong>" in page(graded, "bob")
    assert "Feedback for <strong>ada</strong>" in page(graded, "ada")
    course(graded, "report", NAME)
    text = html.unescape((graded.root / "report" / f"{NAME}.html").read_text())
    for label in ("O'Neil & Co, Bob (bob)", "Young (cy)", "Dee (dee)", ">ada<"):
        assert label in text
    course(graded, "report", NAME, "--anonymous")
    text = html.unescape((graded.root / "report" / f"{NAME}.html").read_text())
    assert not re.search(r"O'Neil|Young|Dee|\bbob\b", text.split("<body", 1)[1].split("<script>")[0])


@pytest.mark.needs("isolation")
def test_who_was_taken_out_of_the_gradebook_is_on_no_page(graded: School) -> None:
    with Gradebook(graded.course.db_url, "descent") as book:
        book.remove_student("cy")
    assert "3 pages of feedback" in course(graded, "feedback", NAME).stdout
    course(graded, "report", NAME)
    text = (graded.root / "report" / f"{NAME}.html").read_text()
    assert '["bob",' in text
    assert '["cy",' not in text
    assert course(graded, "similar", NAME).returncode == 0
    with Gradebook(graded.course.db_url, "descent") as book:
        for student in ("ada", "bob", "dee"):
            book.remove_student(student)
    done = course(graded, "report", NAME)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "has no student with a graded submission" in done.stderr


@pytest.mark.needs("isolation")
def test_errors_are_one_sentence(school: School) -> None:  # noqa: F811
    for verb in ("feedback", "report", "similar"):
        done = course(school, verb)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "Run `course grade` first" in done.stderr
    school.hand_in("ada", "right")
    school.grade()
    done = course(school, "report", "07_nothing")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"Graded assignments: {NAME}" in done.stderr
