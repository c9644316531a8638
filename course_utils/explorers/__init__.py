"""Explorers: panels with sliders that call the learner's own functions.

    explore("ravine", momentum_step)

While the function is not written yet, the panel plays what was recorded from the reference at build.
"""

from __future__ import annotations

from typing import Any

__all__ = ["explore"]


def explore(name: str, *functions: Any) -> None:
    """Show the explorer `name` with the learner's functions, in the order of its exercises.

    Without a browser a still picture takes its place. Raises ValueError for an unknown name or a wrong number of
    functions.
    """
    from IPython.display import display

    from course_utils.explorers.catalogue import explorers

    known = explorers()
    if name not in known:
        raise ValueError(f"there is no explorer {name!r}; there are {', '.join(sorted(known))}")
    explorer = known[name]
    if len(functions) != len(explorer.exercises):
        wanted = ", ".join([repr(name), *explorer.exercises])
        raise ValueError(f"call explore({wanted})")
    display(shown(explorer, functions))  # type: ignore[no-untyped-call]


def shown(explorer: Any, functions: tuple[Any, ...]) -> Any:
    """Return what to display: a live panel, or a still picture where the package for panels is not installed."""
    from course_utils.explorers.session import Session

    session = Session(explorer, functions)
    try:
        from course_utils.explorers.widget import LivePanel
    except ImportError:
        from course_utils.explorers.still import Still

        return Still(session.first())
    return LivePanel(session)
