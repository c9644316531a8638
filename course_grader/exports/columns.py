"""Names the column of a table, or the test of a Gradescope report, for the points of each test cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def column_names(cells: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """Return the name of each test cell's column, by grade_id, from pairs of grade_id and exercises.

    The name is the exercise, or the grade_id if the cell checks none. A cell that checks several exercises gets a
    column with all their names, so that its points count once.
    """
    return {grade_id: " + ".join(exercises) or grade_id for grade_id, exercises in cells}
