"""The Makefile: its list of targets, and which Python it takes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # A make that runs these tests must not hand its own options on.
    inherited = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    program = shutil.which("make")
    assert program
    return subprocess.run([program, *arguments], cwd=ROOT, env=inherited | environment, capture_output=True, text=True)


def test_make_alone_lists_the_targets() -> None:
    listed = make("--no-print-directory", "VENV=.venv")
    for target in ("lab", "test", "lint", "types", "build", "check-build", "lock", "clean"):
        assert f"  make {target} " in listed.stdout


def test_without_a_recent_python_it_says_what_to_install(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    refused = make(f"VENV={tmp_path}/venv", f"{tmp_path}/venv/bin/pip", PATH=str(tmp_path))
    assert refused.returncode == 2
    assert "No Python 3.11 or newer with venv was found" in refused.stderr
