"""Tables in all formats that programs write: the platform imports exactly the grades that were filled in."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from course_grader.commands.exports import app
from course_grader.exports import canvas, moodle
from course_grader.exports.csv_table import read_table, write_table
from course_grader.exports.match_rows import Filled
from course_grader.exports.scores import AssignmentScores, Score
from course_grader.gradebook.student import Student
from course_utils.errors import CourseError
from tests.exports.readers import NO_ASSIGNMENTS, CanvasCourse, MoodleCourse

CASES = Path(__file__).parent / "cases"
STUDENTS = [
    Student("ada", "Ada", "Lovelace", "ada@example.edu", "4711"), Student("emmy", "Emmy", "Noether", "", "4712"),
    Student("zoë", "Zoë", "Łęcka", "zoe@example.edu", "4714"), Student("kim; lee", "Kim", "Lee, jr.", "", "4715"),
]  # fmt: skip
grades = st.fixed_dictionaries({one.id: st.none() | st.integers(0, 12).map(lambda n: n / 4) for one in STUDENTS})
# A title may contain characters that are delimiters in other files.
titles = st.text("abc ,;|\t'\"(1)é", min_size=1, max_size=12).map(lambda text: f"T{text}.")


def marks_of(found: Mapping[str, float | None]) -> AssignmentScores:
    scores = {name: Score({"f": points}) for name, points in found.items() if points is not None}
    return AssignmentScores("week1", {"f": 3.0}, scores)


@st.composite
def written(draw: st.DrawFn, rows: Sequence[Sequence[str]]) -> bytes:
    """Return the rows as a file in the format of one of many programs."""
    delimiter = draw(st.sampled_from(",;\t"))
    ends = draw(st.sampled_from(["\r\n", "\n"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    blank = draw(st.sets(st.integers(1, len(rows))))
    empty = draw(st.integers(0, 3))
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=ends, quoting=quoting)
    for place, row in enumerate(rows):
        if place in blank:
            file.write(draw(st.sampled_from(["", delimiter * (len(row) - 1), f" {delimiter} "])) + ends)
        writer.writerow([*row, *[""] * empty])
    text = (f"sep={delimiter}{ends}" if draw(st.booleans()) else "") + file.getvalue()
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])))


def fill(module: Any, content: bytes, *arguments: Any) -> tuple[Filled, Path, str]:
    """Fill in a table; return what was found, the new file and its delimiter."""
    folder = Path(tempfile.mkdtemp())
    (folder / "down.csv").write_bytes(content)
    table = read_table(folder / "down.csv", module.WHAT)
    filled = module.fill(table, *arguments)
    delimiter = table.delimiter if module is moodle else ","
    write_table(folder / "up.csv", filled.rows, delimiter)
    return filled, folder / "up.csv", delimiter


@settings(max_examples=60)
@given(st.data(), titles, st.sampled_from(["", "", *NO_ASSIGNMENTS]), grades)
def test_canvas_imports_what_was_filled_in(
    data: st.DataObject, title: str, reserved: str, found: dict[str, float | None]
) -> None:
    by_parts, sis, root = (data.draw(st.booleans()) for _ in range(3))
    header = [*(["LastName", "FirstName"] if by_parts else ["Student"]), "ID"]
    header += [
        *(["SIS User ID"] if sis else []),
        "SIS Login ID",
        *(["Root Account"] if root and sis else []),
        "Section",
    ]
    column = f"{title} {reserved} (12)"
    totals = ["Current Score", "Unposted Final Score"]

    def row(name: Sequence[str], id: str, cells: Sequence[str]) -> list[str]:
        info = [*name, *[""] * (header.index("ID") - len(name)), id]
        return [*info, *[""] * (len(header) - len(info)), *cells]

    rows = [[*header, "Notes", "Other, one (11)", column, *totals]]
    if data.draw(st.booleans()):
        rows.append(row([], "", ["", "", "Manual Posting", "", ""]))
    rows.append(row(["    Points Possible"], "", ["", "5.00", "3.00", "(read only)", "(read only)"]))
    names = {one: [one.last, one.first] if by_parts else [f"{one.last}, {one.first}"] for one in STUDENTS}
    rows += [row(names[one], one.lms, ["x", "1", "", "50", "50"]) for one in STUDENTS]
    content = data.draw(written(rows))
    filled, path, _ = fill(canvas, content, marks_of(found), STUDENTS, "12")
    there = CanvasCourse({12: ("", 3.0)}, {int(one.lms): ("", "") for one in STUDENTS})
    there.read(path)
    read = {one.id: there.grades.get((int(one.lms), 12), "") for one in STUDENTS}
    if reserved:
        assert reserved in filled.notes[0]
        assert set(read.values()) == {""}, "Canvas imports none of it"
    else:
        assert not any("ignores" in note for note in filled.notes)
        assert {name: float(cell) if cell else None for name, cell in read.items()} == found


@settings(max_examples=60)
@given(st.data(), grades)
def test_moodle_imports_what_was_filled_in(data: st.DataObject, found: dict[str, float | None]) -> None:
    has = {name: data.draw(st.booleans(), name) for name in ("address", "department", "group", "marker", "workflow")}
    other = {one.id: data.draw(st.sampled_from([two.id for two in STUDENTS] + ["Group A", ""])) for one in STUDENTS}
    is_locked = {one.id: data.draw(st.booleans()) for one in STUDENTS}
    columns = {
        "Identifier": {one.id: f"Participant {900 + place}" for place, one in enumerate(STUDENTS)},
        "Full name": {one.id: f"{one.first} {one.last}" for one in STUDENTS},
        "Email address": {one.id: one.email for one in STUDENTS} if has["address"] else None,
        "Department": {one.id: "Physics; and more" for one in STUDENTS} if has["department"] else None,
        "Status": {one.id: "Submitted for grading" for one in STUDENTS},
        # A group has the same name as another student.
        "Group": other if has["group"] else None,
        "Marker": other if has["marker"] else None,
        "Grade": {one.id: "" for one in STUDENTS},
        "Maximum Grade": {one.id: "3.00" for one in STUDENTS},
        "Marking workflow state": {one.id: "Not marked" for one in STUDENTS} if has["workflow"] else None,
        "Grade can be changed": {one.id: "No" if is_locked[one.id] else "Yes" for one in STUDENTS},
        "Last modified (grade)": {one.id: "-" for one in STUDENTS},
        "Feedback comments": {one.id: "a, b; c" for one in STUDENTS},
    }
    shown = {name: column for name, column in columns.items() if column is not None}
    rows = [list(shown), *([column[one.id] for column in shown.values()] for one in STUDENTS)]
    filled, path, delimiter = fill(moodle, data.draw(written(rows)), marks_of(found), STUDENTS)
    there = MoodleCourse({one.id: {"participant": str(900 + i)} for i, one in enumerate(STUDENTS)}, 3.0)
    there.upload_worksheet(path, delimiter)
    wanted = {name: points for name, points in found.items() if points is not None}
    assert there.grades == {name: points for name, points in wanted.items() if not is_locked[name]}
    assert sum("does not allow changes" in note for note in filled.notes) == sum(is_locked[name] for name in wanted)
    assert filled.grades == len(there.grades)


SHORT = "Student,ID,SIS Login ID,Section,Week 1 (12)\n    Points Possible,,,,3.00\n"


def test_what_canvas_would_ignore_for_one_student_is_reported() -> None:
    text = SHORT + '"Lovelace, Ada",4711,ada,A,N/A\n"Noether, Emmy",4712,emmy,A,\n'
    filled, path, _ = fill(canvas, text.encode(), marks_of({"ada": 1.0, "emmy": 2.0}), STUDENTS, "12")
    assert filled.grades == 1
    assert "Lovelace, Ada does not have this assignment in Canvas (N/A)" in " ".join(filled.notes)
    assert path.read_text(encoding="utf-8").splitlines()[2].endswith(",N/A")


@pytest.mark.parametrize(
    ("module", "text", "sentence"),
    [
        (canvas, SHORT + "Lovelace, Ada,4711,ada,A,2\n", "more cells in line 3 than in its header"),
        (canvas, SHORT + '"Lovelace, Ada","4711,ada,A,\n', "cannot be read as a table: line 3: "),
        (canvas, "<!DOCTYPE html><html>", "is a web page, not a table"),
        (canvas, "PK\x03\x04 a workbook", "save it as 'CSV UTF-8'"),
        (canvas, SHORT + '"Lovelace, Ada",,ada,A,\n', "in line 3, which is not a number"),
        (canvas, "", "is empty"),
        (canvas, "sep=;\n", "is empty"),
        (moodle, "Identifier,Grade,Grade,Last modified (grade)\nParticipant 1,,,-\n", "two columns 'Grade'"),
        (moodle, "Identifier,Grade,Scale,Last modified (grade)\nParticipant 1,,A,-\n", "graded on a scale"),
    ],
)
def test_a_table_that_is_not_understood_is_refused_with_its_line(module: Any, text: str, sentence: str) -> None:
    with pytest.raises(CourseError, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        fill(module, text.encode(), marks_of({"ada": 1.0}), STUDENTS)


@pytest.fixture
def class_of_ada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a course in which only Ada has a grade: 3 of 3 points."""
    (tmp_path / "nbgrader_config.py").write_text(
        "from pathlib import Path\nc = get_config()\nc.CourseDirectory.root = str(Path(__file__).parent)\n"
    )
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_assignment("00_start_here")
        book.add_notebook("00_start_here", "00_start_here")
        book.add_grade_cell("f", "00_start_here", "00_start_here", max_score=3, cell_type="code")
        for one in STUDENTS[:2]:
            book.add_student(one.id, first_name=one.first, last_name=one.last, email=one.email, lms_user_id=one.lms)
        with book.db.no_autoflush:
            submission = book.add_submission("00_start_here", "ada")
        submission.notebooks[0].grades[0].auto_score = 3
        book.db.commit()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sample_with_a_title_that_canvas_ignores(class_of_ada: Path) -> None:
    table = CASES / "canvas_reserved_title.csv"
    command = ["canvas", "00_start_here", "--from", str(table), "--column", "12", "--to", "up.csv"]
    ended = CliRunner().invoke(app, command, catch_exceptions=False)
    assert ended.exit_code == 0
    warning, count = ended.output.splitlines()
    assert warning.startswith("Warning: Canvas ignores columns with 'Final Grade' in the title")
    assert "'Final Grade project (12)'" in warning
    assert count == "1 grade written to up.csv."


def test_the_sample_of_a_worksheet_with_groups(class_of_ada: Path) -> None:
    table = CASES / "moodle_worksheet_group.csv"
    command = ["moodle", "00_start_here", "--worksheet", str(table), "--to", "up.csv"]
    ended = CliRunner().invoke(app, command, catch_exceptions=False)
    assert (ended.exit_code, ended.output) == (0, "1 grade written to up.csv.\n")
    there = MoodleCourse({"ada": {"participant": "901"}}, 3.0)
    there.upload_worksheet(class_of_ada / "up.csv")
    assert there.grades == {"ada": 3.0}
