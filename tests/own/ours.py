"""What our engine gives each submission, by `course grade` and by `nbgrader autograde`.

    .venv/bin/python -m tests.own.ours FILE [NAME ...]      grade all, or the assignments named; write the scores

One course and one process for all assignments: a command takes seconds to start, and each assignment has few
submissions. Both commands start from a course that nothing was graded in.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any
from unittest.mock import patch

from course_grader import cluster
from course_grader.engine.modes import Modes
from course_utils.cli import main as course
from tests import commands, kernels
from tests.own.build import Own, own_assignments
from tests.own.course import Scores, autograde, copy_for, inside, make_course, nbgrader, scores
from tests.own.stock import can_run

COMMANDS = ("course grade", "nbgrader autograde")


def grade(assignments: Iterable[Own], folder: Path) -> Iterator[tuple[str, str, Scores]]:
    """Yield the name of each assignment, the command that graded it, and the scores.

    AssertionError if nbgrader cannot release an assignment.
    """
    assignments = list(assignments)
    problems = make_course(folder / "made", assignments)
    assert not problems, problems
    by_course, by_nbgrader = (copy_for(folder / "made", folder / command) for command in ("course", "nbgrader"))
    api = nbgrader(by_nbgrader)
    for own in assignments:
        yield own.name, COMMANDS[0], _course_grade(by_course, own)
        yield own.name, COMMANDS[1], autograde(by_nbgrader, own, api)


def _course_grade(folder: Path, own: Own) -> Scores:
    code, lines, said = _run(folder, "grade", "submitted", "--assignment", own.name, "--workers", "1", "--json")
    found = scores(folder, own) if code in (0, 1) or lines else {}
    told = {line["student"]: line for line in lines if "student" in line}
    for name in own.submissions:
        if problem := told.get(name, {}).get("problem"):
            found[name] = f"not graded: {problem}"
        elif name not in found:
            found[name] = f"not graded: exit code {code}: {said.strip()[-300:]}"
    return found


def _run(folder: Path, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run `course` in this process; return its exit code, the lines of JSON that it printed, and what it said."""
    out, err = io.StringIO(), io.StringIO()
    written = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
    with inside(folder), patch.object(sys, "argv", ["course", *arguments]), written[0], written[1], _all_here():
        try:
            course()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return code, [json.loads(line) for line in out.getvalue().splitlines() if line.startswith("{")], err.getvalue()


class _Here(Executor):
    """Runs tasks in this process, at once."""

    ran = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        _Here.ran += 1
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:
            done.set_exception(error)
        return done


@contextlib.contextmanager
def _all_here() -> Iterator[None]:
    """Grade in this process: for each of 80 commands, another one would import the grader and what a submission may."""

    @contextlib.contextmanager
    def here(workers: int, preload: str) -> Iterator[cluster.Cluster]:
        yield cluster.Cluster(_Here, workers, 1)

    with patch.object(cluster, "local", here):
        yield


def main() -> None:
    # SQLAlchemy's advice to nbgrader.
    warnings.simplefilter("ignore")
    commands.leave_out_what_no_test_needs()
    kernels.fork_kernels(kernels.address)
    target, *names = sys.argv[1:]
    every = own_assignments()
    chosen = [every[name] for name in names or every if can_run(every[name])]
    found: dict[str, dict[str, Scores]] = {command: {} for command in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        for name, command, given in grade(chosen, Path(folder)):
            found[command][name] = given
            assert _Here.ran, "grading has found another way to its processes"
            Path(target).write_text(json.dumps(found), encoding="utf-8")
        chosen = Modes(Path(folder) / "course" / "gradebook.modes.json").all()
        modes = {name: choice.mode for name, choice in chosen.items()}
        Path(target).with_suffix(".modes.json").write_text(json.dumps(modes), encoding="utf-8")


if __name__ == "__main__":
    main()
