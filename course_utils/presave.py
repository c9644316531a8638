"""A pre-save hook for `course lab`: it saves an explorer as its picture.

A widget lives only as long as its kernel: without the hook, a notebook that is opened again would show "model not
found" in its place.
"""

from __future__ import annotations

from typing import Any

PANEL = "application/vnd.jupyter.widget-view+json"
PICTURE = "image/png"


def keep_pictures(model: dict[str, Any], **context: Any) -> None:
    """Remove the widget from each output that also has a picture, in a notebook that is about to be saved."""
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
    """Do nothing yet: another extension, such as jupytext, may still replace the contents manager."""


async def _start_jupyter_server_extension(server: Any) -> None:
    server.contents_manager.register_pre_save_hook(keep_pictures)
