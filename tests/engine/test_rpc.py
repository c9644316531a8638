"""RPC: values arrive unchanged, remote calls behave like local ones, and no bytes do harm."""

from __future__ import annotations

import builtins
import contextlib
import copy
import functools
import socket
import struct
import threading
import tracemalloc
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from course_grader.engine.rpc import encode, stdlib_types, types
from course_grader.engine.rpc.channel import Channel, DeadlinePassed, WireClosed, WireError
from course_grader.engine.rpc.decode import Decoder
from course_grader.engine.rpc.encode import Encoder
from course_grader.engine.rpc.message import ExtType, pack, unpack
from course_grader.engine.rpc.peer import NESTING, Peer, error_of, within
from course_grader.engine.rpc.types import Opaque, OpaqueIterator, Shared
from course_utils.checks.remote_calls import deferral_of
from course_utils.checks.values import name_of, plain

LIMIT = 1 << 20
# Python's integers have equal hashes if they differ by a multiple of this.
MODULUS = 2**61 - 1


@dataclass
class Table:
    """Referee and worker in one process, with a thread that serves the worker's side."""

    referee: Peer
    worker: Peer

    def proxy(self, function: Any) -> Any:
        return self.referee.function(self.worker.export(function), getattr(function, "__name__", ""), False)


@pytest.fixture
def table() -> Iterator[Table]:
    one, other = socket.socketpair()
    table = Table(Peer(Channel(one, LIMIT), trusted=True), Peer(Channel(other, LIMIT), trusted=False))
    table.referee.deadline = within(30)

    def serve() -> None:
        try:
            while True:
                table.worker.answer(table.worker.receive())
        except WireError:
            other.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield table
    one.close()
    thread.join()


def across(value: Any, to_referee: bool = True) -> Any:
    """Encode a value on one side and return it as decoded on the other side."""
    one, other = socket.socketpair()
    with one, other:
        sender = Peer(Channel(one, 1 << 26), trusted=not to_referee)
        reader = Peer(Channel(other, 1 << 26), trusted=to_referee)
        node = Encoder(sender, Shared(), 1 << 26, trusted=not to_referee).encode(value)
        return Decoder(reader, Shared(), 1 << 28, trusted=to_referee).decode(unpack(pack(node)))


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray | np.generic):
        return (
            type(one) is type(other)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return type(other) is dict and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    return type(one) is type(other) and (one == other or (one != one and other != other))


DTYPES = st.sampled_from(["?", "i1", "u2", "<i4", ">i8", "f2", "f4", "f8", "c8", "c16"])
ARRAYS = st_numpy.arrays(DTYPES, st_numpy.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
KEYS = st.text() | st.integers() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    ATOMS | ARRAYS | st.frozensets(st.integers()) | st.sets(st.text()),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_a_plain_value_comes_across_as_it_is(value: Any, to_referee: bool) -> None:
    assert same(value, across(value, to_referee))


ZONES = st.none() | st.timezones() | st.timedeltas(-timedelta(hours=23), timedelta(hours=23)).map(timezone)
RELATIVE = st.lists(st.text("ab. é", min_size=1).filter(lambda part: ".." not in part), max_size=3).map("/".join)
STANDARD = st.one_of(
    st.decimals(allow_nan=False, min_value=-(10**99), max_value=10**99),
    st.just(Decimal("-Infinity")),
    st.fractions(),
    st.dates(),
    st.times(timezones=ZONES.filter(lambda zone: not isinstance(zone, ZoneInfo))),
    st.datetimes(timezones=ZONES, allow_imaginary=True),
    st.timedeltas(),
    st.builds(timezone, st.just(timedelta(hours=1)), st.text(max_size=9)),
    st.timezones(),
    st.uuids(),
    RELATIVE.map(Path),
    st.text("ab./", max_size=9).map(PurePosixPath),
    # Without paths such as `//://`, whose text makes a different path: they are sent as opaque handles.
    st.text("ab:\\\\/", max_size=9).map(PureWindowsPath).filter(lambda path: PureWindowsPath(str(path)) == path),
    st.builds(range, st.integers(-(2**70), 2**70), st.just(5), st.just(10**15)),
    st.builds(slice, st.none() | st.integers(), st.none() | st.text(), st.none()),
)
HELD = st.one_of(
    st.lists(STANDARD).map(deque),
    st.builds(deque, st.lists(st.integers()), st.none() | st.integers(0, 5)),
    st.lists(st.tuples(KEYS, STANDARD)).map(OrderedDict),
    st.dictionaries(KEYS, st.integers()).map(Counter),
    st.builds(defaultdict, st.sampled_from([list, int, Counter, None]), st.dictionaries(KEYS, STANDARD)),
    st.binary().map(bytearray),
)


@given(STANDARD | HELD, st.booleans())
def test_a_value_of_the_standard_library_comes_across_as_it_is(value: Any, to_referee: bool) -> None:
    got = across(value, to_referee)
    assert (type(got), repr(got), got) == (type(value), repr(value), value)
    for name in ("maxlen", "default_factory", "tzinfo", "fold"):
        assert getattr(got, name, None) == getattr(value, name, None)


def test_what_singles_out_a_value_comes_across_too() -> None:
    assert across(UTC) is UTC
    assert across(ZoneInfo("Asia/Tokyo")) is ZoneInfo("Asia/Tokyo")
    assert repr(across(Decimal("NaN12"))) == "Decimal('NaN12')"
    assert across([date(2024, 2, 29), {Fraction(1, 3): Decimal("1.50")}]) == [date(2024, 2, 29), {Fraction(1, 3): 1.5}]


class Stamp(datetime):
    pass


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1E+1000000"), Decimal("1E-1000000"), Decimal(10**2500), Decimal("sNaN"), Fraction(10**3000, 7),
        range(10**9), range(0, -(10**30), -7), Path("/etc/passwd"), Path("../x"), Path("a/../../x"),
        Stamp(2024, 1, 1), datetime(2024, 1, 1, tzinfo=type("Own", (timezone.__base__,), {})()),
        timezone(timedelta(hours=1), "n" * 10**6),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_value_that_is_costly_or_leads_outside_is_opaque(value: Any) -> None:
    assert isinstance(across(value), Opaque)
    assert across([value])[0].remote


def test_what_holds_values_can_be_changed_by_a_call(table: Table) -> None:
    def change(items: Any, counts: Any, ordered: Any, groups: Any, data: Any) -> Any:
        items.append(4)
        counts["a"] += 2
        ordered.move_to_end("first")
        groups["new"].append(items[0])
        data += b"!"
        return items, [*map(type, (counts, ordered, groups, data))] == [Counter, OrderedDict, defaultdict, bytearray]

    items, counts, ordered = deque([1, 2, 3], 3), Counter("ab"), OrderedDict(first=1, second=2)
    groups, data = defaultdict(list), bytearray(b"x")
    assert table.proxy(change)(items, counts, ordered, groups, data) == (items, True)
    assert (items, items.maxlen, counts) == (deque([2, 3, 4]), 3, Counter(a=3, b=1))
    assert (list(ordered), groups, data) == (["second", "first"], {"new": [2]}, b"x!")
    ordered.popitem(last=False)
    assert list(ordered) == ["first"]


def test_a_defaultdict_goes_on_making_what_is_missing(table: Table) -> None:
    counts = table.proxy(lambda: defaultdict(int, a=1))()
    counts["b"] += 1
    assert counts == {"a": 1, "b": 1}
    nested = table.proxy(lambda: defaultdict(lambda: defaultdict(list)))()
    nested["x"]["y"].append(3)
    assert nested["x"] == {"y": [3]}
    assert table.proxy(lambda groups: groups["z"]["y"])(nested) == []


@pytest.mark.parametrize(
    "make", [lambda x: x, lambda x: x.T, lambda x: x[:, ::2], lambda x: x[::-1], np.asfortranarray, lambda x: x[:0]]
)
def test_an_array_keeps_its_values_and_whether_it_is_contiguous(make: Callable[[Any], Any]) -> None:
    sent = make(np.arange(12.0).reshape(3, 4))
    got = across(sent, to_referee=False)
    assert same(sent, got)
    assert got.flags.c_contiguous == sent.flags.c_contiguous
    assert got.flags.writeable
    sent.flags.writeable = False
    assert not across(sent, to_referee=False).flags.writeable


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.PCG64DXSM, np.random.SFC64])
def test_a_generator_continues_from_its_state(kind: Any) -> None:
    sent = np.random.Generator(kind(3))
    sent.random(7)
    sent.integers(9, dtype=np.uint32)
    assert across(sent).integers(10**6, size=5).tolist() == sent.integers(10**6, size=5).tolist()


class Liar(np.ndarray):
    def __eq__(self, other: object) -> Any:
        return True

    def __array__(self, *args: Any) -> Any:
        return np.zeros(3)


class Seven(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


def endless() -> Iterator[int]:
    while True:
        yield 1


def test_what_lies_about_itself_arrives_as_the_plain_type_that_it_is() -> None:
    assert type(across(np.ones(2).view(Liar))) is np.ndarray
    assert across(np.ones(2).view(Liar)).tolist() == [1, 1]
    assert type(across(Seven(7))) is int
    pair = across(namedtuple("Pair", "a b")(1, 2))
    assert isinstance(pair, tuple)
    assert tuple(pair) == (1, 2)
    assert dict(across(OrderedDict(a=1))) == {"a": 1}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (endless(), "a generator"),
        (iter([1]), "a generator"),
        (object(), "an object of type object"),
        (np.array([None, 1]), "an array of shape (2,)"),
        (range(3), "an object of type range"),
        (lambda x: x, "a function"),
        (10**3000, "an object of type int"),
    ],
)
def test_what_is_not_plain_is_named_as_a_check_names_it(value: Any, words: str) -> None:
    assert name_of(across(value)) == words


def test_an_iterator_gives_its_items_one_by_one(table: Table) -> None:
    def counting(n: int) -> Iterator[Any]:
        yield from range(n)

    got = table.proxy(counting)(3)
    assert isinstance(got, OpaqueIterator)
    assert list(got) == [0, 1, 2]
    unlimited = table.proxy(endless)()
    assert [next(unlimited), next(unlimited)] == [1, 1]


def test_a_lazy_iterator_draws_from_the_generator_of_its_call(table: Table) -> None:
    def drawing(n: int, rng: Any) -> Iterator[Any]:
        for _ in range(n):
            yield rng.random()

    rng, twin = np.random.default_rng(2), np.random.default_rng(2)
    items = table.proxy(drawing)(2, rng=rng)
    assert [next(items), rng.random(), next(items), rng.random()] == twin.random(4).tolist()
    assert list(items) == []


@pytest.mark.parametrize("seed", [7, 2**200, [1, 2**40], np.random.SeedSequence(3, spawn_key=(1, 4))])
@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.SFC64])
def test_what_is_spawned_from_a_generator_is_the_same_on_both_sides(table: Table, seed: Any, kind: Any) -> None:
    rng, twin = (np.random.Generator(kind(copy.deepcopy(seed))) for _ in range(2))
    # Spawning before uses up the first children.
    for one in (rng, twin):
        one.spawn(1)
    children = table.proxy(lambda rng: [child.random() for child in rng.spawn(2)])
    for _ in range(2):
        assert children(rng) == [child.random() for child in twin.spawn(2)]
    assert rng.spawn(1)[0].random() == twin.spawn(1)[0].random()
    drawn = table.proxy(lambda draw, rng: [draw(child) for child in rng.spawn(2)])(lambda rng: rng.random(), rng)
    assert drawn == [child.random() for child in twin.spawn(2)]


def test_views_of_one_array_stay_views_of_one_array(table: Table) -> None:
    def change(one: Any, other: Any) -> Any:
        one *= 2
        return other

    base = np.arange(24.0).reshape(4, 6)
    one, other = base[::2, 1:], base.T[2:, :3]
    expected = base.copy()
    change(expected[::2, 1:], expected.T)
    got = table.proxy(change)(one, other)
    assert got is other
    assert base.tolist() == expected.tolist()


def test_an_array_that_is_in_result_and_argument_stays_one(table: Table) -> None:
    def begin(state: Any) -> Any:
        v = state.setdefault("v", np.zeros(2))
        return v, [v]

    state: dict[str, Any] = {}
    v, items = table.proxy(begin)(state)
    assert v is state["v"]
    assert items[0] is v


def test_text_arrays_and_object_arrays_keep_their_form_alone() -> None:
    for value in (np.array([[None, print]]), np.array(["a", "b"]), np.zeros(2, "M8[s]")):
        got = across(value)
        assert got.shape == value.shape
        assert type(plain(got)) is type(plain(value))


def test_a_changed_argument_is_seen_and_one_object_stays_one(table: Table) -> None:
    def change(a: Any, b: Any, state: Any, rng: Any) -> Any:
        assert a is b
        a += 1
        state["t"] += 1
        state["inner"]["new"] = [a, 2]
        return a, state, rng.random()

    a, inner, rng, twin = np.zeros((3, 4))[:, ::2], {"old": 1}, np.random.default_rng(5), np.random.default_rng(5)
    state = {"t": 0, "inner": inner}
    out, out_state, drawn = table.proxy(change)(a, a, state=state, rng=rng)
    assert out is a
    assert a.tolist() == np.ones((3, 2)).tolist()
    assert out_state is state
    assert state["inner"] is inner
    assert (state["t"], inner["old"], inner["new"][0] is a) == (1, 1, True)
    assert drawn == twin.random()
    assert rng.random() == twin.random()


def test_an_argument_is_as_it_was_changed_even_if_the_call_raises(table: Table) -> None:
    def change(items: list[int]) -> None:
        items.append(1)
        raise KeyError("lost")

    items: list[int] = []
    with pytest.raises(KeyError) as caught:
        table.proxy(change)(items)
    assert (items, str(caught.value)) == ([1], "'lost'")


def test_callables_go_both_ways_and_return_as_themselves(table: Table) -> None:
    def scaled(schedule: Any, factor: float) -> Any:
        return lambda epoch: factor * schedule(epoch)

    def is_scaled(function: Any) -> bool:
        return function is scaled

    schedule = table.proxy(scaled)(lambda epoch: epoch + 1.0, 3.0)
    assert schedule(4) == 15.0
    assert schedule.__name__ == "<lambda>"
    assert table.proxy(is_scaled)(table.proxy(scaled))
    mine = len
    assert table.proxy(lambda function: function)(mine) is mine


def test_a_callback_sees_the_generator_and_moves_it_on(table: Table) -> None:
    rng, twin = np.random.default_rng(1), np.random.default_rng(1)
    drawn = table.proxy(lambda draw, rng: [draw(rng), rng.random(), draw(rng)])(lambda rng: rng.random(), rng)
    assert drawn == twin.random(3).tolist()
    assert rng.random() == twin.random()


def test_what_is_not_plain_can_be_passed_back(table: Table) -> None:
    class Cache:
        pass

    class Counts(dict[str, int]):
        pass

    cache, counts = Cache(), Counts(n=0)
    got, got_counts = table.proxy(lambda: (cache, counts))()
    assert isinstance(got, Opaque)
    got_counts["n"] = 5
    # A probe copies its arguments, to show them and to see whether they were changed.
    kept = copy.deepcopy({"counts": got_counts})["counts"]
    assert (kept, kept.remote, kept is got_counts) == ({"n": 5}, got_counts.remote, False)
    back, same_counts, now = table.proxy(lambda one, two: (one is cache, two is counts, counts["n"]))(got, got_counts)
    assert (back, same_counts, now) == (True, True, 5)


@pytest.mark.parametrize(
    "error", [ValueError("a"), KeyboardInterrupt("k"), SystemExit(3), StopIteration(), GeneratorExit(), BaseException()]
)
def test_an_error_is_raised_by_its_name_and_never_ends_the_referee(table: Table, error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(Exception) as caught:  # noqa: PT011
        table.proxy(fail)()
    assert type(caught.value).__name__ == type(error).__name__
    assert isinstance(caught.value, ValueError) == isinstance(error, ValueError)
    assert str(caught.value) == str(error)


@given(st.text(), st.text(), st.text())
def test_any_error_can_be_made(name: str, base: str, text: str) -> None:
    str(error_of(name, base, text))


@pytest.mark.parametrize("base", [name for name in dir(builtins) if name.endswith(("Error", "Exception"))])
def test_every_built_in_error_can_be_made(base: str) -> None:
    assert str(error_of(base, base, "why")) == "why"


def test_a_handle_ends_with_its_test_cell(table: Table) -> None:
    function = table.proxy(lambda: 1)
    assert function() == 1
    table.worker.release()
    with pytest.raises(WireClosed):
        function()


def test_calls_cannot_be_nested_without_end(table: Table) -> None:
    depths: list[int] = []
    call = table.proxy(lambda callback: callback())

    def callback() -> Any:
        depths.append(len(depths))
        return call(callback)

    with pytest.raises(WireError):
        call(callback)
    assert 1 < len(depths) <= NESTING


@pytest.mark.parametrize("result", [np.zeros(LIMIT), "x" * (LIMIT + 1), [[0.0] * 1000] * 1000])
def test_a_result_that_is_too_large_is_an_error_of_its_own(table: Table, result: Any) -> None:
    with pytest.raises(Exception, match="too large") as caught:
        table.proxy(lambda: result)()
    assert type(caught.value).__name__ == "ResultNotSent"
    assert not isinstance(caught.value, ValueError)


def test_a_list_that_holds_itself_is_refused_and_a_deep_one_is_cut(table: Table) -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(Exception, match="contains itself"):
        table.proxy(lambda: loop)()
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    assert "nested too deeply" in repr(plain(table.proxy(lambda: deep)()))


def test_a_silent_side_and_a_closed_one_raise_different_errors() -> None:
    one, other = socket.socketpair()
    channel = Channel(one, LIMIT)
    with pytest.raises(DeadlinePassed):
        channel.receive(within(0.01))
    other.send(struct.pack("<I", LIMIT + 1))
    with pytest.raises(WireError, match="above the limit"):
        channel.receive(within(10))
    other.close()
    with pytest.raises(WireClosed):
        Channel(one, LIMIT).receive(within(10))
    one.close()


@contextlib.contextmanager
def referee_with(message: bytes) -> Iterator[Peer]:
    """Yield a referee that has received only these bytes from its worker."""
    one, other = socket.socketpair()
    with one, other:
        referee = Peer(Channel(one, LIMIT), trusted=True)
        referee.deadline = within(30)
        other.sendall(struct.pack("<I", len(message)) + message)
        other.shutdown(socket.SHUT_WR)
        yield referee


def referee_reads(message: bytes) -> None:
    """Let the referee read bytes as a worker's reply to a call with mutable arguments."""
    with referee_with(message) as referee:
        inner: list[Any] = [1]
        args = [np.zeros(3), inner, {"a": inner}, np.random.default_rng(0), lambda x: x]
        try:
            result = referee.call(0, args, {})
        except WireError:
            return
        except Exception as error:
            # An error that the bytes contain has `text`; an error of the decoder itself does not.
            if not hasattr(error, "text"):
                raise
            return
        plain([result, args])
        repr(result)


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes_make_a_reply_or_a_wire_error(message: bytes) -> None:
    referee_reads(message)


NODES = st.recursive(
    ATOMS.filter(lambda value: not isinstance(value, complex | int)) | st.integers(-5, 2**63),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(st.integers(0, 20), st.lists(inner, max_size=6)).map(lambda pair: ExtType(pair[0], pack(pair[1])))
        | st.tuples(st.integers(0, 20), inner).map(lambda pair: ExtType(pair[0], pack(pair[1])))
        | st.tuples(st.integers(0, 20), st.binary(max_size=40)).map(lambda pair: ExtType(*pair))
    ),
    max_leaves=20,
)
NODES |= st.tuples(st.sampled_from([*stdlib_types.VALUES]), st.lists(NODES | STANDARD.map(repr), max_size=8)).map(
    lambda pair: ExtType(types.STANDARD, pack([*pair]))
)
NODES |= st.tuples(
    st.just(-1), st.sampled_from([*stdlib_types.HOLDERS]), NODES, st.lists(NODES, max_size=4) | NODES
).map(lambda body: ExtType(types.HOLDER, pack([*body])))
RENEWED = st.lists(st.tuples(st.integers(-1, 6), NODES).map(list), max_size=3)


@settings(max_examples=600)
@given(st.sampled_from(["return", "raise", "call", "value"]), RENEWED, NODES, st.text(), st.text())
def test_any_tree_makes_a_reply_or_a_wire_error(kind: str, renewed: Any, node: Any, name: str, base: str) -> None:
    tail = {"raise": [renewed, name, base, name], "call": [renewed[0][0] if renewed else 0, [node], [["x", node]]]}
    referee_reads(pack([kind, *tail.get(kind, [renewed, node])]))


def referee_reads_answers(message: bytes) -> None:
    """Let the referee read bytes as a worker's replies to deferred calls."""
    with referee_with(message) as referee:
        array, inner = np.zeros(3), [1, 2.0]
        later = deferral_of(referee.function(0, "f", False))
        calls = [((array, inner, i), {"rng": np.random.default_rng(i)}) for i in range(2)]
        outcomes = [later(*calls[i]) for i in (0, 1, 1, 1)]
        for outcome in outcomes:
            try:
                result = outcome()
            except WireError:
                continue
            except Exception as error:
                if not hasattr(error, "text"):
                    raise
                continue
            repr(plain([result, array, inner]))


FORM = st.recursive(
    st.none()
    | st.tuples(st.just(types.ARRAY), st.sampled_from(["<f8", "|b1", "O", "<U3"]),
                st.lists(st.integers(-1, 3), max_size=2), st.booleans()).map(list)
    | st.tuples(st.just(types.SCALAR), st.sampled_from(["<f8", "|b1", "|V8"])).map(list)
    | st.tuples(st.just(types.REFERENCE), st.integers(-1, 4)).map(list)
    | NODES,
    lambda inner: st.tuples(st.just(types.TUPLE), st.lists(inner, max_size=3)).map(list),
    max_leaves=4,
)  # fmt: skip
COLUMN = st.lists(NODES, max_size=3) | st.integers(0, 24).map(bytes)
COLUMNS = st.tuples(
    st.lists(st.integers(0, 2), max_size=3).map(bytes),
    st.lists(st.tuples(FORM, st.lists(COLUMN, max_size=3)).map(list), max_size=3),
).map(list)
SEVERAL = st.tuples(st.just("several"), RENEWED, st.integers(-1, 4), COLUMNS | NODES).map(list)
REPLY = (
    st.tuples(st.sampled_from(["return", "raise"]), RENEWED, NODES).map(list) | st.lists(NODES, max_size=5) | SEVERAL
)


@settings(max_examples=400)
@given(st.lists(REPLY, min_size=1, max_size=4))
def test_any_answers_make_replies_or_wire_errors(replies: Any) -> None:
    referee_reads_answers(pack(["answers", replies]))


@settings(max_examples=100)
@given(st.binary(max_size=100), NODES)
def test_any_bytes_make_answers_or_wire_errors(message: bytes, node: Any) -> None:
    referee_reads_answers(message)
    referee_reads_answers(pack(["answers", node]))
    referee_reads_answers(pack(["tell", 0, [node], []]))


EIGHT = bytes(8)
BROKEN = {
    "more than was asked": (5, [bytes(5), [[None, [[1] * 5]]]]),
    "fewer than it says": (3, [bytes(2), [[None, [[1] * 2]]]]),
    "a group that nothing is in": (1, [bytes(1), [[None, [[1]]], [None, [[]]]]]),
    "a group that is missing": (1, [b"\1", [[None, [[1]]]]]),
    "a column too many": (1, [bytes(1), [[None, [[1], [1]]]]]),
    "a column too few": (1, [bytes(1), [[None, []]]]),
    "a column too short": (2, [bytes(2), [[None, [[1]]]]]),
    "a list in a column": (1, [bytes(1), [[None, [[[]]]]]]),
    "bytes too few": (2, [bytes(2), [[[types.ARRAY, "<f8", [1], True], [EIGHT]]]]),
    "objects": (1, [bytes(1), [[[types.ARRAY, "|O", [1], True], [EIGHT]]]]),
    "an argument that is a list": (1, [bytes(1), [[[types.REFERENCE, 1], []]]]),
    "an argument that is none": (1, [bytes(1), [[[types.REFERENCE, 9], []]]]),
    "millions of arrays of no size": (
        1000, [bytes(1000), [[[types.TUPLE, [[types.ARRAY, "<f8", [0], True]] * 3000], [b""] * 3000]]]),
    "tuples in tuples": (1, [bytes(1), [[functools.reduce(lambda form, _: [types.TUPLE, [form]], range(90), None),
                                         [[1]]]]]),
}  # fmt: skip


@pytest.mark.parametrize(("count", "columns"), BROKEN.values(), ids=BROKEN)
def test_broken_columns_are_a_wire_error(count: int, columns: Any) -> None:
    asked = max(count, 4) - (count == 5)
    with referee_with(pack(["answers", [["several", [], count, columns]] + [1.0] * (asked - 1)])) as referee:
        later = deferral_of(referee.function(0, "f", False))
        args = np.zeros(3), [1, 2.0]
        outcomes = [later(args, {}) for _ in range(asked)]
        with pytest.raises(WireError):
            outcomes[0]()


def worker_reads(message: bytes) -> None:
    """Let the worker read arbitrary bytes as the referee's message; its functions accept and change anything."""
    one, other = socket.socketpair()
    with one, other:
        worker = Peer(Channel(one, LIMIT), trusted=False)
        worker.deadline = within(30)
        worker.export(lambda *args, **kwargs: (args, kwargs))
        worker.export(lambda items, *rest: items.append(items) or rest)
        other.sendall(struct.pack("<I", len(message)) + message)
        other.shutdown(socket.SHUT_WR)
        with contextlib.suppress(WireError):
            worker.answer(worker.receive())


@settings(max_examples=150)
@given(st.binary(max_size=300))
def test_any_bytes_make_a_call_or_a_wire_error_of_the_worker(message: bytes) -> None:
    worker_reads(message)


BASED = st.tuples(
    st.sampled_from(["<f8", "|b1", "O", "<U3", ""]), st.lists(st.integers(-3, 2**40), max_size=3),
    st.just(types.BASED),
    st.booleans(), st.tuples(NODES, st.integers(-9, 99), st.lists(st.integers(-99, 99), max_size=3)).map(list),
).map(lambda body: ExtType(types.ARRAY, pack([-1, *body])))  # fmt: skip


@settings(max_examples=300)
@given(
    st.integers(-1, 2), st.lists(NODES | BASED, max_size=3), st.lists(st.tuples(st.text(), NODES).map(list), max_size=2)
)
def test_any_call_makes_a_reply_or_a_wire_error_of_the_worker(handle: int, args: Any, kwargs: Any) -> None:
    worker_reads(pack(["call", handle, args, kwargs]))


LISTS = {
    "many in one": b"\xdd\x00\x1e\x84\x80" + b"\x90" * 2_000_000,
    "each in another": b"\x91" * 10**6,
    "long ones, each in another": b"\xdd\x00\x98\x96\x80" * 30 + b"\xc0" * 10**7,
}


@pytest.mark.parametrize("message", LISTS.values(), ids=LISTS)
def test_a_message_of_lists_takes_no_memory(message: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match="damaged"):
            unpack(message)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 2**20


ALIKE = [
    ExtType(types.TUPLE, pack([0.5] * 99 + [ExtType(types.BIG_INT, (2**64 + n * MODULUS).to_bytes(16, "little"))]))
    for n in range(50)
]
ARRAY = types.ARRAY


def seeded(*seed: Any) -> Any:
    return ExtType(types.GENERATOR, pack([-1, *encode.state_of(np.random.default_rng(0))[:4], list(seed)]))


@pytest.mark.parametrize(
    "node",
    [
        ExtType(ARRAY, pack([-1, "<f8", [3], 0, True, b"\0" * 8])),
        ExtType(ARRAY, pack([-1, "<f8", [2**20, 2**20], 0, True, b""])),
        ExtType(ARRAY, pack([-1, "O", [1], 0, True, b"\0" * 8])),
        ExtType(ARRAY, pack([-1, "<f8", [-1], 0, True, b"\0" * 8])),
        ExtType(types.SCALAR, pack(["<f8", b"\0"])),
        ExtType(types.GENERATOR, pack([-1, "MT19937", [b"\0" * 16], 0, 0, None])),
        ExtType(types.GENERATOR, pack([-1, "PCG64", [b"\0" * 16], 0, 0, None])),
        seeded([b"\1"], [], types.CHILDREN + 1),
        seeded([b"\1"], [], -1),
        seeded([b"\1"], [2**32], 0),
        seeded([b"\1"], [0] * 1000, 0),
        seeded([b"\1"] * 1000, [], 0),
        seeded([b"\1" * 1000], [], 0),
        seeded([5], [], 0),
        ExtType(types.BIG_INT, b"\x7f" * 10_000),
        ExtType(types.DICT, pack([-1, [ExtType(types.LIST, pack([-1, []])), 1]])),
        ExtType(types.SET, pack(list(range(20_000)))),
        ExtType(types.SET, pack(ALIKE)),
        ExtType(types.DICT, pack([-1, [item for key in ALIKE for item in (key, 1)]])),
        ExtType(
            types.LIST, pack([-1, [ExtType(types.CALLABLE, pack([0, 0, "f", False, None]))] * (1 + LIMIT // 1000)])
        ),
        ExtType(types.LIST, pack([-1, [ExtType(types.OPAQUE, pack([0, 0, "f", -1, []]))] * (1 + LIMIT // 1000)])),
        ExtType(types.REFERENCE, pack(99)),
        ExtType(types.CALLABLE, pack([1, 99, "", False])),
        ExtType(types.VIEW, pack([0, 0, 5])),
        ExtType(99, b""),
        [1, 2],
        *(
            ExtType(types.STANDARD, pack([name, list(parts)]))
            for name, *parts in [
                ("Decimal", "1E999999999"),
                ("Decimal", "9" * 10**6),
                ("Decimal", "NaN" + "1" * 10**5),
                ("Decimal", "sNaN"),
                ("Decimal", 1),
                ("Fraction", 1, 0),
                ("Fraction", 1, -1),
                ("Fraction", "1/3", 1),
                ("range", 0, 2**62, 1),
                ("range", 0, 1, 0),
                ("range", 0, 1.5, 1),
                ("date", 2024, 2, 30),
                ("time", 25, 0, 0, 0, 0, None),
                ("datetime", 2024, 1, 1, 0, 0, 0, 0, 2, None),
                ("datetime", 2024, 1, 1, 0, 0, 0, 0, 0, "UTC"),
                ("timedelta", 2**62, 0, 0),
                ("timezone", 3600, None),
                ("ZoneInfo", "Asia/" + "x" * 10**6),
                ("ZoneInfo", "../../../etc/passwd"),
                ("ZoneInfo", "America"),
                ("ZoneInfo", "No/Such"),
                ("UUID", 2**63, 1),
                ("UUID", -1),
                ("PosixPath", "/etc/passwd"),
                ("PosixPath", "a/../.."),
                ("PosixPath", "a" * 10**5),
                ("object",),
                (["date"], 1, 1, 1),
            ]
        ),
        *(
            ExtType(types.HOLDER, pack([-1, *body]))
            for body in [
                ("deque", -1, []),
                ("deque", 2**40, []),
                ("deque", None, 5),
                ("defaultdict", "eval", []),
                ("defaultdict", 5, []),
                ("Counter", "int", []),
                ("OrderedDict", None, [1]),
                ("bytearray", None, 10**9),
                ("object", None, []),
            ]
        ),
        # Each value is short in the message, but using all of them would take hours.
        ExtType(types.LIST, pack([-1, [ExtType(types.STANDARD, pack(["range", [0, 9_999_999, 1]]))] * 99])),
        ExtType(types.LIST, pack([-1, [ExtType(types.STANDARD, pack(["ZoneInfo", ["Asia/Tokyo"]]))] * 99])),
    ],
)
def test_a_damaged_value_is_refused(node: Any) -> None:
    one, other = socket.socketpair()
    with one, other:
        decoder = Decoder(Peer(Channel(one, LIMIT), trusted=True), Shared(), LIMIT, trusted=True)
        with pytest.raises(WireError):
            decoder.decode(unpack(pack(node)))


def test_references_cannot_multiply_or_close_a_circle() -> None:
    one, other = socket.socketpair()
    with one, other:
        referee = Peer(Channel(one, LIMIT), trusted=True)
        large, first, second = np.zeros(10_000), [0], [0]
        shared = Shared()
        for number, value in enumerate((large, first, second)):
            shared.add(value, number, getattr(value, "nbytes", 16))
        many = ExtType(types.TUPLE, pack([ExtType(types.REFERENCE, pack(0))] * 1000))
        with pytest.raises(WireError, match="too large"):
            Decoder(referee, shared, 4 * LIMIT, trusted=True).decode(many)
        decoder = Decoder(referee, shared, 4 * LIMIT, trusted=True)
        for number, target in ((1, 2), (1, 1)):
            with pytest.raises(WireError, match="cycle"):
                decoder.renew(number, [ExtType(types.REFERENCE, pack(target))])
