"""A course whose gradebook has everything that exports must handle: manual grades, penalties, odd names, gaps."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course_grader.engine.result import CellResult, Result
from course_grader.gradebook.course import Course
from course_grader.gradebook.journal import Journal, JournalEntry, StoredResult

# grade_id: points, and the exercise that it checks.
CELLS = {
    "step_visible": (1.0, "step"),
    "step_hidden": (2.0, "step"),
    "decay_visible": (1.5, "decay"),
    "essay": (4.0, ""),
    "star_visible": (0.0, "star"),
}
NAME = "week1"
# id: first, last, e-mail, id in the learning platform.
STUDENTS = {
    "ada": ("Ada", "Lovelace", "ada@example.edu", "101"),
    "emmy": ("Emmy", "Noether", "emmy@example.edu", ""),
    "zoë": ("Zoë", "Łęcka; =1+1", "zoe@example.edu", ""),
    "evil": ('=HYPERLINK("http://x")', "@SUM(A1)", "+evil@example.edu", "104"),
    "late": ("\t=cmd|' /C calc'!A0", "-Doe", "late@example.edu", "105"),
    "broken": ("Bro", "Ken", "broken@example.edu", "106"),
    "absent": ("Ab", "Sent", "absent@example.edu", "107"),
}
DUE = datetime(2026, 10, 12, 22, 0)


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a course that tests do not change."""
    folder = tmp_path_factory.mktemp("exports")
    (folder / "nbgrader_config.py").write_text(
        "from pathlib import Path\nc = get_config()\nc.CourseDirectory.root = str(Path(__file__).parent)\n"
        "c.CourseDirectory.course_id = 'test'\n"
    )
    course = Course.at(folder)
    with Gradebook(course.db_url, "test") as book:
        _fill(book)
    with Journal(course.journal) as journal:
        journal.add(_verdicts(), [_entry("ada"), _entry("late"), _entry("broken", "The file is empty.")])
    return folder


@pytest.fixture
def course(filled: Path, tmp_path: Path) -> Course:
    """Return a course with one assignment of 8.5 points. Ada has 7.5 with a grade by hand, Emmy 3, Zoë 1.25, Evil 0,
    Late 5 and a penalty of 1.5; Broken could not be graded, Absent handed nothing in."""
    shutil.copytree(filled, tmp_path / "course")
    return Course.at(tmp_path / "course")


def _fill(book: Gradebook) -> None:
    book.add_assignment(NAME, duedate=DUE)
    book.add_notebook(NAME, NAME)
    for name, (points, exercise) in CELLS.items():
        book.add_grade_cell(name, NAME, NAME, max_score=points, cell_type="code" if exercise else "markdown")
        check = f"check({exercise!r}, {exercise})" if exercise else "What did you see? Why?"
        book.add_source_cell(name, NAME, NAME, source=check, cell_type="code", locked=True)
    for student, (first, last, email, lms) in STUDENTS.items():
        book.add_student(student, first_name=first, last_name=last, email=email, lms_user_id=lms or None)
    scores = {
        "ada": (1, 2, 0.5, 4),
        "emmy": (1, 2, 0, 0),
        "zoë": (0, 0.25, 1, 0),
        "evil": (0, 0, 0, 0),
        "late": (1, 2, 1, 1),
    }
    for student, points in scores.items():
        when = datetime(2026, 10, 13, 4, 30, 1) if student == "late" else datetime(2026, 10, 12, 20, 0)
        with book.db.no_autoflush:
            submission = book.add_submission(NAME, student, timestamp=when)
        for grade in submission.notebooks[0].grades:
            place = list(CELLS).index(grade.name)
            grade.auto_score, grade.needs_manual_grade = (*points, 0)[place], False
            if student == "ada" and grade.name == "essay":
                grade.auto_score, grade.manual_score = 0, 4
            if student == "emmy" and grade.name == "essay":
                grade.auto_score, grade.needs_manual_grade = None, True
        submission.notebooks[0].late_submission_penalty = 1.5 if student == "late" else None
    with book.db.no_autoflush:
        book.add_submission(NAME, "broken", timestamp=DUE)
    book.db.commit()


def _verdicts() -> Iterator[tuple[str, StoredResult]]:
    starred = CellResult("star_visible", ("star",), "passed", 0, 0)
    faulty = CellResult("decay_visible", ("decay",), "error", 0, 1.5, "The test itself failed.")
    yield "key of ada", StoredResult(Result(NAME, "digest", "none", (starred,)))
    yield "key of late", StoredResult(Result(NAME, "digest", "none", (faulty,)))


def _entry(student: str, problem: str = "") -> JournalEntry:
    when = datetime(2026, 10, 12, 20, 0, tzinfo=UTC)
    return JournalEntry(
        NAME, student, Path(f"submitted/{student}/week1/week1.ipynb"), when, (), f"key of {student}", problem
    )
