"""A contributor's first hour, in a copy of the course: a new lesson, then the exercise that CONTRIBUTING.md shows.

Each passes lint, build and a lesson's tests just as it is written.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from course_grader.authoring.new_lesson import LONGEST_TOPIC, new_lesson
from tests.authoring.conftest import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
WALK = GUIDE.split("## An exercise from start to finish\n")[1].split("\n## ")[0]
NAME = "09_weight_averaging"
PYTEST = ("-m", "pytest", "-q", "-n", "0")
TESTS = ("tests/lessons", "tests/authoring/test_tables.py", "tests/house/test_repository.py")
# In an empty folder, ruff cannot see which packages are the course's own.
OWN = 'lint.isort.known-first-party=["course_utils", "course_grader"]'
# What a copy does not need: what is installed, built for the site, or another's.
LEFT_OUT = shutil.ignore_patterns(".*", "build", "dist", "my-notebooks", "__pycache__", "benchmarks", "gradebook.db")


class Block(NamedTuple):
    """What the guide says to write: the file, the place in it, and the text."""

    path: str
    place: str
    text: str


BLOCKS = [
    Block(*found) for found in re.findall(r"^In `([^`\n]+)`, ([^\n]+):\n\n```(?:python)?\n(.*?)```$", WALK, re.M | re.S)
]


def written(text: str, block: Block) -> str:
    """Return a file's text with a block in the place that the guide names."""
    if block.place == "at the end":
        gap = "\n\n" if block.path.endswith(".py") else ""
        return f"{text}{gap}{block.text}"
    if block.place == "before the last `]`":
        place = text.rindex("]")
        return text[:place] + block.text + text[place:]
    (heading,) = re.findall(r"before the cell `(.+)`", block.place)
    place = text.rindex("# %%", 0, text.index(f"# {heading}\n"))
    return f"{text[:place]}{block.text}\n{text[place:]}"


def run(folder: Path, *arguments: str) -> None:
    """Run Python in the copy, whose packages come before those that are installed."""
    environment = os.environ | {"PYTHONPATH": str(folder)} if (folder / "tests").exists() else None
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(arguments)}\n{(done.stdout + done.stderr)[-2000:]}"


def passes(copy: Path, *more: str) -> None:
    """Run what a contributor runs after a change of the lesson; `more` options are for its tests."""
    run(copy, "-m", "ruff", "check", "lessons", "course_utils")
    run(copy, "-m", "ruff", "format", "--check", "lessons", "course_utils")
    run(copy, ".ci/wording.py")
    run(copy, "-m", "course_utils", "build", NAME)
    run(copy, *PYTEST, *TESTS, "-k", f"{NAME} or shown_in_a_lesson or tables_of_the_course or readme or page", *more)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course in which a lesson can be tried."""
    place = tmp_path_factory.mktemp("copy") / "course"
    shutil.copytree(ROOT, place, ignore=LEFT_OUT)
    shutil.copytree(ROOT / ".ci", place / ".ci")
    shutil.copytree(ROOT / ".github", place / ".github")
    for name in (".pre-commit-config.yaml", ".gitattributes"):
        shutil.copy(ROOT / name, place)
    return place


def test_an_untouched_new_lesson_passes_everything(copy: Path) -> None:
    run(copy, "-m", "course_utils", "new-lesson", NAME)
    passes(copy, "--fast")


def test_the_exercise_of_the_guide_passes_everything(copy: Path) -> None:
    """Runs after the test above, whose lesson it goes on with, as the guide does; alone, it makes the lesson itself."""
    if not (copy / "lessons" / NAME).exists():
        run(copy, "-m", "course_utils", "new-lesson", NAME)
    for block in BLOCKS:
        path = copy / block.path
        path.write_text(written(path.read_text(encoding="utf-8"), block), encoding="utf-8")
    passes(copy)
    run(copy, "-m", "mypy", "-p", "course_utils.checks.probes")


def test_an_exercise_is_written_in_five_files() -> None:
    assert [block.path for block in BLOCKS] == [
        f"lessons/{NAME}/lesson.py",
        "course_utils/checks/probes/weight_averaging.py",
        f"lessons/{NAME}/mistakes.py",
        f"lessons/{NAME}/alternatives.py",
        "docs/concepts.md",
    ]
    # The other two are commands: nothing else is shown that a contributor would have to write.
    assert WALK.count("```") == 2 * (len(BLOCKS) + 2)


@pytest.mark.parametrize("topic", ["a", "weight_averaging", "import", "x" * LONGEST_TOPIC])
def test_a_new_lesson_is_in_shape_whatever_its_name(topic: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    new_lesson(tmp_path, f"09_{topic}")
    for verb in (["check", "--config", OWN], ["format", "--check"]):
        run(tmp_path, "-m", "ruff", *verb, ".")
    for path in (tmp_path / "lessons").rglob("lesson.py"):
        assert max(len(line) for line in path.read_text().split("\n") if not line.startswith("# ")) <= 100
