"""A teacher's own assignment in `course grade` and `nbgrader autograde`: its mode, and tests that are wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course_grader.cell_metadata import nbgrader_mark
from course_grader.configuration import own_preprocessors, use_engine
from course_grader.engine.result import CellResult, Outcome, Result
from course_grader.gradebook.course import Course
from course_grader.gradebook.course_doctor import findings
from course_grader.gradebook.display import Display
from course_grader.gradebook.run import ProgressEvent
from course_grader.term.release_term import release_assignment
from course_utils.errors import CourseError, Exit
from tests import commands
from tests.own.course import inside, nbgrader, our_configuration

RIGHT, WRONG = "def f(x):\n    return 2 * x", "def f(x):\n    return x"
PARTIAL = "def f(x):\n    return 2 * x if x < 5 else 0"
COUNTING = "sum(f(x) == 2 * x for x in (1, 9))"
# SQLAlchemy's warnings are for nbgrader's developers.
pytestmark = [pytest.mark.needs("isolation"), pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")]


def notebook(answer: str, *tests: str) -> str:
    cells = [new_code_cell(answer, metadata={"nbgrader": nbgrader_mark("answer", "f", 0)})]
    for number, test in enumerate(tests, 1):
        cells.append(new_code_cell(test, metadata={"nbgrader": nbgrader_mark("test", f"t{number}", 2)}))
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    return nbformat.writes(new_notebook(cells=cells, metadata={"kernelspec": kernel}))


def course(folder: Path, tests: tuple[str, ...], **answers: str) -> Path:
    """Write a course with an assignment ps1 and submissions for it."""
    (folder / "nbgrader_config.py").write_text(our_configuration())
    places = {folder / "source" / "ps1": RIGHT}
    places |= {folder / "submitted" / who / "ps1": answer for who, answer in answers.items()}
    for place, answer in places.items():
        place.mkdir(parents=True)
        (place / "ps1.ipynb").write_text(notebook(answer, *tests))
    return folder


def graded(folder: Path, *more: str, place: str = "submitted") -> subprocess.CompletedProcess[str]:
    """Run `course grade` with one process."""
    command = [sys.executable, "-c", "from course_utils.cli import main; main()"]
    command += ["grade", place, "--assignment", "ps1", "--workers", "1", *more]
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_KEY"} | path
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def scores(folder: Path) -> dict[str, float]:
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        return {one.student.id: one.score for one in book.assignment_submissions("ps1")}


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_partial_credit_is_given_by_both_commands_without_a_key(tmp_path: Path) -> None:
    folder = course(tmp_path, (COUNTING, "assert f(1) == 2"), right=RIGHT, partial=PARTIAL, wrong=WRONG)
    done = graded(folder, "--json")
    assert done.returncode == 0, done.stderr
    *lines, last = map(json.loads, done.stdout.splitlines())
    assert {line["student"]: (line["score"], line["mode"]) for line in lines} == {
        "right": (4, "apart"), "partial": (3, "apart"), "wrong": (0, "apart"),
    }  # fmt: skip
    assert last["summary"]["mode"] == "apart"
    assert (
        last["summary"]["why"]
        == "All 2 submissions made from the teacher's notebook get the same scores in both modes."
    )
    assert scores(folder) == {"right": 4, "partial": 3, "wrong": 0}
    with inside(folder):
        [mode] = [found for found in findings() if found.subject == "mode"]
        assert nbgrader(folder).autograde("ps1", "*", force=True)["success"]
    assert mode.says.startswith("ps1/ps1 is graded in the mode apart. All 2 submissions")
    assert mode.well
    assert scores(folder) == {"right": 4, "partial": 3, "wrong": 0}


def test_an_edited_test_is_the_teachers_and_runs_once_and_a_preview_writes_nothing(tmp_path: Path) -> None:
    once = "runs = globals().get('runs', 0) + 1\n2 if runs == 1 else 0"
    folder = course(tmp_path, (once, "assert f(1) == 2"), right=RIGHT, edited=RIGHT, wrong=WRONG)
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write('c.Grade.modes = {"ps1": "together"}\n')
    (folder / "submitted" / "edited" / "ps1" / "ps1.ipynb").write_text(
        notebook(RIGHT, f"{once}  # mine", "assert True")
    )
    before = files_in(folder)
    assert "Graded in the mode 'together'." in graded(folder, "--preview").stdout
    assert files_in(folder) == before
    assert graded(folder).returncode == 0
    expected = {"right": 4, "edited": 4, "wrong": 2}
    assert scores(folder) == expected
    assert (folder / "gradebook.modes.json").stat().st_mode & 0o777 == 0o600
    with inside(folder):
        assert nbgrader(folder).autograde("ps1", "*", force=True)["success"]
    assert scores(folder) == expected


def test_a_test_that_is_at_fault_itself_is_said_with_its_own_exit_code(tmp_path: Path) -> None:
    folder = course(tmp_path, ("assert f(1) == 2", "assert f(2) == 5"), right=RIGHT, wrong=WRONG)
    done = graded(folder)
    assert done.returncode == Exit.TESTS
    assert "The test 't2' also fails on the reference, so the test itself is wrong: AssertionError" in done.stdout
    with inside(folder):
        [mode] = [found for found in findings() if found.subject == "mode"]
    assert "t2" in mode.remedy
    autograded = json.loads((folder / "autograded" / "right" / "ps1" / "ps1.ipynb").read_text())
    # The message first says that it is not the student's fault, and then names the error.
    said, error = autograded["cells"][2]["outputs"]
    assert "no fault of yours" in "".join(said["text"])
    assert error["output_type"] == "error"
    assert Course.at(folder).assignment("ps1").faults == {"t2": "AssertionError"}


def test_a_test_that_nobody_passes_is_said_with_its_own_exit_code(tmp_path: Path) -> None:
    tests = ("assert f(0) == 0", "assert f(1) == 2")
    folder = course(tmp_path, tests, one=WRONG, two="def f(x):\n    return 3 * x")
    done = graded(folder)
    assert done.returncode == Exit.TESTS
    assert "No submission passes the test 't2', and 2 fail it: check the test." in done.stdout
    assert "'t1'" not in done.stdout
    # If somebody passes it, no warning is printed.
    place = folder / "submitted" / "three" / "ps1"
    place.mkdir(parents=True)
    (place / "ps1.ipynb").write_text(notebook(RIGHT, *tests))
    assert graded(folder).returncode == 0


def test_the_engine_is_put_into_a_teachers_configuration() -> None:
    """Two lines configure the same as our own file, and keep the teacher's settings."""
    ours, theirs = configuration(our_configuration()), Config()
    use_engine(theirs)
    for section in ("Autograde", "HTMLExporter"):
        assert theirs[section] == ours[section]
    use_engine(theirs)
    assert theirs.Autograde == ours.Autograde
    assert own_preprocessors(theirs) == own_preprocessors(Config()) == []
    own = configuration(
        "c = get_config()\nfrom nbgrader.preprocessors import Execute, SaveAutoGrades\n"
        "c.Autograde.sanitize_preprocessors.insert(0, 'mine.First')\n"
        "c.Autograde.autograde_preprocessors = [Execute, SaveAutoGrades, 'mine.Last']\n"
    )
    use_engine(own)
    assert own.Autograde.sanitize_preprocessors[:3] == [
        "course_grader.engine.preprocessors.Intake", "mine.First", "nbgrader.preprocessors.ClearOutput",
    ]  # fmt: skip
    grading, saving, last = own.Autograde.autograde_preprocessors
    assert (grading, saving.__name__, last) == (
        "course_grader.engine.preprocessors.Grade",
        "SaveAutoGrades",
        "mine.Last",
    )
    assert own_preprocessors(own) == ["mine.First", "mine.Last"]


def configuration(text: str) -> Config:
    with TemporaryDirectory() as folder:
        (Path(folder) / "nbgrader_config.py").write_text(text)
        return PyFileConfigLoader("nbgrader_config.py", path=folder).load_config()


def test_a_teachers_own_preprocessor_has_its_say_in_both_commands(tmp_path: Path) -> None:
    """The preprocessor here writes the answer for a student who left it out."""
    folder = course(tmp_path, ("assert f(1) == 2", "assert f(2) == 5"), helped="# help me", wrong=WRONG)
    (folder / "nbgrader_config.py").write_text(OWN_PREPROCESSOR)
    done = graded(folder)
    assert (done.returncode, done.stderr) == (Exit.TESTS, "")
    assert "The test 'ps1.t2' also fails on the reference" in done.stdout
    assert "2 submissions: 1 part, 1 no points." in done.stdout
    assert scores(folder) == {"helped": 2, "wrong": 0}
    with inside(folder):
        assert nbgrader(folder).autograde("ps1", "*", force=True)["success"]
    assert scores(folder) == {"helped": 2, "wrong": 0}


OWN_PREPROCESSOR = f"""
import sys, types
from nbgrader.preprocessors import NbGraderPreprocessor
class Help(NbGraderPreprocessor):
    def preprocess_cell(self, cell, resources, index):
        if cell.source == "# help me":
            cell.source = {RIGHT!r}
        return cell, resources
helping = types.ModuleType("helping_students")
helping.Help = Help
sys.modules["helping_students"] = helping
c = get_config()
c.Autograde.sanitize_preprocessors.append("helping_students.Help")
from course_grader.configuration import use_engine
use_engine(c)
"""


LATE = """
import sys, types
from nbgrader.plugins import BasePlugin
class HalfAPoint(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return 0.5 if total_seconds_late > 3600 else 0
late = types.ModuleType("half_a_point")
late.HalfAPoint = HalfAPoint
sys.modules["half_a_point"] = late
c.AssignLatePenalties.plugin_class = "half_a_point.HalfAPoint"
"""


def test_a_teachers_own_late_penalty_is_taken_by_both_commands(tmp_path: Path) -> None:
    folder = course(tmp_path, ("assert f(1) == 2",), early=RIGHT, minutes=RIGHT, late=RIGHT, wrong=WRONG)
    (folder / "nbgrader_config.py").write_text(our_configuration() + LATE)
    times = {"early": "10:00", "minutes": "12:59", "late": "14:00", "wrong": "14:00"}
    for student, time in times.items():
        (folder / "submitted" / student / "ps1" / "timestamp.txt").write_text(f"2026-11-02 {time}:00 UTC")
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        book.add_assignment("ps1", duedate="2026-11-02T12:00:00")
    done = graded(folder)
    assert done.returncode == 0, done.stderr
    # nbgrader subtracts at most the whole score.
    expected = {"early": (2, 0), "minutes": (2, 0), "late": (1.5, 0.5), "wrong": (0, 0)}
    assert penalized(folder) == expected
    with inside(folder):
        assert nbgrader(folder).autograde("ps1", "*", force=True)["success"]
    assert penalized(folder) == expected


def penalized(folder: Path) -> dict[str, tuple[float, float]]:
    """Return each student's score after the penalty, and the penalty."""
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        found = book.assignment_submissions("ps1")
        return {one.student.id: (one.score - one.late_submission_penalty, one.late_submission_penalty) for one in found}


def test_a_footer_of_the_course_belongs_to_the_assignment(tmp_path: Path) -> None:
    """The footer here defines a name that a test needs, so the reference would fail without it."""
    folder = course(tmp_path, (), right=RIGHT, wrong=WRONG)
    footer = new_notebook(cells=[new_code_cell("doubled = f(3)")])
    nbformat.write(footer, folder / "source" / "footer.ipynb")
    (folder / "nbgrader_config.py").write_text(
        our_configuration() + 'c.IncludeHeaderFooter.footer = "source/footer.ipynb"\n'
    )
    source = folder / "source" / "ps1" / "ps1.ipynb"
    source.write_text(notebook("### BEGIN SOLUTION\ndef f(x):\n    return 2 * x\n### END SOLUTION", "assert f(1) == 2"))
    assert release_assignment(Course.at(folder), "ps1").messages
    released = nbformat.read(folder / "release" / "ps1" / "ps1.ipynb", 4)
    assert released.cells[-1].source == "doubled = f(3)"
    for student, answer in {"right": RIGHT, "wrong": WRONG}.items():
        released.cells[0].source = answer
        nbformat.write(released, folder / "submitted" / student / "ps1" / "ps1.ipynb")
    done = graded(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert scores(folder) == {"right": 2, "wrong": 0}


def test_a_file_that_nbgrader_does_not_overwrite_is_the_students_own(tmp_path: Path) -> None:
    answer = "import helper\ndef f(x):\n    return helper.twice(x)"
    folder = course(tmp_path, ("assert f(1) == 2",), own=answer, teachers=answer)
    helper = {folder / "source" / "ps1": 2, folder / "submitted/own/ps1": 3, folder / "submitted/teachers/ps1": 3}
    for place, factor in helper.items():
        (place / "helper.py").write_text(f"def twice(x):\n    return {factor} * x")
    (folder / "source" / "ps1" / "ps1.ipynb").write_text(notebook(answer, "assert f(1) == 2"))
    for own, expected in (((), 2), (("helper.py",), 0)):
        excluded = f'c.Autograde.exclude_overwriting = {{"ps1": {list(own)!r}}}\n'
        (folder / "nbgrader_config.py").write_text(our_configuration() + excluded)
        with inside(folder):
            api = nbgrader(folder)
            assert api.generate_assignment("ps1", force=True)["success"]
            assert api.autograde("ps1", "*", force=True)["success"]
        assert scores(folder) == {"own": expected, "teachers": expected}


def test_two_blank_submissions_of_several_notebooks_say_nothing_of_the_tests(tmp_path: Path) -> None:
    blank = "def f(x):\n    raise NotImplementedError()"
    folder = course(tmp_path, ("assert f(1) == 2",), one=blank, two=f"{blank}\n", three=blank)
    for place in (folder / "source" / "ps1", *(folder / "submitted").glob("*/ps1")):
        (place / "more.ipynb").write_text((place / "ps1.ipynb").read_text())
    done = graded(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 submissions: 3 no points." in done.stdout
    (folder / "submitted" / "three" / "ps1" / "more.ipynb").write_text(notebook(RIGHT, "assert f(1) == 2"))
    (folder / "submitted" / "two" / "ps1" / "ps1.ipynb").write_text("{")
    done = graded(folder)
    assert done.returncode == Exit.FAILED
    assert "not graded: two: " in done.stdout
    assert scores(folder)["three"] == 2
    assert "Put the submissions into" in graded(folder, "--db", f"sqlite:///{tmp_path}/x.db", place="source").stderr
    for verb in ("feedback", "report", "similar"):
        said = commands.course(folder, verb, "ps1").stderr
        assert said.startswith("course: ps1 has several notebooks"), verb
        assert "nbgrader generate_feedback ps1" in said
        assert "`course grade` first" in commands.course(folder, verb, "ps2").stderr


def test_a_release_of_a_teachers_own_course_is_refused_for_a_test_at_fault(tmp_path: Path) -> None:
    folder = course(tmp_path, ("assert f(1) == 2", "assert f(2) == 5"))
    refusal = r"ps1 cannot be released\.\nThe test 't2' fails on your own solution: AssertionError"
    with pytest.raises(CourseError, match=refusal):
        release_assignment(Course.at(folder), "ps1")
    assert not (folder / "release").exists()
    (folder / "source" / "ps1" / "ps1.ipynb").write_text(
        notebook("def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION", "assert f(1) == 2")
    )
    (folder / "source" / "ps1" / "data.csv").write_text("1")
    told = release_assignment(Course.at(folder), "ps1", tmp_path / "handed out").messages
    assert any(sentence.startswith("It is graded in the mode apart.") for sentence in told)
    for place in (folder / "release" / "ps1", tmp_path / "handed out"):
        assert {path.name for path in place.iterdir()} == {"ps1.ipynb", "data.csv"}
    assert "2 * x" not in (folder / "release" / "ps1" / "ps1.ipynb").read_text()


def test_a_test_that_fails_of_itself_for_one_submission_is_said() -> None:
    def told(mode: str, *outcomes: Outcome) -> list[str]:
        display = Display("ps1", as_json=False)
        for number, outcome in enumerate(outcomes):
            cell = CellResult("t1", ("f",), outcome, 2 * (outcome == "passed"), 2, "The test itself failed: why.")
            display.report(ProgressEvent(f"student{number}", result=Result("ps1", "", "none", (cell,), mode=mode)))
        return display.suspects

    assert told("together", "passed", "error") == [
        "The test 't1' itself failed on a submission: The test itself failed: why."
    ]
    assert told("apart", "passed", "error") == []
    assert told("apart", "error", "failed") == ["No submission passes the test 't1', and 2 fail it: check the test."]


def test_two_blank_submissions_say_nothing_of_the_test(tmp_path: Path) -> None:
    blank = "def f(x):\n    raise NotImplementedError()"
    assert graded(course(tmp_path, ("assert f(1) == 2",), one=blank, two=f"{blank}\n")).returncode == 0
