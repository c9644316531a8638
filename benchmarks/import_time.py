"""The time of `import course_utils` in addition to `import numpy`: the median over new processes."""

from __future__ import annotations

import statistics
import subprocess
import sys

RUNS = 11
FIGURE = 0.15


def seconds(statement: str) -> float:
    program = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    runs = (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in range(RUNS)
    )
    return statistics.median(float(run.stdout) for run in runs)


def main() -> None:
    numpy = seconds("import numpy")
    for statement in ("import course_utils", "from course_utils.checks import check"):
        beyond = seconds(f"import numpy; {statement}") - numpy
        print(f"{statement}: {beyond:.3f} s beyond numpy's {numpy:.3f} s: {beyond / FIGURE:.2f} of the goal")


if __name__ == "__main__":
    main()
