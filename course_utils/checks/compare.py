"""How two plain values differ, described so that a learner can act on it.

A wrong type or shape is reported before a wrong number: otherwise NumPy would broadcast the two values and compare
entries that do not correspond.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.checks.values import Arguments, Array, Number, Other, Raised, Truth, name_of

FLOAT32_RTOL = 1e-4
FLOAT32_ATOL = 1e-5
# Types of plain values for which `==` decides whether two of them agree.
COMPARABLE = frozenset({type(None), bool, int, str, complex, set, Number, Truth, Other, Raised, Arguments})


@dataclass(frozen=True)
class Tolerance:
    """Two numbers agree if `abs(received - expected) <= atol + rtol * abs(expected)`."""

    rtol: float = 1e-7
    atol: float = 1e-9

    def loosened(self) -> Tolerance:
        """Return the tolerance for an exercise whose answer may compute in float32."""
        return Tolerance(max(self.rtol, FLOAT32_RTOL), max(self.atol, FLOAT32_ATOL))


@dataclass(frozen=True)
class Difference:
    """One way in which a received value differs from the expected one.

    `kind` is one of `checking.KINDS`, and `sentence` describes the difference for the learner. `margin` is the distance
    in tolerances; it is infinite unless a float is wrong. After a structural difference the probe must stop.
    """

    kind: str
    sentence: str
    margin: float = math.inf

    @property
    def structural(self) -> bool:
        return self.kind not in ("value", "nan", "changed")


def difference(expected: Any, received: Any, tolerance: Tolerance, float32: bool = False) -> Difference | None:
    """Return the first structural difference, or else the first of `differences`; None if the values agree."""
    if agree(expected, received, tolerance):
        return None
    found = list(differences(expected, received, tolerance, float32))
    structural = [item for item in found if item.structural]
    return next(iter(structural or found), None)


def margin(expected: Any, received: Any, tolerance: Tolerance, float32: bool = False) -> float:
    """Return by how many tolerances two plain values differ; 0 if they agree."""
    if agree(expected, received, tolerance):
        return 0.0
    return max((item.margin for item in differences(expected, received, tolerance, float32)), default=0.0)


def agree(expected: Any, received: Any, tolerance: Tolerance) -> bool:
    """Return True if two plain values agree. This is a quick test: False means only that `differences` must decide."""
    if expected is received:
        return True
    kind = type(expected)
    if kind is not type(received):
        return False
    if kind is float:
        allowed = tolerance.atol + tolerance.rtol * abs(expected)
        return bool(expected == received or abs(received - expected) <= allowed < math.inf)
    if kind is Array:
        return _agree_as_arrays(expected, received)
    if kind is tuple or kind is list:
        return len(expected) == len(received) and all(
            agree(one, other, tolerance) for one, other in zip(expected, received, strict=True)
        )
    if kind is dict:
        return all(key in received and agree(item, received[key], tolerance) for key, item in expected.items())
    return kind in COMPARABLE and bool(expected == received)


def _agree_as_arrays(expected: Array, received: Array) -> bool:
    """Return whether two arrays have the same bytes: most correct answers compute exactly what the reference does."""
    if expected.shape != received.shape or expected.dtype != received.dtype:
        return False
    if expected.data is None or received.data is None:
        return True
    # The dtype's name does not contain the byte order, without which equal bytes can mean different numbers.
    return expected.data.dtype == received.data.dtype and expected.data.tobytes() == received.data.tobytes()


def differences(
    expected: Any, received: Any, tolerance: Tolerance, float32: bool = False, where: str = ""
) -> Iterator[Difference]:
    """Yield every difference. `where` names the place inside a tuple, list or dict; the sentences contain it."""
    what = where or "the result"
    if isinstance(expected, Raised) or isinstance(received, Raised):
        yield from _raised(expected, received)
    elif isinstance(expected, Arguments) and expected != received:
        yield Difference("changed", "your function changes an argument. Leave it unchanged and return a new array.")
    elif received is None and expected is not None:
        advice = f"; expected {name_of(expected)}." if where else ". Is a `return` missing?"
        yield Difference("none", f"{what} is None{advice}")
    elif _is_number(expected):
        yield from _number(expected, received, tolerance, what)
    elif isinstance(expected, Array):
        yield from _array(expected, received, tolerance, float32, what)
    elif isinstance(expected, dict) and isinstance(received, dict):
        yield from _dict(expected, received, tolerance, float32, where)
    elif isinstance(expected, tuple | list) and type(expected) is type(received):
        yield from _sequence(expected, received, tolerance, float32, where)
    elif type(expected) is not type(received):
        yield Difference("type", f"{what} is {name_of(received)}; expected {name_of(expected)}.")
    elif expected != received:
        yield Difference("value", f"{what} is {received!r}; expected {expected!r}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, Number | int | float | complex)


def _raised(expected: Any, received: Any) -> Iterator[Difference]:
    if not isinstance(received, Raised):
        yield Difference("not raised", f"this call should raise {expected.error}; yours returned {name_of(received)}.")
    elif not isinstance(expected, Raised):
        yield Difference("raised", f"your function raised {received.error}.")
    elif expected.error != received.error:
        yield Difference("raised", f"this call should raise {expected.error}; yours raised {received.error}.")
    elif expected.has_message and not received.has_message:
        yield Difference(
            "silent", f"{received.error} has no message. Let the message say what is wrong and what is allowed."
        )


def _number(expected: Any, received: Any, tolerance: Tolerance, what: str) -> Iterator[Difference]:
    if isinstance(received, complex) and not isinstance(expected, complex):
        yield Difference(
            "complex", f"{what} is a complex number; expected a real one. Look for a root of a negative number."
        )
    elif not _is_number(received) or isinstance(expected, bool) != isinstance(received, bool):
        yield Difference("type", f"{what} is {name_of(received)}; expected {name_of(expected)}.")
    elif isinstance(expected, bool):
        if expected != received:
            yield Difference("value", f"this should be {expected}, but is {received}.")
    elif isinstance(expected, int) and isinstance(received, int):
        # Python's integers have no limit, and a count needs no tolerance.
        if expected != received:
            yield Difference("value", f"{what} is not the expected value.")
    elif Number not in (type(expected), type(received)):
        yield from _values(_as_float(expected), _as_float(received), tolerance, what)


def _as_float(number: Any) -> np.ndarray:
    try:
        return np.asarray(number, dtype=complex if isinstance(number, complex) else float)
    except OverflowError:
        # The integer is too large for a float.
        return np.asarray(math.inf if number > 0 else -math.inf)


def _array(expected: Array, received: Any, tolerance: Tolerance, float32: bool, what: str) -> Iterator[Difference]:
    if not isinstance(received, Array):
        advice = ""
        if isinstance(received, tuple) and any(isinstance(item, Array) for item in received):
            advice = " Return one value, not several."
        elif isinstance(received, list | tuple):
            advice = " Convert it with np.array(...)."
        yield Difference("type", f"{what} is {name_of(received)}; expected {name_of(expected)}.{advice}")
    elif received.shape != expected.shape:
        yield Difference("shape", f"{what} has shape {received.shape}; expected shape {expected.shape}.")
    elif _dtype_differs(expected.dtype, received.dtype, float32):
        yield from _dtype(expected.dtype, received.dtype, what)
    elif expected.data is not None and received.data is not None:
        yield from _values(expected.data, received.data, tolerance, what)


def _dtype_differs(expected: str, received: str, float32: bool) -> bool:
    if expected == received or (float32 and {expected, received} == {"float64", "float32"}):
        return False
    return np.dtype(expected).kind != np.dtype(received).kind or np.dtype(expected).kind in "fc"


def _dtype(expected: str, received: str, what: str) -> Iterator[Difference]:
    if np.dtype(received).kind == "c":
        yield Difference(
            "complex", f"{what} has complex entries; expected real ones. Look for a root of a negative number."
        )
    else:
        yield Difference("dtype", f"{what} has dtype {received}; expected {expected}.")


def _dict(
    expected: dict[str, Any], received: dict[str, Any], tolerance: Tolerance, float32: bool, where: str
) -> Iterator[Difference]:
    # Additional keys are allowed: learners may store more in a state.
    for key, item in expected.items():
        place = f"`{key}` of {where or 'the result'}"
        if key not in received:
            yield Difference("missing", f"{place} is missing; the dict contains {_listed(received)}.")
        else:
            yield from differences(item, received[key], tolerance, float32, place)


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def _sequence(expected: Any, received: Any, tolerance: Tolerance, float32: bool, where: str) -> Iterator[Difference]:
    if len(expected) != len(received):
        yield Difference("length", f"{where or 'the result'} is {name_of(received)}; expected {name_of(expected)}.")
        return
    for i, (one, other) in enumerate(zip(expected, received, strict=True)):
        yield from differences(one, other, tolerance, float32, f"item {i} of {where or 'the result'}")


def _values(expected: np.ndarray, received: np.ndarray, tolerance: Tolerance, what: str) -> Iterator[Difference]:
    nan = np.isnan(received) & ~np.isnan(expected)
    if nan.any():
        yield Difference(
            "nan", f"{what} {_is_or_contains(nan)} NaN. Look for 0/0, or for a root or logarithm of a negative number."
        )
        return
    with np.errstate(all="ignore"):
        expected = expected.astype(complex if expected.dtype.kind == "c" else float)
        allowed = tolerance.atol + tolerance.rtol * np.abs(expected)
        same = (expected == received) | (np.isnan(expected) & np.isnan(received))
        margins = np.where(same, 0.0, np.abs(received - expected) / np.where(np.isfinite(allowed), allowed, 1.0))
    worst = float(np.max(margins, initial=0.0))
    if worst > 1 or math.isnan(worst):
        yield Difference("value", f"{what} {_wrong_share(margins)}.", math.inf if math.isnan(worst) else worst)


def _is_or_contains(mask: np.ndarray) -> str:
    return "is" if mask.ndim == 0 else f"contains {mask.sum()}"


def _wrong_share(margins: np.ndarray) -> str:
    if margins.ndim == 0:
        return "is not the expected value"
    wrong = int(np.sum(margins > 1))
    size = margins.size
    return f"is wrong in {wrong} of its {size} entries" if wrong < size else "is wrong in every entry"
