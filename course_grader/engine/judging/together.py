"""The mode together: submission and tests run in one namespace, as in nbgrader.

The worker (`worker.serve_together`) is confined as in the mode apart. It gets the text of a test only when the test
runs, and sends back outputs, which are read as untrusted data. nbgrader's own code computes a test's score from them.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbformat import from_dict
from nbgrader.utils import determine_grade, is_grade, is_solution

from course_grader.engine.judging.worker_session import EMPTY, MOST_EXTRA, USED_UP, Stopped, ending
from course_grader.engine.limits import Limits, load_factor
from course_grader.engine.notebook.assignment import Assignment, TeacherCell
from course_grader.engine.notebook.owners import owners_of, restore_cells
from course_grader.engine.notebook.read import SubmittedCells
from course_grader.engine.notebook.well_formed import kept_tags
from course_grader.engine.result import CellResult, Outcome, blameless
from course_grader.engine.rpc.channel import Channel, DeadlinePassed, WireClosed, WireError
from course_grader.engine.rpc.clean_text import clean
from course_grader.engine.rpc.message import pack, unpack
from course_grader.engine.rpc.outputs import read_outputs
from course_grader.engine.sandbox.cpu_wait import LostTime
from course_grader.engine.sandbox.handles import WorkerHandle, Zygote

# Seconds that a cell has to finish after it was interrupted.
GRACE = 3.0
# After an exercise was stopped once, the time limit of its other cells is divided by this.
AGAIN = 6
TOO_LONG = "it took too long and was stopped"
TEST_OUTPUT = 4 * 2**20
_quiet = logging.getLogger("course_grader.quiet")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


@dataclass(frozen=True)
class CellStep:
    """A code cell to run.

    place: its index in the submission, -1 if the cell is missing there. test: the teacher's cell if it is a test, else
    None. exercises: the exercises that it belongs to.
    """

    source: str
    place: int = -1
    test: TeacherCell | None = None
    exercises: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellOutcome:
    """The outputs of a cell. `fault` says how it was stopped or ended its process, "" if it did not; `refused` is True
    if the worker sent something that cannot be read."""

    outputs: list[dict[str, Any]]
    fault: str = ""
    refused: bool = False


class TogetherSession:
    """The worker of one submission. Use it as a context manager; the worker is ended at the end.

    When a worker ends, its namespace is lost. The next one runs the same cells again, without the one at fault.
    files: the files next to the notebook, by path. spared: names that the teacher's own cells replace in modules.
    """

    def __init__(
        self, zygote: Zygote, limits: Limits, files: Mapping[str, bytes], spared: Sequence[str] = ()
    ) -> None:  # fmt: skip
        self._zygote, self._limits = zygote, limits
        self._begin = pack(["begin", [[name, content] for name, content in files.items()], list(spared)])
        self._load_factor = load_factor()
        self._end = time.monotonic() + limits.total_seconds * self._load_factor
        self._channel: Channel | None = None
        self._handle: WorkerHandle | None = None
        self._starts = 0
        self._past: list[CellStep] = []
        self._slow: set[str] = set()
        self._room = 4 * (limits.output + limits.figures)
        self._lost_time = LostTime(MOST_EXTRA * limits.total_seconds)
        # CPU seconds of workers that have ended.
        self._computed = 0.0

    def __enter__(self) -> TogetherSession:
        return self

    def __exit__(self, *exception: object) -> None:
        self._end_worker()

    def run(self, step: CellStep) -> CellOutcome:
        """Run a cell and return its outcome. If it ends the worker, the next worker leaves it out."""
        seconds = self._limits.cell_seconds
        if self._slow.intersection(step.exercises):
            seconds = max(self._limits.again_seconds, seconds / AGAIN)
        try:
            outcome = self._try(step, seconds)
        except Stopped as stopped:
            try:
                outcome = self._try(step, seconds) if self._leave_out_spoiling() else _stopped_outcome(stopped)
            except Stopped as again:
                outcome = _stopped_outcome(again)
        if outcome.fault:
            self._slow.update(step.exercises)
        else:
            self._past.append(step)
        return outcome

    def _try(self, step: CellStep, seconds: float) -> CellOutcome:
        channel = self._ready()
        data, succeeded, is_late = self._run(channel, step, seconds)
        limit = TEST_OUTPUT if step.test else self._room
        try:
            if step.test and len(data) > limit:
                raise WireError("It is more than the grader accepts.")
            outputs = read_outputs(data, limit)
        except WireError as error:
            raise self._fault_of(error) from None
        if not step.test:
            self._room = max(0, limit - len(data))
        if is_late:
            return CellOutcome([*outputs, _error("CellTimeoutError", "No reply came in time.")], TOO_LONG)
        if not succeeded and not any(output["output_type"] == "error" for output in outputs):
            outputs.append(_error("Error", "The cell failed and showed no traceback."))
        return CellOutcome(_decisive(outputs, succeeded) if step.test else outputs)

    def _ready(self) -> Channel:
        """Return the channel to the worker. If the last worker is gone, start a new one and run all cells in it."""
        while self._channel is None:
            if self._starts >= self._limits.starts:
                raise Stopped("the submission ended its process too often")
            self._starts += 1
            # All workers of a submission together have one limit of CPU time.
            left = self._limits.total_seconds + self._limits.experiments_seconds - self._computed
            if left < 1:
                raise Stopped(USED_UP)
            wire, self._handle = self._zygote.start_worker(replace(self._limits, total_seconds=left))
            channel = self._channel = Channel(wire, self._limits.message)
            channel.more_time = self._more_time
            self._lost_time.begin_worker()
            try:
                channel.send(self._begin, self._end)
            except WireError as error:
                raise self._fault_of(error) from None
            for step in list(self._past):
                try:
                    self._run(channel, step, self._limits.cell_seconds)
                except Stopped:
                    # It finished the first time, so it depends on chance or time. It is left out from now on.
                    self._past.remove(step)
                    break
        return self._channel

    def _run(self, channel: Channel, step: CellStep, seconds: float) -> tuple[bytes, bool, bool]:
        """Run a cell; return its outputs as JSON, whether it succeeded, and whether it was interrupted.

        The reply must repeat a random nonce: a submission cannot write the reply to a later cell in advance.
        """
        nonce = secrets.token_bytes(16)
        if time.monotonic() >= self._end:
            raise Stopped(USED_UP)
        deadline, channel.extra = min(time.monotonic() + seconds * self._load_factor, self._end), 0.0
        try:
            channel.send(pack(["run", nonce, step.source, step.test is not None]), deadline)
            try:
                reply, is_late = channel.receive(deadline), False
            except DeadlinePassed:
                # Interrupt the cell as nbclient does: the names that it has already defined stay.
                if self._handle is not None:
                    self._handle.interrupt()
                channel.extra = 0.0
                reply, is_late = channel.receive(time.monotonic() + GRACE * self._load_factor), True
            match unpack(reply):
                case ["done", bytes(returned), bytes(data), bool(succeeded)] if returned == nonce:
                    return data, succeeded, is_late
            raise WireError("A reply does not belong to the cell that was sent.")
        except WireError as error:
            raise self._fault_of(error) from None

    def _more_time(self) -> float:
        """Return by how many seconds to extend a deadline that has passed.

        It is the time that other processes took from the worker and from this process since the last call, or 0.0 if
        that is not worth waiting for.
        """
        if self._handle is None:
            return 0.0
        lost = self._lost_time.since_last(self._handle.waited())
        self._end += lost
        return lost

    def _leave_out_spoiling(self) -> bool:
        """Leave out the last cells until an empty cell finishes after the rest; return whether any was left out."""
        is_any_left_out = False
        while True:
            try:
                _, _, is_late = self._run(self._ready(), CellStep(EMPTY), self._limits.again_seconds)
                if not is_late:
                    return is_any_left_out
                self._end_worker()
            except Stopped:
                if time.monotonic() >= self._end:
                    raise
            if not self._past or self._starts >= self._limits.starts:
                raise Stopped("the submission ended its process too often")
            self._past.pop()
            is_any_left_out = True

    def _fault_of(self, error: WireError) -> Stopped:
        """End the worker; return the fault with its message for the student."""
        status = self._end_worker()
        if isinstance(error, DeadlinePassed):
            return Stopped(TOO_LONG)
        if isinstance(error, WireClosed):
            return Stopped(f"Python was ended ({ending(status)})")
        return Stopped(f"what it sent cannot be read. {str(error).removesuffix('.')}", refused=True)

    def _end_worker(self) -> str:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        handle, self._handle = self._handle, None
        status = handle.kill() if handle else ""
        self._computed += handle.cpu_seconds if handle else 0.0
        return status


def steps_of(submitted: SubmittedCells, assignment: Assignment) -> tuple[list[CellStep], tuple[str, ...]]:
    """Return the code cells in the order in which nbgrader runs them, and notes for student and teacher.

    Set-up and test cells have the teacher's text, whatever the student wrote in them.
    """
    cells, notes = restore_cells(submitted.cells, assignment)
    owners = owners_of(cells, assignment)
    steps = []
    for numbered, owner in owners.around(list(enumerate(cells))):
        place, cell = numbered or (-1, {"source": "", "cell_type": "code", "metadata": {}})
        if _is_skipped(cell) and not (isinstance(owner, TeacherCell) and owner.kind == "test"):
            continue
        if isinstance(owner, TeacherCell) and owner.kind in ("test", "setup"):
            steps.append(CellStep(owner.source, place, owner if owner.kind == "test" else None, owner.exercises))
        elif isinstance(owner, TeacherCell):
            steps.append(CellStep(cell["source"], place, None, (owner.grade_id,)))
        elif cell["cell_type"] == "code":
            steps.append(CellStep(cell["source"], place))
    return steps, (*notes, *owners.notes)


def steps_in(cells: Sequence[Any], assignment: Assignment) -> list[CellStep]:
    """Return the code cells of a notebook into which nbgrader has already put the teacher's cells.

    cells: nodes of nbformat.
    """
    steps = []
    for place, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        mark, test = cell.metadata.get("nbgrader", {}), None
        known = assignment.by_grade_id.get(mark.get("grade_id", ""))
        if is_grade(cell) and not is_solution(cell):
            exercises = known.exercises if known else (mark["grade_id"],)
            # The source includes the hidden tests: nbgrader has put them back.
            source, points = cell.source, float(mark["points"])
            test = TeacherCell("test", "", mark["grade_id"], source, points, (), (), exercises, dict(mark))
        if test is None and _is_skipped(cell):
            continue
        steps.append(CellStep(cell.source, place, test, (known.exercises or (known.grade_id,)) if known else ()))
    return steps


def _is_skipped(cell: Mapping[str, Any]) -> bool:
    """Return whether a cell has the tag that tells nbclient, and so nbgrader, not to run it."""
    return "skip-execution" in kept_tags(cell["metadata"])


def grade_together(
    steps: Sequence[CellStep],
    assignment: Assignment,
    session: TogetherSession,
    on_cell: Callable[[CellResult], None] | None = None,
) -> tuple[tuple[CellResult, ...], dict[int, list[dict[str, Any]]]]:
    """Return the result of each test cell in the teacher's order, and the outputs of the other cells by their index."""
    results: dict[str, CellResult] = {}
    outputs: dict[int, list[dict[str, Any]]] = {}
    for step, outcome in run_all(steps, session):
        if step.test is None:
            outputs[step.place] = outcome.outputs
            continue
        result = results[step.test.grade_id] = blameless(result_of(step.test, outcome), assignment.faults)
        if on_cell is not None:
            on_cell(result)
    outputs.pop(-1, None)
    return tuple(results[cell.grade_id] for cell in assignment.of_kind("test") if cell.grade_id in results), outputs


def run_all(steps: Sequence[CellStep], session: TogetherSession) -> Iterator[tuple[CellStep, CellOutcome]]:
    """Run cells one after another, and yield each step with its outcome."""
    for step in steps:
        yield step, session.run(step)


def score_of(mark: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]], log: Any = _quiet) -> float:
    """Return the score that nbgrader gives a test cell for its outputs.

    mark: nbgrader's metadata of the cell. Raises ValueError if nbgrader cannot compute a score.
    """
    cell = {"cell_type": "code", "source": "", "metadata": {"nbgrader": dict(mark)}, "outputs": list(outputs)}
    try:
        score, _ = determine_grade(from_dict(cell), log)
    except KeyError:
        raise ValueError("its last value has no text, so nbgrader cannot read partial credit from it") from None
    return float(score or 0.0)


def result_of(cell: TeacherCell, cell_outcome: CellOutcome) -> CellResult:
    """Return the result of a test cell from its outputs."""
    outputs = tuple(cell_outcome.outputs)
    passed = CellResult(cell.grade_id, cell.exercises, "passed", 0.0, cell.points, outputs=outputs)
    if cell_outcome.fault:
        outcome: Outcome = "refused" if cell_outcome.refused else "stopped"
        exercise = ", ".join(cell.exercises) or "The answer"
        return replace(passed, outcome=outcome, message=clean(f"{exercise}: {cell_outcome.fault}."))
    try:
        points = score_of(cell.nbgrader, outputs)
    except ValueError as error:
        message = f"The test itself failed: {error}."
        outputs = _errors_first((*outputs, _error("PartialCreditError", message)))
        return replace(passed, outcome="error", message=clean(message), outputs=outputs, secret=True)
    if points >= cell.points:
        return replace(passed, points=points)
    outcome, message = _outcome_and_message(outputs, points, cell)
    is_secret = outcome == "error" or (cell.released != cell.source and outcome == "failed")
    return replace(passed, outcome=outcome, points=points, message=clean(message), secret=is_secret)


def _outcome_and_message(outputs: Sequence[Mapping[str, Any]], points: float, cell: TeacherCell) -> tuple[Outcome, str]:
    for output in outputs:
        if output["output_type"] == "error":
            outcome: Outcome = "blank" if output["ename"] == "NotImplementedError" else "failed"
            return outcome, f"{output['ename']}: {output['evalue']}".removesuffix(": ")
        if output.get("name") == "stderr":
            return "failed", f"Something was written to stderr, which costs a test its points: {output['text']}"
    return "failed", f"Partial credit: {points:g} of {cell.points:g}."


def _decisive(outputs: list[dict[str, Any]], succeeded: bool) -> list[dict[str, Any]]:
    """Return a test's outputs without values that an answer displayed while the test ran (`sys.displayhook`).

    They come before the test's own last value or error, and nbgrader would score the first one.
    """
    values = [output for output in outputs if output["output_type"] == "execute_result"]
    kept = [output for output in outputs if output["output_type"] != "execute_result" or output is values[-1]]
    return kept if succeeded else list(_errors_first(kept))


def _errors_first(outputs: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the outputs with errors first: nbgrader scores the first error or last value that it finds."""
    return tuple(sorted(outputs, key=lambda output: output["output_type"] != "error"))


def _stopped_outcome(stopped: Stopped) -> CellOutcome:
    sentence = f"This cell did not finish: {stopped}. Grading went on without it."
    return CellOutcome([_error("Stopped", sentence)], str(stopped), stopped.refused)


def _error(name: str, sentence: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}
