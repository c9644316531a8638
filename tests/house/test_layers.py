"""Which package may import which; and the learner's package stays light."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=folder, capture_output=True, text=True)


def test_the_layers_hold() -> None:
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout


def test_a_breach_of_the_layers_is_told(tmp_path: Path) -> None:
    for package in ("course_utils", "course_grader"):
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "course_utils" / "breach.py").write_text("import course_grader\n")
    checked = lint_imports(tmp_path)
    assert checked.returncode == 1
    assert "course_utils.breach -> course_grader" in checked.stdout


def modules_after(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


HEAVY = {"IPython", "jupyter_client", "jupyterlab", "jupytext", "matplotlib", "nbclient", "nbconvert", "nbformat"}
HEAVY |= {"nbgrader", "numpy", "scipy", "sklearn", "torch"}


def test_importing_course_utils_loads_nothing_heavy() -> None:
    assert modules_after("import course_utils") & HEAVY == set()


def test_help_loads_nothing_heavy() -> None:
    help_text = """
import contextlib
from course_utils.cli import main
sys.argv = ["course", "--help"]
with contextlib.suppress(SystemExit):
    main()
"""
    loaded = modules_after(f"exec({help_text!r})")
    assert "course_grader.cli" in loaded
    assert loaded & HEAVY == set()
