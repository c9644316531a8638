"""Deferred calls in a batch behave like single calls, and answers known in advance like called functions."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_grader.engine.rpc.channel import Channel, WireError
from course_grader.engine.rpc.decode import Decoder
from course_grader.engine.rpc.message import ExtType, pack
from course_grader.engine.rpc.peer import Peer, within
from course_grader.engine.rpc.types import CALLABLE, Shared
from course_utils.checks.compare import difference
from course_utils.checks.probes.adaptive_optimizers import _walk
from course_utils.checks.probes.quasi_newton import _line
from course_utils.checks.recorder import EXACT
from course_utils.checks.remote_calls import deferral_of, loop_over, made, promise
from course_utils.checks.values import plain


class Table:
    """A referee and a worker in one process. `received` has the kinds of the messages that the referee received."""

    def __init__(self) -> None:
        self.ends = socket.socketpair()
        self.referee, self.worker = (Peer(Channel(end, 1 << 22), trusted=end is self.ends[0]) for end in self.ends)
        self.referee.deadline = within(30)
        self.received: list[str] = []
        receive = self.referee.receive

        def recording() -> list[Any]:
            message = receive()
            self.received.append(message[0])
            return message

        self.referee.receive = recording  # type: ignore[method-assign]

    def serve(self) -> None:
        try:
            while True:
                message = self.worker.receive()
                self.worker.answer_all(message[1]) if message[0] == "calls" else self.worker.answer(message)
        except WireError:
            self.ends[1].close()

    def later(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that defers a call of the worker's function."""
        defer = deferral_of(self.referee.function(self.worker.export(function), "f", False))
        return lambda *args, **kwargs: defer(args, kwargs)


@pytest.fixture
def table() -> Iterator[Table]:
    table = Table()
    thread = threading.Thread(target=table.serve)
    thread.start()
    yield table
    table.ends[0].close()
    thread.join()


def test_calls_are_made_in_order_and_answered_in_one_message(table: Table) -> None:
    seen: list[float] = []

    def noted(x: float, by: float = 1.0) -> float:
        seen.append(x)
        return by * x

    outcomes = [table.later(noted)(float(i), by=2.0) for i in range(5)]
    assert seen == []
    assert [outcome() for outcome in outcomes] == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert seen == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert table.received == ["answers"]


def test_a_reply_larger_than_a_message_of_replies_arrives(table: Table) -> None:
    def large(x: float) -> Any:
        return np.full(200_000, x)

    outcomes = [table.later(large)(float(i)) for i in range(2)]
    assert [outcome()[-1] for outcome in outcomes] == [0.0, 1.0]


def test_replies_in_memory_have_a_limit_together(table: Table) -> None:
    def large(x: float) -> str:
        return "x" * 2**21

    outcomes = [table.later(large)(float(i)) for i in range(9)]
    with pytest.raises(WireError, match="too large"):
        outcomes[0]()


def test_what_one_call_changes_the_next_one_sees(table: Table) -> None:
    x, other = np.ones(3), np.zeros(2)

    def doubled(x: np.ndarray) -> np.ndarray:
        x *= 2
        return x.copy()

    later = table.later(doubled)
    first, second, third = later(x), later(other), later(x)
    assert first().tolist() == [2.0, 2.0, 2.0]
    # The changes of the first call are written back; the result of the second is not used yet.
    assert x.tolist() == [2.0, 2.0, 2.0]
    second()
    assert third().tolist() == x.tolist() == [4.0, 4.0, 4.0]
    assert other.tolist() == [0.0, 0.0]


def test_an_array_inside_a_list_that_is_passed_again_is_written_back(table: Table) -> None:
    inner = np.zeros(2)
    outer = [inner]

    def changed(items: list[np.ndarray], by: float) -> None:
        items[0] += by

    later = table.later(changed)
    first, second = later(outer, 1.0), later(outer, 2.0)
    first()
    assert inner.tolist() == [1.0, 1.0]
    second()
    assert inner.tolist() == [3.0, 3.0]


def test_a_reply_cannot_change_what_another_call_was_given(table: Table) -> None:
    mine, theirs = np.zeros(2), np.zeros(2)
    held: list[np.ndarray] = []

    def holding(x: np.ndarray) -> float:
        held.append(x)
        held[0] += 1.0
        return 0.0

    later = table.later(holding)
    first, second = later(theirs), later(mine)
    first()
    theirs[:] = 0.0
    second()
    assert theirs.tolist() == mine.tolist() == [0.0, 0.0]


def test_errors_come_from_the_calls_that_raised_them(table: Table) -> None:
    later = table.later(lambda x: 1 / x)
    good, bad, again = later(2.0), later(0.0), later(4.0)
    with pytest.raises(ZeroDivisionError):
        bad()
    assert (good(), again()) == (0.5, 0.25)


def test_a_call_with_a_function_does_not_wait_unless_its_answers_are_known(table: Table) -> None:
    assert table.later(lambda f: f(1))(lambda x: x) is None

    def squared(x: int) -> int:
        return x * x

    promise(squared, lambda: {2: 4})
    outcome = table.later(lambda f: f(2) + f(3))(squared)
    assert outcome() == 13
    # The answer for 2 is known; 3 needs a call.
    assert table.received == ["call", "answers"]


def test_calls_of_a_function_with_answers_in_turn_are_reported(table: Table) -> None:
    given: list[float] = []
    answers = [0.5, 0.25]

    def in_turn(x: float) -> float:
        given.append(x)
        return answers[min(len(given), len(answers)) - 1]

    promise(in_turn, lambda: answers[len(given) :])
    outcome = table.later(lambda f: [f(np.float64(1)), f(2), f(3.0)])(in_turn)
    assert outcome() == [0.5, 0.25, 0.25]
    assert given == [1.0, 2.0, 3.0]
    assert table.received == ["tell", "tell", "call", "answers"]


def test_array_arguments_are_reported_and_answered_in_turn(table: Table) -> None:
    given: list[np.ndarray] = []

    def constant(x: np.ndarray) -> np.ndarray:
        given.append(x)
        return np.ones(2)

    promise(constant, lambda: [np.ones(2)])

    def used(f: Callable[..., Any], x: np.ndarray) -> np.ndarray:
        answer = f(2 * x)
        answer += x
        return answer

    x = np.array([1.0, 3.0])
    outcomes = [table.later(used)(constant, x) for _ in range(2)]
    # Each answer is a new array, which the function may change.
    assert [outcome().tolist() for outcome in outcomes] == [[2.0, 4.0]] * 2
    assert [one.tolist() for one in given] == [[2.0, 6.0]] * 2
    assert table.received == ["tell", "tell", "answers"]


def test_an_immediate_call_comes_after_those_that_wait(table: Table) -> None:
    seen: list[int] = []
    proxy = table.referee.function(table.worker.export(seen.append), "f", False)
    outcome = deferral_of(proxy)((1,), {})
    proxy(2)
    outcome()
    assert seen == [1, 2]


def raising(x: np.ndarray, rng: np.random.Generator) -> None:
    raise ValueError("no")


def doubling(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    x *= 2
    return x + 1


def twice(x: np.ndarray, rng: np.random.Generator) -> Any:
    drawn = rng.random(2)
    return drawn, drawn


ACTS: dict[str, Callable[[np.ndarray, np.random.Generator], Any]] = {
    "an array and a flag": lambda x, rng: (x + rng.random(), bool(rng.random() < 0.5)),
    "an array of another size": lambda x, rng: (np.zeros(rng.integers(3)), True),
    "an array of no dimension": lambda x, rng: np.array(rng.random()),
    "numbers": lambda x, rng: (rng.random(), int(rng.integers(9)), None, np.float64(1), np.bool_(True), 2**70),
    "its argument": lambda x, rng: (x, False),
    "a view of its argument": lambda x, rng: x[::2],
    "an array in another order": lambda x, rng: np.asfortranarray(rng.random((2, 3))),
    "a read-only array": lambda x, rng: np.broadcast_to(rng.random(), 3),
    "one array twice": twice,
    "a dict": lambda x, rng: {"x": x, "drawn": rng.random()},
    "nothing": lambda x, rng: (),
    "an error": raising,
    "a changed argument": doubling,
}


def found(outcome: Callable[[], Any]) -> Any:
    try:
        return plain(outcome())
    except ValueError as error:
        return str(error)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(ACTS)), min_size=2, max_size=12))
def test_a_call_that_is_repeated_is_what_single_calls_are(table: Table, acts: list[str]) -> None:
    """Whatever each call returns or does, the results are as if each call had been made alone."""
    x, rng, mine, my_rng = np.ones(3), np.random.default_rng(0), np.ones(3), np.random.default_rng(0)
    turn, my_turn = iter(acts), iter(acts)
    args = x, rng
    handle = table.worker.export(lambda *given: ACTS[next(turn)](*given))
    later = deferral_of(table.referee.function(handle, "f", False))
    table.received.clear()
    outcomes = [later(args, {}) for _ in acts]
    for outcome in outcomes:
        expected = found(lambda: ACTS[next(my_turn)](mine, my_rng))
        assert difference(expected, found(outcome), EXACT) is None
        assert x.tolist() == mine.tolist()
    assert rng.bit_generator.state == my_rng.bit_generator.state
    assert table.received == ["answers"]


def test_a_repeated_call_is_sent_and_answered_once(table: Table) -> None:
    seen: list[int] = []

    def drawn(x: np.ndarray, f: Callable[..., Any], rng: np.random.Generator) -> Any:
        seen.append(1)
        out = f(x)
        out += x
        return out, bool(rng.random() < 0.5)

    always = lambda x: np.ones(2)  # noqa: E731
    promise(always, lambda: {None: np.ones(2)})
    sizes: list[int] = []
    send = table.ends[0].send
    table.referee.channel._socket = SimpleNamespace(  # type: ignore[attr-defined]
        send=lambda data: sizes.append(len(data)) or send(data), recv=table.ends[0].recv
    )
    rng, again = np.random.default_rng(5), np.random.default_rng(5)
    outcomes = [table.later(drawn)(np.ones(2), always, rng) for _ in range(2)]
    args = np.ones(2), always, rng
    outcomes += [table.later(drawn)(*args) for _ in range(900)]
    results = [outcome() for outcome in outcomes]
    assert [(out.tolist(), kept) for out, kept in results] == [
        ([2.0, 2.0], bool(again.random() < 0.5)) for _ in results
    ]
    assert len(seen) == 902
    assert table.received == ["answers"]
    assert sum(sizes) < 2000


def test_a_function_whose_answers_come_in_turn_is_encoded_again_for_each_call(table: Table) -> None:
    given: list[float] = []

    def in_turn(x: float) -> float:
        given.append(x)
        return 0.5

    promise(in_turn, lambda: [0.5])
    later, args = table.later(lambda f, x: f(1.0)), (in_turn, np.ones(1))
    outcomes = [later(*args) for _ in range(3)]
    assert [outcome() for outcome in outcomes] == [0.5] * 3
    assert given == [1.0] * 3
    assert table.received == ["tell"] * 3 + ["answers"]


def test_large_results_of_a_repeated_call_come_in_several_messages(table: Table) -> None:
    x, rng, later = np.zeros(100_000), np.random.default_rng(0), table.later(lambda x, rng: x + rng.random())
    outcomes = [later(x, rng) for _ in range(5)]
    assert len({outcome()[0] for outcome in outcomes}) == 5
    assert table.received == ["answers"] * 3


def test_a_loop_over_calls_runs_where_the_function_is(table: Table) -> None:
    def step(w: np.ndarray, grad: np.ndarray, state: dict[str, Any], lr: float) -> Any:
        return w - lr * grad, state | {"t": state.get("t", 0) + 1}

    step_there = table.referee.function(table.worker.export(step), "step", False)
    w, grads = np.ones(2), np.arange(6.0).reshape(3, 2)
    looped = loop_over(_walk, step_there)
    outcome = deferral_of(looped)((w, grads, {}, 0.5), {})
    expected, state = loop_over(_walk, step)(w, grads, {}, 0.5)
    for found in (outcome(), looped(w, grads, {}, 0.5)):
        assert found[0].tolist() == expected.tolist()
        assert found[1] == state == {"t": 3}
    assert table.received == ["answers", "return"]


def test_a_loop_over_what_is_wrong_raises_as_in_one_process(table: Table) -> None:
    looped = loop_over(_walk, table.referee.function(table.worker.export(lambda *args: args[0]), "step", False))
    with pytest.raises(ValueError, match="unpack"):
        deferral_of(looped)((np.ones(3), np.ones((3, 3)), {}, 0.5), {})()


def test_a_function_that_can_be_made_there_is_not_asked_for(table: Table) -> None:
    line = made("lambda w: 3 * w[0]", _line, 3.0)
    outcome = table.later(lambda f, w: (f(w), f))(line, np.ones(1))
    assert outcome() == (3.0, line)
    assert table.received == ["answers"]


@pytest.mark.parametrize("module", ["os", "course_utils.progress", "course_utils.checks.probesx"])
def test_only_functions_of_probes_are_named(table: Table, module: str) -> None:
    for peer, other in ((table.referee, table.worker), (table.worker, table.referee)):
        decoder = Decoder(peer, Shared(), 1 << 20, peer is table.referee, asked=True)
        with pytest.raises(WireError):
            peer._read_call(decoder, [other.export(len), module, "getcwd"], [], [])


def test_the_referee_runs_no_loop_for_a_worker(table: Table) -> None:
    table.referee.export(len)
    decoder = Decoder(table.referee, Shared(), 1 << 20, True, asked=True)
    with pytest.raises(WireError):
        table.referee._read_call(decoder, [0, _walk.__module__, "_walk"], [], [])
    theirs = ExtType(CALLABLE, pack([0, 5, "f", False, [[_line.__module__, "_line"], [3.0]]]))
    function = decoder.decode(theirs)
    assert function.remote == (table.referee, 5)
    assert function.__code__ is not _line(3.0).__code__
