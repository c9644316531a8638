"""How often a teacher's own assignments get the same scores from the engine as from stock nbgrader, by kind.

    .venv/bin/python -m benchmarks.own_assignments [--each] [--scores FILE] [NAME ...]

The assignments are those of tests/own/, each with correct, partly correct and blank submissions; nbgrader's scores are
stored in tests/own/stock.json. A submission agrees if each of its cells has the same points, the same flag for manual
grading and the same comment. `--each` prints every difference; `--scores` uses the output of an earlier
`tests.own.ours`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.own.build import Own, own_assignments
from tests.own.comparing import differences, points
from tests.own.course import Scores
from tests.own.ours import COMMANDS
from tests.own.stock import can_run, stock_scores


def graded(names: Iterable[str], folder: Path) -> dict[str, dict[str, Scores]]:
    """Return our scores by command and assignment, computed in another process."""
    target = folder / "ours.json"
    subprocess.run([sys.executable, "-m", "tests.own.ours", str(target), *names], check=True, stderr=subprocess.DEVNULL)
    found: dict[str, dict[str, Scores]] = json.loads(target.read_text(encoding="utf-8"))
    return found


def table(assignments: Iterable[Own], found: dict[str, dict[str, Scores]], each: bool) -> None:
    """Print a line for each kind, and a line for all."""
    agreed: dict[str, Counter[str]] = defaultdict(Counter)
    for own in assignments:
        stock = stock_scores(own)
        agreed[own.kind]["submissions"] += len(stock)
        for command in COMMANDS:
            for student in stock:
                found_here = found[command][own.name].get(student, "not graded")
                said = list(differences(stock[student], found_here))
                agreed[own.kind][command] += not said
                agreed[own.kind][f"{command}, too high"] += points(found_here) > points(stock[student])
                if each:
                    for line in said:
                        print(f"{command}: {own.name}, {student}: {line}")
    agreed["all"] = sum(agreed.values(), Counter())
    print(f"{'kind':24}{'submissions':>12}" + "".join(f"{command:>20}{'too high':>10}" for command in COMMANDS))
    for kind, counts in agreed.items():
        columns = "".join(f"{counts[command]:>20}{counts[f'{command}, too high']:>10}" for command in COMMANDS)
        print(f"{kind:24}{counts['submissions']:>12}{columns}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--each", action="store_true", help="print every difference")
    parser.add_argument("--scores", type=Path, help="what tests.own.ours wrote")
    options = parser.parse_args()
    every = own_assignments()
    chosen = [every[name] for name in options.names or every if can_run(every[name])]
    if options.scores:
        found = json.loads(options.scores.read_text(encoding="utf-8"))
    else:
        with tempfile.TemporaryDirectory() as folder:
            found = graded([own.name for own in chosen], Path(folder))
    table(chosen, found, options.each)


if __name__ == "__main__":
    main()
