"""Each limit of the wire alone: a value that no other limit refuses, and no more memory or time than its bytes take."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import socket
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_grader.engine.rpc import decode, types
from course_grader.engine.rpc.channel import LENGTH, Channel, DeadlinePassed, WireError
from course_grader.engine.rpc.decode import Decoder
from course_grader.engine.rpc.message import ExtType, pack, unpack
from course_grader.engine.rpc.outputs import CUT, read_outputs
from course_grader.engine.rpc.peer import Peer, error_of, within
from course_grader.engine.rpc.types import DEPTH, Shared
from course_grader.engine.rpc.write_files import write_files
from tests.engine.test_rpc import LIMIT, referee_with

SECRET = ["the referee's own"]


def read(node: Any, shared: Shared | None = None) -> Any:
    """Return what the referee reads; it has given one object to the worker."""
    one, other = socket.socketpair()
    with one, other:
        referee = Peer(Channel(one, LIMIT), trusted=True)
        referee.export(SECRET)
        return Decoder(referee, shared or Shared(), 4 * LIMIT, trusted=True).decode(unpack(pack(node)))


def array(dtype: str, shape: list[int], data: Any, layout: Any = types.IN_C_ORDER) -> Any:
    return ExtType(types.ARRAY, pack([-1, dtype, shape, layout, True, data]))


def test_who_trickles_bytes_is_waited_for_no_longer_than_who_is_silent() -> None:
    one, other = socket.socketpair()
    message = LENGTH.pack(100) + bytes(100)

    def trickle() -> None:
        with contextlib.suppress(OSError):
            for place in range(len(message)):
                other.send(message[place : place + 1])
                time.sleep(0.02)

    thread = threading.Thread(target=trickle)
    with one, other:
        thread.start()
        with pytest.raises(DeadlinePassed):
            Channel(one, LIMIT).receive(within(0.3))
        one.close()
        thread.join()


def test_a_value_is_nested_no_deeper_than_is_allowed() -> None:
    def nested(depth: int) -> Any:
        return functools.reduce(lambda inner, _: ExtType(types.TUPLE, pack([inner])), range(depth), 1)

    assert read(nested(DEPTH))
    with pytest.raises(WireError):
        read(nested(DEPTH + 10))


def test_values_are_counted_even_if_they_weigh_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "NODES", 100)
    assert read(ExtType(types.TUPLE, pack([""] * 90)))
    with pytest.raises(WireError):
        read(ExtType(types.TUPLE, pack([""] * 110)))


@pytest.mark.parametrize("dtype", ["|V8", "<M8[s]", "<m8[s]", "<U2", "|S8", "<i8,", "<i4,<i4", "float64", "p"])
def test_an_array_has_a_dtype_of_the_list_and_no_other(dtype: str) -> None:
    assert read(array("<i8", [1], bytes(8))).tolist() == [0]
    with pytest.raises(WireError):
        read(array(dtype, [1], bytes(8)))


def test_an_array_whose_data_is_missing_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            read(array("<f8", [2**20, 2**7], b"", types.IN_NO_ORDER))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**20


def test_a_worker_sends_no_view_into_another_array() -> None:
    whole = array("<f8", [2], bytes(16))
    with pytest.raises(WireError):
        read(ExtType(types.ARRAY, pack([-1, "<f8", [1], types.BASED, True, [whole, 8, [8]]])))


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM"])
def test_a_generator_that_would_stand_still_is_refused(kind: str) -> None:
    def generator(increment: int) -> Any:
        words = [(5).to_bytes(16, "little"), increment.to_bytes(16, "little")]
        return ExtType(types.GENERATOR, pack([-1, kind, words, 0, 0, None]))

    assert read(generator(7)).random() < 1
    for increment in (0, 6):
        with pytest.raises(WireError):
            read(generator(increment))


@pytest.mark.parametrize(
    ("dtype", "shape", "writeable"),
    [("<f8", [1], True), ("<f8", [], True), ("<f8", [1, 3], True), ("<f4", [3], True), ("<i8", [3], True),
     ("<f8", [3], False)],
)  # fmt: skip
def test_an_argument_comes_back_with_its_own_shape_and_dtype(dtype: str, shape: list[int], writeable: bool) -> None:
    argument, shared = np.ones(3), Shared()
    shared.add(argument, 0, argument.nbytes)
    argument.flags.writeable = writeable
    size = int(np.prod(shape)) * int(dtype[2:])
    one, other = socket.socketpair()
    with one, other:
        decoder = Decoder(Peer(Channel(one, LIMIT), trusted=True), shared, 4 * LIMIT, trusted=True)
        with pytest.raises(WireError):
            decoder.renew(0, [dtype, shape, types.IN_C_ORDER, True, bytes(size)])
    assert argument.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("handle", [-1, 1, True, False, 0.0, None, 2**60])
def test_a_handle_that_was_never_given_leads_to_nothing(handle: Any) -> None:
    assert read(ExtType(types.CALLABLE, pack([1, 0, "", False, None]))) is SECRET
    with pytest.raises(WireError):
        read(ExtType(types.CALLABLE, pack([1, handle, "", False, None])))


@pytest.mark.parametrize("kind", ["done", "value", "calls", "begin", ""])
def test_a_message_out_of_turn_calls_nothing(kind: str) -> None:
    called: list[int] = []
    with referee_with(pack([kind, 0, [1], []])) as referee:
        referee.export(called.append)
        with pytest.raises(WireError, match=repr(kind)):
            referee.call(0, [], {})
    assert called == []


@pytest.mark.parametrize("base", ["KeyboardInterrupt", "SystemExit", "GeneratorExit", "BaseException"])
def test_no_error_of_a_worker_is_one_that_ends_the_referee(base: str) -> None:
    assert isinstance(error_of(base, base, "why"), Exception)


@pytest.mark.parametrize("name", ["__stdout__", "__stderr__"])
def test_a_worker_prints_to_no_other_stream_than_the_tests(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, name, printed := io.StringIO())
    with referee_with(pack(["printed", [[name, "to the teacher's terminal"]]])) as referee, pytest.raises(WireError):
        referee.call(0, [], {})
    assert printed.getvalue() == ""


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Decimal", ["1E99999"]),
        ("Decimal", ["1E-99999"]),
        # As many steps as all messages of a test have bytes.
        ("range", [0, 2**27, 1]),
        ("range", [0, -(2**62), -(2**35)]),
    ],
)
def test_a_value_of_few_bytes_costs_little_to_use(name: str, parts: list[Any]) -> None:
    one, other = socket.socketpair()
    with one, other:
        decoder = Decoder(Peer(Channel(one, LIMIT), trusted=True), Shared(), 2**40, trusted=True)
        with pytest.raises(WireError):
            decoder.decode(ExtType(types.STANDARD, pack([name, parts])))


def test_files_are_written_into_their_folder_alone(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside.txt"
    names = [str(outside), "../outside.txt", "a/../../outside.txt", "a/b.txt"]
    inside.mkdir()
    write_files(inside, dict.fromkeys(names, b"x"))
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["b.txt"]


def test_outputs_beyond_their_limit_are_replaced_by_a_sentence() -> None:
    data = json.dumps([{"output_type": "stream", "name": "stdout", "text": "x" * 1000}]).encode()
    assert read_outputs(data, len(data))[0]["text"] == "x" * 1000
    [left] = read_outputs(data, len(data) - 1)
    assert left["text"] == CUT.lstrip()


@pytest.mark.parametrize("part", [b"[],", b"{},"])
def test_outputs_have_a_number_of_parts_whatever_is_around_them(part: bytes) -> None:
    with pytest.raises(WireError):
        read_outputs(b'[{"data": [' + part * 3_000_001 + b"1]}]", 10**8)


def test_outputs_are_rebuilt_from_the_kinds_that_cannot_act() -> None:
    data = {"text/html": "hack", "image/svg+xml": "hack", "application/javascript": "hack", "text/plain": "kept"}
    sent = {"output_type": "display_data", "data": data, "metadata": {"hack": 1}, "hack": 1}
    assert read_outputs(json.dumps([sent]).encode(), 10**6) == [
        {"output_type": "display_data", "data": {"text/plain": "kept"}, "metadata": {}}
    ]
