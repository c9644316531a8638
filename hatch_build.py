"""Hatch's hook: a wheel holds the released notebooks; an editable installation finds them in its clone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class NotebooksHook(BuildHookInterface[Any]):
    """Adds each released notebook, and nothing else that may stand beside it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        folder = Path(self.root) / "notebooks"
        for path in sorted(folder.glob("*/*.ipynb")):
            build_data["force_include"][str(path)] = (
                f"course_utils/bundled_notebooks/{path.relative_to(folder).as_posix()}"
            )
