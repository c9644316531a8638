"""The worker: the untrusted process that runs a submission's cells and answers calls of the functions they define.

It has no test, no hidden key, no reference and no other submission. The code that it runs can change everything in this
process, so nothing here protects anything: the sandbox and the referee do.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_grader.engine.memory_limit import limited_memory
from course_grader.engine.rpc.channel import Channel, WireClosed, WireError
from course_grader.engine.rpc.encode import Encoder
from course_grader.engine.rpc.outputs import OutputLog
from course_grader.engine.rpc.peer import MOST_PRINTED, Peer
from course_grader.engine.rpc.types import Shared
from course_grader.engine.rpc.write_files import write_files
from course_grader.engine.worker.shell import WorkerShell, attach_log, run_cell


def serve(shell: WorkerShell, end: socket.socket, limits: dict[str, int]) -> None:
    """Answer the referee's messages on the socket `end` until it is gone."""
    peer = Peer(Channel(end, limits["message"]), trusted=False)
    log = _Log(limits["output"], limits["figures"], peer)
    attach_log(shell, log)
    with contextlib.suppress(WireClosed), contextlib.ExitStack() as testing:
        service = _Service(shell, log, peer, testing)
        while True:
            try:
                service.answer(peer.receive())
            except KeyboardInterrupt:
                continue


class _Log(OutputLog):
    """The outputs of cells. While a test runs, printed text is sent to the test instead."""

    def __init__(self, text: int, pictures: int, peer: Peer) -> None:
        super().__init__(text, pictures)
        self._peer, self.is_testing, self._left = peer, False, 0

    def begin_test(self) -> None:
        self.is_testing, self._left = True, MOST_PRINTED

    def stream(self, name: str, text: str) -> None:
        if not self.is_testing:
            super().stream(name, text)
        elif self._left > 0 and text:
            self._peer.printed.append((name, text[: self._left]))
            self._left -= len(text)


@dataclass(frozen=True)
class _Service:
    """Handles one message after another. `testing` holds the context of the current test cell."""

    shell: WorkerShell
    log: _Log
    peer: Peer
    testing: contextlib.ExitStack

    def answer(self, message: list[Any]) -> None:
        match message:
            case ["calls", list(calls)]:
                self.peer.answer_all(calls)
            case ["call", *_]:
                self.peer.answer(message)
            case ["cell", source]:
                self._run(source)
            case ["cell", source, int(memory)]:
                with limited_memory(memory):
                    self._run(source)
            case ["files", [*files]]:
                # As in a kernel, modules next to the notebook can be imported.
                sys.path.insert(0, "")
                write_files(Path(), dict(files))
            case ["begin", [*names]]:
                self.testing.close()
                self.testing.enter_context(_quietly())
                self.peer.release()
                self.log.begin_test()
                for name in names:
                    self.peer.send(self._value(name))
            case _:
                raise WireError("The referee sent an unknown message.")

    def _run(self, source: str) -> None:
        self.testing.close()
        # Drop what was displayed during tests: it does not belong to a cell.
        self.log.take()
        self.log.is_testing = False
        self.peer.printed.clear()
        succeeded = run_cell(self.shell, source)
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        self.peer.send(["done", json.dumps(self.log.take()).encode(), succeeded])

    def _value(self, name: str) -> list[Any]:
        if name not in self.shell.user_ns:
            return ["missing"]
        try:
            encoder = Encoder(self.peer, Shared(), self.peer.channel.limit, trusted=False)
            return ["value", encoder.encode(self.shell.user_ns[name])]
        except Exception as error:
            return ["unsent", str(error)]


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Ignore warnings and NumPy's floating-point errors during a test, whatever settings the cells have made."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
