"""Explains the NameError that appears if a cell is run before the cells that it needs."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

ABOVE = "Run the cells above this one first: Run > Run All Above Selected Cell."


def advice(name: str) -> str:
    """Return what to do about a name that a cell uses and that is not defined yet."""
    if (resources.files("course_utils.checks") / "keys" / f"{name}.json").is_file():
        return f"`{name}` is one of your exercises. Run its cell first, then run this one again."
    return f"`{name}` is not defined yet. {ABOVE}"


def watch() -> None:
    """Make the notebook's kernel add this advice to each NameError; outside a kernel, do nothing."""
    import sys

    ipython: Any = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    if shell is not None and getattr(shell, "kernel", None) is not None:
        shell.set_custom_exc((NameError,), _explain)


def _explain(
    shell: Any, kind: type[NameError], error: NameError, trace: TracebackType, tb_offset: int | None = None
) -> None:
    # An UnboundLocalError is a mistake inside a function; running other cells first would not help.
    if error.name and not isinstance(error, UnboundLocalError) and not getattr(error, "__notes__", None):
        error.add_note(advice(error.name))
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
