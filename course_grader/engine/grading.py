"""Grade one notebook for one assignment and return one result. This needs no database and no folder layout."""

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

# Tests change this process's warning filters and standard output, so only one submission is graded at a time.
_one_at_a_time = threading.RLock()
# Import a slow package in the zygote, so that a submission does not wait for it. It binds no name in the namespace.
IMPORT = "try:\n    __import__({name!r})\nexcept BaseException:\n    pass\n"
_zygotes: dict[tuple[int, Level, tuple[str, ...], Mode], Zygote] = {}
# The replay cache of the assignment that was graded last, by its digest.
_transcripts: dict[str, ReplayCache] = {}


def grade(
    notebook: Path | bytes | Mapping[str, Any],
    assignment: Assignment,
    isolation: Level = "namespaces",
    on_cell: Callable[[CellResult], None] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Result:
    """Grade one notebook and return its result.

    notebook: a path, the content of a file, or a notebook that was already read, as a dict or a NotebookNode.
    isolation: "namespaces", "user" or "none"; see `sandbox.levels`.
    on_cell: called with the result of each test cell as soon as it is known.
    files: the files next to the notebook while the submission runs, by path; by default the assignment's. In the mode
    apart, tests always use the assignment's files.
    Raises IsolationUnavailable if this machine does not support the isolation, and Unreadable if the content is not a
    notebook.
    """
    with _one_at_a_time:
        zygote = zygote_of(isolation, assignment)
        worker_files = assignment.content_of_files if files is None else files
        submitted = read_submission(notebook)
        if assignment.mode == "together":
            return _together(submitted, assignment, worker_files, isolation, zygote, on_cell)
        steps = plan(submitted.cells, assignment)
        with _rare_garbage_collection(), WorkerSession(zygote, assignment.limits, worker_files) as session:
            cells, outputs = Referee(assignment, session, _replay_cache_of(assignment), on_cell).grade(steps)
    cells = tuple(blameless(cell, assignment.faults) for cell in cells)
    return _result(assignment, isolation, cells, submitted.notes + steps.notes, outputs)


def _together(
    submitted: SubmittedCells,
    assignment: Assignment,
    files: Mapping[str, bytes],
    isolation: Level,
    zygote: Zygote,
    on_cell: Callable[[CellResult], None] | None,
) -> Result:
    from course_grader.engine.judging.together import TogetherSession, grade_together, steps_of

    steps, step_notes = steps_of(submitted, assignment)
    with TogetherSession(zygote, assignment.limits, files, assignment.spared) as session:
        cells, outputs = grade_together(steps, assignment, session, on_cell)
    return _result(assignment, isolation, cells, submitted.notes + step_notes, outputs)


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
def _rare_garbage_collection() -> Iterator[None]:
    """Run the garbage collector rarely: a submission leaves little garbage, and scanning all keys for it takes a sixth
    of the grading time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def zygote_of(level: Level, assignment: Assignment) -> Zygote:
    """Return this process's zygote for the assignment; end the zygote of another assignment in the same mode."""
    mode = assignment.mode
    set_up = tuple(IMPORT.format(name=name) for name in assignment.packages)
    set_up += tuple(cell.source for cell in assignment.of_kind("setup"))
    wanted = os.getpid(), level, assignment.packages if mode == "together" else set_up, mode
    if wanted not in _zygotes:
        close(mode)
        _zygotes[wanted] = Zygote(level, wanted[2], mode)
    return _zygotes[wanted]


def _replay_cache_of(assignment: Assignment) -> ReplayCache:
    if assignment.digest not in _transcripts:
        _transcripts.clear()
        _transcripts[assignment.digest] = ReplayCache()
    return _transcripts[assignment.digest]


@atexit.register
def close(mode: Mode | None = None) -> None:
    """End the zygotes of this process: those of one mode, or all of them and their fork servers."""
    for key in [key for key in _zygotes if mode in (None, key[3])]:
        zygote = _zygotes.pop(key)
        # After a fork, the zygotes still belong to the parent process, which ends them itself.
        if key[0] == os.getpid():
            zygote.close()
    if mode is None:
        close_servers()
