"""`grade`: one notebook, one assignment, one result; no database and no folder layout."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from course_grader.engine.judging.referee import Referee
from course_grader.engine.judging.replay import ReplayCache
from course_grader.engine.judging.worker_session import WorkerSession
from course_grader.engine.notebook.assignment import Assignment, Mode
from course_grader.engine.notebook.plan import plan
from course_grader.engine.notebook.read import SubmittedCells, read_submission
from course_grader.engine.result import CellResult, Result, blameless
from course_grader.engine.sandbox.handles import Zygote, close_servers
from course_grader.engine.sandbox.levels import Level, exposure, isolation_program

# Tests share this process's warning filters and standard output: one at a time.
_one_at_a_time = threading.RLock()
# A package that takes long is there when a submission imports it, and is no name in it until then.
IMPORT = "try:\n    __import__({name!r})\nexcept BaseException:\n    pass\n"
_zygotes: dict[tuple[int, Level, tuple[str, ...], Mode], Zygote] = {}
# Of the assignment that was graded last, by its digest.
_transcripts: dict[str, ReplayCache] = {}


def grade(
    notebook: Path | bytes | Mapping[str, Any],
    assignment: Assignment,
    isolation: Level = "namespaces",
    on_cell: Callable[[CellResult], None] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Result:
    """Grade one notebook.

    notebook: a file, its content, or a notebook that was read, as a dict or a NotebookNode.
    isolation: "namespaces", "user" or "none"; see `sandbox.levels`.
    on_cell: is called with the result of each test cell as soon as there is one.
    files: those beside the notebook where the submission runs, by path; by default the assignment's own. Tests apart
    have the assignment's own in any case.
    Raises IsolationUnavailable where this machine cannot give the isolation, and Unreadable where the notebook is none.
    """
    with _one_at_a_time:
        zygote, given = zygote_of(isolation, assignment), assignment.content_of_files if files is None else files
        taken = read_submission(notebook)
        if assignment.mode == "together":
            return _together(taken, assignment, given, isolation, zygote, on_cell)
        steps = plan(taken.cells, assignment)
        with _collecting_seldom(), WorkerSession(zygote, assignment.limits, given) as session:
            cells, outputs = Referee(assignment, session, _transcripts_of(assignment), on_cell).grade(steps)
    cells = tuple(blameless(cell, assignment.faults) for cell in cells)
    return _result(assignment, isolation, cells, taken.notes + steps.notes, outputs)


def _together(
    taken: SubmittedCells,
    assignment: Assignment,
    files: Mapping[str, bytes],
    isolation: Level,
    zygote: Zygote,
    on_cell: Callable[[CellResult], None] | None,
) -> Result:
    from course_grader.engine.judging.together import TogetherSession, grade_together, steps_of

    steps, more = steps_of(taken, assignment)
    with TogetherSession(zygote, assignment.limits, files, assignment.spared) as session:
        cells, outputs = grade_together(steps, assignment, session, on_cell)
    return _result(assignment, isolation, cells, taken.notes + more, outputs)


def _result(
    assignment: Assignment,
    isolation: Level,
    cells: tuple[CellResult, ...],
    notes: tuple[str, ...],
    outputs: dict[int, list[dict[str, Any]]],
) -> Result:
    return Result(
        assignment.name,
        assignment.digest,
        isolation,
        cells,
        notes,
        outputs,
        sandbox=isolation_program(isolation),
        exposed=exposure(isolation),
        mode=assignment.mode,
    )


@contextlib.contextmanager
def _collecting_seldom() -> Iterator[None]:
    """A submission leaves little to collect, and to look for it among all keys costs a sixth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def zygote_of(level: Level, assignment: Assignment) -> Zygote:
    """Return this process's zygote for the assignment; what another assignment in the same mode had is ended."""
    mode = assignment.mode
    set_up = tuple(IMPORT.format(name=name) for name in assignment.packages)
    set_up += tuple(cell.source for cell in assignment.of_kind("setup"))
    wanted = os.getpid(), level, assignment.packages if mode == "together" else set_up, mode
    if wanted not in _zygotes:
        close(mode)
        _zygotes[wanted] = Zygote(level, wanted[2], mode)
    return _zygotes[wanted]


def _transcripts_of(assignment: Assignment) -> ReplayCache:
    if assignment.digest not in _transcripts:
        _transcripts.clear()
        _transcripts[assignment.digest] = ReplayCache()
    return _transcripts[assignment.digest]


@atexit.register
def close(mode: Mode | None = None) -> None:
    """End the zygotes of this process: those of a mode, or all and what they were forked from."""
    for key in [key for key in _zygotes if mode in (None, key[3])]:
        zygote = _zygotes.pop(key)
        # Another process's are its own affair.
        if key[0] == os.getpid():
            zygote.close()
    if mode is None:
        close_servers()
