"""What is saved of a panel."""

from __future__ import annotations

from typing import Any

from course_utils.presave import PANEL, PICTURE, keep_pictures


def saved(*bundles: dict[str, Any]) -> list[set[str]]:
    """Return the types of output that remain of these outputs of a cell."""
    outputs = [{"output_type": "display_data", "data": bundle} for bundle in bundles]
    stream = {"output_type": "stream", "name": "stdout", "text": "one"}
    cells = [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": [stream, *outputs]}]
    keep_pictures(model={"type": "notebook", "content": {"cells": cells}}, path="a.ipynb", contents_manager=None)
    return [set(output["data"]) for output in outputs]


def test_a_panel_with_a_picture_becomes_the_picture() -> None:
    assert saved({PANEL: {"model_id": "1"}, PICTURE: "png", "text/plain": "words"}) == [{PICTURE, "text/plain"}]


def test_all_else_stays() -> None:
    assert saved({PANEL: {}, "text/plain": "a bar of progress"}, {PICTURE: "png"}) == [{PANEL, "text/plain"}, {PICTURE}]
    keep_pictures(model={"type": "directory", "content": None})
    keep_pictures(model={"type": "file", "content": "text"})
