"""Explorers: panels with sliders that call the learner's own functions.

    explore("ravine", momentum_step)

As long as the function is not written, the panel plays a recording that was made with the reference solution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["explore"]


def explore(name: str, *functions: Any) -> None:
    """Show the explorer `name` with the learner's functions, in the order of its exercises.

    Without functions, it uses those that the notebook defines under the names of the exercises. If one is missing, it
    plays a recording. Without a browser, it shows a picture. Raises ValueError for an unknown name or a wrong number of
    functions.
    """
    from IPython.display import display

    from course_utils.explorers.catalogue import explorers

    known = explorers()
    if name not in known:
        raise ValueError(f"There is no explorer {name!r}. The explorers are {', '.join(sorted(known))}.")
    explorer = known[name]
    given = functions or _of_the_notebook(explorer.exercises)
    if len(given) != len(explorer.exercises):
        wanted = ", ".join([repr(name), *explorer.exercises])
        raise ValueError(f"Wrong number of functions: call explore({wanted}).")
    display(shown(explorer, given))  # type: ignore[no-untyped-call]


def _of_the_notebook(names: Sequence[str]) -> Sequence[Any]:
    """Return the values of these names in the notebook; None for a name that is not defined."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return [shell.user_ns.get(name) if shell else None for name in names]


def shown(explorer: Any, functions: Sequence[Any]) -> Any:
    """Return an object to display: a live panel, or a picture if anywidget is not installed."""
    from course_utils.explorers.session import Session

    session = Session(explorer, functions)
    try:
        from course_utils.explorers.widget import LivePanel
    except ImportError:
        from course_utils.explorers.still import Still

        return Still(session.first())
    return LivePanel(session)
