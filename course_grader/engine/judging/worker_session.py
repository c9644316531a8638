"""A submission's worker as the referee sees it: started when needed, ended at a fault, started again and brought back.

A worker that hit a limit or ended is gone with all that it had. The next one runs the same cells again, without
the cell that was at fault, so that the exercises before and after it are graded all the same. At fault is the cell that
did not end, or one before it, behind which not even an empty cell ends.
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
from course_grader.engine.sandbox.cpu_wait import WORTH, waited_here
from course_grader.engine.sandbox.handles import WorkerHandle, Zygote

MISSING = object()
EMPTY = "pass"
USED_UP = "the time for the whole notebook is used up"
# Time that other processes took may extend all limits together by at most this factor.
MOST_EXTRA = 7


class Stopped(Frameless, Exception):  # type: ignore[misc]
    """The worker is gone: a limit was hit, it ended, or it sent what cannot be read. The message is for the student."""

    def __init__(self, message: str, refused: bool = False) -> None:
        self.refused = refused
        super().__init__(message)


class _RefereePeer(Peer):
    """Ends the worker at the first fault in a call, and remembers the fault: a probe may catch what is raised."""

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
            raise WireError("It is more than the grader takes.")
        return message

    def _count(self, depth: int) -> None:
        self.callbacks += 1
        if self.callbacks > self._session.limits.callbacks:
            raise WireError("It calls the functions that it is given too often.")


class WorkerSession:
    """The worker of one submission. Use as a context manager: nothing of it outlives the block. `files` are those
    beside the notebook."""

    def __init__(self, zygote: Zygote, limits: Limits, files: Mapping[str, bytes] | None = None) -> None:
        self._zygote, self.limits = zygote, limits
        self._files = pack(["files", [[name, content] for name, content in files.items()]]) if files else b""
        self.peer: _RefereePeer | None = None
        self.fault: Stopped | None = None
        self._handle: WorkerHandle | None = None
        self.load_factor = load_factor()
        self._end = within(limits.total_seconds * self.load_factor)
        self._starts = 0
        # Each with whether it is an experiment.
        self._sources: list[tuple[str, bool]] = []
        self._experiments_left = limits.experiments_seconds * self.load_factor
        self._experiments_stopped = 0
        # Seconds that workers which have ended computed, and what was added to limits for the time that others took.
        self._computed = self._extra = 0.0
        self._waited = waited_here()
        self.on_delay: Callable[[float], None] = lambda seconds: None
        # Cells that went through, and of which no cell behind them does.
        self.spoiling: list[str] = []
        self._past: list[Event] = []
        self._conversation: Conversation | None = None
        # Bytes of JSON that the outputs of all cells may have together, with every character escaped.
        self._room = 4 * (limits.output + limits.figures)

    def __enter__(self) -> WorkerSession:
        return self

    def __exit__(self, *exception: object) -> None:
        self._let_go()

    def run(self, source: str, is_experiment: bool = False) -> list[dict[str, Any]]:
        """Run a cell and return its outputs; Stopped where it ended the worker, which then goes on without it.

        What experiments take of time, memory and new starts is counted apart: it leaves the other cells theirs.
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
        """Begin a test cell, whose calls have this many seconds together, and ask what earlier submissions were asked.

        Return the result where all answers are known; otherwise `begin_test` goes on from there. Stopped where there is
        no worker to be had.
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
        """Return what the submission has under the names: a function that stands for its own, plain data or MISSING."""
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
        """What has passed since the last test cell began."""
        return self._conversation.events if self._conversation else []

    @property
    def unexpected(self) -> UnexpectedValues:
        """What came from the submission since the last test cell began, and may not be what a test expects."""
        return self.peer.unexpected if self.peer else UnexpectedValues()

    @property
    def diverged(self) -> bool:
        """Whether the last test cell asked something else than in an earlier submission that answered the same."""
        return self._conversation is not None and self._conversation.diverged

    def begin_anew(self) -> None:
        """Leave a test cell that diverged, to start it again. That it cost a worker is not the submission's doing."""
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
        """End the worker; return, and remember, what to tell of it."""
        said = self._let_go()
        if isinstance(error, DeadlinePassed):
            message = "it took too long and was stopped"
        elif isinstance(error, WireClosed):
            message = f"it ended the process it ran in ({ending(said)})"
        else:
            message = f"what it sent cannot be read. {str(error).removesuffix('.')}"
        self.fault = Stopped(message, refused=type(error) is WireError)
        return self.fault

    def ready(self) -> _RefereePeer:
        """Return the worker, a new one where the last is gone, with all cells run."""
        while self.peer is None:
            if self._starts >= self.limits.starts:
                raise Stopped("the submission ended its process too often")
            self._starts += 1
            # Experiments have seconds of their own.
            left = self.limits.total_seconds + self.limits.experiments_seconds - self._computed
            if left < 1:
                raise Stopped(USED_UP)
            wire, self._handle = self._zygote.start_worker(replace(self.limits, total_seconds=left))
            self._worker_waited = 0.0
            channel = Channel(wire, self.limits.message)
            channel.more_time = self._more_time
            self.peer = _RefereePeer(self, channel)
            if self._files:
                self._send_files(self.peer)
            kept: list[tuple[str, bool]] = []
            for place, (source, is_experiment) in enumerate(self._sources):
                try:
                    self._run_as(self.peer, source, is_experiment)
                    kept.append((source, is_experiment))
                except Stopped:
                    # It went through the first time: what depends on chance or on time is left out from now on.
                    if self.peer is None:
                        kept += self._sources[place + 1 :]
                        break
            self._sources = kept
        return self.peer

    def _send_files(self, peer: _RefereePeer) -> None:
        self._set_deadline(peer, self.limits.cell_seconds)
        try:
            peer.wire.send(self._files, peer.deadline)
        except WireError as error:
            raise self.fault_of(error) from None

    def _leave_out_spoiling(self) -> bool:
        """Leave out the last cells where a cell that does nothing does not end behind them: what they left behind, such
        as a function that runs before each cell, would cost all that follow. Tell whether there was one."""
        found = False
        while True:
            peer = self.ready()
            try:
                self._run(peer, EMPTY, self.limits.again_seconds)
                return found
            except Stopped:
                if not self._sources or time.monotonic() >= self._end:
                    raise
            self.spoiling.append(self._sources.pop()[0])
            found = True

    def _run_as(self, peer: _RefereePeer, source: str, is_experiment: bool) -> Any:
        """Run a cell, within the limits of experiments if it is one, and return its outputs as they came."""
        if not is_experiment:
            return self._run(peer, source, self.limits.cell_seconds)
        if self._experiments_left <= 0 or self._experiments_stopped >= self.limits.experiment_stops:
            raise Stopped("what experiments may take is used up")
        began = time.monotonic()
        seconds = min(self.limits.experiment_seconds, self._experiments_left / self.load_factor)
        # The time for the whole notebook begins to run again when the experiment is over.
        self._end += seconds * self.load_factor
        try:
            return self._run(peer, source, seconds, self.limits.experiment_memory)
        finally:
            taken = time.monotonic() - began
            self._end -= seconds * self.load_factor - taken
            self._experiments_left -= taken

    def _run(self, peer: _RefereePeer, source: str, seconds: float, *memory: int) -> Any:
        """Run a cell and return its outputs as they came."""
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
        """Return for how many seconds a deadline that has passed is to be extended: what other processes took of the
        time since this was asked last, of the worker's and of this process's."""
        if self._handle is None:
            return 0.0
        worker, here = self._handle.waited(), waited_here()
        lost = worker - self._worker_waited + here - self._waited
        self._worker_waited, self._waited = worker, here
        lost = min(lost, MOST_EXTRA * self.limits.total_seconds - self._extra)
        if lost < WORTH:
            return 0.0
        self._extra += lost
        self._end += lost
        self.on_delay(lost)
        return lost

    def _let_go(self) -> str:
        if self.peer is not None:
            self.peer.wire.close()
            self.peer = None
        handle, self._handle = self._handle, None
        said = handle.kill() if handle else ""
        self._computed += handle.cpu_seconds if handle else 0.0
        return said


def ending(said: str) -> str:
    """Return how a process ended, by what its keeper says."""
    code = said.removeprefix("ended: ")
    if code == said or not code.lstrip("-").isdigit():
        return "without a word"
    return f"signal {-int(code)}" if int(code) < 0 else f"exit code {code}"
