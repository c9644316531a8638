"""A friendly sentence where a cell is run before the cells that it needs."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

ABOVE = "Run the cells above it first: Run > Run All Above Selected Cell."


def advice(name: str) -> str:
    """Return what to do about a name that a cell uses and that does not exist yet."""
    if (resources.files("course_utils.checks") / "keys" / f"{name}.json").is_file():
        return f"{name} is an exercise: run the cell in which you write it, then this one again."
    return f"No cell that was run so far defines {name}. {ABOVE}"


def watch() -> None:
    """Let a notebook's kernel add this advice to each NameError; outside a kernel nothing happens."""
    import sys

    ipython: Any = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    if shell is not None and getattr(shell, "kernel", None) is not None:
        shell.set_custom_exc((NameError,), _explain)


def _explain(
    shell: Any, kind: type[NameError], error: NameError, trace: TracebackType, tb_offset: int | None = None
) -> None:
    # An UnboundLocalError is a mistake in a function, whatever was run before.
    if error.name and not isinstance(error, UnboundLocalError) and not getattr(error, "__notes__", None):
        error.add_note(advice(error.name))
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
