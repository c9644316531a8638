"""Canvas and Moodle can import the files: each is imported by a strict reader of the platform's rules."""

from __future__ import annotations

import pytest

from course_grader.exports import canvas, moodle
from course_grader.exports.csv_table import read_table, write_table
from course_grader.exports.match_rows import Filled
from course_grader.exports.read_gradebook import open_and_read
from course_grader.gradebook.course import Course
from course_utils.errors import CourseError
from tests.exports.conftest import NAME
from tests.exports.readers import CanvasCourse, MoodleCourse, assert_no_formula, rows_of

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Notes,Essay (11),Week 1 (12),Current Score,Final Score
,,,,,,,Manual Posting,,
    Points Possible,,,,,,10.00,8.50,(read only),(read only)
"Lovelace, Ada",101,S1,al,Intro,,,,,
"Noether, Emmy",102,emmy,en,Intro,,4,,,
"Łęcka, Zoë",103,S3,zoe@example.edu,Intro,,,2.0,,
"@SUM(A1), =HYPERLINK(""http://x"")",104,S4,ev,Intro,,,EX,,
"-Doe, Late",105,S5,ld,Intro,,,,,
"Ken, Bro",106,S6,bk,Intro,,,1.0,,
"Student, Test",199,,x1,Intro,,,,,
"""
ASSIGNMENTS = {11: ("Essay", 10.0), 12: ("Week 1", 8.5)}
IDS = {"ada": 101, "emmy": 102, "zoë": 103, "evil": 104, "late": 105, "broken": 106}
MOODLE = """\
Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",\
"Last modified (submission)","Online text","Last modified (grade)","Feedback comments"
"Participant 101","Ada Lovelace",ada.l@example.edu,"Submitted for grading",,8.50,Yes,"Monday, 12 Oct 2026, 8:00 PM",,-,
"Participant 52","Emmy Noether",EMMY@example.edu,"Submitted for grading",,8.50,Yes,-,"=1+1",-,"<p>Come and see me</p>"
"Participant 53","Zoë Łęcka; =1+1",zoe@example.edu,"Submitted for grading",,8.50,Yes,-,,-,
"Participant 104","=HYPERLINK(""http://x"") @SUM(A1)",+evil@example.edu,"Submitted for grading",,8.50,Yes,-,,-,
"Participant 105","=cmd -Doe",late@example.edu,"Submitted for grading",1.00,8.50,Yes,-,,-,
"Participant 106","Bro Ken",broken@example.edu,"Submitted for grading",,8.50,Yes,-,,-,
"Participant 107","Ab Sent",absent@example.edu,"No submission",,8.50,Yes,-,,-,
"""
USERS = {
    "ada": {"participant": "101", "id": "ada"}, "emmy": {"participant": "52", "id": "emmy"},
    "zoë": {"participant": "53", "id": "zoë"}, "evil": {"participant": "104", "id": "evil"},
    "late": {"participant": "105", "id": "late"}, "broken": {"participant": "106", "id": "broken"},
    "absent": {"participant": "107", "id": "absent"},
}  # fmt: skip


def canvas_course() -> CanvasCourse:
    students = dict.fromkeys((*IDS.values(), 199), ("", ""))
    old = {(103, 12): "2.0", (104, 12): "EX", (106, 12): "1.0", (102, 11): "4"}
    return CanvasCourse(dict(ASSIGNMENTS), students, old)


def fill_canvas(course: Course, text: str = CANVAS, column: str = "Week 1", **options: bool) -> Filled:
    (course.root / "down.csv").write_text(text, encoding="utf-8")
    [scores], students = open_and_read(course, ["week1"])
    filled = canvas.fill(read_table(course.root / "down.csv", canvas.WHAT), scores, students, column, **options)
    write_table(course.root / "up.csv", filled.rows)
    return filled


def fill_moodle(course: Course, text: str = MOODLE, encoding: str = "utf-8", **options: bool) -> Filled:
    (course.root / "down.csv").write_text(text, encoding=encoding)
    [scores], students = open_and_read(course, ["week1"])
    table = read_table(course.root / "down.csv", moodle.WHAT)
    filled = moodle.fill(table, scores, students, **options)
    write_table(course.root / "up.csv", filled.rows, table.delimiter, table.bom)
    return filled


def test_canvas_takes_the_grades_and_loses_none(course: Course) -> None:
    filled = fill_canvas(course)
    there = canvas_course()
    there.read(course.root / "up.csv")
    found = {name: there.grades[id, 12] for name, id in IDS.items()}
    assert found == {"ada": "7.5", "emmy": "3", "zoë": "1.25", "evil": "EX", "late": "3.5", "broken": "1.0"}
    assert there.grades[102, 11] == "4"
    assert there.grades[199, 12] == ""
    assert filled.grades == 4
    assert any("excused" in note for note in filled.notes)
    assert f"broken gets no grade for {NAME}: Could not be graded: The file is empty." in filled.notes
    assert_no_formula(rows_of(course.root / "up.csv"))


@pytest.mark.parametrize("column", ["12", "Week 1 (12)", "week 1"])
def test_a_canvas_column_is_named_in_any_way(course: Course, column: str) -> None:
    assert fill_canvas(course, column=column).rows[0][-1] == "Week 1 (12)"


def test_canvas_files_of_other_countries_are_read(course: Course) -> None:
    text = "\n".join(line.replace(",", ";") if '"' not in line else line for line in CANVAS.split("\n"))
    text = text.replace('"Lovelace, Ada",101,S1,al,Intro,,,,,', '"Lovelace, Ada";101;S1;al;Intro;;;;;')
    lines = [line for line in text.split("\n") if '",' not in line]
    assert fill_canvas(course, "\ufeff" + "\n".join(lines), partial=True).grades == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("Week 1 (12)", "Week 1"), r"no assignment 'Week 1'. It has Essay \(11\)"),
        (("Essay (11)", "Week 1 (11)"), "2 assignments 'Week 1'"),
        (("Student,ID", "Name,ID"), "must begin with the columns Student, ID"),
        (('"Lovelace, Ada",101', '"Lovelace, Ada",'), "the ID '' for 'Lovelace, Ada' in line 4"),
        (('"Lovelace, Ada",101,S1', '"Lovelace, Ada",110,S1'), "no row for ada, who has a grade. Nothing was written"),
        (('"Lovelace, Ada",101', '"Lovelace, Ada",x1'), "not a number"),
        (("102,emmy,", "102,ada,"), "no row for emmy"),
        (("105,S5,ld", "105,S5,zoe@example.edu"), "'zoe@example.edu' is in 2 rows"),
        (("8.50,(read", "(read only),(read"), "read only"),
    ],
)
def test_what_would_go_wrong_in_canvas_is_reported(course: Course, change: tuple[str, str], sentence: str) -> None:
    assert change[0] in CANVAS
    with pytest.raises(CourseError, match=sentence):
        fill_canvas(course, CANVAS.replace(*change))
    assert not (course.root / "up.csv").exists()


def test_two_students_who_are_one_in_canvas_are_reported(course: Course) -> None:
    with pytest.raises(CourseError, match="match the same row of Canvas's file"):
        fill_canvas(
            course, CANVAS.replace("101,S1,al", "101,emmy,al").replace('"Noether, Emmy",102,emmy', '"N",102,S2')
        )


def test_points_that_differ_are_reported_or_scaled(course: Course) -> None:
    text = CANVAS.replace("8.50,(read", "17.00,(read")
    assert any("has 17 points in Canvas" in note for note in fill_canvas(course, text).notes)
    filled = fill_canvas(course, text, scale=True)
    assert [row[-1] for row in filled.rows if row[1] == "101"] == ["15"]


def test_moodle_takes_the_worksheet(course: Course) -> None:
    filled = fill_moodle(course)
    there = MoodleCourse(USERS, 8.5)
    there.upload_worksheet(course.root / "up.csv")
    assert there.grades == {"ada": 7.5, "emmy": 3, "zoë": 1.25, "evil": 0, "late": 3.5}
    assert filled.grades == 5
    rows = rows_of(course.root / "up.csv")
    assert_no_formula([row[:-1] for row in rows])
    assert rows[2][-1] == "<p>Come and see me</p>"


def test_a_worksheet_of_another_country_keeps_its_ways(course: Course) -> None:
    lines = [line.replace("8.50", '"8,50"').replace("1.00", '"1,00"') for line in MOODLE.split("\n")]
    fill_moodle(course, "\n".join(lines), "utf-8-sig")
    content = (course.root / "up.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert '"7,5"' in content.decode("utf-8-sig")
    (course.root / "up.csv").write_bytes(content[3:])
    there = MoodleCourse(USERS, 8.5, comma=True)
    there.upload_worksheet(course.root / "up.csv")
    assert there.grades["ada"] == 7.5
    assert there.grades["late"] == 3.5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("Identifier,", "Kennung,"), "no column 'Identifier'"),
        (("8.50", "5.00"), r"grade of 7.5, but Moodle's maximum is 5, .* Set the maximum to 8.5"),
        (("Participant 52", "Participant 9"), None),
        (("EMMY@example.edu", "someone@example.edu"), "no row for emmy"),
        (("8.50", "Good"), "graded on a scale"),
    ],
)
def test_what_moodle_would_skip_is_reported(course: Course, change: tuple[str, str], sentence: str | None) -> None:
    assert change[0] in MOODLE
    if sentence is None:
        assert fill_moodle(course, MOODLE.replace(*change)).grades == 5
        return
    with pytest.raises(CourseError, match=sentence):
        fill_moodle(course, MOODLE.replace(*change))
    assert not (course.root / "up.csv").exists()


def test_a_participants_number_does_not_make_one_person_another(course: Course) -> None:
    # Emmy's participant number is equal to Ada's number on another platform.
    text = MOODLE.replace("Participant 101", "Participant 9").replace("Participant 52", "Participant 101")
    text = text.replace("EMMY@example.edu", "someone@example.edu")
    filled = fill_moodle(course, text, partial=True)
    assert filled.grades == 3
    assert any("no row for ada, emmy" in note for note in filled.notes)


def test_a_worksheet_that_excel_saved_is_refused_with_the_remedy(course: Course) -> None:
    with pytest.raises(CourseError, match=r"not UTF-8 text \(line 2\)"):
        fill_moodle(course, MOODLE.replace("Łę", "e").replace("Ada L", "Adé L"), "latin-1")


@pytest.mark.parametrize("decimal", moodle.DECIMAL_SIGNS)
def test_moodle_imports_the_grades(course: Course, decimal: moodle.DecimalSign) -> None:
    scores, students = open_and_read(course, ["week1"])
    filled = moodle.grades(scores, students, decimal)
    write_table(course.root / "up.csv", filled.rows)
    there = MoodleCourse(USERS, 8.5, comma=decimal == "comma")
    there.import_grades(course.root / "up.csv", "id", "ID number", "week1")
    # The address of "evil" would be a formula, and with an apostrophe it would abort the import.
    assert there.grades == {"ada": 7.5, "emmy": 3, "zoë": 1.25, "late": 3.5}
    assert [note for note in filled.notes if "'evil' is left out" in note]
    assert_no_formula(rows_of(course.root / "up.csv"))
