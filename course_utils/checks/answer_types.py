"""The types of answers to concept questions; each question has at least twenty possible answers.

A key stores the digest of an answer, so that nobody reads the answer by accident. A person who tries all possible
answers still finds it. Therefore digests ship for self-study only, and a class gets other variants of the questions, if
a question has variants (`draws.py` of the lesson).
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
# Show at most this many characters of a wrong letter or label.
LONGEST = 40


class AnswerTypeError(ValueError):
    """The answer has the wrong type or format for the question."""


class AnswerType(ABC):
    """The type of an answer. `canonical` returns the same text for equal answers, and raises AnswerTypeError for an
    answer with the wrong type or format."""

    @abstractmethod
    def canonical(self, answer: Any) -> str: ...

    def digest(self, answer: Any) -> str:
        """Return the answer's digest, 32 hexadecimal digits. Raises AnswerTypeError as `canonical` does."""
        return hashlib.sha256(f"descent:{self.canonical(answer)}".encode()).hexdigest()[:32]


def _require_answer(answer: Any, what: str) -> None:
    if answer is None:
        raise AnswerTypeError(f"There is no answer yet. Write {what}.")


def _letters(answer: Any, options: tuple[str, ...], what: str) -> list[str]:
    _require_answer(answer, what)
    # An iterator may be endless, and could be read only once: require a length.
    if not isinstance(answer, Collection) or isinstance(answer, dict) or getattr(answer, "shape", None) == ():
        raise AnswerTypeError(f"Your answer is {name_of(answer)}. Write {what}.")
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
        _require_enough(2 ** len(self.options))

    def canonical(self, answer: Any) -> str:
        what = f'a set of letters, such as {{"{self.options[0]}", "{self.options[-1]}"}}'
        return ",".join(sorted(set(_letters(answer, self.options, what))))


@dataclass(frozen=True)
class OrderingOf(AnswerType):
    """All the options in some order, written as a list or a string: `["b", "a", ...]`."""

    options: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_enough(math.factorial(len(self.options)))

    def canonical(self, answer: Any) -> str:
        what = f"a list with each of {', '.join(self.options)} exactly once"
        letters = _letters(answer, self.options, what)
        if sorted(letters) != sorted(self.options):
            raise AnswerTypeError(
                f"Your answer must contain each choice exactly once; it has {len(letters)} entries. Write {what}."
            )
        return ",".join(letters)


@dataclass(frozen=True)
class Labels(AnswerType):
    """A label for each option, written as a dict: `{"a": "too high", ...}`."""

    options: tuple[str, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        _require_enough(len(self.labels) ** len(self.options))

    def canonical(self, answer: Any) -> str:
        what = f"a dict from each of {', '.join(self.options)} to one of: {', '.join(self.labels)}"
        _require_answer(answer, what)
        if not isinstance(answer, dict):
            raise AnswerTypeError(f"Your answer is {name_of(answer)}. Write {what}.")
        if missing := [item for item in self.options if item not in answer]:
            listed = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
            raise AnswerTypeError(f"You haven't answered {listed} yet. Write {what}.")
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
        _require_enough(int((self.high - self.low) * 10**self.decimals) + 1)

    def canonical(self, answer: Any) -> str:
        what = f"one number between {self.low:g} and {self.high:g}"
        _require_answer(answer, what)
        try:
            number = float(answer)
        except (TypeError, ValueError):
            raise AnswerTypeError(f"Your answer is {name_of(answer)}. Write {what}.") from None
        except OverflowError:
            # The integer is too large for a float.
            number = math.inf if answer > 0 else -math.inf
        if not self.low <= number <= self.high:
            raise AnswerTypeError(f"{number:g} is out of range. Write {what}.")
        return f"{round(number, self.decimals) + 0.0:.{self.decimals}f}"


def _require_enough(possibilities: int) -> None:
    if possibilities < FEWEST:
        raise ValueError(
            f"This question has {possibilities} possible answers, but it needs {FEWEST} to make guessing hopeless: "
            "add options."
        )
