"""The configuration for nbgrader serves a learner too, who has not what grading needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.source_notebook import file_content

ROOT = Path(__file__).parents[2]
NAME = "00_start_here"
# Stands for an installation with the extra `lab` alone.
LEARNER = """
import runpy, sys
for name in ("msgpack", "nh3", "jupytext", "hypothesis"):
    sys.modules[name] = None
sys.argv = ["nbgrader", *sys.argv[1:]]
runpy.run_module("nbgrader", run_name="__main__")
"""


def nbgrader(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment = environment | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", LEARNER, *args]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_learner_validates_without_what_grading_needs(tmp_path: Path) -> None:
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    released = nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4)
    right = submission(read_lesson(ROOT / "lessons" / NAME), released)
    for name, notebook in {"blank": released, "right": right}.items():
        (tmp_path / f"{name}.ipynb").write_text(file_content(notebook))
    blank, solved = (nbgrader(tmp_path, "validate", f"{name}.ipynb") for name in ("blank", "right"))
    assert "VALIDATION FAILED" in blank.stdout, blank.stderr
    assert "Success!" in solved.stdout, solved.stderr
    assert "ModuleNotFoundError" not in blank.stderr + solved.stderr


def test_grading_without_what_it_needs_says_what_to_install(tmp_path: Path) -> None:
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "solutions" / NAME, tmp_path / "solutions" / NAME)
    (tmp_path / "course.key").write_text("{}")
    place = tmp_path / "submitted" / "ada" / NAME / f"{NAME}.ipynb"
    place.parent.mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", place)
    assert nbgrader(tmp_path, "generate_assignment", NAME, "--create").returncode == 0
    graded = nbgrader(tmp_path, "autograde", NAME, "--create")
    assert graded.returncode != 0
    assert "Grading needs msgpack: install the course with" in graded.stderr
    assert not list(tmp_path.glob("autograded/*/*/*.ipynb"))
