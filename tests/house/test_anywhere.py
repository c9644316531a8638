"""Binder, Colab, GitHub's workflows and the README's badges name what exists."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from course_grader import cli as grader
from course_grader.authoring import project_url as addresses
from course_grader.authoring.colab import with_installation, write_copies
from course_grader.site.build_site import link_guide
from course_utils import notebooks
from course_utils.cli import app
from course_utils.errors import CourseError

ROOT = Path(__file__).parents[2]
PUBLISHED = "https://github.com/some-body/descent"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# Commands of the shell, and programs that the workflow creates or installs.
GIVEN = {"cd", "git", "lint-imports", "pip", "python", "ruff", "mkdir", "set", "uv"}


def workflow(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def lines(path: Path) -> list[list[str]]:
    """Return each command line of a workflow as words."""
    steps = [step for job in workflow(path)["jobs"].values() for step in job.get("steps", ())]
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
            # A folder that is built later, or the name of a branch, does not exist here.
            if word.endswith((".ipynb", ".lock", ".toml", ".py")):
                # The workflow itself creates the learner's copies.
                assert (ROOT / word.replace("learner/", "notebooks/")).is_file(), word


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_more_rights_than_it_names(path: Path) -> None:
    content = workflow(path)
    assert all(content.get("permissions") or job.get("permissions") for job in content["jobs"].values())
    for job in content["jobs"].values():
        # A job without steps calls another one of these workflows.
        assert job.get("steps") or ROOT.joinpath(job["uses"]).resolve() in WORKFLOWS
        assert all(step.get("uses") or step.get("run") for step in job.get("steps", ()))


def test_the_workflows_try_each_python_that_the_course_promises() -> None:
    pythons = workflow(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["check"]["strategy"]["matrix"]["python"]
    required = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    assert pythons[0] == required.removeprefix(">=")
    assert pythons == [f"3.{minor}" for minor in range(11, 15)]


@pytest.mark.parametrize(("form", "is_refused"), [("v{}", False), ("{}", True), ("v9{}", True), ("", True)])
def test_a_tag_names_the_version_that_is_published(form: str, is_refused: bool) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    command = [sys.executable, str(ROOT / ".ci" / "same_version.py"), form.format(version)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert (ended.returncode != 0) is is_refused
    assert (f"tag v{version}" in ended.stderr) is is_refused


def test_binder_lays_the_notebooks_down_where_the_badge_opens_them(tmp_path: Path) -> None:
    *_, last = (ROOT / "postBuild").read_text(encoding="utf-8").splitlines()
    course, verb, folder = last.split()
    assert (course, verb) == ("course", "start")
    assert (ROOT / "postBuild").stat().st_mode & 0o111
    # If one of these exists, Binder reads no other file.
    assert not (ROOT / "binder").exists()
    assert not (ROOT / ".binder").exists()
    [opened] = re.findall(r"urlpath=lab/tree/([^)]*)\)", addresses.badges(PUBLISHED))
    assert opened.startswith(f"{folder}/")
    assert (ROOT / "notebooks" / opened.removeprefix(f"{folder}/")).is_file()


def badges_of(root: Path) -> str:
    text = (root / "README.md").read_text(encoding="utf-8")
    return text.split(addresses.BEGIN, 1)[1].split(addresses.END, 1)[0]


def test_the_readme_has_the_badges_of_the_address_in_pyproject() -> None:
    published = addresses.address(ROOT)
    assert badges_of(ROOT) == (addresses.badges(published) if published else "")


def test_no_page_of_a_learner_has_a_gap_to_fill() -> None:
    for page in ("README.md", "docs/index.md", "docs/learning.md", "pyproject.toml"):
        assert not re.search(r"OWNER|ADDRESS-OF", (ROOT / page).read_text(encoding="utf-8")), page


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "README.md", "nbgrader_config.py"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_an_address_is_said_once_and_the_badges_follow(house: Path) -> None:
    before = tomllib.loads((house / "pyproject.toml").read_text(encoding="utf-8"))
    for said in ("https://github.com/first/course", "https://github.com/second/a.course/", PUBLISHED + ".git"):
        addresses.publish(house, said)
    after = tomllib.loads((house / "pyproject.toml").read_text(encoding="utf-8"))
    assert after["project"].pop("urls") == {"Repository": PUBLISHED}
    before["project"].pop("urls", None)
    assert after == before
    assert badges_of(house) == addresses.badges(PUBLISHED)
    [name] = re.findall(r"colab\.research\.google\.com/github/some-body/descent/blob/colab/([^)]*)\)", badges_of(house))
    assert (ROOT / "notebooks" / Path(name).stem / name).is_file()


@pytest.mark.parametrize("url", ["", "some-body/descent", "https://example.org/a/b", "https://github.com/a/b/c"])
def test_what_binder_cannot_open_is_refused_and_nothing_changes(url: str, house: Path) -> None:
    before = [(house / name).read_bytes() for name in ("pyproject.toml", "README.md")]
    with pytest.raises(CourseError, match="Binder and Colab need an address"):
        addresses.publish(house, url)
    assert [(house / name).read_bytes() for name in ("pyproject.toml", "README.md")] == before


def test_the_guide_on_the_site_links_to_the_address() -> None:
    guide = (ROOT / "docs" / "learning.md").read_text(encoding="utf-8")
    assert link_guide(guide, [], None) == guide
    assert f"Clone [the course's repository]({PUBLISHED})," in link_guide(guide, [], PUBLISHED)


def test_without_an_address_nothing_for_colab_is_written(house: Path) -> None:
    settings = house / "pyproject.toml"
    settings.write_text(re.sub(r"^Repository = .*\n", "", settings.read_text(encoding="utf-8"), flags=re.MULTILINE))
    with pytest.raises(CourseError, match=r"no public address yet\. Set it with `course address"):
        addresses.required_address(house)


def test_a_notebook_for_colab_is_the_released_one_after_a_first_cell(tmp_path: Path) -> None:
    written = write_copies(ROOT / "notebooks", tmp_path, "https://example.org/course")
    assert [path.stem for path in written] == [path.stem for path in notebooks.lessons_in(ROOT / "notebooks")]
    for path in written:
        first, *rest = notebooks.read(path)["cells"]
        assert rest == notebooks.read(ROOT / "notebooks" / path.stem / path.name)["cells"]
        assert first["metadata"] == {"tags": ["experiment"]}


def test_the_first_cell_installs_only_if_the_course_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_verbs_say_what_they_wrote(house: Path, tmp_path: Path) -> None:
    for folder in ("lessons", "notebooks"):
        (house / folder).symlink_to(ROOT / folder)

    def course(*arguments: str) -> str:
        command = [sys.executable, "-c", "from course_utils.cli import main; main()", *arguments]
        return subprocess.run(command, cwd=house, capture_output=True, text=True, check=True).stdout

    assert course("address", PUBLISHED) == "The address is now in pyproject.toml and README.md. Commit both.\n"
    assert f"notebooks written to {tmp_path / 'colab'}" in course("colab", "--to", str(tmp_path / "colab"))
    assert f"git+{PUBLISHED}" in (tmp_path / "colab" / "00_start_here.ipynb").read_text(encoding="utf-8")
