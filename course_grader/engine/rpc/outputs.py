"""Collect and check the outputs of a submission's cells, as nbformat outputs of limited size.

Only text, and PNG and JPEG pictures are kept. HTML, SVG, LaTeX and JavaScript can act in a reader's browser, and
outputs of these types also have a text form.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from typing import Any

from course_grader.engine.rpc.channel import WireError
from course_grader.engine.rpc.clean_text import clean

TEXTS = ("text/plain",)
PICTURES = ("image/png", "image/jpeg")
CUT = "\n[The output goes on. It was cut here because it is longer than the grader keeps.]\n"
MOST_OUTPUTS, MOST_LINES = 2000, 100
# A list that is two bytes long in JSON takes 64 bytes in memory.
MOST_PARTS = 3_000_000
# Adjacent parts of the pattern match different characters; otherwise a long text that does not match takes hours.
BASE64 = re.compile(r"[A-Za-z0-9+/\s]*(?:={1,2}\s*)?")


class OutputLog:
    """Collects the outputs of one cell after another. `text` (characters) and `pictures` (bytes) limit their total."""

    def __init__(self, text: int, pictures: int) -> None:
        self._text, self._pictures = text, pictures
        self.outputs: list[dict[str, Any]] = []

    def take(self) -> list[dict[str, Any]]:
        """Return the outputs since the last call, and start a new list."""
        outputs, self.outputs = self.outputs, []
        return outputs

    def stream(self, name: str, text: str) -> None:
        """Add printed text to `stdout` or `stderr`."""
        text = self._within(text)
        last = self.outputs[-1] if self.outputs else {}
        if text and last.get("name") == name:
            last["text"] += text
        elif text:
            self._add({"output_type": "stream", "name": name, "text": text})

    def show(self, kind: str, data: dict[str, Any], count: int | None = None) -> None:
        """Add a displayed object or, with `kind="execute_result"`, a cell's last value, by MIME type."""
        kept: dict[str, Any] = {}
        for mime, content in data.items():
            text = content if isinstance(content, str) else ""
            if mime in PICTURES and len(text) <= self._pictures:
                self._pictures -= len(text)
                kept[mime] = text
            elif mime in TEXTS and text:
                kept[mime] = self._within(text)
        extra = {"execution_count": count} if kind == "execute_result" else {}
        self._add({"output_type": kind, "data": kept, "metadata": {}, **extra})

    def error(self, name: str, value: str, lines: list[str]) -> None:
        """Add an error with its traceback."""
        lines = [self._within(line) for line in lines[-MOST_LINES:]]
        self._add({"output_type": "error", "ename": name, "evalue": self._within(value[:2000]), "traceback": lines})

    def clear(self, wait: bool = False) -> None:
        """Remove the outputs of the current cell."""
        self.outputs = []

    def _add(self, output: dict[str, Any]) -> None:
        if len(self.outputs) < MOST_OUTPUTS:
            self.outputs.append(output)

    def _within(self, text: str) -> str:
        if self._text <= 0:
            return ""
        kept = text[: self._text]
        self._text -= len(text)
        return kept if self._text > 0 else kept + CUT


class Printed(io.TextIOBase):
    """Replaces `sys.stdout` or `sys.stderr`, and writes to a log."""

    encoding = "utf-8"

    def __init__(self, log: OutputLog, name: str) -> None:
        self._log, self._name = log, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._log.stream(self._name, text)
        return len(text)


def read_outputs(data: Any, limit: int) -> list[dict[str, Any]]:
    """Return the outputs that an untrusted worker sent as JSON, rebuilt from known fields only.

    If the data is longer than `limit` bytes, return one output that says so: a submission can lift the worker's own
    limits. Raises WireError if the data is damaged; a single damaged output is only left out.
    """
    if type(data) is not bytes:
        raise WireError("The outputs of a cell are damaged.")
    if len(data) > limit:
        return [{"output_type": "stream", "name": "stdout", "text": CUT.lstrip()}]
    try:
        if data.count(b"[") + data.count(b"{") > MOST_PARTS:
            raise ValueError("too many parts")
        received = json.loads(data)
    except (ValueError, RecursionError):
        raise WireError("The outputs of a cell are damaged.") from None
    if type(received) is not list or len(received) > MOST_OUTPUTS:
        raise WireError("The outputs of a cell are damaged.")
    outputs = []
    for output in received:
        with contextlib.suppress(KeyError, TypeError, AttributeError):
            outputs.append(_rebuilt(output, limit))
    return outputs


def _rebuilt(output: dict[str, Any], limit: int) -> dict[str, Any]:
    kind = output["output_type"]
    if kind == "stream":
        name = "stderr" if output["name"] == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": clean(output["text"], limit)}
    if kind == "error":
        lines = [clean(line, limit) for line in output["traceback"][-MOST_LINES:]]
        texts = {"ename": clean(output["ename"], 100), "evalue": clean(output["evalue"])}
        return {"output_type": "error", **texts, "traceback": lines}
    data = {mime: clean(text, limit) for mime, text in output["data"].items() if mime in TEXTS}
    data |= {mime: text for mime, text in output["data"].items() if mime in PICTURES and BASE64.fullmatch(text)}
    if kind == "execute_result":
        return {"output_type": kind, "data": data, "metadata": {}, "execution_count": None}
    return {"output_type": "display_data", "data": data, "metadata": {}}
