"""Which package may import which, and that importing the learner's package is fast."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run([program, "--no-cache"], cwd=folder, capture_output=True, text=True)


def test_the_layers_hold() -> None:
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout


# Imports that a contract forbids, by the module that contains them, and the linter's report.
BREACHES = {
    "a learner's package takes a teacher's": (
        "course_utils.breach",
        "course_grader",
        "course_utils.breach -> course_grader",
    ),
    "the engine takes the gradebook": (
        "course_grader.engine.breach",
        "course_grader.gradebook",
        "course_grader.engine is not allowed to import course_grader.gradebook",
    ),
    "feedback takes the report": (
        "course_grader.feedback.breach",
        "course_grader.report.render_report",
        "course_grader.feedback is not allowed to import course_grader.report",
    ),
    "the engine takes a database": (
        "course_grader.engine.breach",
        "sqlalchemy",
        "course_grader.engine is not allowed to import sqlalchemy",
    ),
    "the worker takes the judge": (
        "course_grader.engine.worker.breach",
        "course_grader.engine.judging.referee",
        "course_grader.engine.worker.breach -> course_grader.engine.judging.referee",
    ),
    "the worker takes what grading found": (
        "course_grader.engine.worker.breach",
        "course_grader.engine.result",
        "course_grader.engine.worker.breach -> course_grader.engine.result",
    ),
    "the messages take the notebook": (
        "course_grader.engine.rpc.breach",
        "course_grader.engine.notebook.source",
        "course_grader.engine.rpc is not allowed to import course_grader.engine.notebook",
    ),
    "two modules take each other": (
        "course_utils.checks.card",
        "course_utils.checks.checking",
        "No cycles are allowed in course_utils.checks",
    ),
}


@pytest.mark.parametrize(("where", "taken", "told"), BREACHES.values(), ids=BREACHES)
def test_a_breach_of_the_layers_is_reported(tmp_path: Path, where: str, taken: str, told: str) -> None:
    for package in ("course_utils", "course_grader"):
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module = (tmp_path / where.replace(".", "/")).with_suffix(".py")
    before = module.read_text() if module.exists() else ""
    module.write_text(f"{before}\nimport {taken}\n")
    checked = lint_imports(tmp_path)
    assert checked.returncode == 1
    assert told in checked.stdout


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
