"""What the build refuses, with file and line. There is one function per rule; `lint_lesson` runs them all.

Rules about what a reader sees are in `lint_text`.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode

from course_grader.authoring.drawing import read_draws, variants
from course_grader.authoring.lesson import Lesson
from course_grader.authoring.lesson_cells import DEFINING, LessonCell, LessonProblem
from course_grader.authoring.lint_text import lint_text
from course_grader.cell_metadata import BEGIN, BEGIN_HIDDEN, END, END_HIDDEN
from course_utils.cells import assigned_names, blank_magics
from course_utils.checks.probe import exercises

MARKERS = (BEGIN, END, BEGIN_HIDDEN, END_HIDDEN)
LEAST_MISTAKES, LEAST_ALTERNATIVES = 4, 2
LEAST_MISCONCEPTIONS = 2
# A shorter line of a solution reveals too little to be a leak: `else:`, `return w`.
TELLING = 16


def lint_lesson(lessons: Sequence[Lesson]) -> Iterator[LessonProblem]:
    """Yield everything that is wrong with the lessons before anything is built."""
    yield from duplicate_names(lessons)
    for lesson in lessons:
        for rule in (wrong_markers, unparsable, untested, thin_banks, foreign_names, broken_draws, lint_text):
            yield from rule(lesson)


def duplicate_names(lessons: Sequence[Lesson]) -> Iterator[LessonProblem]:
    """Yield each grade_id that occurs twice in a lesson, and each exercise name that occurs twice in the course."""
    exercise_of: dict[str, str] = {}
    for lesson in lessons:
        seen: set[str] = set()
        for cell in lesson.cells:
            if not cell.grade_id:
                continue
            if cell.grade_id in seen:
                yield _at(lesson, cell, f"grade_id {cell.grade_id!r} occurs twice in this lesson: rename one of them.")
            seen.add(cell.grade_id)
            if cell.kind == "answer" and exercise_of.setdefault(cell.grade_id, lesson.name) != lesson.name:
                yield _at(
                    lesson,
                    cell,
                    f"exercise {cell.grade_id!r} is also in {exercise_of[cell.grade_id]}: choose another name.",
                )


def wrong_markers(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each marker that is missing, misspelt, unpaired, or in the wrong kind of cell."""
    for cell in lesson.cells:
        if cell.kind == "markdown":
            continue
        found = []
        for number, line in enumerate(cell.source.split("\n"), cell.line):
            text = line.strip()
            if text in MARKERS:
                found.append(text)
            elif near := _misspelt(text):
                yield LessonProblem(
                    lesson.path,
                    number,
                    f"{text!r} looks like a marker but is not one: write `{near}` on a line of its own.",
                )
        allowed = {"answer": [BEGIN, END], "gather": [BEGIN, END], "test": [BEGIN_HIDDEN, END_HIDDEN]}.get(
            cell.kind, []
        )
        if cell.kind == "answer" and found != [BEGIN, END]:
            yield _at(lesson, cell, f"the answer cell of {cell.grade_id} needs one `{BEGIN}` and then one `{END}`.")
        elif found and found != allowed:
            yield _at(
                lesson,
                cell,
                f"the markers {', '.join(found)} are not paired, or do not belong in a cell of kind {cell.kind!r}.",
            )


def _misspelt(text: str) -> str | None:
    if not text.startswith("#"):
        return None
    words = " ".join(re.sub(r"[^A-Za-z ]", " ", text).upper().split())
    near = difflib.get_close_matches(words, [marker.strip("# ") for marker in MARKERS], n=1, cutoff=0.8)
    return f"### {near[0]}" if near else None


def unparsable(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each code cell that is not valid Python."""
    for cell in lesson.cells:
        if cell.kind != "markdown":
            try:
                ast.parse(blank_magics(cell.source))
            except SyntaxError as error:
                yield LessonProblem(lesson.path, cell.line + (error.lineno or 1) - 1, f"not valid Python: {error.msg}.")


def untested(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each exercise without a probe, each part without both a visible and a hidden check, and each check of an
    unknown exercise."""
    known = exercises()
    asked = Counter((function, name, part) for cell in lesson.of_kind("test") for function, name, part in _checks(cell))
    for name, cell in lesson.answers.items():
        if name not in known:
            yield _at(lesson, cell, f"exercise {name!r} has no probe in course_utils/checks/probes/.")
            continue
        for part in known[name].parts:
            for function in ("check", "check_hidden"):
                if not asked[function, name, part]:
                    yield _at(lesson, cell, f"no test cell calls {function}({name!r}, ...) for the part {part!r}.")
    for cell in lesson.of_kind("test"):
        for _, name, _ in _checks(cell):
            if name not in lesson.answers:
                yield _at(lesson, cell, f"this cell checks {name!r}, which is not an exercise of this lesson.")


def _checks(cell: LessonCell) -> Iterator[tuple[str, str, str]]:
    try:
        tree = ast.parse(cell.source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="check" | "check_hidden" as function),
                args=[ast.Constant(value=str(name)), *_],
                keywords=keywords,
            ):
                parts = [
                    word.value.value for word in keywords if word.arg == "part" and isinstance(word.value, ast.Constant)
                ]
                yield function, name, str(parts[0]) if parts else "values"


def thin_banks(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield a problem for too few mistakes or alternatives, for a repeated id, and for an unknown exercise."""
    known = exercises()
    for name, cell in lesson.answers.items():
        is_question = name in known and known[name].form is not None
        least = LEAST_MISCONCEPTIONS if is_question else LEAST_MISTAKES
        if len(lesson.mistakes_of(name)) < least:
            yield _at(
                lesson, cell, f"{name} has {len(lesson.mistakes_of(name))} mistakes in mistakes.py and needs {least}."
            )
        if not is_question and len(lesson.alternatives_of(name)) < LEAST_ALTERNATIVES:
            found = len(lesson.alternatives_of(name))
            yield _at(
                lesson, cell, f"{name} has {found} alternatives in alternatives.py and needs {LEAST_ALTERNATIVES}."
            )
    for bank, path in ((lesson.mistakes, "mistakes.py"), (lesson.alternatives, "alternatives.py")):
        seen: set[tuple[str, str]] = set()
        for item in bank:
            if item.exercise not in lesson.answers:
                yield LessonProblem(
                    lesson.folder / path, item.line, f"{item.exercise!r} is not an exercise of this lesson."
                )
            if not item.id or (item.exercise, item.id) in seen:
                yield LessonProblem(
                    lesson.folder / path, item.line, f"{item.exercise} needs an id of its own here, not {item.id!r}."
                )
            seen.add((item.exercise, item.id))


def broken_draws(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield the first declaration in draws.py that does not fit its question."""
    try:
        for draw in read_draws(lesson.folder).values():
            next(variants(lesson, draw, "build"))
    except LessonProblem as problem:
        yield problem


def foreign_names(lesson: Lesson) -> Iterator[LessonProblem]:
    """Yield each name that a test cell uses and no set-up cell or answer cell above it defines."""
    given = set(dir(builtins))
    for cell in lesson.cells:
        if cell.kind in DEFINING:
            given |= _assigned(cell.source)
        elif cell.kind == "test":
            tree = _tree(cell.source)
            local = _assigned(cell.source) | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
            local |= {
                node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            used = {
                node.id: node.lineno
                for node in ast.walk(tree)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            }
            for name, line in used.items():
                if name not in given | local:
                    sentence = f"the test uses {name!r}, which no set-up or answer cell above defines."
                    yield LessonProblem(lesson.path, cell.line + line - 1, sentence)


def _assigned(source: str) -> set[str]:
    # `unparsable` reports what is not Python.
    try:
        return assigned_names(source)
    except SyntaxError:
        return set()


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(blank_magics(source))
    except SyntaxError:
        return ast.Module([], [])


def leaks(lesson: Lesson, released: NotebookNode) -> Iterator[LessonProblem]:
    """Yield each marker, hidden test and line of a solution in the released notebook."""
    shown = {line.strip() for cell in released.cells if cell.cell_type == "code" for line in cell.source.split("\n")}
    text = "\n".join(cell.source for cell in released.cells)
    for cell in (*lesson.of_kind("answer"), *lesson.of_kind("gather")):
        for number, line in enumerate(cell.source.split("\n"), cell.line):
            solution = line.strip() in (part.strip() for part in cell.solution.split("\n"))
            if solution and len(line.strip()) >= TELLING and line.strip() in shown:
                yield LessonProblem(
                    lesson.path, number, f"this line of the solution of {cell.grade_id} is in the release."
                )
    for marker in ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "check_hidden("):
        if marker in text:
            yield LessonProblem(lesson.path, 1, f"{marker!r} is in the release: look for a misspelt marker.")


def _at(lesson: Lesson, cell: LessonCell, sentence: str) -> LessonProblem:
    return LessonProblem(lesson.path, cell.line - 1, sentence)
