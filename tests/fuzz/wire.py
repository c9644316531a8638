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

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
with atheris.instrument_imports(include=["course_grader.engine"]):
    from course_grader.engine.intake import Unreadable, take_in
    from course_grader.engine.outputs import read_outputs
    from course_grader.engine.wire import WireError
    from tests.engine.test_wire import referee_reads, worker_reads


def outputs(data: bytes) -> None:
    with contextlib.suppress(WireError):
        read_outputs(data, 1 << 20)


def notebook(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        take_in(data)


READERS = (referee_reads, worker_reads, outputs, notebook)


def one_input(data: bytes) -> None:
    if data:
        READERS[data[0] % len(READERS)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
