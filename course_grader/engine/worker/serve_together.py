"""The worker of the mode together: runs all cells of a notebook, including tests, in one namespace. Untrusted.

It behaves like nbgrader's kernel: a running event loop, `Out` and `_`, an `input()` that raises, and the notebook's
folder as the working folder. It receives a test only when the test is to run. The code that it runs can change
everything in this process, so the trusted side treats its replies as claims of the submission.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import getpass
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from IPython.core.error import StdinNotImplementedError

from course_grader.engine.rpc.channel import Channel, WireClosed, WireError
from course_grader.engine.rpc.message import pack, unpack
from course_grader.engine.rpc.outputs import MOST_LINES, OutputLog
from course_grader.engine.rpc.write_files import write_files
from course_grader.engine.worker.pristine import Pristine
from course_grader.engine.worker.shell import WorkerShell, attach_log

# Limits in characters: all text of one test, and each part of it on which its score depends.
TEST_TEXT, DECISIVE = 200_000, 20_000
# Number of values that `Out` keeps, as in a kernel.
CACHED = 1000
# Modules that tests and answers often import. The zygote imports them, so that no submission waits for it.
COMMON = (
    "collections.abc", "contextlib", "copy", "csv", "dataclasses", "datetime", "decimal", "enum", "fractions", "heapq",
    "inspect", "io", "itertools", "json", "math", "numpy.testing", "operator", "pathlib", "pickle", "random",
    "statistics", "string", "textwrap", "typing", "unittest.mock",
)  # fmt: skip
# Modules that a package imports when it is first used: torch at the first optimizer, which takes two seconds.
AT_FIRST_USE = {"torch": ["torch._dynamo"]}
# Modules that print or open something when they are imported.
NOT_BEFOREHAND = {"__main__", "antigravity", "this", "idlelib", "turtle"}


class CellLog(OutputLog):
    """Collects the outputs of one cell after another, as nbclient does. Outputs on which a test's score depends are
    shortened but never dropped: an error, a last value, text on stderr."""

    def __init__(self, text: int, pictures: int) -> None:
        super().__init__(text, pictures)
        self._clear_first = False
        # The rest of the limit for the submission's cells, saved during a test, which has its own limit.
        self._saved_text: int | None = None

    def begin(self, is_test: bool) -> None:
        """Begin a cell."""
        self.outputs, self._clear_first = [], False
        if is_test:
            self._saved_text, self._text = self._text, TEST_TEXT

    def end(self) -> list[dict[str, Any]]:
        """End a cell and return its outputs."""
        if self._saved_text is not None:
            self._text, self._saved_text = self._saved_text, None
        return self.take()

    def stream(self, name: str, text: str) -> None:
        self._clear_now()
        if name == "stderr" and text and not any(output.get("name") == name for output in self.outputs):
            self.outputs.append({"output_type": "stream", "name": name, "text": text[:DECISIVE]})
            text = text[DECISIVE:]
        super().stream(name, text)

    def show(self, kind: str, data: dict[str, Any], count: int | None = None) -> None:
        if not data:
            # The object displayed itself (`_ipython_display_`).
            return
        self._clear_now()
        before = len(self.outputs)
        super().show("display_data", data)
        if kind == "execute_result":
            shown = self.outputs.pop()["data"] if len(self.outputs) > before else {}
            text = data.get("text/plain")
            shown |= {"text/plain": text[:DECISIVE]} if isinstance(text, str) and text else {}
            self.outputs.append({"output_type": kind, "data": shown, "metadata": {}, "execution_count": count})

    def error(self, name: str, value: str, lines: list[str]) -> None:
        self._clear_now()
        text = [line[:DECISIVE] for line in lines[-MOST_LINES:]]
        self.outputs.append({"output_type": "error", "ename": name, "evalue": value[:2000], "traceback": text})

    def clear(self, wait: bool = False) -> None:
        if wait:
            self._clear_first = True
        else:
            super().clear()

    def _clear_now(self) -> None:
        if self._clear_first:
            self.outputs, self._clear_first = [], False


def prepare(shell: WorkerShell, imports: Sequence[str]) -> Pristine:
    """Prepare a shell for the mode together before workers are forked; return a snapshot of the state to restore.

    imports: the modules that the teacher's cells import.
    """
    shell.cache_size = CACHED
    shell.init_displayhook()  # type: ignore[no-untyped-call]
    at_first_use = [name for package in AT_FIRST_USE if package in imports for name in AT_FIRST_USE[package]]
    for name in (*COMMON, *imports, *at_first_use):
        if name.split(".")[0] not in NOT_BEFOREHAND:
            with contextlib.suppress(Exception, SystemExit):
                __import__(name)
    shell.begin()
    return Pristine(shell)


def serve(shell: WorkerShell, pristine: Pristine, end: socket.socket, limits: dict[str, Any]) -> None:
    """Run the cells that arrive on the socket `end` until the trusted side is gone."""
    # As in a kernel, modules next to the notebook can be imported.
    sys.path.insert(0, "")
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    channel = Channel(end, limits["message"])
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    service = _TogetherService(shell, pristine, channel, CellLog(limits["output"], limits["figures"]))
    with contextlib.suppress(WireClosed):
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                # A cell runs inside the loop, as in a kernel.
                loop.run_until_complete(service.serve())


class _TogetherService:
    """Handles one message after another."""

    def __init__(self, shell: WorkerShell, pristine: Pristine, channel: Channel, log: CellLog) -> None:
        self._shell, self._pristine, self._channel, self._log = shell, pristine, channel, log
        self._spared: tuple[str, ...] = ()
        attach_log(shell, log)
        builtins.input = _real_input

    async def serve(self) -> None:
        while True:
            match unpack(self._channel.receive()):
                case ["begin", [*files], [*spared]]:
                    self._spared = tuple(spared)
                    write_files(Path(), dict(files))
                case ["run", nonce, source, bool(is_test)]:
                    await self._run(nonce, source, is_test)
                case _:
                    raise WireError("The trusted side sent an unknown message.")

    async def _run(self, nonce: bytes, source: str, is_test: bool) -> None:
        self._log.begin(is_test)
        self._shell.kept = self._log
        if is_test:
            self._pristine.restore(self._spared)
        with _no_input():
            succeeded = await self._execute(source)
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        outputs = json.dumps(self._log.end()).encode()
        self._channel.send(pack(["done", nonce, outputs, succeeded]))
        # Let tasks that a cell has started continue.
        await asyncio.sleep(0)

    async def _execute(self, source: str) -> bool:
        """Run a cell as ipykernel does, and return whether it succeeded."""
        shell: Any = self._shell
        problem = None
        try:
            transformed = shell.transform_cell(source)
        except Exception:
            transformed, problem = source, sys.exc_info()
        options = {"transformed_cell": transformed, "preprocessing_exc_tuple": problem}
        if not shell.should_run_async(source, **options):
            result = shell.run_cell(source, store_history=True, silent=False)
        else:
            future = asyncio.ensure_future(shell.run_cell_async(source, store_history=True, silent=False, **options))
            before = signal.signal(signal.SIGINT, lambda *_: future.cancel())
            try:
                result = await future
            finally:
                signal.signal(signal.SIGINT, before)
                shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)
        return bool(result.success) and not getattr(shell, "_last_traceback_during_displayhook", False)


_real_input = builtins.input
_real_getpass = getpass.getpass


@contextlib.contextmanager
def _no_input() -> Iterator[None]:
    """Make `input` and `getpass` raise during a cell, even if a cell has replaced them, as in nbgrader's kernel."""
    builtins.input, getpass.getpass = _raises("raw_input"), _raises("getpass")
    try:
        yield
    finally:
        builtins.input, getpass.getpass = _real_input, _real_getpass


def _raises(name: str) -> Any:
    def asked(prompt: object = "", *args: object, **kwargs: object) -> NoReturn:
        raise StdinNotImplementedError(f"{name} was called, but this frontend does not support input requests.")

    return asked
