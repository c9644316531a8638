"""Draws variants of concept questions for a class: other numbers, or the same statements in another order.

The answers of the self-study course are public, so a class gets a variant that depends on its teacher's secret. The
lesson's author declares in `draws.py` how each question varies::

    def rate(rng):
        rate = rng.choice([0.1, 0.4, 0.5])
        return {"Take the rate 0.2.": f"Take the rate {rate}.", "rate = 0.2": f"rate = {rate}"}

    DRAWS = [numbers("final_rate", rate), shuffled("true_of_rates")]

This module computes no answers: the lesson's own solution does, after the edits. `course key` writes the variant's
answers into the hidden key, and `course release` writes the same variant into the notebook of the class.
"""

from __future__ import annotations

import hashlib
import re
import runpy
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from course_grader.authoring.lesson import Lesson
from course_grader.authoring.lesson_cells import LessonCell, LessonProblem
from course_grader.authoring.mistake_bank import Mistake
from course_grader.authoring.reference import mistaken_source
from course_grader.cell_metadata import BEGIN, END
from course_utils.checks.checking import CLASS
from course_utils.checks.probe import exercises

Rng = np.random.RandomState
# The new text for each old text.
Edits = Mapping[str, str]
FILE = "draws.py"
# A variant is drawn again, at most this often, if its answer is the public one or two mistakes have the same answer.
ATTEMPTS = 50
# The letter of a statement in a list or table of a text, and of an entry of a dict in an experiment, with its context.
IN_TEXT = re.compile(r"^(- (?:\*\*)?|\| )([a-z])((?:\*\*)?: | \| )")
IN_CODE = re.compile(r'^( *")([a-z])(": |: )')
IN_HINT = re.compile(r"\(([a-z])\)")


@dataclass(frozen=True)
class QuestionDraw(ABC):
    """How one question varies. `line`: the line of its declaration in `draws.py`."""

    exercise: str
    line: int

    @abstractmethod
    def variant(self, lesson: Lesson, rng: Rng) -> Lesson:
        """Return the lesson with a variant of the question. Raises LessonProblem if the declaration does not fit."""


@dataclass(frozen=True)
class _Numbers(QuestionDraw):
    edits: Callable[[Rng], Edits]

    def variant(self, lesson: Lesson, rng: Rng) -> Lesson:
        cells = list(lesson.cells)
        for old, new in self.edits(rng).items():
            places = [place for place, cell in enumerate(cells) for _ in range(cell.source.count(old))]
            if len(places) != 1:
                sentence = f"{old!r} occurs {len(places)} times in the lesson, but it must occur exactly once."
                raise LessonProblem(lesson.folder / FILE, self.line, sentence)
            cells[places[0]] = replace(cells[places[0]], source=cells[places[0]].source.replace(old, new))
        return replace(lesson, cells=tuple(cells))


@dataclass(frozen=True)
class _Shuffled(QuestionDraw):
    def variant(self, lesson: Lesson, rng: Rng) -> Lesson:
        place = next(i for i, cell in enumerate(lesson.cells) if self._is_answer(cell))
        text = next(i for i in range(place, -1, -1) if lesson.cells[i].kind == "markdown")
        count = len(_items(lesson.cells[text].source, IN_TEXT))
        if count < 2:
            sentence = f"the text before {self.exercise} has no list or table of statements `- a: ...` to shuffle."
            raise LessonProblem(lesson.folder / FILE, self.line, sentence)
        # Statement i of the variant is statement order[i] of the lesson.
        order = [int(item) for item in rng.permutation(count)]
        letters = {chr(97 + old): chr(97 + new) for new, old in enumerate(order)}
        cells = list(lesson.cells)
        cells[text] = replace(cells[text], source=_reordered(cells[text].source, order, IN_TEXT))
        answer = _value(cells[place].source, self.exercise)
        cells[place] = _answered(cells[place], self._written(answer, letters))
        for i in self._experiments(lesson.cells, place):
            cells[i] = replace(cells[i], source=_reordered(cells[i].source, order, IN_CODE))
        mistakes = [self._moved(lesson, mistake, letters) for mistake in lesson.mistakes]
        return replace(lesson, cells=tuple(cells), mistakes=tuple(mistakes))

    def _is_answer(self, cell: LessonCell) -> bool:
        return cell.kind == "answer" and cell.grade_id == self.exercise

    def _experiments(self, cells: Sequence[LessonCell], place: int) -> Iterator[int]:
        """Yield the indices of the experiments between this answer and the next."""
        for i in range(place + 1, len(cells)):
            if cells[i].kind == "answer":
                return
            if cells[i].kind == "experiment":
                yield i

    def _moved(self, lesson: Lesson, mistake: Mistake, letters: Mapping[str, str]) -> Mistake:
        if mistake.exercise != self.exercise:
            return mistake
        value = _value(mistaken_source(lesson, mistake), self.exercise)
        hint = IN_HINT.sub(lambda found: f"({letters.get(found[1], found[1])})", mistake.hint)
        return replace(mistake, old=None, new=self._written(value, letters), hint=hint)

    def _written(self, value: Any, letters: Mapping[str, str]) -> str:
        """Return the line that assigns an answer with the new letters."""
        if isinstance(value, dict):
            moved = {letters[old]: label for old, label in value.items()}
            text = repr(dict(sorted(moved.items())))
        elif isinstance(value, set):
            text = "{" + repr(sorted(letters[old] for old in value))[1:-1] + "}" if value else "set()"
        else:
            text = repr([letters[old] for old in value])
        return f"{self.exercise} = {text}"


def numbers(exercise: str, edits: Callable[[Rng], Edits]) -> QuestionDraw:
    """Declare that a question's numbers vary.

    edits: called with a random generator, returns the new text for each old text in the question, its solution and the
    experiments after it. Each old text must occur exactly once in the lesson.
    """
    return _Numbers(exercise, sys._getframe(1).f_lineno, edits)


def shuffled(exercise: str) -> QuestionDraw:
    """Declare that the order of a question's statements varies.

    The statements are the lines `- a: ...`, `- **a**: ...` or `| a | ...` in the text before the answer. The letters
    in these places change accordingly: in the solution, in the mistakes, in hints if they are written `(a)`, and in
    lines `"a": ...` or `"a: ...` of the experiments that follow. The solution must not depend on another cell.
    """
    return _Shuffled(exercise, sys._getframe(1).f_lineno)


def read_draws(folder: Path) -> dict[str, QuestionDraw]:
    """Return the draws in a lesson's draws.py by question; empty if there is no such file.

    Raises LessonProblem if the file cannot be run, or if it is not a valid declaration.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        draws = runpy.run_path(str(path)).get("DRAWS")
    except Exception as error:
        line = getattr(error, "lineno", None) or 1
        raise LessonProblem(path, line, f"the file cannot be read: {type(error).__name__}: {error}") from error
    if not isinstance(draws, list) or not all(isinstance(item, QuestionDraw) for item in draws):
        raise LessonProblem(path, 1, "the file must define DRAWS, a list of numbers(...) and shuffled(...).")
    known = exercises()
    for draw in draws:
        if draw.exercise not in known or known[draw.exercise].form is None:
            raise LessonProblem(path, draw.line, f"{draw.exercise!r} is not a concept question.")
    return {draw.exercise: draw for draw in draws}


def variants(lesson: Lesson, draw: QuestionDraw, secret: str) -> Iterator[tuple[str, Lesson]]:
    """Yield the variants of a question for a secret, in the order of preference.

    Each is a pair: the name of the variant's part in the key, and the lesson with the variant.
    """
    for attempt in range(ATTEMPTS):
        digest = hashlib.sha256(f"draw:{secret}:{draw.exercise}:{attempt}".encode()).digest()
        drawn = draw.variant(lesson, Rng(np.frombuffer(digest, dtype=">u4").astype(np.uint32)))
        # The name of the part depends on the secret and the text, but not on the answer, so that it reveals nothing.
        pairs = zip(drawn.cells, lesson.cells, strict=True)
        changed = [new.source for new, old in pairs if new.kind == "markdown" and new.source != old.source]
        name = hashlib.sha256("\0".join(["part", secret, draw.exercise, *changed]).encode()).hexdigest()[:8]
        yield f"{CLASS} {name}", drawn


class KnownQuestions(Protocol):
    """The part of a hidden key that is needed here: the secret for drawing questions, and its parts by exercise."""

    @property
    def questions(self) -> str: ...

    @property
    def parts(self) -> Mapping[str, Collection[str]]: ...


def for_class(lesson: Lesson, graded: Collection[str], key: KnownQuestions) -> Lesson:
    """Return a lesson with the questions for a class.

    Each question in `graded` is replaced by its variant, if the lesson declares variants, and its visible check says
    only whether the answer can be read. Raises LessonProblem if the key was made for other variants.
    """
    draws = read_draws(lesson.folder)
    for name in (name for name in lesson.answers if name in graded):
        drawn = ""
        if draw := draws.get(name):
            known = key.parts.get(name, ())
            fitting = (variant for variant in variants(lesson, draw, key.questions) if variant[0] in known)
            chosen = next(fitting, None)
            if chosen is None:
                sentence = f"the hidden key contains no variant of {name} that fits: run `course key --again`."
                raise LessonProblem(lesson.folder / FILE, draw.line, sentence)
            drawn, lesson = chosen
        lesson = replace(lesson, cells=tuple(_with_part(cell, name, drawn) for cell in lesson.cells))
    return lesson


def _with_part(cell: LessonCell, name: str, drawn: str) -> LessonCell:
    if cell.kind != "test":
        return cell
    call = f'("{name}", {name})'
    source = cell.source.replace(f"check{call}", f'check("{name}", {name}, part="{drawn or CLASS}")')
    if drawn:
        source = source.replace(f"check_hidden{call}", f'check_hidden("{name}", {name}, part="{drawn}")')
    return replace(cell, source=source)


def _items(text: str, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return the range of lines of each lettered item. In a text, indented lines continue an item."""
    lines = text.split("\n")
    items: list[tuple[int, int]] = []
    for start, line in enumerate(lines):
        if not (match := pattern.match(line)) or match[2] != chr(97 + len(items)):
            continue
        end = start + 1
        while pattern is IN_TEXT and end < len(lines) and lines[end].startswith("  "):
            end += 1
        items.append((start, end))
    return items


def _reordered(text: str, order: Sequence[int], pattern: re.Pattern[str]) -> str:
    """Return a text with its lettered items in another order; unchanged if the number of items does not fit."""
    lines, places = text.split("\n"), _items(text, pattern)
    if len(places) != len(order):
        return text
    items = ["\n".join(lines[start:end]) for start, end in places]
    ends = [item[-1] for item in items]
    # If the list is one sentence, the semicolons and the full stop at the ends of items keep their places.
    if set(ends) == {";", "."}:
        items = [item[:-1] for item in items]
    else:
        ends = [""] * len(items)
    for new, ((start, _), old) in enumerate(zip(places, order, strict=True)):
        lines[start] = pattern.sub(rf"\g<1>{chr(97 + new)}\g<3>", items[old]) + ends[new]
    continued = {line for start, end in places for line in range(start + 1, end)}
    return "\n".join(line for i, line in enumerate(lines) if i not in continued)


def _value(source: str, name: str) -> Any:
    names: dict[str, Any] = {}
    exec(compile(source, name, "exec"), names)
    return names[name]


def _answered(cell: LessonCell, solution: str) -> LessonCell:
    before, rest = cell.source.split(BEGIN, 1)
    return replace(cell, source=f"{before}{BEGIN}\n{solution}\n{END}{rest.split(END, 1)[1]}")
