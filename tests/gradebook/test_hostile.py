"""A class in which some submissions could stop the grading of all others."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gradebook.conftest import School

HALF = "\ud800"


def half_a_character(notebook: dict[str, Any]) -> None:
    """Put half a surrogate pair, which JSON can express but no file can store, into every text of a notebook."""
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]) + f"\n# {HALF}"
        cell["metadata"]["tags"] = [HALF]
        cell["id"] += HALF
    notebook["cells"][0]["attachments"] = {HALF: {HALF: HALF}}
    notebook["metadata"] |= {HALF: HALF, "kernelspec": {"language": HALF, "name": HALF, "display_name": HALF}}


@pytest.mark.needs("isolation")
def test_half_a_character_costs_nobody(school: School) -> None:
    notebook = school.notebook("right")
    half_a_character(notebook)
    for student in ("ada", "bob", "cy"):
        school.hand_in(student, notebook if student == "bob" else "right")
    _, told = school.grade()
    assert school.scores() == dict.fromkeys(("ada", "bob", "cy"), 3.0)
    assert told["bob"].problem == ""
    assert any("invalid characters;" in note for note in told["bob"].result.notes)  # type: ignore[union-attr]
    assert "# ?" in str(school.autograded("bob").cells)
