"""The wheel contains no solution, no lesson and no hidden check."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Split, so that this file has no marker of its own.
MARKERS = [f"### {edge} {kind}" for edge in ("BEGIN", "END") for kind in ("SOLUTION", "HIDDEN TESTS")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_it_holds_the_two_packages_alone(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"course_utils", "course_grader", "descent_course-0.1.0.dist-info"}


def test_a_learners_package_holds_no_solution(wheel: zipfile.ZipFile) -> None:
    for name in wheel.namelist():
        if name.startswith("course_utils/"):
            text = wheel.read(name).decode(errors="replace")
            assert not [marker for marker in MARKERS if marker in text], name
            assert not name.endswith((".key", "lesson.py", "mistakes.py", "alternatives.py")), name


def test_its_notebooks_are_the_released_ones_and_nothing_else_is_on_their_shelf(wheel: zipfile.ZipFile) -> None:
    shipped = {
        name: wheel.read(name) for name in wheel.namelist() if name.startswith("course_utils/bundled_notebooks/")
    }
    released = {
        f"course_utils/bundled_notebooks/{path.relative_to(ROOT / 'notebooks').as_posix()}": path.read_bytes()
        for path in (ROOT / "notebooks").glob("*/*.ipynb")
    }
    assert shipped == released
    assert len(shipped) >= 10


def test_it_holds_what_is_not_code(wheel: zipfile.ZipFile) -> None:
    folders = ("checks/keys", "checks/hints", "checks/hints/questions", "explorers/recordings", "jupyter")
    for folder in (f"course_utils/{name}" for name in folders):
        shipped = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.json")}
        assert shipped
        assert shipped <= set(wheel.namelist())
    assert {f"course_utils/explorers/show/explorer.{kind}" for kind in ("js", "css")} <= set(wheel.namelist())


def test_it_offers_the_command_and_both_licences(wheel: zipfile.ZipFile) -> None:
    [information] = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    points = wheel.read(f"{information}/entry_points.txt").decode()
    assert "course = course_utils.__main__:run" in points
    assert "[descent.commands]" in points
    metadata = Parser().parsestr(wheel.read(f"{information}/METADATA").decode())
    assert metadata["License-Expression"] == "BSD-3-Clause AND CC-BY-4.0"
    assert {f"{information}/licenses/{name}" for name in metadata.get_all("License-File")} <= set(wheel.namelist())
