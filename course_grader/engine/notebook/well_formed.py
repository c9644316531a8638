"""A submission as a notebook that nbformat and nbgrader take: metadata that they refuse, or that is nested until they
fail, is left out. Grading needs none of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# What nbgrader writes into the metadata of a cell, besides its mark.
FLAGS = ("deletable", "editable")
LONGEST_NAME = 200


def well_formed(cells: Iterable[Mapping[str, Any]], metadata: Any) -> dict[str, Any]:
    """Return a notebook of format 4.5 with these cells, as `take_in` returns them, without their outputs."""
    made = [_cell(cell) for cell in cells]
    unique_ids(made)
    return {"cells": made, "metadata": _kept_of_notebook(metadata), "nbformat": 4, "nbformat_minor": 5}


def unique_ids(cells: Iterable[dict[str, Any]]) -> None:
    """Give each cell an id that nbformat takes, and no two the same."""
    seen: set[str] = set()
    for place, cell in enumerate(cells):
        id = str(cell.get("id", ""))
        if not CELL_ID.fullmatch(id) or id in seen:
            id = f"cell-{place}"
            while id in seen:
                id += "-again"
            cell["id"] = id
        seen.add(id)


def kept_tags(metadata: Mapping[str, Any]) -> list[str]:
    """Return a cell's tags, none where they are not what tags are."""
    tags = metadata.get("tags")
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag.isprintable() for tag in tags):
        return []
    # nbformat takes no tag that is empty or holds a comma.
    return [tag for tag in dict.fromkeys(tags) if tag and "," not in tag]


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    metadata = cell["metadata"]
    kept: dict[str, Any] = {name: metadata[name] for name in FLAGS if isinstance(metadata.get(name), bool)}
    if tags := kept_tags(metadata):
        kept["tags"] = tags
    if isinstance(mark := metadata.get("nbgrader"), Mapping):
        kept["nbgrader"] = {name: value for name, value in mark.items() if _is_plain(value)}
    made = {"cell_type": cell["cell_type"], "id": cell["id"], "metadata": kept, "source": cell["source"]}
    return made | {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else made


def _kept_of_notebook(metadata: Any) -> dict[str, Any]:
    kernel = metadata.get("kernelspec") if isinstance(metadata, Mapping) else None
    if not isinstance(kernel, Mapping):
        return {}
    named = {name: kernel.get(name) for name in ("display_name", "language", "name")}
    is_whole = all(isinstance(value, str) and len(value) < LONGEST_NAME for value in named.values())
    return {"kernelspec": named} if is_whole else {}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
