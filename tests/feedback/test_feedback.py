"""The feedback page: right, wrong, blank and unreadable work, manual grades; it never shows hidden content."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from pathlib import Path

import pytest

from course_grader.engine.notebook.assignment import TeacherCell
from course_grader.feedback.write_pages import feedback_page, write_feedback
from course_grader.gradebook.graded_submission import GradedSubmission, ProblemKind
from course_grader.gradebook.manual_grades import ManualGrades
from tests.feedback.conftest import EXERCISE, ROOT, Class

WRONG = "def mean_squared_error(prediction, target):\n    return np.mean(prediction - target)\n"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="  # 1 by 1


def text_of(page: str) -> str:
    """Return the text that a reader sees."""
    body = page.split("<body", 1)[1].split(">", 1)[1]
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", body).split()))


@pytest.mark.needs("isolation")
def test_a_right_answer_shows_its_points_and_hidden_checks(course: Class) -> None:
    graded = course.graded("ada", course.notebook())
    said = text_of(feedback_page(graded, course.teacher_notebook))
    total = sum(cell.hidden_total for cell in graded.result.cells) if graded.result else 0
    assert total > 0
    assert f"{total} of {total} hidden checks passed" in said
    assert "3 of 3 points" in said
    assert "Hint" not in said


@pytest.mark.needs("isolation")
def test_a_wrong_answer_shows_what_was_asked_what_came_and_the_hint(course: Class) -> None:
    graded = course.graded("bob", course.notebook(WRONG))
    assert graded.result
    [exercise] = graded.result.exercises
    said = text_of(feedback_page(graded, course.teacher_notebook))
    assert exercise.hint
    assert said.count(exercise.hint) == 1
    assert "We asked mean_squared_error(np.array(" in said
    assert re.search(r"Expected [\d.]+ Yours returned -?[\d.e-]+", said)
    assert re.search(r"Teacher's check: not right yet; \d+ of \d+ hidden checks passed", said)
    assert "0 of 3 points" in said


@pytest.mark.needs("isolation")
def test_nothing_of_a_hidden_check_is_shown(course: Class) -> None:
    """The submission prints and raises all arguments that it gets, and a teacher's assertion fails too."""
    tell = "seen = []\ndef mean_squared_error(prediction, target):\n    seen.append(prediction)\n    return seen[999]\n"
    later = {
        "cell_type": "code",
        "id": "z",
        "source": "print('PRI' + 'NTED', seen)\nraise ValueError(str(seen))",
        "outputs": [],
    }
    source = "### BEGIN HIDDEN TESTS\nassert 98765 == 0, '98765 is hidden'\n### END HIDDEN TESTS"
    own = TeacherCell("test", "own", "own_hidden", source, 1.0, (), (EXERCISE,), (EXERCISE,))
    assignment = dataclasses.replace(course.assignment, cells=(*course.assignment.cells, own))
    notebook = course.notebook(tell)
    notebook["cells"].append(later | {"metadata": {}})
    page = feedback_page(course.graded("eve", notebook, assignment), course.teacher_notebook)
    said = text_of(page)
    for number in _numbers(json.dumps(course.assignment.hidden[EXERCISE])):
        assert number not in page
    for secret in ("98765", "PRINTED", "BEGIN HIDDEN", str(course.folder), str(ROOT), "course.key"):
        assert secret not in page
    assert "Your teacher's own test did not pass." in said
    assert "this cell raised a ValueError" in said


def _numbers(text: str) -> set[str]:
    return {found[:10] for found in re.findall(r"\d\.\d{8,}", text)}


@pytest.mark.needs("isolation")
def test_own_cells_and_figures_are_shown_and_the_teachers_text_is_not(course: Class) -> None:
    figure = {"output_type": "display_data", "metadata": {}, "data": {"image/png": PIXEL, "text/plain": "<Figure>"}}
    table = {
        "output_type": "execute_result",
        "metadata": {},
        "data": {"text/html": "<table><tr><td>7</td></tr></table>"},
    }
    cells = [
        {"cell_type": "markdown", "id": "a", "source": "My *own* words, and $a_1 * b_1 * c$."},
        {"cell_type": "code", "id": "b", "source": "own_number = 42", "outputs": [figure, table]},
        {"cell_type": "code", "id": "c", "source": "not_there + 1", "outputs": []},
    ]
    page = feedback_page(course.graded("ada", course.notebook("", cells)), course.teacher_notebook)
    assert "My <em>own</em> words" in page
    assert '<code class="tex">a_1 * b_1 * c</code>' in page
    assert f'<img src="data:image/png;base64,{PIXEL}"' in page
    assert "<table><tbody><tr><td>7</td></tr></tbody></table>" in page
    assert "not_there was not defined yet in this cell" in page
    prose = max((cell["source"] for cell in course.right["cells"] if cell["cell_type"] == "markdown"), key=len)
    assert prose.split("\n")[-1][:60] not in page


@pytest.mark.needs("isolation")
def test_what_the_teacher_gave_by_hand_is_shown(course: Class) -> None:
    manual_grades = ManualGrades(
        3.5,
        4.0,
        0.5,
        {f"{EXERCISE}_hidden": 2.0},
        {f"{EXERCISE}_visible": 1.0},
        {EXERCISE: "Nearly: <b>mind</b> the sign."},
    )
    said = text_of(feedback_page(course.graded("bob", course.notebook(WRONG)), course.teacher_notebook, manual_grades))
    assert "3.5 of 4 points" in said
    assert "Late penalty: 0.5 points" in said
    assert "your teacher gave 2 of 2 points by hand" in said
    assert "1 point of extra credit" in said
    assert "Nearly: <b>mind</b> the sign." in said


@pytest.mark.needs("isolation")
def test_cells_that_only_a_teacher_grades_are_shown(course: Class) -> None:
    graded = course.graded("ada", course.notebook())
    most = {"essay": 4.0, "sketch": 2.0, f"{EXERCISE}_hidden": 2.0}
    manual_grades = ManualGrades(6.0, 9.0, 0.0, {"essay": 3.0}, {}, {"essay": "Well put."}, most)
    said = text_of(feedback_page(graded, course.teacher_notebook, manual_grades))
    assert "Graded by hand essay 3 / 4 Your teacher writes: Well put. sketch not graded yet" in said


@pytest.mark.needs("isolation")
def test_blank_unreadable_and_starred(course: Class, tmp_path: Path) -> None:
    stub = "def mean_squared_error(prediction, target):\n    raise NotImplementedError\n"
    blank = course.graded("cy", course.notebook(stub))
    assert "You have not answered this exercise yet." in text_of(feedback_page(blank, course.teacher_notebook))
    assert blank.result
    cells = tuple(dataclasses.replace(cell, max_points=0.0) for cell in blank.result.cells)
    starred = dataclasses.replace(blank, result=dataclasses.replace(blank.result, cells=cells))
    assert "0 of 1 starred exercises" in text_of(feedback_page(starred, course.teacher_notebook))
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")
    said = text_of(
        feedback_page(GradedSubmission("dee", broken, problem="The file is not a notebook."), course.teacher_notebook)
    )
    assert "could not be graded The file is not a notebook." in said
    failed = GradedSubmission(
        "dee", broken, problem="It failed (KeyError: 0.123456789).", problem_kind=ProblemKind.GRADER
    )
    assert "0.1234" not in feedback_page(failed, course.teacher_notebook)
    told = GradedSubmission(
        "dee", broken, problem="Of 3/4 and 1/2 none, in /home/teacher/submitted/dee.ipynb.", notes=("/a/b: no",)
    )
    assert "Of 3/4 and 1/2 none, in dee.ipynb." in text_of(feedback_page(told, course.teacher_notebook))
    assert "teacher" not in text_of(feedback_page(told, course.teacher_notebook))


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("workers", [1, 2])
def test_pages_are_written_whole_at_their_places(course: Class, tmp_path: Path, workers: int) -> None:
    graded = [course.graded(name, course.notebook()) for name in ("ada", "bob")]
    places = {one.student: tmp_path / one.student / "x" / "x.html" for one in graded}
    assert set(write_feedback(graded, course.teacher_notebook, places, {}, {}, workers)) == set(places.values())
    for one in graded:
        assert one.student in places[one.student].read_text()
        assert [path.name for path in places[one.student].parent.iterdir()] == ["x.html"]


@pytest.mark.needs("isolation")
def test_a_page_needs_no_other_file(course: Class) -> None:
    page = feedback_page(course.graded("ada", course.notebook()), course.teacher_notebook)
    assert "default-src 'none'" in html.unescape(page)
    assert not re.search(r"""(src|href)=["']?(?!data:|#)""", page.split("<body", 1)[1])
    assert "http" not in page.split("<body", 1)[1].replace("http-equiv", "")
