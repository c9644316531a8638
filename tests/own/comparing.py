"""Compares what two graders say of one submission, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator

from tests.own.course import Cell

Notebooks = dict[str, dict[str, Cell]]


def differences(stock: Notebooks | str, ours: Notebooks | str) -> Iterator[str]:
    """Yield a line for each cell of which the two say different things.

    If stock nbgrader could not grade a submission there is nothing to compare with; whether we can is no difference.
    """
    if isinstance(stock, str):
        return
    if isinstance(ours, str):
        yield ours
        return
    for notebook in sorted(stock.keys() | ours.keys()):
        theirs, mine = stock.get(notebook, {}), ours.get(notebook, {})
        for cell in sorted(theirs.keys() | mine.keys()):
            if theirs.get(cell) != mine.get(cell):
                yield f"{notebook}.{cell}: nbgrader {theirs.get(cell)}, here {mine.get(cell)}"


def points(found: Notebooks | str) -> float:
    """Return the points that a submission got; 0 if it was not graded."""
    if isinstance(found, str):
        return 0.0
    return sum(cell[0] or 0.0 for notebook in found.values() for cell in notebook.values())
