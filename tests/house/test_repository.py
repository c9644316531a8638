"""The files that engineers expect in a repository exist, are well-formed, and agree with pyproject.toml."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from course_grader.authoring.build import BUILT
from course_grader.authoring.tables import LESSONS

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / ".github").rglob("*.md")]


def test_the_citation_names_this_version_and_its_authors() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert citation["authors"] == PROJECT["authors"]
    assert " AND ".join(citation["license"]) == PROJECT["license"]


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == PROJECT["version"]
    assert len(set(versions)) == len(versions)


def test_the_readme_is_read_in_two_minutes() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    # A lesson more makes it longer by a row, which no reader minds.
    before, rest = text.split(LESSONS[0])
    assert len(before.split()) + len(rest.split(LESSONS[1])[1].split()) <= 390


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_links_to_files_that_exist_and_names_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("https://", "http://", "lessons/", "authoring.md", "security.md")):
            assert (path.parent / target).exists(), target
    # No invented person: the maintainers are contacted through the repository.
    assert not re.search(r"\b[\w.+-]+@(?!example\.|\w+\.example\b)[\w-]+\.\w+", text)


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md")), ids=lambda path: path.stem)
def test_an_issue_template_has_a_name_and_says_what_it_is_for(path: Path) -> None:
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert set(yaml.safe_load(head)) == {"name", "about"}
    assert "**" in body


def test_a_hook_runs_what_make_installs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    lint = (ROOT / "Makefile").read_text(encoding="utf-8")
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        if hook.get("stages") == ["commit-msg"]:
            assert (ROOT / arguments[0]).is_file()
        else:
            assert hook["entry"].replace(".venv", "$(VENV)") in lint
        assert program.startswith(".venv/bin/")


@pytest.mark.parametrize(
    ("subject", "fault"),
    [
        ("Add a test", ""),
        ("Process each zip once", ""),
        ("Merge branch 'x'", ""),
        ("Focus the cell", ""),
        ("a test", "capital"),
        ("Add a test.", "full stop"),
        ("Added a test", "'Added'"),
        ("Adds a test", "'Adds'"),
        ("Adding a test", "'Adding'"),
        ("Say " + 69 * "x", "73 characters"),
        ("", "capital"),
    ],
)
def test_a_subject_is_a_short_imperative(subject: str, fault: str, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_text(f"# a comment of git\n{subject}\n\nThe reason. Added by hand.\n", encoding="utf-8")
    program = [sys.executable, str(ROOT / ".ci" / "commit_subject.py")]
    ways = [
        subprocess.run([*program, str(message)], capture_output=True, text=True),
        subprocess.run([*program, "-"], input=f"Add it\n{subject}\n", capture_output=True, text=True),
    ]
    for done in ways if subject else ways[1:]:
        assert (done.returncode != 0) is bool(fault)
        assert fault in done.stderr


@pytest.mark.parametrize("package", ["course_utils", "course_grader"])
def test_a_package_says_that_it_has_types(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


def test_what_is_built_is_marked_as_generated() -> None:
    built = [path.relative_to(ROOT).as_posix() for folder in BUILT for path in (ROOT / folder).rglob("*.*")]
    assert {name for name in map(Path, built) if name.suffix == ".ipynb"}
    command = ["git", "check-attr", "--stdin", "linguist-generated"]
    done = subprocess.run(command, cwd=ROOT, input="\n".join(built), capture_output=True, text=True, check=True)
    marked = {line.split(": ")[0] for line in done.stdout.splitlines() if line.endswith(": set")}
    for folder in BUILT:
        assert any(name.startswith(f"{folder.as_posix()}/") for name in marked), folder
    assert [name for name in built if name not in marked] == []
