"""A term as described in docs/teaching.md: its commands in order, with a sample class on lessons 00 and 01."""

from __future__ import annotations

import csv
import functools
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import nbformat
import pytest
import typer
from nbgrader.api import Gradebook

from course_grader.authoring.lesson import Lesson, read_lesson
from course_grader.authoring.reference import mistaken_source
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.source_notebook import file_content
from course_utils.cli import add_commands, app
from tests.exports.readers import CanvasCourse, MoodleCourse, assert_no_formula
from tests.term.guide import ROOT, TEACHING, blocks, commands, run

FIRST, SECOND = "00_start_here", "01_learning_rate_decay"
# The first lesson links to it; the class does not take it.
BETWEEN = "00b_network_and_gradient"
# What each student of the class does; the first four are in the guide's roster.
CLASS = {
    "ada": "right", "emmy": "right", "grace": "blank", "zoe": "wrong", "kurt": "right", "alan": "wrong",
    "carl": "silly", "rosa": "right",
}  # fmt: skip
CANVAS = {"ada": 4711, "emmy": 4712, "grace": 4713, "zoe": 4714, "kurt": 4715, "alan": 4716, "carl": 4717, "rosa": 4718}
POINTS = 17.0


@dataclass
class Term:
    """The folder of the course, and the output of each command in the guide, by heading and command."""

    folder: Path
    said: list[tuple[str, list[str], int, str]] = field(default_factory=list)

    def of(self, *words: str) -> str:
        """Return the output of the last command that begins with this text."""
        return [text for _, command, _, text in self.said if tuple(command[: len(words)]) == words][-1]

    def book(self) -> Gradebook:
        return Gradebook(f"sqlite:///{self.folder}/gradebook.db", "descent-2026")

    def scores(self, assignment: str) -> dict[str, tuple[float, float]]:
        """Return each student's score and penalty."""
        with self.book() as book:
            found = book.assignment_submissions(assignment)
            return {one.student_id: (one.score, one.notebooks[0].late_submission_penalty or 0.0) for one in found}


@functools.cache
def lesson_of(name: str) -> Lesson:
    return read_lesson(ROOT / "lessons" / name)


def notebook_of(term: Term, assignment: str, kind: str) -> str:
    """Return a submission: the released notebook with answers."""
    lesson = lesson_of(assignment)
    released = nbformat.read(term.folder / "handout" / f"{assignment}.ipynb", 4)
    exercise = {FIRST: "mean_squared_error", SECOND: "cosine_decay"}[assignment]
    mistake = lesson.mistakes_of(exercise)[0]
    changed = {"wrong": {exercise: mistaken_source(lesson, mistake)}, "silly": {exercise: "1 / 0"}}
    filled = released if kind == "blank" else submission(lesson, released, changed.get(kind))
    return file_content(filled)


def hand_in(term: Term) -> None:
    """Submit the first assignment in nbgrader's layout, and the second as a Canvas zip."""
    for student, kind in CLASS.items():
        place = term.folder / "submitted" / student / FIRST / f"{FIRST}.ipynb"
        place.parent.mkdir(parents=True)
        place.write_text(notebook_of(term, FIRST, kind), encoding="utf-8")
        (place.parent / "timestamp.txt").write_text("2026-10-12 10:00:00 UTC")
    with zipfile.ZipFile(term.folder / "canvas.zip", "w") as archive:
        for student, kind in CLASS.items():
            late = "_LATE" if student in ("emmy", "zoe", "rosa") else ""
            name = f"made{student}{late}_{CANVAS[student]}_99{CANVAS[student]}_{SECOND}.ipynb"
            archive.writestr(name, notebook_of(term, SECOND, kind))


def come_late(term: Term) -> None:
    """Write timestamps: Emmy submitted two days late, and Zoe one hour."""
    for student, when in (("emmy", "2026-10-21 15:00:00 UTC"), ("zoe", "2026-10-19 17:00:00 UTC")):
        (term.folder / "submitted" / student / SECOND / "timestamp.txt").write_text(when)


def grade_by_hand(term: Term) -> None:
    """Change a score as the formgrader does when a teacher overrules it."""
    with term.book() as book:
        grade = book.find_grade("mean_squared_error_hidden", FIRST, FIRST, "alan")
        grade.manual_score = 1.5
        book.db.commit()


def fix_test(term: Term) -> None:
    """Overrule a score, and then add a point to the first test of lesson 00."""
    grade_by_hand(term)
    path = term.folder / "lessons" / FIRST / "lesson.py"
    before = path.read_text(encoding="utf-8")
    after = before.replace(
        'grade_id="mean_squared_error_visible" points=1', 'grade_id="mean_squared_error_visible" points=2'
    )
    assert after != before
    path.write_text(after, encoding="utf-8")


def download(term: Term) -> None:
    """Write the files that the platforms would export: Canvas's gradebook and Moodle's worksheet."""
    canvas = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Learning-rate decay (12)"]]
    canvas.append(["    Points Possible", "", "", "", "", f"{POINTS}"])
    canvas += [[f"Made, {student}", str(id), "", f"login-{student}", "One", ""] for student, id in CANVAS.items()]
    moodle = [["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed"]]
    moodle[0] += ["Last modified (submission)", "Last modified (grade)", "Feedback comments"]
    for student, id in CANVAS.items():
        row = [
            f"Participant {id}",
            student,
            f"{student}@example.edu",
            "Submitted",
            "",
            f"{POINTS}",
            "Yes",
            "-",
            "-",
            "",
        ]
        moodle.append(row)
    for name, rows in (("canvas-gradebook.csv", canvas), ("worksheet.csv", moodle)):
        with (term.folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


# What the class does before the commands under these headings.
EVENTS: dict[str, Callable[[Term], None]] = {
    "Grade": hand_in,
    "Late submissions and extensions": come_late,
    "Fix a test": fix_test,
    "Grades into your LMS": download,
}


@pytest.fixture(scope="module")
def term(tmp_path_factory: pytest.TempPathFactory) -> Term:
    """Run all commands of the guide."""
    folder = tmp_path_factory.mktemp("term") / "course"
    folder.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for part in ("lessons", "solutions", "notebooks"):
        for name in (FIRST, BETWEEN, SECOND):
            shutil.copytree(
                ROOT / part / name, folder / part / name, ignore=shutil.ignore_patterns(".*", "__pycache__")
            )
    term = Term(folder)
    events = dict(EVENTS)
    for block in blocks():
        if block.kind == "toml":
            (folder / "course.toml").write_text(block.text, encoding="utf-8")
        elif block.text.startswith("id,"):
            more = "".join(f"{one},,,{one}@example.edu,{CANVAS[one]}\n" for one in list(CLASS)[4:])
            (folder / "roster.csv").write_text(block.text + more, encoding="utf-8")
        elif block.kind == "sh":
            events.pop(block.heading, lambda term: None)(term)
            for words in commands(block.text):
                code, text = run(folder, words)
                term.said.append((block.heading, words, code, text))
                assert code == 0, f"course {' '.join(words)}\n{text}"
    assert not events, "the guide lacks a heading"
    return term


@pytest.mark.needs("isolation")
def test_the_class_is_in_the_gradebook_under_its_own_ids(term: Term) -> None:
    assert "8 students: 8 added, 0 changed." in term.of("roster")
    with term.book() as book:
        assert {student.id for student in book.students} == set(CLASS)


@pytest.mark.needs("isolation")
def test_the_chosen_exercises_have_the_chosen_points(term: Term) -> None:
    assert f"with {POINTS:g} points, due 2026-10-19 16:00 UTC" in term.of("release", SECOND)
    released = nbformat.read(term.folder / "handout" / f"{SECOND}.ipynb", 4)
    marks = [cell.metadata.nbgrader for cell in released.cells if "nbgrader" in cell.metadata]
    answers = [mark.grade_id for mark in marks if mark.solution]
    assert answers == ["sgd_step", "inverse_time_decay", "cosine_decay", "with_warmup"]
    assert sum(mark.points for mark in marks if mark.grade) == POINTS
    assert sum(mark.points for mark in marks if mark.grade and mark.grade_id.startswith("cosine_decay")) == 6
    assert "plateau" not in "".join(cell.source for cell in released.cells if cell.cell_type == "code")


@pytest.mark.needs("isolation")
def test_each_gets_what_the_work_is_worth(term: Term) -> None:
    scores = term.scores(SECOND)
    assert {student: score for student, (score, _) in scores.items()} == {
        student: {"right": POINTS, "blank": 0, "wrong": POINTS - 4.5, "silly": POINTS - 6}[kind]
        if kind != "wrong" else scores["zoe"][0]
        for student, kind in CLASS.items()
    }  # fmt: skip
    assert POINTS - 6 <= scores["zoe"][0] < POINTS


@pytest.mark.needs("isolation")
def test_lateness_costs_and_more_time_forgives(term: Term) -> None:
    assert term.of("extend").startswith(f"emmy has 3 days more for {SECOND}.")
    scores = term.scores(SECOND)
    lost = {student: penalty for student, (_, penalty) in scores.items() if penalty}
    assert lost == {"zoe": round(scores["zoe"][0] / 10, 4)}


@pytest.mark.needs("isolation")
def test_a_corrected_test_changes_what_it_touches_and_leaves_hands_alone(term: Term) -> None:
    scores = term.scores(FIRST)
    assert scores["ada"] == (4.0, 0.0)
    with term.book() as book:
        grade = book.find_grade("mean_squared_error_hidden", FIRST, FIRST, "alan")
        assert (grade.manual_score, grade.score, grade.needs_manual_grade) == (1.5, 1.5, True)


@pytest.mark.needs("isolation")
def test_pages_are_written_and_hold_no_hidden_value(term: Term) -> None:
    key = (term.folder / "course.key").read_text()
    hidden = set(re.findall(r"-?\d\.\d{12,}", key))
    for student in CLASS:
        for assignment in (FIRST, SECOND):
            page = (term.folder / "feedback" / student / assignment / f"{assignment}.html").read_text(encoding="utf-8")
            assert not hidden & set(re.findall(r"-?\d\.\d{12,}", page))
    assert hidden
    assert (term.folder / "report" / f"{SECOND}.html").is_file()
    assert (term.folder / "similar" / f"{SECOND}.html").is_file()


def expected(term: Term) -> dict[str, float]:
    return {student: score - penalty for student, (score, penalty) in term.scores(SECOND).items()}


@pytest.mark.needs("isolation")
def test_the_table_has_a_row_a_student(term: Term) -> None:
    with (term.folder / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert_no_formula(rows)
    table = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[1:]}
    assert {one: float(table[one][f"{SECOND}: total"]) for one in CLASS} == pytest.approx(expected(term))
    assert table["zoe"]["cosine_decay"] != "6"
    assert table["emmy"][f"{SECOND}: hours late"] == "0"
    assert "still needs manual grading" in table["alan"][f"{FIRST}: remarks"]
    # Her zip said that she was late; `submitted`, which was graded later, does not. Emmy's time is known.
    assert "Canvas marks it as late." in table["rosa"][f"{SECOND}: remarks"]
    assert table["emmy"][f"{SECOND}: remarks"] == ""


@pytest.mark.needs("isolation")
def test_canvas_and_moodle_take_the_grades(term: Term) -> None:
    canvas = CanvasCourse({12: ("Learning-rate decay", POINTS)}, dict.fromkeys(CANVAS.values(), ("", "")))
    canvas.read(term.folder / "canvas-import.csv")
    found = {student: float(canvas.grades[id, 12]) for student, id in CANVAS.items()}
    assert found == pytest.approx(expected(term))
    users = {one: {"participant": str(id), "id": one, "email": f"{one}@example.edu"} for one, id in CANVAS.items()}
    worksheet, imported = MoodleCourse(users, POINTS), MoodleCourse(users, POINTS)
    worksheet.upload_worksheet(term.folder / "worksheet-filled.csv")
    imported.import_grades(term.folder / "moodle-import.csv", "email", "Email address", SECOND)
    assert worksheet.grades == imported.grades == pytest.approx(expected(term))


@pytest.mark.needs("isolation")
def test_an_appeal_shows_the_mistake_again(term: Term) -> None:
    said = term.of("grade", f"submitted/zoe/{SECOND}/{SECOND}.ipynb")
    assert "cosine_decay" in said
    assert lesson_of(SECOND).mistakes_of("cosine_decay")[0].hint[:30] in " ".join(said.split())


def documented() -> Iterator[tuple[str, str]]:
    for page in sorted((ROOT / "docs").glob("*.md")):
        for block in (block for block in blocks(page) if block.kind in ("", "sh")):
            for words in commands(block.text):
                yield page.name, " ".join(words)


@pytest.fixture(scope="module")
def cli() -> click.Command:
    add_commands()
    return typer.main.get_command(app)


@pytest.mark.parametrize(("page", "command"), sorted(set(documented())))
def test_every_command_of_the_docs_exists_with_its_options(cli: click.Command, page: str, command: str) -> None:
    words = command.split()
    found: click.Command = cli
    while hasattr(found, "commands") and words[0] in found.commands:
        found = found.commands[words.pop(0)]
    assert found is not cli, f"{page}: there is no `course {command}`"
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= known


def test_the_guide_names_no_file_that_is_not_there() -> None:
    text = TEACHING.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (TEACHING.parent / link).exists(), link
