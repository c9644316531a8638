"""Concept questions drawn for a class: other numbers, or the same statements in another order.

The answers of the self-study course are public, so a class is asked a variant that its teacher's secret chooses. The
author of a lesson says in its `draws.py` how each question varies::

    def rate(rng):
        rate = rng.choice([0.1, 0.4, 0.5])
        return {"Take the rate 0.2.": f"Take the rate {rate}.", "rate = 0.2": f"rate = {rate}"}

    DRAWS = [numbers("final_rate", rate), shuffled("true_of_rates")]

Nothing here computes an answer: the lesson's own solution does, after the edits. `course key` puts the answers of the
variant into the hidden key, and `course release` writes the same variant into the notebook of the class.
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
# New text by old.
Edits = Mapping[str, str]
FILE = "draws.py"
# A draw whose answer is the public one, or in which two mistakes look alike, is made again this often.
ATTEMPTS = 50
# A statement in a list or in a table of a text, and an entry of a dict in an experiment: before and after its letter.
IN_TEXT = re.compile(r"^(- (?:\*\*)?|\| )([a-z])((?:\*\*)?: | \| )")
IN_CODE = re.compile(r'^( *")([a-z])(": |: )')
IN_HINT = re.compile(r"\(([a-z])\)")


@dataclass(frozen=True)
class Draw(ABC):
    """How one question varies. `line` is where `draws.py` declares it."""

    exercise: str
    line: int

    @abstractmethod
    def variant(self, lesson: Lesson, rng: Rng) -> Lesson:
        """Return the lesson with one variant of the question; LessonProblem if the declaration does not fit it."""


@dataclass(frozen=True)
class _Numbers(Draw):
    edits: Callable[[Rng], Edits]

    def variant(self, lesson: Lesson, rng: Rng) -> Lesson:
        cells = list(lesson.cells)
        for old, new in self.edits(rng).items():
            places = [place for place, cell in enumerate(cells) for _ in range(cell.source.count(old))]
            if len(places) != 1:
                sentence = f"{old!r} occurs {len(places)} times in the lesson; it must occur once."
                raise LessonProblem(lesson.folder / FILE, self.line, sentence)
            cells[places[0]] = replace(cells[places[0]], source=cells[places[0]].source.replace(old, new))
        return replace(lesson, cells=tuple(cells))


@dataclass(frozen=True)
class _Shuffled(Draw):
    def variant(self, lesson: Lesson, rng: Rng) -> Lesson:
        place = next(i for i, cell in enumerate(lesson.cells) if self._is_answer(cell))
        text = next(i for i in range(place, -1, -1) if lesson.cells[i].kind == "markdown")
        count = len(_items(lesson.cells[text].source, IN_TEXT))
        if count < 2:
            sentence = f"the text before {self.exercise} has no list or table of statements `- a: ...` to shuffle."
            raise LessonProblem(lesson.folder / FILE, self.line, sentence)
        # The statement at place i was at place order[i] before.
        order = [int(item) for item in rng.permutation(count)]
        letters = {chr(97 + old): chr(97 + new) for new, old in enumerate(order)}
        cells = list(lesson.cells)
        cells[text] = replace(cells[text], source=_reordered(cells[text].source, order, IN_TEXT))
        answer = _value(cells[place].source, self.exercise)
        cells[place] = _answered(cells[place], self._written(answer, letters))
        for i in self._experiments(lesson.cells, place):
            cells[i] = replace(cells[i], source=_reordered(cells[i].source, order, IN_CODE))
        mistakes = [self._moved(lesson, one, letters) for one in lesson.mistakes]
        return replace(lesson, cells=tuple(cells), mistakes=tuple(mistakes))

    def _is_answer(self, cell: LessonCell) -> bool:
        return cell.kind == "answer" and cell.grade_id == self.exercise

    def _experiments(self, cells: Sequence[LessonCell], place: int) -> Iterator[int]:
        """Yield the places of the experiments between this answer and the next."""
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


def numbers(exercise: str, edits: Callable[[Rng], Edits]) -> Draw:
    """Declare that a question's numbers vary: `edits(rng)` returns new text by old, for the question, its solution and
    the experiments after it. Each old text occurs once in the lesson."""
    return _Numbers(exercise, sys._getframe(1).f_lineno, edits)


def shuffled(exercise: str) -> Draw:
    """Declare that the order of a question's statements varies.

    They are the lines `- a: ...`, `- **a**: ...` or `| a | ...` of the text before the answer. The letters of the
    solution, of the mistakes, of hints, where they are written `(a)`, and of lines `"a": ...` or `"a: ...` in the
    experiments that follow change with them. The solution must need no other cell.
    """
    return _Shuffled(exercise, sys._getframe(1).f_lineno)


def read_draws(folder: Path) -> dict[str, Draw]:
    """Return the draws that a lesson's folder declares, by question; LessonProblem if its file makes no sense."""
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        found = runpy.run_path(str(path)).get("DRAWS")
    except Exception as error:
        line = getattr(error, "lineno", None) or 1
        raise LessonProblem(path, line, f"the file cannot be read: {type(error).__name__}: {error}") from error
    if not isinstance(found, list) or not all(isinstance(item, Draw) for item in found):
        raise LessonProblem(path, 1, "the file must define DRAWS, a list of numbers(...) and shuffled(...).")
    known = exercises()
    for draw in found:
        if draw.exercise not in known or known[draw.exercise].form is None:
            raise LessonProblem(path, draw.line, f"{draw.exercise!r} is not a concept question.")
    return {draw.exercise: draw for draw in found}


def variants(lesson: Lesson, draw: Draw, secret: str) -> Iterator[tuple[str, Lesson]]:
    """Yield the variants of a question that a secret chooses, in order of preference: the part of the key that belongs
    to each, and the lesson with it."""
    for attempt in range(ATTEMPTS):
        digest = hashlib.sha256(f"draw:{secret}:{draw.exercise}:{attempt}".encode()).digest()
        drawn = draw.variant(lesson, Rng(np.frombuffer(digest, dtype=">u4").astype(np.uint32)))
        # The name of the part depends on the secret and on the text, not on the answer.
        pairs = zip(drawn.cells, lesson.cells, strict=True)
        changed = [new.source for new, old in pairs if new.kind == "markdown" and new.source != old.source]
        name = hashlib.sha256("\0".join(["part", secret, draw.exercise, *changed]).encode()).hexdigest()[:8]
        yield f"{CLASS} {name}", drawn


class KnownQuestions(Protocol):
    """The secret by which a hidden key draws questions, and the parts that it has, by exercise."""

    @property
    def questions(self) -> str: ...

    @property
    def parts(self) -> Mapping[str, Collection[str]]: ...


def for_class(lesson: Lesson, graded: Collection[str], key: KnownQuestions) -> Lesson:
    """Return a lesson as a class is asked it: each question in `graded` is drawn, if it can be, and its visible check
    says only whether the answer can be read.

    Raises LessonProblem if the key was made for other variants.
    """
    draws = read_draws(lesson.folder)
    for name in (name for name in lesson.answers if name in graded):
        drawn = ""
        if draw := draws.get(name):
            known = key.parts.get(name, ())
            found = next((one for one in variants(lesson, draw, key.questions) if one[0] in known), None)
            if found is None:
                sentence = f"the hidden key has no variant of {name} that fits: run `course key --again`."
                raise LessonProblem(lesson.folder / FILE, draw.line, sentence)
            drawn, lesson = found
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
    """Return the first line of each lettered item, and the line after its last. In a text, an indented line continues
    an item."""
    lines = text.split("\n")
    found: list[tuple[int, int]] = []
    for start, line in enumerate(lines):
        if not (match := pattern.match(line)) or match[2] != chr(97 + len(found)):
            continue
        end = start + 1
        while pattern is IN_TEXT and end < len(lines) and lines[end].startswith("  "):
            end += 1
        found.append((start, end))
    return found


def _reordered(text: str, order: Sequence[int], pattern: re.Pattern[str]) -> str:
    """Return a text with its lettered items in another order; as it is if it has not as many items as the order."""
    lines, places = text.split("\n"), _items(text, pattern)
    if len(places) != len(order):
        return text
    items = ["\n".join(lines[start:end]) for start, end in places]
    ends = [item[-1] for item in items]
    # A list that is one sentence ends its items with semicolons and a full stop, which stay where they are.
    if set(ends) == {";", "."}:
        items = [item[:-1] for item in items]
    else:
        ends = [""] * len(items)
    for new, ((start, _), old) in enumerate(zip(places, order, strict=True)):
        lines[start] = pattern.sub(rf"\g<1>{chr(97 + new)}\g<3>", items[old]) + ends[new]
    gone = {line for start, end in places for line in range(start + 1, end)}
    return "\n".join(line for i, line in enumerate(lines) if i not in gone)


def _value(source: str, name: str) -> Any:
    names: dict[str, Any] = {}
    exec(compile(source, name, "exec"), names)
    return names[name]


def _answered(cell: LessonCell, solution: str) -> LessonCell:
    before, rest = cell.source.split(BEGIN, 1)
    return replace(cell, source=f"{before}{BEGIN}\n{solution}\n{END}{rest.split(END, 1)[1]}")
