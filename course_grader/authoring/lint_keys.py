"""What the build refuses once a key is made: probes that let a wrong answer pass, or that find the wrong hint."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from course_grader.authoring.lesson import Lesson
from course_grader.authoring.lesson_cells import LessonProblem
from course_grader.authoring.reference import namespace
from course_utils.checks.judge import judge
from course_utils.checks.keys import Key
from course_utils.checks.probe import exercises
from course_utils.checks.values import Raised

ERRORS = (ValueError, TypeError, IndexError, AttributeError, NameError)
# The hint of these is true of an answer that fails before the budget is used up, and says so.
TRUE_OF_FAILING = {"train"}


def lint_keys(lesson: Lesson, keys: Mapping[str, Key]) -> Iterator[LessonProblem]:
    """Yield everything that is wrong with a lesson's probes."""
    yield from one_sided_arguments(keys)
    yield from hints_for_any_error(lesson, keys)


def one_sided_arguments(keys: Mapping[str, Key]) -> Iterator[LessonProblem]:
    """Yield each probe of bad arguments in which the reference accepts no call, or refuses none. If it accepts none, a
    function that refuses everything would pass.
    """
    for name, key in keys.items():
        for run in key.parts["arguments"].runs if "arguments" in key.parts else ():
            refused = [isinstance(seen.value, Raised) for seen in run]
            if all(refused) or not any(refused):
                probe = exercises()[name].parts["arguments"]
                path, line = Path(inspect.getsourcefile(probe) or ""), inspect.getsourcelines(probe)[1]
                lacking = (
                    'ask for one allowed call too: recorder.ask("..., which is allowed", ...). Otherwise a '
                    "function that refuses everything passes."
                    if all(refused)
                    else 'ask for one bad call too: recorder.expect_error("a negative factor", ...).'
                )
                yield LessonProblem(path, line, f"the bad arguments of {name}: {lacking}")
                break


def hints_for_any_error(lesson: Lesson, keys: Mapping[str, Key]) -> Iterator[LessonProblem]:
    """Yield each mistake that a function failing in every call is taken for, since its hint would mislead."""
    names = namespace(lesson)
    for name, key in keys.items():
        exercise = exercises()[name]
        if exercise.form is not None or name in TRUE_OF_FAILING:
            continue
        others = [names[other] for other in exercise.needs]
        for part in exercise.parts:
            hinted = {
                found.mistake.id
                for error in ERRORS
                if (found := judge(exercise, part, [_failing(error), *others], key.parts[part])).mistake
            }
            for mistake in lesson.mistakes_of(name):
                if mistake.id in hinted:
                    sentence = (
                        f"{mistake.id!r} of {name} looks like a function that fails in every call ({part}): in the "
                        "probe, first ask for a call in which this mistake succeeds."
                    )
                    yield LessonProblem(lesson.folder / "mistakes.py", mistake.line, sentence)


def _failing(error: type[Exception]) -> Any:
    def failing(*args: Any, **kwargs: Any) -> Any:
        raise error("operands could not be broadcast together with shapes (6,3) (6,)")

    return failing
