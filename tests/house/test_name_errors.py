"""NameErrors of cells that were run before the cells they need are explained."""

from __future__ import annotations

import re

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.lab import STARTUP
from course_utils.name_errors import ABOVE, advice

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def says(sources: list[str]) -> list[str]:
    """Run cells in a new kernel, and return the output of each."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, allow_errors=True, timeout=60, extra_arguments=["--log-level=ERROR"])
    client.execute()
    return [
        COLOURS.sub("", "".join(text for output in cell.outputs for text in told(output))) for cell in notebook.cells
    ]


@pytest.fixture(scope="module")
def said() -> list[str]:
    """The output of each cell, in a kernel that has run the set-up."""
    sources = [
        "import course_utils.checks",
        "adam_step(1.0, 2.0, {}, 0.1)",
        "print(valley)",
        "def f():\n    print(x)\n    x = 1\nf()",
        "1 / 0",
        "print('still alive')",
    ]
    return says(sources)


def told(output: dict[str, object]) -> list[str]:
    return ["\n".join(output.get("traceback", [])), str(output.get("text", ""))]  # type: ignore[call-overload]


def test_an_exercise_is_named(said: list[str]) -> None:
    assert "name 'adam_step' is not defined" in said[1]
    assert "`adam_step` is one of your exercises. Run its cell first" in said[1]


def test_another_name_leads_to_the_cells_above(said: list[str]) -> None:
    assert f"`valley` is not defined yet. {ABOVE}" in said[2]


def test_a_kernel_of_the_lab_explains_its_very_first_error(monkeypatch: pytest.MonkeyPatch) -> None:
    names = "print(*sorted(name for name in globals() if not name.startswith('_')))"
    plain = says([names])
    monkeypatch.setenv("PYTHONSTARTUP", str(STARTUP))
    first, left = says(["check('adam_step', adam_step)", names])
    assert f"`check` is not defined yet. {ABOVE}" in first
    assert [left] == plain


def test_other_errors_stay_as_they_are(said: list[str]) -> None:
    assert "UnboundLocalError" in said[3]
    assert "Run All Above" not in said[3]
    assert "ZeroDivisionError" in said[4]
    assert said[5].strip() == "still alive"


def test_advice_knows_the_exercises() -> None:
    assert advice("sgd_step").startswith("`sgd_step` is one of your exercises")
    assert "`SGD_step` is not defined" in advice("SGD_step")
