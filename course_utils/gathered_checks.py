"""`course gather` runs this module in another process: it runs the published checks of functions.

It reads their source from stdin and their names from the command line. For each name it prints a JSON pair: the name,
and one line about what is wrong, or "".
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from course_utils.checks.card import Card
from course_utils.checks.checking import CheckFailed, check, grading
from course_utils.checks.keys import published_key
from course_utils.checks.probe import exercises


def main() -> None:
    """Run the checks, and print each outcome as soon as it is known."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    source, wanted, out = sys.stdin.read(), sys.argv[1:], sys.stdout
    names: dict[str, Any] = {"__name__": "__main__"}
    broken = ""
    # What the functions print is discarded.
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec("import matplotlib.pyplot as plt\nimport numpy as np\n", names)
            exec(compile(source, "gathered", "exec"), names)
        except Exception as error:
            broken = f"the gathered cell raises {type(error).__name__}: {error}"
        for name in wanted:
            print(
                json.dumps([name, _outcome(name, names) or (broken if name not in names else "")]), file=out, flush=True
            )


def _outcome(name: str, names: Mapping[str, Any]) -> str:
    exercise = exercises().get(name)
    if exercise is None or exercise.form is not None or name not in names:
        return ""
    if lacking := [other for other in exercise.needs if other not in names]:
        return f"its check needs {lacking[0]}, which was not gathered"
    answers = [names[name], *(names[other] for other in exercise.needs)]
    keys = {name: published_key(name)}
    for part in exercise.parts:
        try:
            with grading(keys, keys, _nowhere):
                check(name, *answers, part=part)
        except CheckFailed as failed:
            return " ".join(str(failed).removeprefix(f"{name}: ").split())
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    return ""


def _nowhere(card: Card) -> None:
    """Discard a card: the table of `course gather` has one line for each function."""


if __name__ == "__main__":
    main()
