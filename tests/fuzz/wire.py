"""Fuzzes what reads untrusted bytes, led by coverage. By hand: atheris is 35 MB and knows few versions of Python.

    pip install atheris
    python tests/fuzz/wire.py -max_total_time=600

Whatever the bytes are, the referee gets a value, an error of the student's, or a WireError; a notebook is taken in
or is Unreadable. Anything else ends the program and leaves the bytes in a file named crash-*.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=["course_grader.engine"]):
    from course_grader.engine.notebook.read import Unreadable, read_submission
    from course_grader.engine.rpc.channel import WireError
    from course_grader.engine.rpc.message import ExtType, pack
    from course_grader.engine.rpc.outputs import read_outputs
    from course_grader.engine.rpc.types import ARRAY, BASED
    from tests.engine.test_rpc import referee_reads, referee_reads_answers, worker_reads


def outputs(data: bytes) -> None:
    with contextlib.suppress(WireError):
        read_outputs(data, 1 << 20)


def notebook(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        read_submission(data)


KINDS = ["return", "raise", "call", "tell", "answers", "value", "calls", "done"]
TEXTS = ["", "a", "<f8", "|b1", "<i4", "O", "<U3", "PCG64", "SFC64", "ValueError", "StopIteration", "UnicodeError"]
NUMBERS = [-1, 0, 1, 2, 3, 5, 8, 24, 32, 2**31, 2**40, 2**63 - 1, -(2**63)]


def node(data: Any, depth: int = 0) -> Any:
    """Return a value as the wire knows it, so that more is read than the first byte that is wrong."""
    match data.ConsumeIntInRange(0, 9 if depth < 5 else 4):
        case 0:
            return data.PickValueInList([None, True, False, 0.5, float("nan")])
        case 1:
            return data.PickValueInList(NUMBERS)
        case 2:
            return data.PickValueInList(TEXTS)
        case 3:
            return data.ConsumeBytes(data.PickValueInList([0, 8, 16, 24]))
        case 4:
            return ExtType(data.ConsumeIntInRange(0, 18), data.ConsumeBytes(data.ConsumeIntInRange(0, 12)))
        case 5:
            return [node(data, depth + 1) for _ in range(data.ConsumeIntInRange(0, 4))]
        case 6:
            shape, layout = [data.ConsumeIntInRange(0, 3) for _ in range(data.ConsumeIntInRange(0, 2))], BASED
            body = [data.ConsumeIntInRange(-1, 4), data.PickValueInList(TEXTS), shape]
            if data.ConsumeBool():
                layout = data.ConsumeIntInRange(0, 3)
            last = data.ConsumeBytes(24) if layout != BASED else [node(data, depth + 1), 0, [8]]
            return ExtType(ARRAY, pack([*body, layout, data.ConsumeBool(), last]))
    body = [node(data, depth + 1) for _ in range(data.ConsumeIntInRange(0, 6))]
    return ExtType(data.ConsumeIntInRange(0, 18), pack(body if data.ConsumeBool() else node(data, depth + 1)))


def message(data: bytes) -> bytes:
    """Return a message in form, its parts made from the bytes."""
    given = atheris.FuzzedDataProvider(data)
    parts = [node(given) for _ in range(given.ConsumeIntInRange(1, 4))]
    if given.ConsumeBool():
        parts.insert(0, [[given.ConsumeIntInRange(0, 5), node(given)] for _ in range(given.ConsumeIntInRange(0, 3))])
    return pack([given.PickValueInList(KINDS), *parts])


READERS = (
    referee_reads,
    worker_reads,
    outputs,
    notebook,
    lambda data: referee_reads(message(data)),
    lambda data: referee_reads_answers(message(data)),
    lambda data: worker_reads(message(data)),
)


def one_input(data: bytes) -> None:
    if data:
        READERS[data[0] % len(READERS)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
