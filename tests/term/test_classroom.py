"""The workflow for GitHub Classroom is valid, and its checks run as GitHub would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.source_notebook import file_content

ROOT = Path(__file__).parents[2]
NAME = "00_start_here"


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    # BaseLoader, because YAML 1.1 would read the key `on` as true.
    loaded: dict[str, Any] = yaml.load(
        (ROOT / "docs" / "github_classroom.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader
    )
    return loaded


def test_it_runs_at_a_push_reads_only_and_ends(workflow: dict[str, Any]) -> None:
    assert "push" in workflow["on"]
    assert workflow["permissions"] == {"contents": "read"}
    [job] = workflow["jobs"].values()
    assert int(job["timeout-minutes"]) <= 60
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(name.startswith("actions/") and "@v" in name for name in used)
    assert "secrets" not in str(workflow)


def test_it_installs_what_the_project_is_called(workflow: dict[str, Any]) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    name, extra = workflow["env"]["COURSE"].split(" @ ")[0].rstrip("]").split("[")
    assert f'name = "{name}"' in project
    assert f"\n{extra} = [" in project


@pytest.mark.parametrize(("kind", "code"), [("right", 0), ("blank", 1)])
def test_a_push_is_checked(workflow: dict[str, Any], tmp_path: Path, kind: str, code: int) -> None:
    [job] = workflow["jobs"].values()
    [script] = [step["run"] for step in job["steps"] if "course check" in step.get("run", "")]
    released = nbformat.read(ROOT / "notebooks" / NAME / f"{NAME}.ipynb", 4)
    # Experiments are slow and not tested here.
    released.cells = [cell for cell in released.cells if "experiment" not in cell.metadata.get("tags", [])]
    notebook = submission(read_lesson(ROOT / "lessons" / NAME), released) if kind == "right" else released
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / f"{NAME}.ipynb").write_text(file_content(notebook), encoding="utf-8")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = dict(os.environ, PATH=programs, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=tmp_path / "repository", env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert f"## {NAME}.ipynb" in summary
    assert ("All checks pass." in summary) == (kind == "right")
    assert ("mean_squared_error" in summary) == (kind == "blank")
