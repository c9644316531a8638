"""Sample notebooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbformat import from_dict
from nbgrader.utils import compute_checksum


def code(source: str, **marks: Any) -> dict[str, Any]:
    cell = {"cell_type": "code", "execution_count": None, "outputs": [], "source": source, "metadata": {}}
    if marks:
        cell["metadata"] = {
            "nbgrader": {"grade": False, "solution": False, "locked": True, "schema_version": 3} | marks
        }
    return cell


def graded(grade_id: str, source: str, points: float) -> dict[str, Any]:
    """Return a test cell as nbgrader releases it, with its digest."""
    cell = code(source, grade=True, grade_id=grade_id, points=points)
    cell["metadata"]["nbgrader"]["checksum"] = compute_checksum(from_dict(cell))
    return cell


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells)}


def write(path: Path, *cells: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(*cells)))
    return path
