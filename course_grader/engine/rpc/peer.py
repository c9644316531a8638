"""RPC between referee and worker, in both directions, with arguments passed by copy-restore.

A call contains its arguments. The reply contains the result, and the new contents of the arguments that the function
changed. While one side waits for a reply, it answers callbacks: calls of its functions that were passed as arguments.
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
# Types of an argument with which a function's known answers can be used in turn. A number is reported as a float.
REPORTED = frozenset({int, float, np.float64, np.ndarray})
# Only functions in these modules are named in messages, see `_of_module`.
PROBES = "course_utils.checks.probes."
# Replies of a batch are sent when they have this many bytes.
ANSWERS = 1 << 20
# Limit on the characters that answers print during one test cell.
MOST_PRINTED = 200_000


class ResultNotSent(Exception):
    """A function returned something that cannot be sent: too large, or a container that contains itself."""


class Peer:
    """One side of the connection: the handles of its exported objects, and calls to the other side.

    allow: called with the depth of nesting before a call from the other side is answered; it may raise WireError.
    trusted: this side is the referee, which does not trust the other side.
    """

    def __init__(self, channel: Transport, trusted: bool, allow: Callable[[int], None] = lambda depth: None) -> None:
        self.channel, self._limit, self._trusted, self._allow = channel, channel.limit, trusted, allow
        self.owner: object = self
        self.deadline: float | None = None
        self._exported: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._depth = 0
        self._deferred: CallBatch | None = None
        # Unexpected values from the other side since the test cell began.
        self.unexpected = UnexpectedValues()
        # Text printed here since the last message, as (stream, text); and how many more characters may be sent.
        self.printed: list[tuple[str, str]] = []
        self._room = MOST_PRINTED

    def release(self) -> None:
        """Forget all handles of this side, and deferred calls whose results were never used."""
        self._exported.clear()
        self._numbers.clear()
        self._deferred = None
        self.unexpected = UnexpectedValues()
        self.printed.clear()
        self._room = MOST_PRINTED

    def export(self, value: Any) -> int:
        """Return the handle of a value of this side, valid until `release`."""
        number = self._numbers.setdefault(id(value), len(self._exported))
        if number == len(self._exported):
            # A reference is kept, so that no other object gets the same id.
            self._exported.append(value)
        return number

    def resolve(self, handle: int) -> Any:
        """Return the value of a handle. Raises WireError if the handle is unknown."""
        if type(handle) is not int or not 0 <= handle < len(self._exported):
            raise WireError("A handle is unknown: it is valid only during its test cell.")
        return self._exported[handle]

    def function(self, handle: int, name: str, is_class: bool, answers: list[Any] | None = None) -> Any:
        """Return a proxy for the other side's callable: a function that calls it, or an empty class for a class.

        answers: [arguments, values] of a function whose answers are known in advance, or None.
        """
        if is_class:
            return type(name or "object", (), {"remote": (self.owner, handle)})

        def function(*args: Any, **kwargs: Any) -> Any:
            return self.call(handle, args, kwargs)

        if answers is not None:
            function = self._with_known_answers(handle, function, *answers)
        function.__name__ = function.__qualname__ = name or "function"
        function.remote = (self.owner, handle)  # type: ignore[attr-defined]
        if self._trusted:
            attach(function, functools.partial(self._defer, handle), functools.partial(self._loop_over, handle))
        return function

    def _loop_over(self, handle: int, loop: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that runs a loop over calls of the other side's function on the other side."""
        loop_handle = [handle, loop.__module__, loop.__name__]

        def function(*args: Any, **kwargs: Any) -> Any:
            return self.call(loop_handle, args, kwargs)

        attach(function, functools.partial(self._defer, loop_handle))
        return function

    def _with_known_answers(
        self, handle: int, call: Callable[..., Any], arguments: list[Any] | None, answers: list[Any]
    ) -> Callable[..., Any]:
        """Return a function that returns known answers and uses `call` for all others.

        Answers are known by argument, in turn (arguments are None), or as the only answer (an argument is None). Calls
        answered in turn are reported to the other side, which makes them too. If the arguments name a module and a
        function, that function makes the whole function here, from the answers.
        """
        if arguments and type(arguments[0]) is str:
            return cast(Callable[..., Any], _of_module(*arguments)(*answers))
        by_argument = {} if arguments is None else dict(zip(arguments, answers, strict=True))
        count = itertools.count()

        def function(*args: Any, **kwargs: Any) -> Any:
            turn, kind = next(count), type(args[0]) if len(args) == 1 and not kwargs else None
            if arguments is None and kind in REPORTED and turn < len(answers):
                self._report_call(handle, args[0])
                return answers[turn]
            if kind is int and args[0] in by_argument:
                return by_argument[args[0]]
            if None in by_argument and len(args) == 1 and not kwargs:
                only = by_argument[None]
                return only.copy() if isinstance(only, np.ndarray) else only
            return call(*args, **kwargs)

        return function

    def _report_call(self, handle: int, argument: Any) -> None:
        """Queue a report of a call with one argument whose answer is known; it is sent with the next message."""
        encoder = Encoder(self, Shared(), self._limit, self._trusted, asking=True)
        item = encoder.encode(argument) if type(argument) is np.ndarray else float(argument)
        self.channel.put(pack(["tell", handle, [item], []]), self.deadline)

    def call(self, handle: Handle, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Call the other side's function and return its result.

        Raises the error that the function raised, rebuilt by `error_of`, or WireError.
        """
        if self._deferred is not None:
            self.exchange(self._deferred)
        shared = Shared()
        if not kwargs and all(map(is_scalar, args)):
            self.send(["call", handle, args, []])
        else:
            encoder = Encoder(self, shared, self._limit, self._trusted, asking=True)
            message = ["call", handle, [encoder.encode(item) for item in args]]
            message += [[[str(name), encoder.encode(item)] for name, item in kwargs.items()]]
            self.send(message)
        return self.outcome(self.wait("return", "raise"), shared)

    def _defer(self, handle: Handle, args: Sequence[Any], kwargs: dict[str, Any]) -> Callable[[], Any] | None:
        """Defer a call; return a function that returns its result or raises its error. Return None if the call cannot
        be deferred."""
        batch = self._deferred or CallBatch(self, self._limit)
        if not batch.add(handle, args, kwargs):
            return None
        self._deferred = batch
        outcome = functools.partial(batch.outcome, len(batch.places) - 1)
        if batch.is_full:
            self.exchange(batch)
        return outcome

    def exchange(self, batch: CallBatch) -> None:
        """Send the deferred calls, and wait for their replies."""
        self._deferred, batch.replies = None, []
        self.send(["calls", batch.calls])
        size = 0
        while len(batch.replies) < len(batch.places):
            # All replies stay in memory until their results are used, and text takes up to four times its bytes.
            if size > self._limit:
                raise WireError("The results are too large.")
            match self.wait("answers"):
                case ["answers", [*replies]] if replies:
                    for reply in replies:
                        batch.add_reply(reply)
                    size += self.channel.last_size
                case _:
                    raise WireError("A reply has the wrong form.")

    def outcome(self, reply: Any, shared: Shared) -> Any:
        """Return the result in a reply, or raise the error in it; update the arguments in `shared` from it."""
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
        """Return the results in a reply to several calls; update the arguments in `shared` from it."""
        decoder = Decoder(self, shared, 4 * self._limit, self._trusted)
        for number, body in _pairs(reply.renewed):
            decoder.renew(number, body)
        results = results_in(decoder, shared, reply.columns)
        if len(results) != reply.count:
            raise WireError("The results of several calls are missing.")
        return results

    def send(self, message: Any) -> None:
        """Send a message, after the text that was printed before it."""
        if self.printed:
            self._send_printed()
        self.channel.send(pack(message), self.deadline)

    def _send_printed(self) -> None:
        """Queue the printed text before the next message, so that it appears before the function returns."""
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
        """Print here what the other side printed: a test may capture it."""
        for name, text in _pairs(parts):
            if name not in ("stdout", "stderr") or not isinstance(text, str):
                raise WireError("Printed text is damaged.")
            kept, stream = text[: self._room], getattr(sys, name)
            self._room -= len(kept)
            # A test may have replaced the stream. An error in it must not interrupt the exchange half way.
            with contextlib.suppress(Exception):
                stream.write(kept)

    def receive(self) -> list[Any]:
        """Return the next message, a list that starts with its kind."""
        message = unpack(self.channel.receive(self.deadline))
        if type(message) is not list or not message or type(message[0]) is not str:
            raise WireError("A message has the wrong form.")
        return message

    def wait(self, *kinds: str) -> list[Any]:
        """Answer callbacks until a message of one of these kinds arrives, and return it."""
        while (message := self.receive())[0] not in kinds:
            if message[0] == "printed" and self._trusted:
                self._print(message[-1])
                continue
            if message[0] not in ("call", "tell"):
                raise WireError(f"A message {clean(message[0], 40)!r} was not expected.")
            self.answer(message)
        return message

    def answer(self, message: list[Any]) -> None:
        """Make a call of one of this side's functions and send the reply; a "tell" message gets no reply."""
        self._allow(self._depth)
        if self._depth >= NESTING:
            raise WireError("Calls are nested too deeply.")
        if len(message) != 4 or type(message[2]) is not list or type(message[3]) is not list:
            raise WireError("A call has the wrong form.")
        shared = Shared()
        kind, handle, args, kwargs = message
        decoder = Decoder(self, shared, 4 * self._limit, self._trusted, asked=True)
        function, positional, keywords = self._read_call(decoder, handle, args, kwargs)
        reply, _ = self._perform(function, positional, keywords, shared)
        if kind == "call":
            self.send(reply)

    def answer_all(self, calls: list[Any]) -> None:
        """Make the calls of a batch in order and send the replies. Only the worker receives batches."""
        shared = Shared()
        decoder = Decoder(self, shared, 4 * self._limit, self._trusted, asked=True)
        replies: list[Any] = []
        size = 0
        for reply, weight in self._replies(decoder, shared, calls):
            # A single reply may be larger.
            if replies and size + weight > ANSWERS:
                self.send(["answers", replies])
                replies, size = [], 0
            replies.append(reply)
            size += weight
        self.send(["answers", replies])

    def _replies(self, decoder: Decoder, shared: Shared, calls: list[Any]) -> Iterator[tuple[Any, int]]:
        """Make the calls of a batch; yield each reply with its approximate size in bytes."""
        for handle, args, *more in calls:
            if not more:
                result, raised = self._try(self.resolve(handle), args, {})
                if not raised and (number := encode_scalar(result)) is not NOT_SCALAR:
                    yield number, 0
                else:
                    yield self._reply(result, raised, Shared(), {})
                continue
            named, touched, *count = more
            function, positional, kwargs = self._read_call(decoder, handle, args, named)
            if count:
                part = functools.partial(shared.part, touched)
                yield from self._perform_repeatedly(function, positional, kwargs, part, *count)
            else:
                yield self._perform(function, positional, kwargs, shared.part(touched))

    def _perform_repeatedly(
        self, function: Any, args: list[Any], kwargs: dict[str, Any], part: Callable[[], Shared], count: int
    ) -> Iterator[tuple[Any, int]]:
        """Make a call `count` times; yield each reply with its approximate size in bytes.

        part: returns a copy of the call's shared objects. Results are combined in columns as long as they are plain and
        no call changes anything but a random Generator.
        """
        # This copy is never used for encoding, so its numbers stay those of the arguments.
        arguments = part()
        before, columns = _snapshots(arguments), Columns(arguments)
        fixed = [number for number, value in arguments.objects.items() if not isinstance(value, np.random.Generator)]
        for _ in range(count):
            result, raised = self._try(function, args, kwargs)
            is_same = True
            for number in fixed:
                is_same = is_same and not _changed(arguments.objects[number], before[number])
            is_plain = is_same and not raised and columns.add(result)
            if len(columns) and (not is_plain or columns.size > ANSWERS):
                generators = {number: was for number, was in before.items() if number not in fixed}
                yield self._combined_reply(columns, part(), generators)
                columns = Columns(arguments)
            if not is_plain:
                yield self._reply(result, raised, part(), before)
                before = _snapshots(arguments)
        if len(columns):
            generators = {number: was for number, was in before.items() if number not in fixed}
            yield self._combined_reply(columns, part(), generators)

    def _combined_reply(self, columns: Columns, shared: Shared, before: dict[int, Any]) -> tuple[list[Any], int]:
        renewed = self._renewed(Encoder(self, shared, self._limit, self._trusted), shared, before)
        return ["several", renewed, len(columns), columns.body()], columns.size

    def _perform(self, function: Any, args: list[Any], kwargs: dict[str, Any], shared: Shared) -> tuple[list[Any], int]:
        """Make a call and return its reply with its approximate size in bytes."""
        before = _snapshots(shared)
        return self._reply(*self._try(function, args, kwargs), shared, before)

    def _try(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> tuple[Any, list[Any]]:
        """Make a call; return (result, []), or (None, ["raise", ...]) if it raised an error."""
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
        # Encode in the order in which the other side decodes: an array in an argument and the result stays one array.
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
            raise WireError("A call of something that is not a function.")
        # Decode in the order in which the other side encoded.
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
    """Return a function of a module of probes, by name. Only the referee may name one, and a worker imports it."""
    if not module.startswith(PROBES):
        raise WireError("A function is not in a module of probes.")
    return cast(Callable[..., Any], getattr(importlib.import_module(module), name))


def _pairs(items: Any) -> list[Any]:
    if type(items) is not list or any(type(item) is not list or len(item) != 2 for item in items):
        raise WireError("A message has the wrong form.")
    return items


def _snapshots(shared: Shared) -> dict[int, Any]:
    return {number: _snapshot(value) for number, value in shared.objects.items()}


def _snapshot(value: Any) -> Any:
    """Return a copy of a shared object's contents, to find later whether the object was changed."""
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
    return len(now) != len(before) or any(item is not old for item, old in zip(now, before, strict=True))


class Frameless:
    """An error without a traceback: its frames, in another process or the grader, would not help a student."""

    @property
    def __traceback__(self) -> None:
        return None

    @__traceback__.setter
    def __traceback__(self, frames: object) -> None:
        """Ignore it: a context manager may set a traceback while the error passes through it."""


class _Remote(Frameless):
    """Base class of errors from the other side: they have its text."""

    text = ""

    def __str__(self) -> str:
        return self.text


def error_of(name: str, base: str, text: str) -> Exception:
    """Return an error with this name and text that `except` clauses catch as the built-in error `base`.

    An error that would end the referee, such as KeyboardInterrupt, becomes a plain Exception with that name.
    """
    kind = getattr(builtins, base, None) if base.isidentifier() else None
    if not isinstance(kind, type) or not issubclass(kind, Exception) or issubclass(kind, ExceptionGroup):
        kind = Exception
    if issubclass(kind, UnicodeError):
        # Its subclasses cannot be constructed without further arguments.
        kind = UnicodeError
    error = _error_type(clean(name, 100), kind)()
    error.text = clean(text)
    return cast(Exception, error)


@functools.lru_cache(maxsize=256)
def _error_type(name: str, kind: type[Exception]) -> Any:
    """Return the cached class of these errors: creating a class takes longer than a call."""
    return type(name if name.isidentifier() else "Error", (_Remote, kind), {})


def within(seconds: float) -> float:
    """Return the deadline that is this number of seconds from now."""
    return time.monotonic() + seconds
