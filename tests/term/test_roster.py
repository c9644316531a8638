"""The roster, extensions, and matching a zip's submissions to students."""

from __future__ import annotations

import csv
import io
import sqlite3
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from course_grader.commands import term
from course_grader.exports.read_csv import TITLES
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database
from course_grader.gradebook.student import Student
from course_grader.submissions import Found, Submission
from course_grader.term.match_students import find_for, identified, read_class
from course_grader.term.roster import COLUMNS, enter_students, parse_roster, read_roster, set_extension
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
        assert enter_students(book, read_roster(path)).added == ("ada", "zoë")
        again = read_roster(roster(tmp_path, "id;last;email\nada;King;\nemmy;Noether;\n"))
        change = enter_students(book, again)
        assert (change.added, change.changed, change.absent) == (("emmy",), ("ada",), ("zoë",))
        ada = book.find_student("ada")
        assert (ada.last_name, ada.email, ada.lms_user_id) == ("King", "ada@example.edu", "4711")


def test_a_gradebook_that_another_program_writes_is_reported(tmp_path: Path) -> None:
    (tmp_path / "nbgrader_config.py").touch()
    course = Course.at(tmp_path, f"sqlite:///{tmp_path}/gradebook.db?timeout=0.1")
    with Database(course) as book:
        enter_students(book.gradebook, [Student("ada")])
    with sqlite3.connect(tmp_path / "gradebook.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(CourseError, match=r"locked by another program\. .* run the command again\.$"),
            Database(course) as book,
        ):
            enter_students(book.gradebook, [Student("emmy")])


def test_every_bad_line_is_reported_and_nothing_is_entered(tmp_path: Path) -> None:
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
    assert told[0] == "The roster was not imported, and the gradebook is unchanged."
    assert told[1] == "Line 3: the id is empty (No Body)."
    assert told[2:4] == [f"Line {line}: the id {id!r} is already in line 2." for line, id in ((4, "ada"), (5, "ADA"))]
    assert [line[:15] for line in told[4:6]] == ["Line 6: '../x' ", "Line 7: '=1+1' "]
    assert told[6] == "Line 9: the lms_id '1' is already in line 2."


@pytest.mark.parametrize(
    ("text", "sentence"), [("name,first\nada,A\n", "no column `id`. Its columns are: name, first"), ("", "is empty")]
)
def test_a_file_that_is_no_roster_is_reported(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(CourseError, match=sentence):
        read_roster(roster(tmp_path, text))


CASES = Path(__file__).parent / "cases"
NAMES = ["Ada", "Zoë", "O’Brien", "van der Berg; Jan", "Lee, jr.", 'the "Boss"', "김", "می\u200cخواهم", ""]
WESTERN = ["Zoë", "Müller", "José", "O’Brien", "Ångström", "ÅNGSTRÖM", "Nuñez, jr.", "Łęcka"[1:]]
INVISIBLE = ["", "\u200b", "\ufeff", "\u00a0", " ", "\u200e", "\u2060", "\u00ad"]


@st.composite
def rosters(draw: st.DrawFn) -> tuple[bytes, list[Student]]:
    """Return a roster in the format of one of many programs, and the students in it."""
    is_western = draw(st.booleans())
    codes = draw(
        st.lists(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True), min_size=1, max_size=5, unique=True)
    )
    names = st.sampled_from(WESTERN[:-1] if is_western else NAMES)
    students = [
        Student(f"s{code}", draw(names), draw(names), f"{code}@x.example", f"9{i}") for i, code in enumerate(codes)
    ]
    spelled = {"id": ["id", "ID", "Student ID", "\ufeffid"], "first": ["First name", "first"], "last": ["Surname"]}
    spelled |= {"email": ["E-Mail address", "email"], "lms": ["lms_id", "LMS ID\u200b"]}
    if is_western:
        spelled = {key: titles[:1] for key, titles in spelled.items()}
    kept = ["id", "first", *draw(st.sets(st.sampled_from(["last", "email", "lms"])))]
    columns = draw(st.permutations([*kept, "other", "other"]))
    hidden = st.sampled_from([""] if is_western else INVISIBLE)

    def cell(one: Student, key: str) -> str:
        return draw(hidden) + (getattr(one, key) if key != "other" else "x") + draw(hidden)

    delimiter = draw(st.sampled_from(",;\t|"))
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])))
    empty = [""] * draw(st.integers(0, 3))
    writer.writerow([*(draw(st.sampled_from(spelled.get(key, ["Seat"]))) for key in columns), *empty])
    for one in students:
        if draw(st.booleans()):
            file.write(draw(st.sampled_from(["", f"{delimiter}{delimiter}", " ", delimiter * 9])) + "\r\n")
        writer.writerow([*(cell(one, key) for key in columns), *empty])
    text = (f"sep={delimiter}\r\n" if draw(st.booleans()) else "") + file.getvalue()
    known = [Student(**{key: getattr(one, key) for key in kept}) for one in students]
    encodings = (
        ["cp1252"] if is_western else ["utf-8", "utf-8-sig", "utf-16", "utf-16-be" if text[0] != "\ufeff" else "utf-8"]
    )
    return text.encode(draw(st.sampled_from(encodings))), known


@settings(max_examples=150)
@given(rosters())
def test_a_roster_is_read_in_every_form(made: tuple[bytes, list[Student]]) -> None:
    content, students = made
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "roster.csv").write_bytes(content)
        assert read_roster(Path(folder) / "roster.csv") == students


def test_the_titles_of_a_roster_decide_on_its_delimiter() -> None:
    assert {title for titles in COLUMNS.values() for title in titles} <= set(TITLES)


def test_the_samples_of_rosters() -> None:
    assert [one.id for one in read_roster(CASES / "roster.csv")] == [
        "ada", "emmy", "grace", "zoë", "20260001", "20260002",
    ]  # fmt: skip
    assert read_roster(CASES / "roster_blank_rows.csv") == [Student("ada", "Ada", "Lovelace")]
    found = parse_roster(CASES / "roster_from_canvas.csv")
    assert found.students == (Student("ada", "Ada", "Lovelace", lms="4711"),)
    assert "This is a Canvas gradebook" in found.notes[0]
    assert found.notes[1:] == ("Line 4: Canvas's test student is left out.",)


CANVAS = "LastName;FirstName;ID;SIS User ID;SIS Login ID;Section;Notes, and more (1)\n"


def test_canvas_names_students_in_two_columns_too(tmp_path: Path) -> None:
    rows = ";;;;;;Manual Posting\n    Points Possible;;;;;;3,00\nLovelace;Ada;4711;S1;ada;A;\nStudent;Test;9;;x;A;\n"
    assert read_roster(roster(tmp_path, CANVAS + rows)) == [Student("ada", "Ada", "Lovelace", lms="4711")]
    # This can be somebody's real name.
    [test] = read_roster(roster(tmp_path, CANVAS + "Student;Test;9;S9;x;A;\n"))
    assert test.id == "x"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (CANVAS + "Lovelace;Ada;4711;S1;;A;\n", r"Line 2: the id is empty \(Ada Lovelace\)"),
        (CANVAS + "Lovelace;Ada;;S1;ada;A;\n", "in line 2, which is not a number"),
        ("Student,ID,Section\nx,1,A\n", "without the column 'SIS Login ID'"),
        ("id,first,id\na,A,b\n", "2 columns 'id', and they differ in line 2"),
        ("id,first,,\n\na,A,,note\n", "has 'note' in line 3, in a column without a title"),
        ("id,first\n2.02601E+11,A\n", "rounded"),
        ("id,first\nad\u200ba,A\nada,B\n", "Line 3: the id 'ada' is already in line 2"),
        ("id,first\nzoe\u0308,A\nzoë,B\n", "Line 3: the id 'zoë' is already in line 2"),
        ("id,first\n\u200b=1+1,A\n", "Line 2: '=1\\+1' cannot be an id"),
        ('id,first\n"a,A\n', "cannot be read as a table: line "),
        ("<html><body>Log in", "is a web page"),
    ],
)
def test_a_roster_that_is_not_understood_is_refused_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(CourseError, match=sentence):
        read_roster(roster(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id,first,last\n1,철수,김\n", "cp949"), ("id,first,last\n1,太郎,佐藤\n", "cp932"),
        ("id,last\n1,王伟\n", "gbk"),
        ("id,last\n1,Иванов\n", "cp1251"), ("id,last\n1,Łęcka\n", "cp1250"), ("id,last\n1,René\n", "mac-roman"),
        ("id,last\n1,Müller\n", "mac-roman"), ("id,last\n1,Müller\n", "cp850"), ("id,last\n1,Παπάς\n", "cp1253"),
    ],
)  # fmt: skip
def test_names_in_another_code_page_are_refused_and_read_when_it_is_named(
    tmp_path: Path, text: str, encoding: str
) -> None:
    path = roster(tmp_path, text, encoding)
    with pytest.raises(CourseError, match=r"is not UTF-8 text \(line 2\)"):
        read_roster(path)
    rows = [dict(zip(text.split("\n")[0].split(","), text.split("\n")[1].split(","), strict=True))]
    assert list(parse_roster(path, encoding).students) == [Student(**row) for row in rows]


def test_names_that_were_read_as_western_are_shown_and_ids_are_not_assumed(tmp_path: Path) -> None:
    found = parse_roster(roster(tmp_path, "id,first,last\nzoe,Zoë,Müller\nada,Ada,Lovelace\n", "cp1252"))
    assert found.students[0] == Student("zoe", "Zoë", "Müller")
    [note] = found.notes
    assert note.startswith("The file is not UTF-8 and was read as Windows-1252: Zoë Müller. If a name is wrong")
    with pytest.raises(CourseError, match="Line 2: the file is not UTF-8, so 'zoë' may be wrong"):
        parse_roster(roster(tmp_path, "id,first\nzoë,Zoë\n", "cp1252"))
    with pytest.raises(CourseError, match="There is no encoding 'nonsense'"):
        parse_roster(roster(tmp_path, "id,first\nzoë,Zoë\n"), "nonsense")


def test_a_number_of_the_platform_stays_with_its_student(tmp_path: Path) -> None:
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        enter_students(book, [Student("S1", "Ada", "Lovelace", lms="4711")])
        with pytest.raises(CourseError, match="The lms_id '4711' of 'ada' already belongs to 'S1' in the gradebook"):
            enter_students(book, [Student("emmy"), Student("ada", "Ada", "Lovelace", lms="4711")])
        assert [one.id for one in book.students] == ["S1"]
        assert enter_students(book, [Student("S1", lms="4712"), Student("emmy")]).changed == ("S1",)


def test_more_time_counts_from_the_due_date(tmp_path: Path) -> None:
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_assignment("week1", duedate="2026-10-12 22:00:00 UTC")
        book.add_student("ada")
        set_extension(book, "week1", "ada", timedelta(days=2))
        submission = book.find_submission("week1", "ada")
        book.update_or_create_submission("week1", "ada", timestamp="2026-10-14 23:00:00 UTC")
        assert submission.total_seconds_late == 3600
        set_extension(book, "week1", "ada", timedelta(0))
        assert submission.total_seconds_late == 49 * 3600
        book.add_assignment("week2")
        for assignment, student, sentence in (
            ("week3", "ada", "not in the gradebook"),
            ("week1", "emmy", "not in the gradebook"),
            ("week2", "ada", "no due date"),
        ):
            with pytest.raises(CourseError, match=sentence):
                set_extension(book, assignment, student, timedelta(days=1))


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
        # A participant's number equal to Ada's number in Canvas does not make anyone Ada; it identifies hidden names.
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
    assert [one.notes for one in found.submissions] == [("Canvas marks it as late.",), ()]


def problems(*submissions: Submission) -> dict[str, str]:
    return {one.student: one.problem for one in identified(Found(submissions, ()), STUDENTS).submissions}


def test_of_two_that_mean_one_student_only_the_platforms_number_decides() -> None:
    # In a zip, the platform's number decides, even if the other submission has the student's name.
    assert problems(
        Submission("ada lovelace", Path("x"), name="Ada Lovelace", participant="99"),
        Submission("4711", Path("y"), name="Ada Lovelace", participant="4711"),
    ) == {
        "ada": "",
        "ada lovelace": "The roster has this name with another number. Ada Lovelace (ada) has the number 4711 there: "
        "check in Moodle whose this is.",
    }
    # In a flat folder it is not clear whose the files are: neither is graded, and both are reported.
    both = problems(
        Submission("ada", Path("x"), file="ada.ipynb"), Submission("Ada Lovelace", Path("y"), file="A.ipynb")
    )
    assert set(both) == {"ada", "Ada Lovelace"}
    assert all("They are A.ipynb and ada.ipynb, and the student is ada." in problem for problem in both.values())
    # An exact id is better than one that differs in case.
    assert problems(Submission("ada", Path("x")), Submission("Ada (2)", Path("y"), called="Ada")) == {
        "ada": "",
        "Ada (2)": "Another submission counts for the same student. It is ada, and the student is ada.",
    }  # fmt: skip
    # A file without a usable notebook does not compete with one that has it.
    assert problems(Submission("ada", Path("x")), Submission("Ada Lovelace", Path("y"), problem="No notebook.")) == {
        "ada": "", "Ada Lovelace": "No notebook.",
    }  # fmt: skip
    # If the roster has Moodle's numbers, a name with another number belongs to somebody who changed their name.
    renamed = Submission("Zoë Łęcka", Path("y"), name="Zoë Łęcka", participant="99")
    assert problems(renamed) == {"zoë": ""}, "her number is not known"
    two = (Submission("Ada Lovelace", Path("x"), name="Ada Lovelace", participant="4711"), renamed)
    class_ = [one if one.id != "zoë" else Student("zoë", "Zoë", "Łęcka", "", "4714") for one in STUDENTS]
    found = identified(Found(two, ()), class_).submissions
    assert [(one.student, "has the number 4714 there" in one.problem) for one in found] == [
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
        # Grading adds a student with only an id, and a submission.
        book.add_student("ada")
        with book.db.no_autoflush:
            book.add_submission("week1", "ada")
        assert not read_class(course).has_roster
        enter_students(book, [Student("emmy")])
        assert read_class(course).has_roster
        with book.db.no_autoflush:
            book.add_submission("week1", "emmy")
        assert not read_class(course).has_roster
        enter_students(book, [Student("emmy", "Emmy")])
        assert read_class(course).has_roster


def test_a_time_that_no_calendar_holds_is_refused(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["extend", "week1", "ada", "--days", "1e12"], catch_exceptions=False)
    assert ended.exit_code == 2
    assert "3650" in ended.output
