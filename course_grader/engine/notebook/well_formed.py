"""Make a notebook that nbformat and nbgrader accept from a submission.

Metadata that they refuse, or that is nested too deeply for them, is left out. Grading does not need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# What nbgrader writes into the metadata of a cell, besides its mark.
FLAGS = ("deletable", "editable")
LONGEST_NAME = 200


def well_formed(cells: Iterable[Mapping[str, Any]], metadata: Any) -> dict[str, Any]:
    """Return a notebook of format 4.5 with the cells that `read_submission` returned, without their outputs."""
    kept_cells = [_cell(cell) for cell in cells]
    unique_ids(kept_cells)
    return {"cells": kept_cells, "metadata": _kept_of_notebook(metadata), "nbformat": 4, "nbformat_minor": 5}


def unique_ids(cells: Iterable[dict[str, Any]]) -> None:
    """Replace invalid and repeated ids in place, so that nbformat accepts each id and all are different."""
    used: set[str] = set()
    for place, cell in enumerate(cells):
        id = str(cell.get("id", ""))
        if not CELL_ID.fullmatch(id) or id in used:
            id = f"cell-{place}"
            while id in used:
                id += "-again"
            cell["id"] = id
        used.add(id)


def kept_tags(metadata: Mapping[str, Any]) -> list[str]:
    """Return the tags of a cell that nbformat accepts; [] if its tags are not a list of printable strings."""
    tags = metadata.get("tags")
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag.isprintable() for tag in tags):
        return []
    # nbformat refuses a tag that is empty or contains a comma.
    return [tag for tag in dict.fromkeys(tags) if tag and "," not in tag]


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    metadata = cell["metadata"]
    kept: dict[str, Any] = {name: metadata[name] for name in FLAGS if isinstance(metadata.get(name), bool)}
    if tags := kept_tags(metadata):
        kept["tags"] = tags
    if isinstance(mark := metadata.get("nbgrader"), Mapping):
        kept["nbgrader"] = {name: value for name, value in mark.items() if _is_plain(value)}
    result = {"cell_type": cell["cell_type"], "id": cell["id"], "metadata": kept, "source": cell["source"]}
    return result | {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else result


def _kept_of_notebook(metadata: Any) -> dict[str, Any]:
    kernel = metadata.get("kernelspec") if isinstance(metadata, Mapping) else None
    if not isinstance(kernel, Mapping):
        return {}
    named = {name: kernel.get(name) for name in ("display_name", "language", "name")}
    is_whole = all(isinstance(value, str) and len(value) < LONGEST_NAME for value in named.values())
    return {"kernelspec": named} if is_whole else {}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)
