"""What `course lab` saves of a panel: its picture.

A panel lives as long as its kernel. Opened again, a saved notebook would show "model not found" where it was.
"""

from __future__ import annotations

from typing import Any

PANEL = "application/vnd.jupyter.widget-view+json"
PICTURE = "image/png"


def keep_pictures(model: dict[str, Any], **context: Any) -> None:
    """Take each panel that has a picture of its own out of a notebook that is about to be saved."""
    if model["type"] != "notebook" or not model.get("content"):
        return
    for cell in model["content"].get("cells", []):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if PICTURE in data:
                data.pop(PANEL, None)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Nothing yet: another extension may still put a contents manager of its own in the place, as jupytext does."""


async def _start_jupyter_server_extension(server: Any) -> None:
    server.contents_manager.register_pre_save_hook(keep_pictures)
