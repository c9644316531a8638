"""Tools that pip cannot install: found, or tests are skipped and the end of the run names the command to install
them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tools

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.mark.needs("browser")
@pytest.mark.parametrize("number", range(3))
def test_browser(number): ...

@pytest.mark.needs("PostgreSQL")
def test_server(): ...

@pytest.mark.needs("root", "browser")
def test_both(): ...

def test_neither(): ...
"""
# A machine without the tools: their own searches find nothing.
LACKS = """
from tests import tools
tools._browsers = lambda: iter(())
tools.postgresql_programs = lambda: None
tools.os.geteuid = lambda: {user}
"""


def run(folder: Path, user: int, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest over TESTS on a machine that lacks browser and server, as root (0) or another user."""
    conftest = (ROOT / "tests" / "conftest.py").read_text()
    (folder / "conftest.py").write_text(conftest + LACKS.format(user=user))
    (folder / "test_a.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("processes", ["0", "2"])
def test_what_cannot_be_had_is_skipped_counted_and_named(tmp_path: Path, processes: str) -> None:
    done = run(tmp_path, 0, "-n", processes)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^1 passed, 5 skipped", done.stdout, re.MULTILINE)
    assert "\n4 tests skipped for lack of browser. Run `sudo apt-get install chromium`" in done.stdout
    assert "\n1 test skipped for lack of PostgreSQL. Run `sudo apt-get install postgresql`" in done.stdout


def test_a_test_that_lacks_two_tools_is_counted_once(tmp_path: Path) -> None:
    done = run(tmp_path, 1000)
    assert "\n3 tests skipped for lack of browser. " in done.stdout
    assert "\n1 test skipped for lack of root. In a container" in done.stdout


@pytest.mark.parametrize("processes", ["0", "2"])
def test_strict_allows_no_skip(tmp_path: Path, processes: str) -> None:
    assert run(tmp_path, 0, "-n", processes, "--no-skips").returncode == pytest.ExitCode.TESTS_FAILED
    assert run(tmp_path, 0, "-n", processes, "--no-skips", "-k", "neither").returncode == pytest.ExitCode.OK


def test_a_program_that_does_not_start_is_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ubuntu's `chromium-browser` is a script that asks for snap."""
    for name, source in (("chromium", "echo install the snap; exit 1"), ("google-chrome", "echo Chrome 1.2.3")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{source}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    tools.browser.cache_clear()
    try:
        assert tools.browser().found == f"Chrome 1.2.3 ({tmp_path / 'google-chrome'})"
        assert tools._version(str(tmp_path / "chromium")) == ""
        assert tools._version(str(tmp_path / "google-chrome")) == "Chrome 1.2.3"
    finally:
        tools.browser.cache_clear()


def test_the_servers_wheel_is_found_without_a_system_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools.shutil, "which", lambda name: None)
    monkeypatch.setattr(tools.Path, "glob", lambda self, pattern: iter(()))
    tools.postgresql_programs.cache_clear()
    try:
        assert tools.postgresql_programs() == tools.SERVER_IN_WHEEL
        assert tools._version(str(tools.SERVER_IN_WHEEL / "postgres")).startswith("postgres (PostgreSQL) ")
    finally:
        tools.postgresql_programs.cache_clear()


def test_nobody_is_asked_for_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an ordinary user, sudo is only ever called with -n, and nothing is installed if it refuses."""
    called: list[list[str]] = []

    def fail(command: list[str], seconds: float) -> bool:
        called.append(command)
        return False

    monkeypatch.setattr(tools, "_succeeds", fail)
    monkeypatch.setattr(tools.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(tools.os, "geteuid", lambda: 1000)
    tools.fetch_browser()
    assert [command[:3] for command in called] == [[sys.executable, "-m", "playwright"], ["sudo", "-n", "true"]]
