"""The Gradescope archive, unpacked and run as Gradescope does: as root, with right, blank, wrong and hostile work.

Packages come from this machine instead of a package index; the course itself comes from the archive's wheel.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.sample_submissions import samples, submission
from course_grader.authoring.source_notebook import file_content
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.engine.limits import Limits
from course_grader.engine.notebook.assignment import Assignment, TeacherCell
from course_grader.engine.result import FAULT, SECRET, CellResult
from course_grader.exports.autograder import GradescopeReport
from course_grader.exports.gradescope_archive import LOCK, build_wheel, requirements, write_archive
from tests.exports.readers import gradescope_report

ROOT = Path(__file__).parents[2]
NAME = "00_start_here"
EXERCISE = "mean_squared_error"
PEEK = """
def mean_squared_error(prediction, target):
    return 0.0
import glob, os
for place in ({root!r} + "/source/assignment.json", {root!r} + "/results/results.json", *glob.glob({home!r} + "/*")):
    try:
        print("READ", place, open(place).read(20))
    except OSError as error:
        print("SHUT", place, type(error).__name__)
try:
    open({root!r} + "/results/results.json", "w").write('{{"score": 1000}}')
    print("WROTE")
except OSError:
    pass
os._exit(0)
"""


@dataclass(frozen=True)
class Box:
    """The folder that is /autograder at Gradescope."""

    root: Path
    right: Any
    released: Any

    def run(self, notebook: Any = None, name: str = f"{NAME}.ipynb") -> dict[str, Any]:
        """Grade a submission, and return its report."""
        shutil.rmtree(self.root / "submission", ignore_errors=True)
        shutil.rmtree(self.root / "results", ignore_errors=True)
        (self.root / "submission").mkdir()
        (self.root / "results").mkdir()
        if isinstance(notebook, bytes):
            (self.root / "submission" / name).write_bytes(notebook)
        elif notebook is not None:
            (self.root / "submission" / name).write_text(file_content(notebook))
        environment = {"AUTOGRADER_ROOT": str(self.root), "PATH": os.environ["PATH"], "HOME": str(Path.home())}
        done = subprocess.run(
            [self.root / "run_autograder"], cwd=self.root, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return gradescope_report(self.root / "results" / "results.json")

    def answer(self, source: str) -> dict[str, Any]:
        """Grade the right submission with one answer replaced."""
        notebook = nbformat.from_dict(json.loads(json.dumps(self.right)))
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == EXERCISE:
                cell.source = source
        return self.run(notebook)


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    # Not in pytest's folder, which only root may enter: at Gradescope, everybody may enter /autograder.
    root = Path(tempfile.mkdtemp(prefix="autograder-"))
    root.chmod(0o755)
    lesson = read_lesson(ROOT / "lessons" / NAME)
    released = nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4)
    try:
        write_hidden_key(root / "course.key", [lesson], "a term")
        assignment = Assignment.from_notebook(ROOT / "solutions" / NAME / f"{NAME}.ipynb", root / "course.key")
        (root / "course.key").unlink()
        # Long enough for a normal cell on a busy machine.
        assignment = replace(assignment, limits=Limits(cell_seconds=8, test_seconds=8, again_seconds=2))
        (root / "wheels").mkdir()
        write_archive(root / "autograder.zip", assignment, build_wheel(ROOT, root / "wheels"), ROOT / LOCK)
        assert (root / "autograder.zip").stat().st_mode & 0o077 == 0
        _set_up(root)
        yield Box(root, submission(lesson, released), released)
    finally:
        shutil.rmtree(root)


def _set_up(root: Path) -> None:
    """Do what Gradescope does with an archive: unpack it, copy run_autograder, run setup.sh."""
    with zipfile.ZipFile(root / "autograder.zip") as archive:
        archive.extractall(root / "source")
    for name in ("setup.sh", "run_autograder"):
        (root / "source" / name).chmod(0o755)
    shutil.copy(root / "source" / "run_autograder", root)
    venv.create(root / "venv", with_pip=True)
    # Links to all packages except the course, instead of a package index.
    (root / "packages").mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if "descent" not in path.name and not path.name.startswith(("pip", "__pycache__")) and path.suffix != ".pth":
            (root / "packages" / path.name).symlink_to(path)
    [site] = (root / "venv" / "lib").glob("python*/site-packages")
    (site / "packages.pth").write_text(f"{root}/packages\n")
    environment = dict(os.environ, AUTOGRADER_ROOT=str(root), PIP_NO_INDEX="1", PIP_NO_DEPS="1")
    done = subprocess.run(["bash", root / "source" / "setup.sh"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(root / "wheels")


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {test["name"]: test for test in report["tests"]}


def test_the_archive_has_its_files_at_the_top_and_pins_versions(box: Box) -> None:
    with zipfile.ZipFile(box.root / "autograder.zip") as archive:
        assert {"setup.sh", "run_autograder", "assignment.json", "constraints.txt"} < set(archive.namelist())
        assert archive.read("requirements.txt").decode().split() == ["msgpack"]
        assert archive.getinfo("run_autograder").external_attr >> 16 & 0o111
        pins = archive.read("constraints.txt").decode().splitlines()
    assert any(line.startswith("numpy==") for line in pins)
    assert all("==" in line and "#" not in line for line in pins)


def test_the_mode_together_brings_what_it_needs() -> None:
    assignment = Assignment(NAME, (), {}, {}, mode="together", imports=("sympy.abc", "json", "numpy", "helper"))
    assert requirements(assignment) == ["msgpack", "nbgrader", "sympy"]


def test_the_autograder_needs_nothing_of_jupyter() -> None:
    lacking = ("jinja2", "jupytext", "nbclient", "nbconvert", "nbformat", "nbgrader", "sqlalchemy")
    program = f"import sys; sys.modules.update(dict.fromkeys({lacking})); import course_grader.exports.autograder"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_the_course_comes_from_the_wheel(box: Box) -> None:
    command = [box.root / "venv" / "bin" / "python", "-sPc", "import course_grader; print(course_grader.__file__)"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(box.root / "venv"))


@pytest.mark.needs("root")
def test_right_blank_and_wrong(box: Box) -> None:
    right = box.run(box.right)
    assert right["score"] == sum(test["max_score"] for test in right["tests"]) > 0
    assert {test["status"] for test in right["tests"]} == {"passed"}
    blank = box.run(box.released, "my own name.ipynb")
    assert blank["score"] == 0
    lesson = read_lesson(ROOT / "lessons" / NAME)
    name, wrong = next(one for one in samples(lesson, box.released) if one[0].startswith(f"mistake-{EXERCISE}"))
    test = by_name(box.run(wrong))[EXERCISE]
    mistake = next(one for one in lesson.mistakes if name.endswith(one.id))
    assert test["status"] == "failed"
    assert test["tags"] == [mistake.id]
    assert mistake.hint in test["output"]


@pytest.mark.needs("root")
def test_a_hostile_submission_reads_nothing_and_writes_nothing(box: Box) -> None:
    report = box.answer(PEEK.format(root=str(box.root), home=str(Path.home())))
    assert by_name(report)[EXERCISE]["score"] == 0
    secret = json.loads((box.root / "source" / "assignment.json").read_text())["hidden"]
    assert secret
    # What it printed is in no report; that it could not read is told by a submission that earns points for reading.
    reads = f"open({str(box.root / 'source' / 'assignment.json')!r}).read(1)"
    honest = next(
        cell.source for cell in box.right.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == EXERCISE
    )
    guarded = f"try:\n    {reads}\nexcept PermissionError:\n" + "\n".join(f"    {line}" for line in honest.splitlines())
    assert by_name(box.answer(guarded))[EXERCISE]["status"] == "passed"


@pytest.mark.needs("root")
def test_an_endless_cell_and_a_missing_notebook_still_have_a_report(box: Box) -> None:
    report = box.answer("while True:\n    pass")
    assert by_name(report)[EXERCISE]["status"] == "failed"
    page = box.run(b"<!DOCTYPE html><html><title>Sign in</title></html>")
    assert page["output"].startswith("The file is a web page, saved in place of the notebook. Download the notebook")
    assert box.run()["output"] == f"It contains no notebook. Submit only the file {NAME}.ipynb."


def test_the_report_is_whole_while_grading_goes_on(box: Box) -> None:
    program = """
import json, sys
from pathlib import Path
from course_grader.engine.notebook.assignment import Assignment, TeacherCell
from course_grader.engine.result import CellResult
from course_grader.exports.autograder import GradescopeReport
root = Path(sys.argv[1])
assignment = Assignment.load(root / "source" / "assignment.json")
report = GradescopeReport(root / "results" / "results.json", assignment)
first = assignment.of_kind("test")[0]
report.add(CellResult(first.grade_id, first.exercises, "passed", first.points, first.points))
"""
    (box.root / "results").mkdir(exist_ok=True)
    subprocess.run([box.root / "venv" / "bin" / "python", "-sPc", program, box.root], check=True)
    report = gradescope_report(box.root / "results" / "results.json")
    assert "Grading did not finish" in report["output"]
    assert any("Only partly graded" in test["output"] for test in report["tests"])


def test_a_hidden_assertion_and_a_fault_stay_the_teachers(tmp_path: Path) -> None:
    source = f"### BEGIN HIDDEN TESTS\nassert {EXERCISE}(3, 5) == 4, 'expected 4'\n### END HIDDEN TESTS"
    names = ("secret", "fault")
    tests = tuple(TeacherCell("test", name, name, source, 1.0, needs=(EXERCISE,), exercises=(name,)) for name in names)
    report = GradescopeReport(tmp_path / "results.json", Assignment(NAME, tests, {}, {}))
    report.add(CellResult("secret", ("secret",), "failed", 0.0, 1.0, "AssertionError: expected 4", secret=True))
    report.add(CellResult("fault", ("fault",), "error", 0.0, 1.0, "The test itself failed: KeyError: 4", secret=True))
    written = by_name(gradescope_report(tmp_path / "results.json"))
    assert [written[name]["output"] for name in names] == [SECRET, FAULT]


def test_a_broken_archive_says_that_it_is_not_the_students_fault(box: Box) -> None:
    assignment = box.root / "source" / "assignment.json"
    content = assignment.read_bytes()
    try:
        assignment.write_text("{}")
        done = subprocess.run([sys.executable, "-m", "course_grader.exports.autograder", box.root], capture_output=True)
        assert done.returncode == 1
        assert "not your submission's fault" in (box.root / "results" / "results.json").read_text()
    finally:
        assignment.write_bytes(content)
