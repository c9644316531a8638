"""Prints the similar pairs as a table in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from course_grader.similar.pairs import Pair

SHOWN = 15


def show_pairs(
    assignment: str, pairs: Sequence[Pair], names: Mapping[str, str] | None = None, console: Console | None = None
) -> None:
    """Print the first pairs. `names`: by id; a student without a name is shown by id."""
    console, called = console or Console(), names or {}
    if not pairs:
        console.print(f"{assignment}: no two students share more than a few common fragments.", markup=False)
        return
    table = Table(title=f"{assignment}: places to look, not verdicts", title_justify="left", box=None)
    for heading, justify in (("students", "left"), ("weight", "right"), ("share", "right"), ("usual", "right")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    table.add_column("where")
    for pair in pairs[:SHOWN]:
        where = ", ".join(common.exercise for common in pair.common[:3]) + (", ..." if len(pair.common) > 3 else "")
        numbers = f"{pair.weight:.0f}", f"{100 * pair.share:.0f} %", f"x {pair.usual:.1f}"
        # Names come from submissions: `Text` prevents that markup in them is interpreted.
        table.add_row(
            Text(" and ".join(called.get(student, student) for student in pair.students)), *numbers, Text(where)
        )
    console.print(table)
    if len(pairs) > SHOWN:
        console.print(f"The page lists {len(pairs) - SHOWN} more.")
