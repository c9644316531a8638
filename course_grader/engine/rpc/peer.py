"""Calls over the wire, by copy and restore, in both directions; the same for referee and worker.

A call carries its arguments; the reply carries the result, and how those arguments stand that the function
changed. While one side waits for a reply, it answers calls of its own functions that came as arguments.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from course_grader.engine.rpc.batch import NOT_SCALAR, BatchedReply, CallBatch, Handle, encode_scalar
from course_grader.engine.rpc.channel import Transport, WireError
from course_grader.engine.rpc.clean_text import clean
from course_grader.engine.rpc.columns import Columns, results_in
from course_grader.engine.rpc.decode import Decoder
from course_grader.engine.rpc.encode import Encoder, state_of
from course_grader.engine.rpc.message import pack, unpack
from course_grader.engine.rpc.types import Shared, is_scalar
from course_grader.engine.rpc.unexpected import UnexpectedValues
from course_utils.checks.remote_calls import attach

NESTING = 16
# Kinds of arguments of which a function whose answers are known is told; a number is as good as a float.
TOLD = frozenset({int, float, np.float64, np.ndarray})
# Modules whose functions the referee has run in the worker, see `there`.
PROBES = "course_utils.checks.probes."
# Replies of a batch are sent when they have this many bytes.
ANSWERS = 1 << 20
# Characters that are printed in one test cell.
MOST_PRINTED = 200_000


class ResultNotSent(Exception):
    """A function returned what cannot cross the wire: too large, or a container that holds itself."""


class Peer:
    """One side of the conversation: the handles that it gave, and calls to the other side's.

    `allow` is asked before a call from the other side is answered, and may raise WireError. `trusted` says that this
    side is the referee, which believes nothing.
    """

    def __init__(self, channel: Transport, trusted: bool, allow: Callable[[int], None] = lambda depth: None) -> None:
        self.channel, self._limit, self._trusted, self._allow = channel, channel.limit, trusted, allow
        self.owner: object = self
        self.deadline: float | None = None
        self._given: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._depth = 0
        self._waiting: CallBatch | None = None
        # What came from the other side since a test cell began.
        self.unexpected = UnexpectedValues()
        # What was printed here since the last message, as names of streams and texts; and how much may still come.
        self.printed: list[tuple[str, str]] = []
        self._room = MOST_PRINTED

    def release(self) -> None:
        """End the life of all handles that this side gave, and of calls that nobody asked about."""
        self._given.clear()
        self._numbers.clear()
        self._waiting = None
        self.unexpected = UnexpectedValues()
        self.printed.clear()
        self._room = MOST_PRINTED

    def export(self, value: Any) -> int:
        number = self._numbers.setdefault(id(value), len(self._given))
        if number == len(self._given):
            # Kept, so that its id stays its own.
            self._given.append(value)
        return number

    def resolve(self, handle: int) -> Any:
        if type(handle) is not int or not 0 <= handle < len(self._given):
            raise WireError("A handle is unknown: it lives no longer than its test cell.")
        return self._given[handle]

    def function(self, handle: int, name: str, is_class: bool, answers: list[Any] | None = None) -> Any:
        """Return a plain function, or for a class an empty class, that stands for the other side's."""
        if is_class:
            return type(name or "object", (), {"remote": (self.owner, handle)})

        def function(*args: Any, **kwargs: Any) -> Any:
            return self.call(handle, args, kwargs)

        if answers is not None:
            function = self._knowing(handle, function, *answers)
        function.__name__ = function.__qualname__ = name or "function"
        function.remote = (self.owner, handle)  # type: ignore[attr-defined]
        if self._trusted:
            attach(function, functools.partial(self._later, handle), functools.partial(self._loop_over, handle))
        return function

    def _loop_over(self, handle: int, loop: Callable[..., Any]) -> Callable[..., Any]:
        """Return what runs a loop over the calls of the other side's function there."""
        place = [handle, loop.__module__, loop.__name__]

        def function(*args: Any, **kwargs: Any) -> Any:
            return self.call(place, args, kwargs)

        attach(function, functools.partial(self._later, place))
        return function

    def _knowing(
        self, handle: int, ask: Callable[..., Any], arguments: list[Any] | None, answers: list[Any]
    ) -> Callable[..., Any]:
        """Return a function that gives the known answers, by argument, in turn or always, and asks for others. Those in
        turn are reported to the other side, which calls its function too. One that can be made here is made."""
        if arguments and type(arguments[0]) is str:
            return cast(Callable[..., Any], _of_module(*arguments)(*answers))
        by_argument = {} if arguments is None else dict(zip(arguments, answers, strict=True))
        count = itertools.count()

        def function(*args: Any, **kwargs: Any) -> Any:
            place, kind = next(count), type(args[0]) if len(args) == 1 and not kwargs else None
            if arguments is None and kind in TOLD and place < len(answers):
                self._tell(handle, args[0])
                return answers[place]
            if kind is int and args[0] in by_argument:
                return by_argument[args[0]]
            if None in by_argument and len(args) == 1 and not kwargs:
                always = by_argument[None]
                return always.copy() if isinstance(always, np.ndarray) else always
            return ask(*args, **kwargs)

        return function

    def _tell(self, handle: int, argument: Any) -> None:
        """Tell of a call with one argument, whose answer is known; with the next message."""
        encoder = Encoder(self, Shared(), self._limit, self._trusted, asking=True)
        item = encoder.encode(argument) if type(argument) is np.ndarray else float(argument)
        self.channel.put(pack(["tell", handle, [item], []]), self.deadline)

    def call(self, handle: Handle, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Call the other side's function; raise what it raised."""
        if self._waiting is not None:
            self.exchange(self._waiting)
        shared = Shared()
        if not kwargs and all(map(is_scalar, args)):
            self.send(["call", handle, args, []])
        else:
            encoder = Encoder(self, shared, self._limit, self._trusted, asking=True)
            message = ["call", handle, [encoder.encode(item) for item in args]]
            message += [[[str(name), encoder.encode(item)] for name, item in kwargs.items()]]
            self.send(message)
        return self.outcome(self.wait("return", "raise"), shared)

    def _later(self, handle: Handle, args: Sequence[Any], kwargs: dict[str, Any]) -> Callable[[], Any] | None:
        """Put a call aside; return what gives its outcome, or None where it cannot wait."""
        batch = self._waiting or CallBatch(self, self._limit)
        if not batch.add(handle, args, kwargs):
            return None
        self._waiting = batch
        outcome = functools.partial(batch.outcome, len(batch.places) - 1)
        if batch.is_full:
            self.exchange(batch)
        return outcome

    def exchange(self, batch: CallBatch) -> None:
        """Send the calls that were put aside, and wait for their replies."""
        self._waiting, batch.replies = None, []
        self.send(["calls", batch.calls])
        size = 0
        while len(batch.replies) < len(batch.places):
            # All replies are held until they are asked for, and text takes four times its bytes.
            if size > self._limit:
                raise WireError("The results are too large.")
            match self.wait("answers"):
                case ["answers", [*replies]] if replies:
                    for reply in replies:
                        batch.take(reply)
                    size += self.channel.last_size
                case _:
                    raise WireError("A reply has the wrong form.")

    def outcome(self, reply: Any, shared: Shared) -> Any:
        """Return what a reply says, or raise it; renew the arguments in `shared` as it tells."""
        match reply:
            case [_, list(renewed), *_]:
                decoder = Decoder(self, shared, 4 * self._limit, self._trusted)
                for number, body in _pairs(renewed):
                    decoder.renew(number, body)
                match reply:
                    case ["return", _, result]:
                        return decoder.decode(result)
                    case ["raise", _, str(name), str(base), str(text)]:
                        raise error_of(name, base, text)
        raise WireError("A reply has the wrong form.")

    def results_of(self, reply: BatchedReply, shared: Shared) -> list[Any]:
        """Return the results of a reply to several calls; renew the arguments in `shared` as it tells."""
        decoder = Decoder(self, shared, 4 * self._limit, self._trusted)
        for number, body in _pairs(reply.renewed):
            decoder.renew(number, body)
        results = results_in(decoder, shared, reply.columns)
        if len(results) != reply.count:
            raise WireError("Results in columns are missing.")
        return results

    def send(self, message: Any) -> None:
        if self.printed:
            self._send_printed()
        self.channel.send(pack(message), self.deadline)

    def _send_printed(self) -> None:
        """Send what was printed, with the next message: what the function printed appears before it returns."""
        parts: list[list[str]] = []
        for name, text in self.printed:
            kept = text[: self._room]
            self._room -= len(kept)
            if parts and parts[-1][0] == name:
                parts[-1][1] += kept
            elif kept:
                parts.append([name, kept])
        self.printed.clear()
        if parts:
            self.channel.put(pack(["printed", parts]), self.deadline)

    def _print(self, parts: Any) -> None:
        """Print what the other side has printed, where a test may look for it."""
        for name, text in _pairs(parts):
            if name not in ("stdout", "stderr") or not isinstance(text, str):
                raise WireError("What was printed is damaged.")
            kept, stream = text[: self._room], getattr(sys, name)
            self._room -= len(kept)
            # What is wrong with a stream of the test's must not end the conversation half way.
            with contextlib.suppress(Exception):
                stream.write(kept)

    def receive(self) -> list[Any]:
        message = unpack(self.channel.receive(self.deadline))
        if type(message) is not list or not message or type(message[0]) is not str:
            raise WireError("A message has the wrong form.")
        return message

    def wait(self, *kinds: str) -> list[Any]:
        """Answer calls until a message of one of the given kinds comes, and return that."""
        while (message := self.receive())[0] not in kinds:
            if message[0] == "printed" and self._trusted:
                self._print(message[-1])
                continue
            if message[0] not in ("call", "tell"):
                raise WireError(f"A message {clean(message[0], 40)!r} came out of turn.")
            self.answer(message)
        return message

    def answer(self, message: list[Any]) -> None:
        """Answer a call of one of this side's functions; where the other side only tells of it, make it."""
        self._allow(self._depth)
        if self._depth >= NESTING:
            raise WireError("Calls are nested too deeply.")
        if len(message) != 4 or type(message[2]) is not list or type(message[3]) is not list:
            raise WireError("A call has the wrong form.")
        shared = Shared()
        kind, handle, args, kwargs = message
        decoder = Decoder(self, shared, 4 * self._limit, self._trusted, asked=True)
        function, given, named = self._read_call(decoder, handle, args, kwargs)
        reply, _ = self._perform(function, given, named, shared)
        if kind == "call":
            self.send(reply)

    def answer_all(self, calls: list[Any]) -> None:
        """Answer the calls of a batch in their order. Only the side that trusts the sender is asked this."""
        shared = Shared()
        decoder = Decoder(self, shared, 4 * self._limit, self._trusted, asked=True)
        replies: list[Any] = []
        size = 0
        for reply, weight in self._replies(decoder, shared, calls):
            # One reply alone may be larger.
            if replies and size + weight > ANSWERS:
                self.send(["answers", replies])
                replies, size = [], 0
            replies.append(reply)
            size += weight
        self.send(["answers", replies])

    def _replies(self, decoder: Decoder, shared: Shared, calls: list[Any]) -> Iterator[tuple[Any, int]]:
        """Make the calls of a batch; yield the replies, each with about how many bytes it has."""
        for handle, args, *more in calls:
            if not more:
                result, raised = self._try(self.resolve(handle), args, {})
                if not raised and (number := encode_scalar(result)) is not NOT_SCALAR:
                    yield number, 0
                else:
                    yield self._reply(result, raised, Shared(), {})
                continue
            named, touched, *count = more
            function, given, kwargs = self._read_call(decoder, handle, args, named)
            if count:
                part = functools.partial(shared.part, touched)
                yield from self._perform_again(function, given, kwargs, part, *count)
            else:
                yield self._perform(function, given, kwargs, shared.part(touched))

    def _perform_again(
        self, function: Any, args: list[Any], kwargs: dict[str, Any], part: Callable[[], Shared], count: int
    ) -> Iterator[tuple[Any, int]]:
        """Make a call several times and yield the replies. `part` returns its shared objects. Results go together as
        long as they are plain and no call changes more than a Generator."""
        # Never encoded from, so that its numbers stay those of the arguments.
        own = part()
        before, columns = _snapshots(own), Columns(own)
        fixed = [number for number, value in own.objects.items() if not isinstance(value, np.random.Generator)]
        for _ in range(count):
            result, raised = self._try(function, args, kwargs)
            is_same = True
            for number in fixed:
                is_same = is_same and not _changed(own.objects[number], before[number])
            is_plain = is_same and not raised and columns.add(result)
            if len(columns) and (not is_plain or columns.size > ANSWERS):
                generators = {number: was for number, was in before.items() if number not in fixed}
                yield self._together(columns, part(), generators)
                columns = Columns(own)
            if not is_plain:
                yield self._reply(result, raised, part(), before)
                before = _snapshots(own)
        if len(columns):
            generators = {number: was for number, was in before.items() if number not in fixed}
            yield self._together(columns, part(), generators)

    def _together(self, columns: Columns, shared: Shared, before: dict[int, Any]) -> tuple[list[Any], int]:
        renewed = self._renewed(Encoder(self, shared, self._limit, self._trusted), shared, before)
        return ["several", renewed, len(columns), columns.body()], columns.size

    def _perform(self, function: Any, args: list[Any], kwargs: dict[str, Any], shared: Shared) -> tuple[list[Any], int]:
        """Make a call and return its reply, and about how many bytes that has."""
        before = _snapshots(shared)
        return self._reply(*self._try(function, args, kwargs), shared, before)

    def _try(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> tuple[Any, list[Any]]:
        """Make a call and return its result, and what it raised."""
        self._depth += 1
        try:
            return function(*args, **kwargs), []
        except WireError:
            raise
        except BaseException as error:
            if self._trusted and not isinstance(error, Exception):
                raise
            return None, self._raised(error)
        finally:
            self._depth -= 1

    def _reply(self, result: Any, raised: list[Any], shared: Shared, before: dict[int, Any]) -> tuple[list[Any], int]:
        if not before and not raised and (number := encode_scalar(result)) is not NOT_SCALAR:
            return ["return", [], number], 0
        # In the order in which they are read: an array in both is one array.
        encoder = Encoder(self, shared, self._limit, self._trusted)
        renewed = self._renewed(encoder, shared, before)
        kind, *outcome = raised or self._returned(encoder, result)
        return [kind, renewed, *outcome], encoder.size

    def _read_call(
        self, decoder: Decoder, handle: Any, args: list[Any], kwargs: list[Any]
    ) -> tuple[Any, list[Any], dict[str, Any]]:
        if type(handle) is list and not self._trusted:
            number, module, name = handle
            function = functools.partial(_of_module(module, name), self.resolve(number))
        else:
            function = self.resolve(handle)
        if not callable(function):
            raise WireError("What was called is no function.")
        # In the order in which they were written.
        given = [item if is_scalar(item) else decoder.decode(item) for item in args]
        return function, given, {str(name): decoder.decode(item) for name, item in _pairs(kwargs)} if kwargs else {}

    def _returned(self, encoder: Encoder, result: Any) -> list[Any]:
        try:
            return ["return", encoder.encode(result)]
        except WireError as error:
            return self._raised(ResultNotSent(str(error)))
        except Exception as error:
            return self._raised(ResultNotSent(f"The result cannot be read ({type(error).__name__})."))

    def _raised(self, error: BaseException) -> list[Any]:
        try:
            text = str(error)
        except Exception:
            text = ""
        base = next(kind for kind in type(error).__mro__ if kind.__module__ == "builtins")
        return ["raise", type(error).__name__, base.__name__, text[:10_000]]

    @staticmethod
    def _renewed(encoder: Encoder, shared: Shared, before: dict[int, Any]) -> list[Any]:
        try:
            return [
                [number, encoder.contents(shared.objects[number], was)]
                for number, was in before.items()
                if _changed(shared.objects[number], was)
            ]
        except Exception as error:
            raise WireError(f"A changed argument cannot be sent back ({type(error).__name__}).") from None


def _of_module(module: str, name: str) -> Callable[..., Any]:
    """Return a function of a module of probes. The referee alone names one."""
    if not module.startswith(PROBES):
        raise WireError("A function is not one of a probe.")
    return cast(Callable[..., Any], getattr(importlib.import_module(module), name))


def _pairs(items: Any) -> list[Any]:
    if type(items) is not list or any(type(item) is not list or len(item) != 2 for item in items):
        raise WireError("A message has the wrong form.")
    return items


def _snapshots(shared: Shared) -> dict[int, Any]:
    return {number: _snapshot(value) for number, value in shared.objects.items()}


def _snapshot(value: Any) -> Any:
    """Return what tells later whether a shared object has changed."""
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, np.random.Generator):
        return pack(state_of(value))
    if isinstance(value, bytearray):
        return bytes(value)
    return [item for pair in value.items() for item in pair] if isinstance(value, dict) else list(value)


def _changed(value: Any, before: Any) -> bool:
    now = _snapshot(value)
    if isinstance(before, bytes):
        return bool(now != before)
    return len(now) != len(before) or any(one is not other for one, other in zip(now, before, strict=True))


class Frameless:
    """An error whose frames say nothing to a student: they lie in another process, or are the grader's own."""

    @property
    def __traceback__(self) -> None:
        return None

    @__traceback__.setter
    def __traceback__(self, frames: object) -> None:
        """Let a context manager that the error passes set what it likes."""


class _Remote(Frameless):
    """What the errors of the other side share: their text."""

    text = ""

    def __str__(self) -> str:
        return self.text


def error_of(name: str, base: str, text: str) -> Exception:
    """Return an error of the given name and text that is caught as the built-in error `base`.

    What would end the referee, such as KeyboardInterrupt, is an Exception of that name.
    """
    kind = getattr(builtins, base, None) if base.isidentifier() else None
    if not isinstance(kind, type) or not issubclass(kind, Exception) or issubclass(kind, ExceptionGroup):
        kind = Exception
    if issubclass(kind, UnicodeError):
        # Its subclasses cannot be made from a text.
        kind = UnicodeError
    error = _error_type(clean(name, 100), kind)()
    error.text = clean(text)
    return cast(Exception, error)


@functools.lru_cache(maxsize=256)
def _error_type(name: str, kind: type[Exception]) -> Any:
    """Return the type of such errors. To make one costs more than a call, and most errors are alike."""
    return type(name if name.isidentifier() else "Error", (_Remote, kind), {})


def within(seconds: float) -> float:
    """Return the deadline that is this number of seconds from now."""
    return time.monotonic() + seconds
