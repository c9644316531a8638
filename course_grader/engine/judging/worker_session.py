"""Manage the worker of one submission: start it, end it at a fault, and bring a new one to the same state.

A worker that hit a limit or ended has lost its namespace. The next worker runs the same cells again, without the cell
at fault, so that the exercises before and after that cell are still graded. The cell at fault is the one that did not
finish; or an earlier one, if not even an empty cell finishes after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from course_grader.engine.judging.replay import Conversation, Event, ReplayCache
from course_grader.engine.limits import Limits, load_factor
from course_grader.engine.result import CellResult
from course_grader.engine.rpc.batch import BatchedReply, CallBatch, Handle
from course_grader.engine.rpc.channel import Channel, DeadlinePassed, WireClosed, WireError
from course_grader.engine.rpc.clean_text import clean
from course_grader.engine.rpc.decode import Decoder
from course_grader.engine.rpc.message import pack
from course_grader.engine.rpc.outputs import read_outputs
from course_grader.engine.rpc.peer import Frameless, Peer, within
from course_grader.engine.rpc.types import Shared
from course_grader.engine.rpc.unexpected import UnexpectedValues
from course_grader.engine.sandbox.cpu_wait import LostTime
from course_grader.engine.sandbox.handles import WorkerHandle, Zygote

MISSING = object()
EMPTY = "pass"
USED_UP = "the time for the whole notebook is used up"
# At most this many times `total_seconds` are added to the deadlines for time that other processes took.
MOST_EXTRA = 7


class Stopped(Frameless, Exception):  # type: ignore[misc]
    """The worker is gone: it hit a limit, ended, or sent something that cannot be read. The message is for the student.

    `refused` is True if it sent something that cannot be read.
    """

    def __init__(self, message: str, refused: bool = False) -> None:
        self.refused = refused
        super().__init__(message)


class _RefereePeer(Peer):
    """The referee's end of the RPC connection. At the first fault in a call it ends the worker and stores the fault,
    since a probe may catch the exception."""

    def __init__(self, session: WorkerSession, channel: Channel) -> None:
        super().__init__(channel, trusted=True, allow=self._count)
        self._session, self.wire, self.callbacks, self.received = session, channel, 0, 0

    def call(self, handle: Handle, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        return self._or_fault(super().call, handle, args, kwargs)

    def exchange(self, batch: CallBatch) -> None:
        self._or_fault(super().exchange, batch)

    def outcome(self, reply: list[Any], shared: Shared) -> Any:
        return self._or_fault(super().outcome, reply, shared)

    def results_of(self, reply: BatchedReply, shared: Shared) -> Any:
        return self._or_fault(super().results_of, reply, shared)

    def _or_fault(self, method: Callable[..., Any], *args: Any) -> Any:
        if self._session.peer is not self:
            raise Stopped("The function belongs to a process that has ended.")
        try:
            return method(*args)
        except WireError as error:
            raise self._session.fault_of(error) from None

    def receive(self) -> list[Any]:
        message = super().receive()
        self.received += self.channel.last_size
        if self.received > self._session.limits.received:
            raise WireError("It is more than the grader accepts.")
        return message

    def _count(self, depth: int) -> None:
        self.callbacks += 1
        if self.callbacks > self._session.limits.callbacks:
            raise WireError("It calls the functions that it gets as arguments too often.")


class WorkerSession:
    """The worker of one submission. Use it as a context manager; the worker is ended at the end.

    files: the files next to the notebook, by path.
    """

    def __init__(self, zygote: Zygote, limits: Limits, files: Mapping[str, bytes] | None = None) -> None:
        self._zygote, self.limits = zygote, limits
        self._files = pack(["files", [[name, content] for name, content in files.items()]]) if files else b""
        self.peer: _RefereePeer | None = None
        self.fault: Stopped | None = None
        self._handle: WorkerHandle | None = None
        self.load_factor = load_factor()
        self._end = within(limits.total_seconds * self.load_factor)
        self._starts = 0
        # The cells that finished, each with whether it is an experiment.
        self._sources: list[tuple[str, bool]] = []
        self._experiments_left = limits.experiments_seconds * self.load_factor
        self._experiments_stopped = 0
        # CPU seconds of workers that have ended.
        self._computed = 0.0
        self._lost_time = LostTime(MOST_EXTRA * limits.total_seconds)
        self.on_delay: Callable[[float], None] = lambda seconds: None
        # Cells that finished, but after which no other cell finishes.
        self.spoiling: list[str] = []
        self._past: list[Event] = []
        self._conversation: Conversation | None = None
        # Bytes of JSON left for the outputs of all cells: more than the limits on text, since JSON escapes characters.
        self._room = 4 * (limits.output + limits.figures)

    def __enter__(self) -> WorkerSession:
        return self

    def __exit__(self, *exception: object) -> None:
        self._end_worker()

    def run(self, source: str, is_experiment: bool = False) -> list[dict[str, Any]]:
        """Run a cell and return its outputs. Raises Stopped if it ended the worker; the next worker leaves it out.

        The time, memory and restarts of experiments are counted separately, so that other cells keep theirs.
        """
        try:
            data = self._run_as(self.ready(), source, is_experiment)
        except Stopped:
            if is_experiment and self.peer is None:
                self._experiments_stopped += 1
                self._starts -= 1
            if not self._leave_out_spoiling():
                raise
            data = self._run_as(self.ready(), source, is_experiment)
        try:
            outputs = read_outputs(data, self._room)
        except WireError as error:
            raise self.fault_of(error) from None
        self._room = max(0, self._room - len(data))
        self._sources.append((source, is_experiment))
        return outputs

    def recall(self, grade_id: str, seconds: float, cache: ReplayCache) -> CellResult | None:
        """Begin a test cell by sending the calls of earlier submissions; all its calls together have `seconds`.

        Return the cached result if all replies are known; otherwise None, and `begin_test` continues from there.
        Raises Stopped if the worker ends, or none can be started.
        """
        peer = self.ready()
        self.fault, self._past, self._conversation = None, [], None
        self._set_deadline(peer, seconds)
        try:
            result, self._past = cache.play(grade_id, peer.wire, peer.deadline)
        except WireError as error:
            raise self.fault_of(error) from None
        return result

    def begin_test(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the submission's values of the names: a function that calls the worker, plain data, or MISSING.

        Raises Stopped if the worker ends.
        """
        peer = self.ready()
        peer.release()
        peer.callbacks = peer.received = 0
        peer.channel = self._conversation = Conversation(peer.wire, self._past)
        try:
            peer.send(["begin", names])
            return {name: self._value(peer, name) for name in names}
        except WireError as error:
            raise self.fault_of(error) from None

    @property
    def events(self) -> list[Event]:
        """The messages since the last test cell began."""
        return self._conversation.events if self._conversation else []

    @property
    def unexpected(self) -> UnexpectedValues:
        """Values from the submission, since the last test cell began, that a test may not expect."""
        return self.peer.unexpected if self.peer else UnexpectedValues()

    @property
    def diverged(self) -> bool:
        """Whether the last test cell sent different calls than for an earlier submission with the same replies."""
        return self._conversation is not None and self._conversation.diverged

    def retry_diverged(self) -> None:
        """Prepare to run a diverged test cell again. The lost worker does not count towards the submission's limit of
        starts, since the test caused the loss."""
        self._conversation = None
        self._starts -= 1

    def _value(self, peer: _RefereePeer, name: str) -> Any:
        match peer.wait("value", "missing", "unsent"):
            case ["missing"]:
                return MISSING
            case ["value", node]:
                return Decoder(peer, Shared(), 4 * self.limits.message, trusted=True).decode(node)
            case ["unsent", str(text)]:
                raise WireError(f"{name} cannot be read: {clean(text)}")
        raise WireError("A reply has the wrong form.")

    def fault_of(self, error: WireError) -> Stopped:
        """End the worker; return, and store, the fault with its message for the student."""
        status = self._end_worker()
        if isinstance(error, DeadlinePassed):
            message = "it took too long and was stopped"
        elif isinstance(error, WireClosed):
            message = f"Python was ended ({ending(status)})"
        else:
            message = f"what it sent cannot be read. {str(error).removesuffix('.')}"
        self.fault = Stopped(message, refused=type(error) is WireError)
        return self.fault

    def ready(self) -> _RefereePeer:
        """Return the connection to the worker. If the last worker is gone, start a new one and run all cells in it.

        Raises Stopped if the limit of starts or of time is reached.
        """
        while self.peer is None:
            if self._starts >= self.limits.starts:
                raise Stopped("the submission ended its process too often")
            self._starts += 1
            # Experiments have their own time limit, added here because the worker has a single limit of CPU time.
            left = self.limits.total_seconds + self.limits.experiments_seconds - self._computed
            if left < 1:
                raise Stopped(USED_UP)
            wire, self._handle = self._zygote.start_worker(replace(self.limits, total_seconds=left))
            self._lost_time.begin_worker()
            channel = Channel(wire, self.limits.message)
            channel.more_time = self._more_time
            self.peer = _RefereePeer(self, channel)
            if self._files:
                self._send_files(self.peer)
            finished: list[tuple[str, bool]] = []
            for place, (source, is_experiment) in enumerate(self._sources):
                try:
                    self._run_as(self.peer, source, is_experiment)
                    finished.append((source, is_experiment))
                except Stopped:
                    # It finished the first time, so it depends on chance or time. It is left out from now on.
                    if self.peer is None:
                        finished += self._sources[place + 1 :]
                        break
            self._sources = finished
        return self.peer

    def _send_files(self, peer: _RefereePeer) -> None:
        self._set_deadline(peer, self.limits.cell_seconds)
        try:
            peer.wire.send(self._files, peer.deadline)
        except WireError as error:
            raise self.fault_of(error) from None

    def _leave_out_spoiling(self) -> bool:
        """Leave out the last cells until an empty cell finishes after the rest; return whether any was left out.

        These cells left something behind, such as a hook that runs before each cell, that would stop all later cells.
        """
        is_any_left_out = False
        while True:
            peer = self.ready()
            try:
                self._run(peer, EMPTY, self.limits.again_seconds)
                return is_any_left_out
            except Stopped:
                if not self._sources or time.monotonic() >= self._end:
                    raise
            self.spoiling.append(self._sources.pop()[0])
            is_any_left_out = True

    def _run_as(self, peer: _RefereePeer, source: str, is_experiment: bool) -> Any:
        """Run a cell, within the limits of experiments if it is one; return its outputs as the worker sent them."""
        if not is_experiment:
            return self._run(peer, source, self.limits.cell_seconds)
        if self._experiments_left <= 0 or self._experiments_stopped >= self.limits.experiment_stops:
            raise Stopped("the limit for all experiments together was reached before")
        began = time.monotonic()
        seconds = min(self.limits.experiment_seconds, self._experiments_left / self.load_factor)
        # The clock of the whole notebook stops while the experiment runs.
        self._end += seconds * self.load_factor
        try:
            return self._run(peer, source, seconds, self.limits.experiment_memory)
        finally:
            taken = time.monotonic() - began
            self._end -= seconds * self.load_factor - taken
            self._experiments_left -= taken

    def _run(self, peer: _RefereePeer, source: str, seconds: float, *memory: int) -> Any:
        """Run a cell and return its outputs as the worker sent them, unread."""
        if time.monotonic() >= self._end:
            raise Stopped(USED_UP)
        self._set_deadline(peer, seconds)
        peer.channel = peer.wire
        try:
            peer.send(["cell", source, *memory])
            match peer.receive():
                case ["done", data, _]:
                    return data
            raise WireError("A reply has the wrong form.")
        except WireError as error:
            raise self.fault_of(error) from None

    def _set_deadline(self, peer: _RefereePeer, seconds: float) -> None:
        peer.deadline, peer.wire.extra = min(within(seconds * self.load_factor), self._end), 0.0

    def _more_time(self) -> float:
        """Return by how many seconds to extend a deadline that has passed.

        It is the time that other processes took from the worker and from this process since the last call, or 0.0 if
        that is not worth waiting for.
        """
        if self._handle is None:
            return 0.0
        lost = self._lost_time.since_last(self._handle.waited())
        self._end += lost
        if lost:
            self.on_delay(lost)
        return lost

    def _end_worker(self) -> str:
        if self.peer is not None:
            self.peer.wire.close()
            self.peer = None
        handle, self._handle = self._handle, None
        status = handle.kill() if handle else ""
        self._computed += handle.cpu_seconds if handle else 0.0
        return status


def ending(status: str) -> str:
    """Return how a worker ended, such as "exit code 3", from the status that the zygote reported."""
    code = status.removeprefix("ended: ")
    if code == status or not code.lstrip("-").isdigit():
        return "for an unknown reason"
    return f"signal {-int(code)}" if int(code) < 0 else f"exit code {code}"
