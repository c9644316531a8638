"""Builds everything that is made from the lessons: teacher's and learner's notebooks, published keys, hints,
recordings, and the tables in README.md and docs/concepts.md.

Everything is first written to a temporary folder in the course's folder, and compared or moved into place at the end,
so that an interrupted build changes nothing.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from course_grader.authoring.build_keys import lesson_keys
from course_grader.authoring.concepts import wrong_concepts
from course_grader.authoring.lesson import Lesson, read_lessons
from course_grader.authoring.lesson_cells import LessonProblem
from course_grader.authoring.lint import leaks, lint_lesson
from course_grader.authoring.lint_keys import lint_keys
from course_grader.authoring.recordings import lesson_recordings
from course_grader.authoring.release_notebooks import course_config, release_notebook
from course_grader.authoring.source_notebook import file_content, solution_notebook
from course_grader.authoring.tables import PAGES, pages
from course_grader.authoring.trial_run import rehearse
from course_utils.checks.judge import max_deviation
from course_utils.checks.keys import QUESTIONS, Key, key_from_json, key_to_json
from course_utils.checks.probe import exercises
from course_utils.files import write_atomic

KEYS = Path("course_utils/checks/keys")
HINTS = Path("course_utils/checks/hints")
RECORDINGS = Path("course_utils/explorers/recordings")
BUILT = (Path("solutions"), Path("notebooks"), KEYS, HINTS, RECORDINGS)


class BuildRefused(Exception):
    """The lessons have problems. `problems`: each of them, with file and line."""

    def __init__(self, problems: Sequence[LessonProblem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


EachLesson = Callable[[Sequence[Lesson]], Iterable[Lesson]]


def build(root: Path, only: Sequence[str] = (), each: EachLesson = iter) -> list[Path]:
    """Build the lessons in `root`, all or only those named, and return the changed paths, relative to `root`.

    each: iterates over the lessons, and may show progress. Raises BuildRefused or LessonProblem if a lesson has a
    problem; then nothing is changed.
    """
    with _made(root, only, each) as fresh:
        changed = drift(root, fresh, only)
        for path in changed:
            _put(fresh / path, root / path)
    return changed


def check_build(root: Path, only: Sequence[str] = (), each: EachLesson = iter) -> list[Path]:
    """Return the paths that `build` would change, without changing them. Raises the same errors as `build`."""
    with _made(root, only, each) as fresh:
        return drift(root, fresh, only)


@contextlib.contextmanager
def _made(root: Path, only: Sequence[str], each: EachLesson) -> Iterator[Path]:
    lessons = read_lessons(root, only)
    if problems := [*lint_lesson(lessons), *wrong_concepts(root, lessons)]:
        raise BuildRefused(problems)
    # In the course's folder, so that a file is moved into place by a rename on the same disk.
    with tempfile.TemporaryDirectory(prefix=".build-", dir=root) as name:
        fresh = Path(name)
        for folder in BUILT:
            (fresh / folder).mkdir(parents=True)
        for lesson in each(lessons):
            _make(root, fresh, lesson)
        for path, text in pages(root).items():
            write_atomic(fresh / path, text)
        yield fresh


def _make(root: Path, fresh: Path, lesson: Lesson) -> None:
    keys = lesson_keys(lesson)
    if problems := list(lint_keys(lesson, keys)):
        raise BuildRefused(problems)
    for exercise, key in keys.items():
        is_question = exercises()[exercise].form is not None
        place = (KEYS / QUESTIONS if is_question else KEYS) / f"{exercise}.json"
        write_atomic(fresh / place, _key_text(root / place, key))
    for place, text in _hint_files(lesson):
        write_atomic(fresh / place, text)
    for name, text in lesson_recordings(lesson, root / RECORDINGS):
        (fresh / RECORDINGS / name).write_text(text, encoding="utf-8")
    source = fresh / "solutions" / lesson.name / f"{lesson.name}.ipynb"
    source.parent.mkdir()
    source.write_text(file_content(solution_notebook(lesson)), encoding="utf-8")
    release_notebook(course_config(root), fresh, lesson.name)
    released = fresh / "notebooks" / lesson.name / f"{lesson.name}.ipynb"
    notebook = nbformat.read(released, as_version=4)
    if problems := list(leaks(lesson, notebook)):
        raise BuildRefused(problems)
    rehearse(lesson, fresh / KEYS)


def _hint_files(lesson: Lesson) -> Iterator[tuple[Path, str]]:
    """Yield the path and the text of each file of a lesson's hints, which has one line for each mistake."""
    known = exercises()
    for folder, is_question in ((HINTS, False), (HINTS / QUESTIONS, True)):
        hints = {
            f"{mistake.exercise}.{mistake.id}": mistake.hint
            for mistake in lesson.mistakes
            if (known[mistake.exercise].form is not None) is is_question
        }
        if hints:
            text = json.dumps(hints, indent=1, sort_keys=True, ensure_ascii=False)
            yield folder / f"{lesson.name}.json", f"{text}\n"


def _key_text(path: Path, key: Key) -> str:
    """Return the content of the key's file.

    If the old key has the same values within tolerance, return its content: machines differ in the last digits.
    """
    data = key_to_json(key)
    with contextlib.suppress(OSError, ValueError):
        old = json.loads(path.read_text(encoding="utf-8"))
        if _outline(old) == _outline(data) and _same_values(key_from_json(old), key):
            return path.read_text(encoding="utf-8")
    return (
        json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        .replace('{"says"', '\n{"says"')
        .replace('{"id"', '\n{"id"')
        + "\n"
    )


def _outline(data: Any) -> Any:
    """Return a key's data without values, so that names, seeds and tolerances are left."""
    if isinstance(data, dict):
        return {key: _outline(item) for key, item in data.items() if key not in ("value", "runs")}
    return [_outline(item) for item in data] if isinstance(data, list) else data


def _same_values(old: Key, new: Key) -> bool:
    for name, part in old.parts.items():
        pairs = [(part.runs, new.parts[name].runs)]
        pairs += [(a.runs, b.runs) for a, b in zip(part.mistakes, new.parts[name].mistakes, strict=True)]
        # Keys made on different machines may differ by rounding errors, which are smaller than the tolerance.
        if any(max_deviation(a, b) > 0 for a, b in pairs):
            return False
    return True


def drift(root: Path, fresh: Path, only: Sequence[str] = ()) -> list[Path]:
    """Return the built files that differ, are missing or are no longer built, relative to `root`."""
    wanted = {path.relative_to(fresh) for folder in BUILT for path in (fresh / folder).rglob("*") if path.is_file()}
    present = {path.relative_to(root) for folder in BUILT for path in (root / folder).rglob("*") if _is_built(path)}
    if only:
        # The name of a key's file does not include its lesson: stale keys are found only when everything is built.
        present = {path for path in present if path in wanted or {path.parts[1], path.stem} & set(only)}
    wanted |= {path for path in PAGES if (fresh / path).is_file()}
    present |= {path for path in wanted if (root / path).is_file()}
    return sorted(
        path for path in wanted | present if path not in wanted & present or not _same_bytes(root / path, fresh / path)
    )


def _same_bytes(old: Path, new: Path) -> bool:
    return old.read_bytes() == new.read_bytes()


def _is_built(path: Path) -> bool:
    # A learner's progress files and checkpoints may be beside the notebooks.
    return path.is_file() and not any(part.startswith(".") for part in path.parts[-2:])


def _put(fresh: Path, place: Path) -> None:
    if fresh.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(place)
        return
    place.unlink()
    with contextlib.suppress(OSError):
        place.parent.rmdir()
