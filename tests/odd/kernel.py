"""A kernel for many notebooks: a fresh IPython shell for each, forked from one process in which all is imported.

Reads one JSON object a line and answers with one: `cells` are sources in order, `tests` maps an index to the tests that
are asked behind the cell, each with the names that it needs, and `final` are tests that are asked at the end.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
PASSED, FAILED, UNDEFINED = "passed", "failed", "undefined"
# Among the outcomes: a cell with a definition ended in an error.
HALF_DONE = "half done"


class Kernel:
    """Use as a context manager."""

    def __init__(self, key: Path, folder: Path) -> None:
        environment = os.environ | {"COURSE_KEY": str(key), "MPLBACKEND": "agg", "IPYTHONDIR": str(folder)}
        command = [sys.executable, "-m", "tests.odd.kernel"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)

    def ask(self, question: dict[str, Any]) -> dict[str, str]:
        """Return the outcome of each test, and HALF_DONE."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, str] = json.loads(self._process.stdout.readline())
        return answer


def serve() -> None:
    import matplotlib.pyplot  # noqa: F401
    import numpy  # noqa: F401
    from IPython.core.interactiveshell import InteractiveShell

    import course_utils.checks
    import course_utils.explorers  # noqa: F401

    shell: Any = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.enable_gui = lambda gui=None: None
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                found = json.dumps(outcomes(shell, json.loads(line)))
            with os.fdopen(writing, "w") as pipe:
                pipe.write(found)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            answer = pipe.read()
        os.waitpid(child, 0)
        print(answer, flush=True)


def outcomes(shell: Any, question: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}

    def test(grade_id: str, source: str, names: list[str]) -> None:
        if not all(name in shell.user_ns for name in names):
            found[grade_id] = UNDEFINED
            return
        found[grade_id] = PASSED if shell.run_cell(source).success else FAILED

    for place, source in enumerate(question["cells"]):
        if not shell.run_cell(source).success and "def " in source:
            found[HALF_DONE] = FAILED
        for one in question["tests"].get(str(place), []):
            test(*one)
    # As grading does, a test whose names were not there gets a second chance.
    for place in question["tests"] if question["second_chance"] else []:
        for one in question["tests"][place]:
            if found[one[0]] == UNDEFINED:
                test(*one)
    for one in question.get("final", []):
        test(*one)
    return found


if __name__ == "__main__":
    serve()
