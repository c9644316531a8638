"""`docs/concepts.md`: rows written by hand and compared with the lessons, and the overview made from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from course_grader.authoring.lesson import Lesson, lesson_folders
from course_grader.authoring.lesson_cells import LessonProblem
from course_utils.files import write_atomic

PAGE = Path("docs/concepts.md")
CONCEPTS = "## Concept by concept"
CLAIMS = "## Claim by claim"
HEADING = re.compile(r"(##+) +(.*)")
# The kinds of cells in which something is done or shown.
AT_WORK = ("answer", "experiment", "code")


class Concept(NamedTuple):
    """One row: where a concept is explained, the exercises that use it, and the row's line in the page."""

    name: str
    lesson: str
    heading: str
    exercises: tuple[str, ...]
    line: int = 1


class Claim(NamedTuple):
    """One row: what the articles say, what the course says of it, and where that is shown, in a line of the page."""

    claim: str
    finding: str
    lesson: str
    heading: str
    line: int = 1


def read_concepts(root: Path) -> list[Concept]:
    """Return the concepts of the page in order; none if there is no page. Raises LessonProblem if a row does not have
    four cells."""
    return [
        Concept(name, lesson, heading, tuple(re.findall(r"`(\w+)`", exercises)), line)
        for line, (name, lesson, heading, exercises) in _rows(root, CONCEPTS)
    ]


def read_claims(root: Path) -> list[Claim]:
    """Return the claims of the page in order; none if there is no page. Raises LessonProblem as above."""
    return [
        Claim(claim, finding, lesson, heading, line) for line, (claim, finding, lesson, heading) in _rows(root, CLAIMS)
    ]


def _rows(root: Path, section: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells of each row below a heading of the page, without the head of the table."""
    path = root / PAGE
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
    inside, seen = False, 0
    for number, line in enumerate(lines, 1):
        if line.startswith("## "):
            inside = line == section
        if not inside or not line.startswith("|"):
            continue
        seen += 1
        if seen > 2:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) != 4:
                sentence = f"this row has {len(cells)} cells: write four, as in the rows above it."
                raise LessonProblem(path, number, sentence)
            yield number, cells


def overview(concepts: Iterable[Concept]) -> str:
    """Return the overview as a table: the concepts by the number of their lesson."""
    by_number: dict[str, list[str]] = {}
    for concept in concepts:
        by_number.setdefault(concept.lesson.split("_")[0], []).append(concept.name)
    rows = [f"| {number} | {'; '.join(names)} |\n" for number, names in by_number.items()]
    return "| notebook | concepts |\n| --- | --- |\n" + "".join(rows)


def add_concept(root: Path, name: str, lesson: str, heading: str, exercise: str) -> Path | None:
    """Add a row for a lesson in its place, and return the page; None, and nothing is written, if there is none."""
    path = root / PAGE
    if not path.is_file():
        return None
    before = [concept.line for concept in read_concepts(root) if concept.lesson < lesson]
    lines = path.read_text(encoding="utf-8").split("\n")
    # Without an earlier lesson, behind the two lines of the head.
    place = before[-1] if before else next(i for i, line in enumerate(lines) if line == CONCEPTS) + 4
    lines.insert(place, f"| {name} | {lesson} | {heading} | `{exercise}` |")
    write_atomic(path, "\n".join(lines))
    return path


def wrong_concepts(root: Path, lessons: Sequence[Lesson]) -> Iterator[LessonProblem]:
    """Yield each row that does not fit its lesson, and each lesson and exercise without a row."""
    path = root / PAGE
    if not path.is_file():
        return
    concepts = read_concepts(root)
    for line, sentence in wrong_rows(concepts, list(lesson_folders(root))):
        yield LessonProblem(path, line, sentence)
    claims = read_claims(root)
    for claim in claims:
        if claim.lesson not in lesson_folders(root):
            yield LessonProblem(path, claim.line, f"there is no lesson {claim.lesson!r}: name one of the course.")
    for lesson in lessons:
        for claim in claims:
            if claim.lesson == lesson.name and (sentence := not_shown(lesson, claim.heading)):
                yield LessonProblem(path, claim.line, sentence)
        own = [concept for concept in concepts if concept.lesson == lesson.name]
        for line, sentence in wrong_rows_of(lesson, own):
            yield LessonProblem(path, line, sentence)
        yield from without_row(lesson, own)


def wrong_rows(concepts: Sequence[Concept], known: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield line and sentence for each row that has an unknown lesson, is in the wrong place, or repeats a name."""
    seen: set[str] = set()
    last = ""
    for concept in concepts:
        if concept.lesson not in known:
            yield concept.line, f"there is no lesson {concept.lesson!r}: there is {', '.join(known)}."
        if concept.lesson < last:
            yield concept.line, f"move this row before those of {last}: the rows are in the order of the lessons."
        if concept.name in seen:
            yield concept.line, f"the concept {concept.name!r} has a row already: choose another name, or delete one."
        seen.add(concept.name)
        last = max(last, concept.lesson)


def wrong_rows_of(lesson: Lesson, own: Iterable[Concept]) -> Iterator[tuple[int, str]]:
    """Yield line and sentence for each heading or exercise in a row that is not in the lesson, and for each concept
    that no exercise uses and no experiment shows."""
    for concept in own:
        if sentence := not_shown(lesson, concept.heading, bool(concept.exercises)):
            yield concept.line, sentence
        for name in concept.exercises:
            if name not in lesson.answers or lesson.answers[name].star:
                yield concept.line, f"{lesson.name} has no exercise {name!r} without a star: remove it from this row."


def not_shown(lesson: Lesson, heading: str, in_exercise: bool = False) -> str:
    """Return what is wrong with a row that names this heading of the lesson; "" if nothing is.

    in_exercise: whether the row names an exercise that shows it; otherwise the section needs an exercise or experiment.
    """
    times, at_work, level = 0, False, 0
    for cell in lesson.cells:
        if cell.kind != "markdown":
            at_work = at_work or (level > 0 and cell.kind in AT_WORK)
            continue
        for found in filter(None, map(HEADING.match, cell.source.split("\n"))):
            if found[2].strip() == heading:
                times, level = times + 1, len(found[1])
            elif len(found[1]) <= level:
                level = 0
    if times != 1:
        return f"{lesson.name} has {times} headings {heading!r}: name one that occurs once."
    if not in_exercise and not at_work:
        return f"the section {heading!r} of {lesson.name} has no exercise and no experiment: add one, or name another."
    return ""


def without_row(lesson: Lesson, own: Sequence[Concept]) -> Iterator[LessonProblem]:
    """Yield a problem if the lesson has no row, and one for each exercise that no row of its lesson names."""
    if not own:
        yield LessonProblem(lesson.path, 1, f"{lesson.name} has no row in {PAGE}: add one for each concept it teaches.")
        return
    used = {name for concept in own for name in concept.exercises}
    for name, cell in lesson.answers.items():
        if not cell.star and name not in used:
            sentence = f"no row of {PAGE} names {name}: add it to the row of the concept that it uses."
            yield LessonProblem(lesson.path, cell.line - 1, sentence)
