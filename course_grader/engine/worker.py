"""The worker: the untrusted process that runs a submission's cells and answers calls to what they define.

It holds no test, no hidden key, no reference and no other submission. All that it does can be undone by the code
that it runs, so nothing here protects anything: the sandbox and the referee do.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from course_grader.engine.codec import Encoder, Shared
from course_grader.engine.outputs import OutputLog
from course_grader.engine.peer import Peer
from course_grader.engine.shell import WorkerShell, attach, run_cell
from course_grader.engine.wire import Channel, WireClosed, WireError


def serve(shell: WorkerShell, end: socket.socket, limits: dict[str, int]) -> None:
    """Answer the referee until it is gone."""
    log = OutputLog(limits["output"], limits["figures"])
    attach(shell, log)
    peer = Peer(Channel(end, limits["message"]), trusted=False)
    with contextlib.suppress(WireClosed):
        while True:
            try:
                _answer(peer, shell, log, peer.receive())
            except KeyboardInterrupt:
                continue


def _answer(peer: Peer, shell: WorkerShell, log: OutputLog, message: list[Any]) -> None:
    match message:
        case ["calls", list(calls)]:
            with _quietly():
                peer.answer_all(calls)
        case ["call", *_]:
            with _quietly():
                peer.answer(message)
        case ["cell", source]:
            # What was printed while tests asked belongs to no cell.
            log.take()
            went_through = run_cell(shell, source)
            _flush()
            peer.send(["done", json.dumps(log.take()).encode(), went_through])
        case ["begin", [*names]]:
            peer.forget()
            for name in names:
                peer.send(_value(peer, shell, name))
        case _:
            raise WireError("The referee sent what is not understood.")


def _value(peer: Peer, shell: WorkerShell, name: str) -> list[Any]:
    if name not in shell.user_ns:
        return ["missing"]
    try:
        return ["value", Encoder(peer, Shared(), peer.channel.limit, trusted=False).encode(shell.user_ns[name])]
    except Exception as error:
        return ["unsent", str(error)]


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """As where tests and answers share a process: what a cell says of warnings and of NumPy's errors does not hold."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _flush() -> None:
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
