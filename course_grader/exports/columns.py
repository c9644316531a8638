"""Which column, or which test of a report, a test cell's points belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def column_names(cells: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """Return each test cell's column, from pairs of grade_id and exercises: the exercise, or else the cell itself.

    A cell that checks several exercises has a column with all their names, so that its points count once.
    """
    return {grade_id: " + ".join(exercises) or grade_id for grade_id, exercises in cells}
