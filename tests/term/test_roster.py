"""The roster, extensions, and whose a submission of a zip is."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from course_grader.gradebook.book import Book
from course_grader.gradebook.course import Course
from course_grader.gradebook.student import Student
from course_grader.submissions import Found, Submission
from course_grader.term.identifying import find_for, identified, read_class
from course_grader.term.roster import enter, extend, read_roster
from course_grader.verbs import term
from course_utils.errors import CourseError

app = typer.Typer()
term.register(app)
HEADER = "ID,First name,Surname,Email address,LMS ID\n"


def roster(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    (folder / "roster.csv").write_text(text, encoding=encoding)
    return folder / "roster.csv"


def test_a_roster_is_entered_and_brought_up_to_date(tmp_path: Path) -> None:
    path = roster(tmp_path, HEADER + "ada,Ada,Lovelace,ada@example.edu,4711\nzoë,Zoë,Łęcka,,\n", "utf-8-sig")
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        assert enter(book, read_roster(path)).added == ("ada", "zoë")
        again = read_roster(roster(tmp_path, "id;last;email\nada;King;\nemmy;Noether;\n"))
        change = enter(book, again)
        assert (change.added, change.changed, change.absent) == (("emmy",), ("ada",), ("zoë",))
        ada = book.find_student("ada")
        assert (ada.last_name, ada.email, ada.lms_user_id) == ("King", "ada@example.edu", "4711")


def test_a_gradebook_that_another_program_writes_is_told(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").touch()
    course = Course.at(tmp_path, f"sqlite:///{tmp_path}/gradebook.db?timeout=0.1")
    with Book(course) as book:
        enter(book.gradebook, [Student("ada")])
    with sqlite3.connect(tmp_path / "gradebook.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(CourseError, match=r"locked by another program: .* run the command again\.$"),
            Book(course) as book,
        ):
            enter(book.gradebook, [Student("emmy")])


def test_every_bad_line_is_told_and_nothing_is_entered(tmp_path: Path) -> None:
    lines = [
        "ada,Ada,L,,1",
        ",No,Body,,2",
        "ada,Again,L,,3",
        "ADA,Big,L,,4",
        "../x,Up,L,,5",
        "=1+1,Sum,L,,6",
        "",
        "emmy,E,N,,1",
    ]
    with pytest.raises(CourseError) as caught:
        read_roster(roster(tmp_path, HEADER + "\n".join(lines) + "\n"))
    told = str(caught.value).split("\n")
    assert told[0] == "The roster is refused, and the gradebook stays as it is."
    assert told[1] == "Line 3: the id is empty (No Body)."
    assert told[2:4] == [
        f"Line {line}: the id {id!r} stands in line 2 already." for line, id in ((4, "ada"), (5, "ADA"))
    ]
    assert [line[:15] for line in told[4:6]] == ["Line 6: '../x' ", "Line 7: '=1+1' "]
    assert told[6] == "Line 9: the lms_id '1' stands in line 2 already."


@pytest.mark.parametrize(
    ("text", "sentence"), [("name,first\nada,A\n", "no column `id`; it has name, first"), ("", "is empty")]
)
def test_a_file_that_is_no_roster_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(CourseError, match=sentence):
        read_roster(roster(tmp_path, text))


def test_more_time_counts_from_the_due_date(tmp_path: Path) -> None:
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_assignment("week1", duedate="2026-10-12 22:00:00 UTC")
        book.add_student("ada")
        extend(book, "week1", "ada", timedelta(days=2))
        submission = book.find_submission("week1", "ada")
        book.update_or_create_submission("week1", "ada", timestamp="2026-10-14 23:00:00 UTC")
        assert submission.total_seconds_late == 3600
        extend(book, "week1", "ada", timedelta(0))
        assert submission.total_seconds_late == 49 * 3600
        book.add_assignment("week2")
        for assignment, student, sentence in (
            ("week3", "ada", "does not know"), ("week1", "emmy", "does not know"), ("week2", "ada", "no due date"),
        ):  # fmt: skip
            with pytest.raises(CourseError, match=sentence):
                extend(book, assignment, student, timedelta(days=1))


STUDENTS = [
    Student("ada", "Ada", "Lovelace", "", "4711"), Student("emmy", "Emmy", "Noether"),
    Student("k1", "Kim", "Lee"), Student("k2", "Kim", "Lee"), Student("zoë", "Zoë", "Łęcka"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("submission", "student"),
    [
        (Submission("Emmy", Path("x")), "emmy"),
        (Submission("4711", Path("x"), name="lovelaceada"), "ada"),
        (Submission("99", Path("x"), name="noetheremmy"), "emmy"),
        (Submission("Zoë Łęcka", Path("x"), name="Zoë Łęcka", participant="8"), "zoë"),
        (Submission("Kim Lee", Path("x"), name="Kim Lee", participant="9"), "Kim Lee"),
        # A participant's number that is Ada's number in Canvas does not make anyone Ada; it tells who is hidden.
        (Submission("Zoë Łęcka", Path("x"), name="Zoë Łęcka", participant="4711"), "zoë"),
        (Submission("Kim Lee", Path("x"), name="Kim Lee", participant="4711"), "Kim Lee"),
        (Submission("Ada Lovelace", Path("x"), name="Ada Lovelace", participant="4711"), "ada"),
        (Submission("Participant", Path("x"), name="Participant", participant="4711"), "ada"),
        (Submission("stranger", Path("x")), "stranger"),
    ],
)
def test_a_submission_gets_the_id_of_the_one_student_it_can_be(submission: Submission, student: str) -> None:
    [found] = identified(Found((submission,), ()), STUDENTS).submissions
    assert found.student == student


@pytest.mark.parametrize(
    "submission",
    [
        Submission("4711", Path("x"), name="lovelaceada"),
        Submission("Ada Lovelace (4711)", Path("x"), name="Ada Lovelace", participant="4711"),
    ],
)
def test_a_number_that_became_an_id_before_the_roster_had_it_is_the_students(submission: Submission) -> None:
    [found] = identified(Found((submission,), ()), [*STUDENTS, Student(submission.student)]).submissions
    assert found.student == "ada"


def test_what_canvas_marks_as_late_is_noted(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    for name in ("l_LATE_1_9_week.ipynb", "m_2_9_week.ipynb"):
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text("{}")
    course = Course.at(tmp_path)
    found = find_for(course, read_class(course), tmp_path / "in", "week")
    assert [one.notes for one in found.submissions] == [("Canvas marks it as handed in late.",), ()]


def problems(*submissions: Submission) -> dict[str, str]:
    return {one.student: one.problem for one in identified(Found(submissions, ()), STUDENTS).submissions}


def test_of_two_that_mean_one_student_only_the_platforms_number_decides() -> None:
    # In a zip the platform's number is the student's, whatever the other calls itself.
    assert problems(
        Submission("ada lovelace", Path("x"), name="Ada Lovelace", participant="99"),
        Submission("4711", Path("y"), name="Ada Lovelace", participant="4711"),
    ) == {
        "ada": "",
        "ada lovelace": "The name is that of Ada Lovelace (ada), but the roster has the number 4711 for this student: "
        "see in Moodle whose it is.",
    }
    # Nobody knows whose the files of a flat folder are: neither is graded, and each is named.
    both = problems(
        Submission("ada", Path("x"), file="ada.ipynb"), Submission("Ada Lovelace", Path("y"), file="A.ipynb")
    )
    assert set(both) == {"ada", "Ada Lovelace"}
    assert all("A.ipynb and ada.ipynb mean the same student, ada." in problem for problem in both.values())
    # An id that is exactly right is better than one in other letters.
    assert problems(Submission("ada", Path("x")), Submission("Ada (2)", Path("y"), called="Ada")) == {
        "ada": "", "Ada (2)": "This also means the student ada, whose submission is ada.",
    }  # fmt: skip
    # A file that is no notebook takes nobody's place.
    assert problems(Submission("ada", Path("x")), Submission("Ada Lovelace", Path("y"), problem="No notebook.")) == {
        "ada": "", "Ada Lovelace": "No notebook.",
    }  # fmt: skip
    # If the roster has Moodle's numbers, a name with another number is somebody who changed it.
    renamed = Submission("Zoë Łęcka", Path("y"), name="Zoë Łęcka", participant="99")
    assert problems(renamed) == {"zoë": ""}, "her number is not known"
    two = (Submission("Ada Lovelace", Path("x"), name="Ada Lovelace", participant="4711"), renamed)
    class_ = [one if one.id != "zoë" else Student("zoë", "Zoë", "Łęcka", "", "4714") for one in STUDENTS]
    found = identified(Found(two, ()), class_).submissions
    assert [(one.student, "but the roster has the number 4714" in one.problem) for one in found] == [
        ("Zoë Łęcka", True), ("ada", False),
    ]  # fmt: skip
    third = problems(
        Submission("ada", Path("x")), Submission("Ada (2)", Path("y"), called="Ada"), Submission("4711", Path("z"))
    )
    assert all(third.values())


def test_an_unknown_name_comes_with_the_closest_of_the_roster() -> None:
    [found] = identified(Found((Submission("emy", Path("x")),), ()), STUDENTS).submissions
    assert (found.student, found.closest) == ("emy", ("Emmy Noether (emmy)",))
    [found] = identified(Found((Submission("8", Path("x"), name="Ada Lovelas"),), ()), STUDENTS).submissions
    assert found.closest == ("Ada Lovelace (ada)",)


def test_a_gradebook_has_a_roster_if_a_teacher_entered_somebody(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n")
    course = Course.at(tmp_path)
    assert not read_class(course).has_roster
    with Gradebook(course.db_url) as book:
        book.add_assignment("week1")
        # What grading adds: an id and a submission.
        book.add_student("ada")
        with book.db.no_autoflush:
            book.add_submission("week1", "ada")
        assert not read_class(course).has_roster
        enter(book, [Student("emmy")])
        assert read_class(course).has_roster
        with book.db.no_autoflush:
            book.add_submission("week1", "emmy")
        assert not read_class(course).has_roster
        enter(book, [Student("emmy", "Emmy")])
        assert read_class(course).has_roster


def test_a_time_that_no_calendar_holds_is_refused(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["extend", "week1", "ada", "--days", "1e12"], catch_exceptions=False)
    assert ended.exit_code == 2
    assert "3650" in ended.output
