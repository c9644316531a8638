"""Imports are fast: large packages are imported only with the first figure or data set."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"IPython", "PIL", "matplotlib", "pandas", "scipy", "sklearn", "torch", "tqdm"}
MODULES = ["data", "gradcheck", "landscapes", "networks", "plots", "training"]


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ran.stdout.split()) & HEAVY


@pytest.mark.parametrize("module", MODULES)
def test_importing_loads_nothing_heavy(module: str) -> None:
    assert not loaded_by(f"import course_utils.{module}")


def test_the_figure_and_the_data_load_what_they_need() -> None:
    assert {"sklearn"} <= loaded_by("from course_utils import data; data.digits()")
    assert {"matplotlib"} <= loaded_by("from course_utils import plots; plots.plot_losses({'a': [1.0]})")
