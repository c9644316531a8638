"""Binder, Colab, GitHub's workflows and the README's badges name what exists."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from course_grader import cli as grader
from course_grader.authoring.cli import repository
from course_grader.authoring.colab import with_installation, write_copies
from course_utils import notebooks
from course_utils.cli import app

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# The shell's own, what the workflow makes itself, and what it installs by name.
GIVEN = {"cd", "git", "pip", "python", "mkdir", "set"}


def workflow(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def lines(path: Path) -> list[list[str]]:
    """Return each command line of a workflow as words."""
    steps = [step for job in workflow(path)["jobs"].values() for step in job["steps"]]
    return [shlex.split(line) for step in steps for line in step.get("run", "").splitlines() if line.strip()]


def verbs() -> set[str]:
    fresh = typer.Typer()
    grader.register(fresh)
    found: set[str] = set()
    for one in (app, fresh):
        found |= set(typer.main.get_command(one).commands)  # type: ignore[attr-defined]
    return found


def test_there_are_workflows_for_tests_site_and_release() -> None:
    assert [path.stem for path in WORKFLOWS] == ["release", "site", "tests"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_what_there_is(path: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for command, *arguments in lines(path):
        if command == "bash":
            assert (ROOT / arguments[0]).is_file(), arguments
        elif command == "make":
            assert set(arguments) <= set(targets), arguments
        elif command == "course":
            assert arguments[0] in verbs(), arguments
        else:
            assert command in GIVEN, command
        for word in arguments:
            # A folder that is built or a branch's name stands nowhere yet.
            if word.endswith((".ipynb", ".lock", ".toml", ".py")):
                # The learner's copies are laid down by the workflow itself.
                assert (ROOT / word.replace("learner/", "notebooks/")).is_file(), word


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_more_rights_than_it_names(path: Path) -> None:
    content = workflow(path)
    assert all(content.get("permissions") or job.get("permissions") for job in content["jobs"].values())
    assert all(step.get("uses") or step.get("run") for job in content["jobs"].values() for step in job["steps"])


def test_binder_lays_the_notebooks_down_where_the_badge_opens_them(tmp_path: Path) -> None:
    *_, last = (ROOT / "postBuild").read_text(encoding="utf-8").splitlines()
    course, verb, folder = last.split()
    assert (course, verb) == ("course", "start")
    assert (ROOT / "postBuild").stat().st_mode & 0o111
    # Binder looks nowhere else where one of these stands.
    assert not (ROOT / "binder").exists()
    assert not (ROOT / ".binder").exists()
    [opened] = re.findall(r"urlpath=lab/tree/([^)]*)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert opened.startswith(f"{folder}/")
    assert (ROOT / "notebooks" / opened.removeprefix(f"{folder}/")).is_file()


def test_the_badges_lead_to_the_address_of_the_course() -> None:
    account = repository(ROOT).removeprefix("https://github.com/")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"mybinder.org/v2/gh/{account}/main?" in text
    assert f"git clone {repository(ROOT)} descent\n" in text
    [name] = re.findall(rf"colab\.research\.google\.com/github/{account}/blob/colab/([^)]*)\)", text)
    assert (ROOT / "notebooks" / Path(name).stem / name).is_file()


def test_a_notebook_for_colab_is_the_released_one_after_a_first_cell(tmp_path: Path) -> None:
    written = write_copies(ROOT / "notebooks", tmp_path, "https://example.org/course")
    assert [path.stem for path in written] == [path.stem for path in notebooks.lessons_in(ROOT / "notebooks")]
    for path in written:
        first, *rest = notebooks.read(path)["cells"]
        assert rest == notebooks.read(ROOT / "notebooks" / path.stem / path.name)["cells"]
        assert first["metadata"] == {"tags": ["experiment"]}


def test_the_first_cell_installs_only_where_the_course_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    book = with_installation({"cells": []}, "https://example.org/course")
    python = TransformerManager().transform_cell(book["cells"][0]["source"])
    asked: list[tuple[str, str]] = []

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            asked.append((name, line))

    exec(python, {"get_ipython": Shell})
    assert asked == []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    exec(python, {"get_ipython": Shell})
    assert asked == [("pip", 'install --quiet "descent-course @ git+https://example.org/course" anywidget')]


def test_the_first_notebook_can_be_solved_without_the_graders_packages(tmp_path: Path) -> None:
    place = tmp_path / "00_start_here.ipynb"
    place.write_bytes((ROOT / "notebooks" / "00_start_here" / place.name).read_bytes())
    subprocess.run([sys.executable, str(ROOT / ".ci" / "solve.py"), place.stem, str(place)], check=True)
    text = "".join(cell["source"] for cell in notebooks.read(place)["cells"] if cell["cell_type"] == "code")
    assert "raise NotImplementedError" not in text
    assert "np.mean(" in text


def test_the_verb_says_what_it_wrote(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from course_utils.cli import main; main()", "colab", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"notebooks were written to {tmp_path}" in done.stdout
