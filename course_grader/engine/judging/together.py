"""The mode together: submission and tests run in one namespace, in nbgrader's order and with nbgrader's meaning.

The worker (`fellow`) is as confined as in the mode apart. It gets a test when that is to run, and reports outputs,
which are read as a stranger's. The score of a test is what nbgrader makes of its outputs.
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
from course_grader.engine.notebook.owners import owners_of, restored
from course_grader.engine.notebook.read import SubmittedCells
from course_grader.engine.notebook.well_formed import kept_tags
from course_grader.engine.result import CellResult, Outcome, blameless
from course_grader.engine.rpc.channel import Channel, DeadlinePassed, WireClosed, WireError
from course_grader.engine.rpc.clean_text import clean
from course_grader.engine.rpc.message import pack, unpack
from course_grader.engine.rpc.outputs import read_outputs
from course_grader.engine.sandbox.cpu_wait import WORTH, waited_here
from course_grader.engine.sandbox.handles import WorkerHandle, Zygote

# Seconds in which a cell that was interrupted is to end.
GRACE = 3.0
# Of an exercise that was stopped once, each further test has this part of the time.
AGAIN = 6
TOO_LONG = "it took too long and was stopped"
SPOILING = "After this cell, no other cell finished: it changes how cells run. Grading went on without it."
TEST_OUTPUT = 4 * 2**20
_quiet = logging.getLogger("course_grader.quiet")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


@dataclass(frozen=True)
class Step:
    """A code cell to run. `place` is its index in the submission, -1 for one that was put in; `test` is the teacher's
    cell where it is a test; `exercises` are those that it belongs to."""

    source: str
    place: int = -1
    test: TeacherCell | None = None
    exercises: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellOutcome:
    """What came of a cell: its outputs, and where it was stopped or ended its process, how."""

    outputs: list[dict[str, Any]]
    fault: str = ""
    refused: bool = False


class TogetherSession:
    """The worker of one submission. Use as a context manager: nothing of it outlives the block.

    A worker that ended or was ended is gone with its namespace. The next one runs the same cells again, without the one
    at fault. `files` are those beside the notebook; `spared` are names that the teacher's own cells replace.
    """

    def __init__(
        self, zygote: Zygote, limits: Limits, files: Mapping[str, bytes], spared: Sequence[str] = ()
    ) -> None:  # fmt: skip
        self._zygote, self._limits = zygote, limits
        self._begin = pack(["begin", [[name, content] for name, content in files.items()], list(spared)])
        self._patience = load_factor()
        self._end = time.monotonic() + limits.total_seconds * self._patience
        self._channel: Channel | None = None
        self._handle: WorkerHandle | None = None
        self._starts = 0
        self._past: list[Step] = []
        self._slow: set[str] = set()
        self._room = 4 * (limits.output + limits.figures)
        # Seconds that other processes took of this worker's time and of ours, and what was added to all limits for it.
        self._worker_waited = self._extra = 0.0
        self._waited = waited_here()
        # Seconds that workers which have ended computed.
        self._computed = 0.0

    def __enter__(self) -> TogetherSession:
        return self

    def __exit__(self, *exception: object) -> None:
        self._let_go()

    def run(self, step: Step) -> CellOutcome:
        """Run a cell."""
        seconds = self._limits.cell_seconds
        if self._slow.intersection(step.exercises):
            seconds = max(self._limits.again_seconds, seconds / AGAIN)
        try:
            ran = self._try(step, seconds)
        except Stopped as stopped:
            try:
                ran = self._try(step, seconds) if self._leave_out_spoiling() else _ended(stopped)
            except Stopped as again:
                ran = _ended(again)
        if ran.fault:
            self._slow.update(step.exercises)
        else:
            self._past.append(step)
        return ran

    def _try(self, step: Step, seconds: float) -> CellOutcome:
        channel = self._ready()
        data, went_through, is_late = self._ask(channel, step, seconds)
        session = TEST_OUTPUT if step.test else self._room
        try:
            if step.test and len(data) > session:
                raise WireError("It is more than the grader takes.")
            outputs = read_outputs(data, session)
        except WireError as error:
            raise self._fault_of(error) from None
        if not step.test:
            self._room = max(0, session - len(data))
        if is_late:
            return CellOutcome([*outputs, _error("CellTimeoutError", "No reply came in time.")], TOO_LONG)
        if not went_through and not any(output["output_type"] == "error" for output in outputs):
            outputs.append(_error("Error", "The cell did not go through, and showed no traceback."))
        return CellOutcome(_decisive(outputs, went_through) if step.test else outputs)

    def _ready(self) -> Channel:
        """Return the wire to the worker, to a new one where the last is gone, with all cells run."""
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
            channel.more_time, self._worker_waited = self._more_time, 0.0
            try:
                channel.send(self._begin, self._end)
            except WireError as error:
                raise self._fault_of(error) from None
            for step in list(self._past):
                try:
                    self._ask(channel, step, self._limits.cell_seconds)
                except Stopped:
                    # It went through the first time: what depends on chance or on time is left out from now on.
                    self._past.remove(step)
                    break
        return self._channel

    def _ask(self, channel: Channel, step: Step, seconds: float) -> tuple[bytes, bool, bool]:
        """Send a cell; return its outputs as they came, whether it went through, and whether it was interrupted."""
        nonce = secrets.token_bytes(16)
        if time.monotonic() >= self._end:
            raise Stopped(USED_UP)
        deadline, channel.extra = min(time.monotonic() + seconds * self._patience, self._end), 0.0
        try:
            channel.send(pack(["run", nonce, step.source, step.test is not None]), deadline)
            try:
                reply, is_late = channel.receive(deadline), False
            except DeadlinePassed:
                # As nbclient does: what the cell has defined until then stays.
                if self._handle is not None:
                    self._handle.interrupt()
                channel.extra = 0.0
                reply, is_late = channel.receive(time.monotonic() + GRACE * self._patience), True
            match unpack(reply):
                case ["done", bytes(known), bytes(data), bool(went_through)] if known == nonce:
                    return data, went_through, is_late
            raise WireError("A reply is not to what was asked.")
        except WireError as error:
            raise self._fault_of(error) from None

    def _more_time(self) -> float:
        """Return for how many seconds a deadline that has passed is to be extended: what other processes took of the
        time since this was asked last, of the worker's and of this process's."""
        if self._handle is None:
            return 0.0
        worker, here = self._handle.waited(), waited_here()
        lost = worker - self._worker_waited + here - self._waited
        self._worker_waited, self._waited = worker, here
        lost = min(lost, MOST_EXTRA * self._limits.total_seconds - self._extra)
        if lost < WORTH:
            return 0.0
        self._extra += lost
        self._end += lost
        return lost

    def _leave_out_spoiling(self) -> bool:
        """Leave out the last cells where a cell that does nothing does not end behind them; tell whether there was
        one."""
        found = False
        while True:
            try:
                _, _, is_late = self._ask(self._ready(), Step(EMPTY), self._limits.again_seconds)
                if not is_late:
                    return found
                self._let_go()
            except Stopped:
                if time.monotonic() >= self._end:
                    raise
            if not self._past or self._starts >= self._limits.starts:
                raise Stopped("the submission ended its process too often")
            self._past.pop()
            found = True

    def _fault_of(self, error: WireError) -> Stopped:
        said = self._let_go()
        if isinstance(error, DeadlinePassed):
            return Stopped(TOO_LONG)
        if isinstance(error, WireClosed):
            return Stopped(f"it ended the process it ran in ({ending(said)})")
        return Stopped(f"what it sent cannot be read. {str(error).removesuffix('.')}", refused=True)

    def _let_go(self) -> str:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        handle, self._handle = self._handle, None
        said = handle.kill() if handle else ""
        self._computed += handle.cpu_seconds if handle else 0.0
        return said


def steps_of(taken: SubmittedCells, assignment: Assignment) -> tuple[list[Step], tuple[str, ...]]:
    """Return the code cells in the order in which nbgrader runs them, those of the teacher's with the teacher's text;
    and notes for student and teacher."""
    cells, notes = restored(taken.cells, assignment)
    owners = owners_of(cells, assignment)
    steps = []
    for numbered, owner in owners.around(list(enumerate(cells))):
        place, cell = numbered or (-1, {"source": "", "cell_type": "code", "metadata": {}})
        if _is_skipped(cell) and not (isinstance(owner, TeacherCell) and owner.kind == "test"):
            continue
        if isinstance(owner, TeacherCell) and owner.kind in ("test", "setup"):
            steps.append(Step(owner.source, place, owner if owner.kind == "test" else None, owner.exercises))
        elif isinstance(owner, TeacherCell):
            steps.append(Step(cell["source"], place, None, (owner.grade_id,)))
        elif cell["cell_type"] == "code":
            steps.append(Step(cell["source"], place))
    return steps, (*notes, *owners.notes)


def steps_in(cells: Sequence[Any], assignment: Assignment) -> list[Step]:
    """Return the code cells of a notebook into which nbgrader has put the teacher's, as nodes of nbformat."""
    steps = []
    for place, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        mark, test = cell.metadata.get("nbgrader", {}), None
        known = assignment.by_grade_id.get(mark.get("grade_id", ""))
        if is_grade(cell) and not is_solution(cell):
            exercises = known.exercises if known else (mark["grade_id"],)
            # Hidden tests are in what is run, and not in what the teacher hands out.
            source, points = cell.source, float(mark["points"])
            test = TeacherCell("test", "", mark["grade_id"], source, points, (), (), exercises, dict(mark))
        if test is None and _is_skipped(cell):
            continue
        steps.append(Step(cell.source, place, test, (known.exercises or (known.grade_id,)) if known else ()))
    return steps


def _is_skipped(cell: Mapping[str, Any]) -> bool:
    """Return whether a cell has the tag with which nbclient, and so nbgrader, does not run it."""
    return "skip-execution" in kept_tags(cell["metadata"])


def grade_together(
    steps: Sequence[Step],
    assignment: Assignment,
    session: TogetherSession,
    on_cell: Callable[[CellResult], None] | None = None,
) -> tuple[tuple[CellResult, ...], dict[int, list[dict[str, Any]]]]:
    """Return the result of each test cell in the teacher's order, and the outputs of the other cells."""
    found: dict[str, CellResult] = {}
    outputs: dict[int, list[dict[str, Any]]] = {}
    for step, ran in run_all(steps, session):
        if step.test is None:
            outputs[step.place] = ran.outputs
            continue
        result = found[step.test.grade_id] = blameless(result_of(step.test, ran), assignment.faults)
        if on_cell is not None:
            on_cell(result)
    outputs.pop(-1, None)
    return tuple(found[cell.grade_id] for cell in assignment.of_kind("test") if cell.grade_id in found), outputs


def run_all(steps: Sequence[Step], session: TogetherSession) -> Iterator[tuple[Step, CellOutcome]]:
    """Run cells one after another, and yield each with what came of it."""
    for step in steps:
        yield step, session.run(step)


def score_of(mark: Mapping[str, Any], outputs: Sequence[Mapping[str, Any]], log: Any = _quiet) -> float:
    """Return the score that nbgrader gives a test cell for its outputs; ValueError where it gives none."""
    cell = {"cell_type": "code", "source": "", "metadata": {"nbgrader": dict(mark)}, "outputs": list(outputs)}
    try:
        score, _ = determine_grade(from_dict(cell), log)
    except KeyError:
        raise ValueError("its last value has no text, so that nbgrader cannot read partial credit") from None
    return float(score or 0.0)


def result_of(cell: TeacherCell, ran: CellOutcome) -> CellResult:
    """Return the result of a test cell."""
    plain = CellResult(cell.grade_id, cell.exercises, "passed", 0.0, cell.points, outputs=tuple(ran.outputs))
    if ran.fault:
        outcome: Outcome = "refused" if ran.refused else "stopped"
        what = ", ".join(cell.exercises) or "The answer"
        return replace(plain, outcome=outcome, message=clean(f"{what}: {ran.fault}."))
    try:
        points = score_of(cell.nbgrader, ran.outputs)
    except ValueError as error:
        told = f"The test itself failed: {error}."
        outputs = (*ran.outputs, _error("PartialCreditError", told))
        return replace(plain, outcome="error", message=clean(told), outputs=_errors_first(outputs), secret=True)
    if points >= cell.points:
        return replace(plain, points=points)
    outcome, message = _told(ran.outputs, points, cell)
    is_secret = outcome == "error" or (cell.released != cell.source and outcome == "failed")
    return replace(plain, outcome=outcome, points=points, message=clean(message), secret=is_secret)


def _told(outputs: Sequence[Mapping[str, Any]], points: float, cell: TeacherCell) -> tuple[Outcome, str]:
    for output in outputs:
        if output["output_type"] == "error":
            outcome: Outcome = "blank" if output["ename"] == "NotImplementedError" else "failed"
            return outcome, f"{output['ename']}: {output['evalue']}".removesuffix(": ")
        if output.get("name") == "stderr":
            return "failed", f"Something was written to stderr, which costs a test its points: {output['text']}"
    return "failed", f"Partial credit: {points:g} of {cell.points:g}."


def _decisive(outputs: list[dict[str, Any]], went_through: bool) -> list[dict[str, Any]]:
    """Return a test's outputs so that its own end decides its score: a value that an answer displays while the test
    runs (`sys.displayhook`) comes before the test's own value or error, and nbgrader takes the first."""
    values = [output for output in outputs if output["output_type"] == "execute_result"]
    kept = [output for output in outputs if output["output_type"] != "execute_result" or output is values[-1]]
    return kept if went_through else list(_errors_first(kept))


def _errors_first(outputs: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the outputs with errors before last values, of which nbgrader takes the first for the score."""
    return tuple(sorted(outputs, key=lambda output: output["output_type"] != "error"))


def _ended(stopped: Stopped) -> CellOutcome:
    sentence = f"This cell did not end well: {stopped}. Grading went on without it."
    return CellOutcome([_error("Stopped", sentence)], str(stopped), stopped.refused)


def _error(name: str, sentence: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}
