"""Encode and decode values of the standard library: numbers, dates, paths, ranges, and containers of `collections`.

A value is built only after its parts were checked: a short message must not make a value whose use takes hours or
gigabytes, such as a Decimal with an exponent of a billion. Values beyond these limits are sent as opaque handles.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

# Digits and exponent of a Decimal, and bits of an integer part.
DIGITS, EXPONENT, BITS = 2000, 10_000, 6000
NUMBER = re.compile(r"-?(?:(\d{1,2000})(?:\.(\d{1,2000}))?(?:E([+-]?\d{1,5}))?|Infinity|NaN\d{0,28})", re.ASCII)
ZONE = re.compile(r"[A-Za-z][\w+-]{0,30}(?:/[A-Za-z][\w+-]{0,30}){0,3}", re.ASCII)
LONGEST_NAME, LONGEST_PATH = 200, 4000
# Iterating over a range in compiled code cannot be interrupted.
LONGEST_RANGE = 10_000_000
# Weights (see `weight_of`) of a time zone, which must be looked up, of a part of a path, and of any other value.
ZONE_WEIGHT, PART_WEIGHT, WEIGHT = 20_000, 100, 100


class NotPlain(ValueError):
    """A value is beyond the limits, or its parts do not make a value of its type."""


def _decimal(text: Any) -> Decimal:
    found = NUMBER.fullmatch(text) if isinstance(text, str) else None
    if not found or len(found[1] or "") + len(found[2] or "") > DIGITS or abs(int(found[3] or 0)) > EXPONENT:
        raise NotPlain
    return Decimal(text)


def _fraction(numerator: Any, denominator: Any) -> Fraction:
    if type(numerator) is not int or type(denominator) is not int or denominator < 1:
        raise NotPlain
    return Fraction(numerator, denominator)


def _range(start: Any, stop: Any, step: Any) -> range:
    if not all(type(item) is int for item in (start, stop, step)):
        raise NotPlain
    result = range(start, stop, step)
    # Not `len(result)`, which raises OverflowError for a very long range.
    if result and abs(result[-1] - result[0]) >= LONGEST_RANGE * abs(step):
        raise NotPlain
    return result


def _timezone(offset: Any, name: Any) -> timezone:
    if type(offset) is not timedelta or (name is not None and not (isinstance(name, str) and len(name) < LONGEST_NAME)):
        raise NotPlain
    return timezone(offset) if name is None else timezone(offset, name)


def _zone(key: Any) -> ZoneInfo:
    if not isinstance(key, str) or not ZONE.fullmatch(key):
        raise NotPlain
    try:
        return ZoneInfo(key)
    except (OSError, LookupError, ImportError) as error:
        raise NotPlain from error


def _of_integers(kind: Callable[..., Any]) -> Callable[..., Any]:
    def build(*parts: Any) -> Any:
        if not all(type(part) is int for part in parts):
            raise NotPlain
        return kind(*parts)

    return build


def _moment(kind: Callable[..., Any]) -> Callable[..., Any]:
    def build(*parts: Any) -> Any:
        *numbers, fold, zone = parts
        if not all(type(part) is int for part in numbers) or type(zone) not in (type(None), timezone, ZoneInfo):
            raise NotPlain
        return kind(*numbers, zone, fold=fold)

    return build


def _path(kind: type[PurePath]) -> Callable[[Any], PurePath]:
    def build(text: Any) -> PurePath:
        if not isinstance(text, str) or len(text) > LONGEST_PATH:
            raise NotPlain
        path = kind(text)
        # A test may read or delete the file, so a path from a submission must stay inside the working folder.
        if isinstance(path, Path) and (path.is_absolute() or ".." in path.parts):
            raise NotPlain
        return path

    return build


def _text_of_path(path: PurePath) -> tuple[str]:
    # The text of a few Windows paths, such as `//://`, makes a different path.
    if type(path)(str(path)) != path:
        raise NotPlain
    return (str(path),)


def _uuid(number: Any) -> UUID:
    if type(number) is not int:
        raise NotPlain
    return UUID(int=number)


def _parts_of_moment(value: Any) -> tuple[Any, ...]:
    time_of_day = (value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo)
    return (value.year, value.month, value.day, *time_of_day) if isinstance(value, datetime) else time_of_day


def _key_of(zone: ZoneInfo) -> tuple[str]:
    if not zone.key:
        raise NotPlain
    return (zone.key,)


# By the name in messages: the exact type, a function that returns the parts of a value, and one that builds the value.
VALUES: dict[str, tuple[type, Callable[[Any], tuple[Any, ...]], Callable[..., Any]]] = {
    "Decimal": (Decimal, lambda value: (str(value),), _decimal),
    "Fraction": (Fraction, lambda value: (value.numerator, value.denominator), _fraction),
    "range": (range, lambda value: (value.start, value.stop, value.step), _range),
    "slice": (slice, lambda value: (value.start, value.stop, value.step), slice),
    "date": (date, lambda value: (value.year, value.month, value.day), _of_integers(date)),
    "time": (time, _parts_of_moment, _moment(time)),
    "datetime": (datetime, _parts_of_moment, _moment(datetime)),
    "timedelta": (timedelta, lambda value: (value.days, value.seconds, value.microseconds), _of_integers(timedelta)),
    "timezone": (timezone, lambda value: (*value.__getinitargs__(), None)[:2], _timezone),
    "ZoneInfo": (ZoneInfo, _key_of, _zone),
    "UUID": (UUID, lambda value: (value.int,), _uuid),
    "PosixPath": (PosixPath, _text_of_path, _path(PosixPath)),
    "PurePosixPath": (PurePosixPath, _text_of_path, _path(PurePosixPath)),
    "PureWindowsPath": (PureWindowsPath, _text_of_path, _path(PureWindowsPath)),
}
NAMES = {kind: name for name, (kind, _, _) in VALUES.items()}
# Mutable containers.
HOLDERS: dict[str, type] = {kind.__name__: kind for kind in (OrderedDict, Counter, defaultdict, deque, bytearray)}
HOLDER_NAMES = {kind: name for name, kind in HOLDERS.items()}
# Built-in factories of a defaultdict, which are sent by name.
_simple = (bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
FACTORIES: dict[str, type] = {kind.__name__: kind for kind in (*_simple, *HOLDERS.values(), Decimal, Fraction)}
FACTORY_NAMES = {kind: name for name, kind in FACTORIES.items()}


def parts_of(value: Any) -> tuple[Any, ...]:
    """Return the parts of a value. Raises NotPlain if the other side would refuse them."""
    _, parts, make = VALUES[NAMES[type(value)]]
    values = parts(value)
    if any(type(part) is int and part.bit_length() > BITS for part in values):
        raise NotPlain
    # Raises NotPlain if the value is beyond the limits.
    make(*values)
    return values


def made_of(name: Any, parts: list[Any]) -> Any:
    """Return the value of the type `name` with these parts. Raises NotPlain if they are not the parts of one."""
    if name not in VALUES:
        raise NotPlain
    try:
        return VALUES[name][2](*parts)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise NotPlain from error


def weight_of(value: Any) -> int:
    """Return the approximate memory of a value without its parts, in bytes: for a range, that of all its items."""
    if isinstance(value, range):
        return WEIGHT + 8 * len(value)
    if isinstance(value, PurePath):
        return WEIGHT + PART_WEIGHT * len(value.parts)
    return ZONE_WEIGHT if isinstance(value, ZoneInfo) else WEIGHT


def empty(name: Any, extra: Any) -> Any:
    """Return an empty container of the type `name`.

    extra: the maximum length of a deque; the factory of a defaultdict, or its name in FACTORIES; otherwise None. Raises
    NotPlain if the name or `extra` is invalid.
    """
    if name not in HOLDERS:
        raise NotPlain
    if name == "deque" and (extra is None or (type(extra) is int and 0 <= extra < 2**31)):
        return deque(maxlen=extra)
    extra = FACTORIES[extra] if name == "defaultdict" and isinstance(extra, str) else extra
    if name == "defaultdict" and (extra is None or callable(extra)):
        return defaultdict(extra)
    if extra is not None:
        raise NotPlain
    return HOLDERS[name]()
