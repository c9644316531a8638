"""The Makefile: its list of targets, and which Python it uses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # A make that runs these tests must not pass its own options on, nor the Python that it was given.
    left_out = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    program = shutil.which("make")
    assert program
    return subprocess.run([program, *arguments], cwd=ROOT, env=inherited | environment, capture_output=True, text=True)


def test_make_alone_lists_the_targets() -> None:
    listed = make("--no-print-directory", "VENV=.venv")
    for target in ("lab", "test", "check", "lesson", "lint", "types", "build", "check-build", "lock", "clean"):
        assert f"  make {target} " in listed.stdout


def test_without_a_recent_python_it_says_what_to_install(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    refused = make(f"VENV={tmp_path}/venv", f"{tmp_path}/venv/bin/pip", PATH=str(tmp_path))
    assert refused.returncode == 2
    assert "No Python 3.11 or newer with venv was found" in refused.stderr


def test_what_belongs_together_is_tested_in_one_process(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    for name in ("a", "b"):
        # Each test logs its file and its process.
        note = f"open({str(tmp_path / 'log')!r}, 'a').write({name!r} + os.environ['PYTEST_XDIST_WORKER'] + '\\n')"
        source = f"import os\nimport pytest\n\n@pytest.mark.parametrize('i', range(9))\ndef test(i):\n    {note}\n"
        (tmp_path / f"test_{name}.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([*command, str(tmp_path)], cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert len(set((tmp_path / "log").read_text().split())) == 2


def test_slow_tests_exist_and_are_left_out_of_a_quick_run() -> None:
    slow = tomllib.loads((ROOT / "tests" / "slow.toml").read_text())
    assert [place for place, reason in slow.items() if not reason] == []
    for place in slow:
        file, _, name = place.partition("::")
        assert (ROOT / "tests" / file).exists(), place
        assert not name or f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), place
    # A folder that is named on the command line is always collected.
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--collect-only", "-p", "no:cacheprovider"]
    quick = subprocess.run([*command, "--fast", "tests/engine"], cwd=ROOT, capture_output=True, text=True).stdout
    assert "tests/engine/test_rpc.py" in quick
    for kind in (True, False):
        left_out = [place for place in slow if place.startswith("engine/") and ("::" in place) is kind]
        assert left_out
        assert [place for place in left_out if f"tests/{place}" in quick] == []


def test_a_lesson_that_is_not_named_is_asked_for() -> None:
    refused = make("lesson", "VENV=.venv")
    assert refused.returncode == 2
    assert "make lesson L=04" in refused.stderr
