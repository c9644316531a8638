"""The forms that a concept question's answer can have, each with at least twenty possibilities.

An answer is kept as a digest, so that nobody reads it in a key by accident. A digest hides nothing from somebody who
tries all possibilities: so it ships for self-study only, and a class is asked other variants, as far as a question has
any (`draws.py` of the lesson).
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from course_utils.checks.values import name_of

FEWEST = 20
# So many characters of a wrong letter or label are shown.
LONGEST = 40


class AnswerTypeError(ValueError):
    """The answer has not the form that the question asks for."""


class AnswerType(ABC):
    """What an answer must look like. `canonical` gives equal answers one text and raises FormError for a malformed
    one."""

    @abstractmethod
    def canonical(self, answer: Any) -> str: ...

    def digest(self, answer: Any) -> str:
        """Return 32 hexadecimal digits that stand for the answer; FormError where its form is wrong."""
        return hashlib.sha256(f"descent:{self.canonical(answer)}".encode()).hexdigest()[:32]


def _present(answer: Any, what: str) -> None:
    if answer is None:
        raise AnswerTypeError(f"There is no answer yet. Write {what}.")


def _letters(answer: Any, options: tuple[str, ...], what: str) -> list[str]:
    _present(answer, what)
    # What has no length may have no end, and is used up once it was looked at.
    if not isinstance(answer, Collection) or isinstance(answer, dict) or getattr(answer, "shape", None) == ():
        raise AnswerTypeError(f"The answer is {name_of(answer)}. Write {what}.")
    letters = [str(item) for item in answer]
    if unknown := [item for item in letters if item not in options]:
        raise AnswerTypeError(f"{_shown(unknown[0])} is not one of the choices {', '.join(options)}. Write {what}.")
    return letters


def _shown(value: Any) -> str:
    return repr(value[:LONGEST]) if isinstance(value, str) else name_of(value)


@dataclass(frozen=True)
class SubsetOf(AnswerType):
    """Any subset of the options, written as a set: `{"a", "c"}`."""

    options: tuple[str, ...]

    def __post_init__(self) -> None:
        _enough(2 ** len(self.options))

    def canonical(self, answer: Any) -> str:
        what = f'a set of letters, such as {{"{self.options[0]}", "{self.options[-1]}"}}'
        return ",".join(sorted(set(_letters(answer, self.options, what))))


@dataclass(frozen=True)
class OrderingOf(AnswerType):
    """All the options in some order, written as a list or a string: `["b", "a", ...]`."""

    options: tuple[str, ...]

    def __post_init__(self) -> None:
        _enough(math.factorial(len(self.options)))

    def canonical(self, answer: Any) -> str:
        what = f"a list that holds each of {', '.join(self.options)} once"
        letters = _letters(answer, self.options, what)
        if sorted(letters) != sorted(self.options):
            raise AnswerTypeError(
                f"The answer must hold each choice once; yours has {len(letters)} entries. Write {what}."
            )
        return ",".join(letters)


@dataclass(frozen=True)
class Labels(AnswerType):
    """A label for each option, written as a dict: `{"a": "too high", ...}`."""

    options: tuple[str, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        _enough(len(self.labels) ** len(self.options))

    def canonical(self, answer: Any) -> str:
        what = f"a dict that gives each of {', '.join(self.options)} one of: {', '.join(self.labels)}"
        _present(answer, what)
        if not isinstance(answer, dict):
            raise AnswerTypeError(f"The answer is {name_of(answer)}. Write {what}.")
        if missing := [item for item in self.options if item not in answer]:
            raise AnswerTypeError(f"The answer says nothing of {', '.join(missing)}. Write {what}.")
        # An array would be compared entry by entry.
        if wrong := [value for value in answer.values() if not isinstance(value, str) or value not in self.labels]:
            raise AnswerTypeError(f"{_shown(wrong[0])} is not one of the labels. Write {what}.")
        return ",".join(f"{item}={answer[item]}" for item in self.options)


@dataclass(frozen=True)
class NumberWith(AnswerType):
    """A real number in [low, high], compared after rounding to `decimals` places."""

    low: float
    high: float
    decimals: int

    def __post_init__(self) -> None:
        _enough(int((self.high - self.low) * 10**self.decimals) + 1)

    def canonical(self, answer: Any) -> str:
        what = f"one number between {self.low:g} and {self.high:g}"
        _present(answer, what)
        try:
            number = float(answer)
        except (TypeError, ValueError):
            raise AnswerTypeError(f"The answer is {name_of(answer)}. Write {what}.") from None
        except OverflowError:
            # An integer beyond every float.
            number = math.inf if answer > 0 else -math.inf
        if not self.low <= number <= self.high:
            raise AnswerTypeError(f"{number:g} is out of range. Write {what}.")
        return f"{round(number, self.decimals) + 0.0:.{self.decimals}f}"


def _enough(possibilities: int) -> None:
    if possibilities < FEWEST:
        raise ValueError(
            f"The form has {possibilities} possibilities and needs {FEWEST}, or guessing pays: add options."
        )
