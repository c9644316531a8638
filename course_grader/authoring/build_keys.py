"""Makes keys: runs the probes on the reference and on every mistake, and refuses a key that cannot distinguish them."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from course_grader.authoring.drawing import FILE, QuestionDraw, read_draws, variants
from course_grader.authoring.lesson import Lesson
from course_grader.authoring.lesson_cells import LessonProblem
from course_grader.authoring.mistake_bank import Mistake
from course_grader.authoring.reference import mistaken, namespace, variant
from course_utils.checks.judge import max_deviation
from course_utils.checks.keys import Key, KnownMistake, PartKey
from course_utils.checks.probe import Exercise, Run, exercises, run

# A key takes the fewest seeds at which every mistake is rejected and no two look alike.
PUBLISHED_SEEDS, LEAST_PUBLISHED = (1, 2, 3), 2
HIDDEN_SEEDS, LEAST_HIDDEN = 5, 3
LEAST_MARGIN = 10.0


def hidden_seeds(secret: str, exercise: str, count: int = HIDDEN_SEEDS) -> tuple[int, ...]:
    """Return the seeds of an exercise in the course run with this secret."""
    digests = (hashlib.sha256(f"{secret}:{exercise}:{i}".encode()).digest() for i in range(count))
    return tuple(int.from_bytes(digest[:4], "big") for digest in digests)


def lesson_keys(lesson: Lesson, secret: str | None = None, questions: str | None = None) -> dict[str, Key]:
    """Return the key of every exercise of a lesson: published without a secret, hidden with one.

    `questions` is a secret that chooses the variants of concept questions: a question that has variants gets a second
    part in its key. Only the mistakes of that part have their hints in the key, since these hints name letters of the
    variant; the other hints are in the lesson's file of hints.
    """
    names = namespace(lesson)
    known = exercises()
    draws = read_draws(lesson.folder) if questions is not None else {}
    keys = {}
    for name, cell in lesson.answers.items():
        if name not in known:
            raise LessonProblem(
                lesson.path, cell.line, f"exercise {name!r} has no probe in course_utils/checks/probes/."
            )
        seeds = hidden_seeds(secret, name) if secret is not None else PUBLISHED_SEEDS
        least = LEAST_HIDDEN if secret is not None else LEAST_PUBLISHED
        keys[name] = _shortest_key(lesson, names, known[name], seeds[: known[name].seeds or None], least)
        if draw := draws.get(name):
            keys[name].parts.update([_drawn_part(lesson, names, draw, str(questions), seeds[0])])
    return keys


def _drawn_part(
    lesson: Lesson, names: dict[str, Any], draw: QuestionDraw, secret: str, seed: int
) -> tuple[str, PartKey]:
    """Return the part of a question's key for the first variant whose answer is not the public one, and in which no
    mistake looks like another or like the right answer."""
    exercise = exercises()[draw.exercise]
    assert exercise.form is not None
    public = exercise.form.canonical(names[draw.exercise])
    refusal = "every variant has the answer of the self-study course"
    for part, drawn in variants(lesson, draw, secret):
        answer = variant(drawn, names, draw.exercise, drawn.answers[draw.exercise].source)
        if exercise.form.canonical(answer) == public:
            continue
        try:
            key = _key(drawn, names | {draw.exercise: answer}, exercise, [seed])
            return part, _with_hints(drawn, draw.exercise, key.parts["values"])
        except LessonProblem as problem:
            refusal = problem.sentence
    raise LessonProblem(lesson.folder / FILE, draw.line, f"{draw.exercise} cannot be drawn: {refusal}")


def _with_hints(lesson: Lesson, exercise: str, part: PartKey) -> PartKey:
    hints = {mistake.id: mistake.hint for mistake in lesson.mistakes_of(exercise)}
    return replace(part, mistakes=tuple(replace(one, hint=hints[one.id]) for one in part.mistakes))


def _shortest_key(
    lesson: Lesson, names: dict[str, Any], exercise: Exercise, seeds: Sequence[int], least: int
) -> Key:  # fmt: skip
    """Return the key with as few of the seeds as are not refused, but at least this many: each seed costs time."""
    for count in range(least, len(seeds)):
        with contextlib.suppress(LessonProblem):
            return _key(lesson, names, exercise, seeds[:count])
    return _key(lesson, names, exercise, seeds)


def _key(lesson: Lesson, names: dict[str, Any], exercise: Exercise, seeds: Sequence[int]) -> Key:
    others = [names[name] for name in exercise.needs]
    answers = {mistake.id: mistaken(lesson, names, mistake) for mistake in lesson.mistakes_of(exercise.name)}
    parts = {}
    rejected: set[str] = set()
    for part in exercise.parts:
        right = reference_runs(lesson, exercise, part, seeds, [names[exercise.name], *others])
        mistakes = []
        for mistake in lesson.mistakes_of(exercise.name):
            runs = tuple(
                run(exercise, part, seed, [answers[mistake.id], *others], expected)
                for seed, expected in zip(seeds, right, strict=True)
            )
            if _is_rejected(lesson, mistake, exercise, part, runs, right):
                rejected.add(mistake.id)
                mistakes.append(KnownMistake(mistake.id, "", runs))
        _refuse_twins(lesson, exercise, part, mistakes)
        parts[part] = PartKey(tuple(seeds), right, tuple(mistakes))
    for mistake in lesson.mistakes_of(exercise.name):
        if mistake.id not in rejected:
            raise LessonProblem(
                lesson.folder / "mistakes.py",
                mistake.line,
                f"no probe distinguishes {mistake.id!r} from the reference of {exercise.name}: observe more.",
            )
    return Key(exercise.name, parts)


def reference_runs(
    lesson: Lesson, exercise: Exercise, part: str, seeds: Sequence[int], answers: list[Any]
) -> tuple[Run, ...]:
    """Return the reference's observations for each seed. Raises LessonProblem if the reference fails, or gives
    different answers for one seed."""
    cell = lesson.answers[exercise.name]
    try:
        runs = tuple(run(exercise, part, seed, answers) for seed in seeds)
    except Exception as error:
        sentence = f"the probe of {exercise.name} ({part}) fails on the reference: {type(error).__name__}: {error}"
        raise LessonProblem(lesson.path, cell.line, sentence) from error
    again = tuple(run(exercise, part, seed, answers, seen) for seed, seen in zip(seeds, runs, strict=True))
    if max_deviation(runs, again, exercise.float32) > 0:
        raise LessonProblem(
            lesson.path,
            cell.line,
            f"the probe of {exercise.name} ({part}) observes different values in two runs with the same seed.",
        )
    return runs


def _is_rejected(
    lesson: Lesson, mistake: Mistake, exercise: Exercise, part: str, runs: Sequence[Run], right: Sequence[Run]
) -> bool:  # fmt: skip
    apart = max_deviation(right, runs, exercise.float32, LEAST_MARGIN)
    if 0 < apart < LEAST_MARGIN:
        where = f"{exercise.name} ({part})"
        sentence = f"{mistake.id!r} differs from the reference of {where} by only {apart:.2g} tolerances: observe more."
        raise LessonProblem(lesson.folder / "mistakes.py", mistake.line, sentence)
    return apart > 0


def _refuse_twins(lesson: Lesson, exercise: Exercise, part: str, mistakes: Sequence[KnownMistake]) -> None:
    lines = {mistake.id: mistake.line for mistake in lesson.mistakes_of(exercise.name)}
    for one, other in _twins(exercise, mistakes):
        sentence = f"{one.id!r} and {other.id!r} look alike in {exercise.name} ({part}): merge them, or observe more."
        raise LessonProblem(lesson.folder / "mistakes.py", lines[other.id], sentence)


def _twins(exercise: Exercise, mistakes: Sequence[KnownMistake]) -> Iterator[tuple[KnownMistake, KnownMistake]]:
    for one, other in itertools.combinations(mistakes, 2):
        if max_deviation(one.runs, other.runs, exercise.float32, LEAST_MARGIN) < LEAST_MARGIN:
            yield one, other
