"""All of a student's work runs: of odd notebooks, a kernel and all that grades, updates or gathers say the same.

The oracle is Jupyter's Restart and Run All. It differs in what is promised beyond it: the teacher's set-up has run
first; a test whose name is not there yet is asked again at the end; an answer that was turned into text runs if no
code cell has it. ODD_EXAMPLES sets how many notebooks are tried.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import nbformat
import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st
from nbformat import from_dict

from course_grader import Assignment, grade
from course_grader.authoring.lesson import read_lesson
from course_grader.authoring.sample_submissions import submission
from course_grader.authoring.trial_run import write_hidden_key
from course_grader.cell_metadata import nbgrader_mark
from course_grader.engine.preprocessors import Grade, Intake
from course_utils.running import as_graded
from course_utils.sources import CodeCell, collect
from course_utils.update import merge_notebooks
from tests.engine.conftest import Exam, grade_id_of
from tests.odd.changes import NbCell, Odd, Workbench, change
from tests.odd.kernel import HALF_DONE, PASSED, ROOT, UNDEFINED, Kernel

EXAMPLES = int(os.environ.get("ODD_EXAMPLES", "6"))
START = "00_start_here"
WRONG = "def {}(*args, **named):\n    return 0"


@dataclass(frozen=True)
class Lesson:
    """A lesson to try: the notebook as released, the right answers in it, and what asks a kernel."""

    assignment: Assignment
    solution: Path
    released: list[NbCell]
    right: list[NbCell]
    kernel: Kernel

    @property
    def answers(self) -> list[str]:
        return [cell.grade_id for cell in self.assignment.of_kind("answer")]

    @property
    def stubs(self) -> dict[str, str]:
        return {grade_id_of(cell): cell["source"] for cell in self.released if grade_id_of(cell) in self.answers}

    @property
    def texts(self) -> set[str]:
        return {cell["source"].strip() for cell in self.released}

    def bench(self, rng: Random) -> Workbench:
        cells = []
        for cell in copy.deepcopy(self.right):
            grade_id = grade_id_of(cell)
            kind = self.assignment.by_grade_id[grade_id].kind if grade_id else ""
            tests = (grade_id,) if kind == "test" else ()
            cells.append(Odd(cell, kind != "answer", tests, grade_id if kind == "answer" else ""))
        return Workbench(cells, self.stubs, {name: WRONG.format(name) for name in self.answers}, rng)


@pytest.fixture(scope="module", params=["start", "exam"])
def lesson(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    folder = tmp_path_factory.mktemp("odd")
    if request.param == "exam":
        exam: Exam = request.getfixturevalue("exam")
        solution, key, assignment = exam.solutions, exam.key, exam.assignment
        released, right = exam.released["cells"], exam.right["cells"]
    else:
        written, key = read_lesson(ROOT / "lessons" / START), folder / "course.key"
        write_hidden_key(key, [written], "a term")
        solution = ROOT / "solutions" / START / f"{START}.ipynb"
        assignment = Assignment.from_notebook(solution, key)
        blank = nbformat.read(ROOT / "notebooks" / START / f"{START}.ipynb", 4)
        released, right = blank["cells"], submission(written, blank)["cells"]
    plain = (json.loads(json.dumps(cells)) for cells in (released, right))
    with Kernel(key, folder) as kernel:
        yield Lesson(assignment, solution, *plain, kernel)


def notebook_of(cells: list[NbCell]) -> dict[str, Any]:
    return {"cells": copy.deepcopy(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def counting_tests(bench: Workbench, lesson: Lesson) -> dict[int, list[str]]:
    """Return by place the tests that a reader of the notebook would count there: of copies one with the mark, then one
    that was not edited, then the last."""
    best: dict[str, tuple[Any, ...]] = {}
    for place, cell in enumerate(bench.cells):
        for grade_id in cell.tests:
            mark, id = grade_id_of(cell.cell), cell.cell["id"]
            text = lesson.assignment.by_grade_id[grade_id].released.strip()
            is_exact = cell.source.strip() == text
            marked = mark == grade_id
            known = not mark and id == grade_id and cell.source.strip() not in lesson.texts - {text}
            by_text = not mark and is_exact and cell.cell["cell_type"] == "code"
            if marked or known or by_text:
                sign = 3 if marked else 2 if known else 1
                best[grade_id] = max(best.get(grade_id, ()), (sign, is_exact, place))
    found: dict[int, list[str]] = {}
    for grade_id, (_, _, place) in best.items():
        found.setdefault(place, []).append(grade_id)
    return found


def in_kernel(bench: Workbench, lesson: Lesson, as_promised: bool) -> dict[str, str]:
    """Return what a kernel says of each test; with what grading promises beyond Jupyter, or without."""
    cells = [cell.cell for cell in bench.cells]
    code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    sources = []
    for cell in cells:
        name = grade_id_of(cell) or cell["id"]
        is_lost = as_promised and cell["cell_type"] != "code" and name in lesson.answers
        defined = is_lost and any(re.search(rf"^(async )?(def|class) {name}\b|^{name} *=", one, re.M) for one in code)
        sources.append(cell["source"] if cell["cell_type"] == "code" or (is_lost and not defined) else "")
    tests = {
        str(place + 1): [question(lesson, grade_id) for grade_id in sorted(ids)]
        for place, ids in counting_tests(bench, lesson).items()
    }
    setup = "\n".join(cell.source for cell in lesson.assignment.of_kind("setup"))
    found = lesson.kernel.ask({"cells": [setup, *sources], "tests": tests, "second_chance": as_promised})
    found.pop(HALF_DONE, None)
    return found


def question(lesson: Lesson, grade_id: str) -> tuple[str, str, list[str]]:
    cell = lesson.assignment.by_grade_id[grade_id]
    return grade_id, cell.source, list(cell.needs)


def passing(cells: list[NbCell], lesson: Lesson) -> dict[str, bool]:
    result = grade(notebook_of(cells), lesson.assignment)
    return {cell.grade_id: cell.outcome == PASSED for cell in result.cells}


def in_nbgrader(cells: list[NbCell], lesson: Lesson) -> tuple[dict[str, bool], list[NbCell]]:
    """Return what the engine's preprocessors leave, with what nbgrader does between them, and the cells."""

    class In(Intake):  # type: ignore[misc]
        def solution(self, resources: Any) -> Path:
            return lesson.solution

        def assignment(self, resources: Any) -> Assignment:
            return lesson.assignment

    class Judge(Grade):  # type: ignore[misc]
        def assignment(self, resources: Any) -> Assignment:
            return lesson.assignment

    taken, _ = In().preprocess(from_dict(notebook_of(cells)), {})
    marks = [mark["grade_id"] for cell in taken.cells if (mark := cell.metadata.get("nbgrader"))]
    assert len(marks) == len(set(marks))
    nbformat.validate(taken)
    for cell in taken.cells:
        # As nbgrader's OverwriteCells does.
        known = lesson.assignment.by_grade_id.get(grade_id_of(cell))
        if known is not None and known.kind != "answer":
            assert cell.source.strip() == known.released.strip()
            assert cell.metadata["nbgrader"] == nbgrader_mark(known.kind, known.grade_id, known.points)
    resources = {"nbgrader": {"assignment": lesson.assignment.name, "student": "ada"}}
    graded, _ = Judge().preprocess(copy.deepcopy(taken), resources)
    tests = (cell for cell in graded.cells if cell.metadata.get("nbgrader", {}).get("grade"))
    return {grade_id_of(cell): not cell.outputs for cell in tests}, list(taken.cells)


def written(bench: Workbench, lesson: Lesson) -> list[str]:
    """Return the texts that are the learner's."""
    texts = [cell.source.rstrip() for cell in bench.cells if not cell.is_course]
    return [text for text in texts if text.strip() and text.strip() not in lesson.texts]


def texts_of(cells: list[NbCell]) -> list[str]:
    return [cell["source"].rstrip() for cell in cells]


def at_the_end(bench: Workbench, lesson: Lesson) -> dict[str, str]:
    """Return whether the functions that a kernel has after all cells pass their visible checks."""
    sources = [cell.source for cell in bench.cells if cell.cell["cell_type"] == "code"]
    setup = "\n".join(cell.source for cell in lesson.assignment.of_kind("setup"))
    final = [(name, f'check("{name}", {name})', [name]) for name in lesson.answers]
    return lesson.kernel.ask({"cells": [setup, *sources], "tests": {}, "second_chance": False, "final": final})


def gathered(bench: Workbench, lesson: Lesson) -> dict[str, str]:
    cells = [
        CodeCell("lesson", cell.source, name if (name := grade_id_of(cell.cell)) in lesson.answers else "")
        for cell in bench.cells
        if cell.cell["cell_type"] == "code"
    ]
    setup = "\n".join(cell.source for cell in lesson.assignment.of_kind("setup"))
    found = {}
    for name in lesson.answers:
        source = collect([name], cells, {}).source
        ask = {"cells": [setup, source], "tests": {}, "second_chance": False}
        found |= lesson.kernel.ask(ask | {"final": [(name, f'check("{name}", {name})', [name])]})
    return found


@pytest.mark.needs("isolation")
# A smaller failure is found by fewer changes: what a seed does with a shorter notebook is something else.
@settings(max_examples=EXAMPLES, derandomize=True, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 10**9), changes=st.integers(1, 5))
def test_an_odd_notebook_is_graded_as_a_kernel_runs_it(lesson: Lesson, seed: int, changes: int) -> None:
    bench = lesson.bench(Random(seed))
    for _ in range(changes):
        change(bench)
    note("; ".join(bench.done))
    agree(bench, lesson)


def agree(bench: Workbench, lesson: Lesson) -> None:
    """Assert that the kernel and all that grades, updates or gathers say the same of a notebook."""
    cells = [cell.cell for cell in bench.cells]
    promised = {grade_id: outcome == PASSED for grade_id, outcome in in_kernel(bench, lesson, True).items()}
    engine = passing(cells, lesson)
    assert {grade_id: engine[grade_id] for grade_id in promised} == promised
    in_jupyter = in_kernel(bench, lesson, False)
    assert all(engine[grade_id] for grade_id, outcome in in_jupyter.items() if outcome == PASSED)

    nbgrader, taken = in_nbgrader(cells, lesson)
    assert nbgrader == engine
    assert set(written(bench, lesson)) <= set(texts_of(taken))

    run, tests = as_graded(copy.deepcopy(cells), copy.deepcopy(lesson.released))
    asked = {
        str(place): [question(lesson, grade_id_of(test))]
        for place, test in tests.items()
        if grade_id_of(test) in in_jupyter
    }
    sources = [cell["source"] if cell["cell_type"] == "code" else "" for cell in run]
    setup = [cell.source for cell in lesson.assignment.of_kind("setup")]
    sources[0] = "\n".join([*setup, sources[0]])
    checked = lesson.kernel.ask({"cells": sources, "tests": asked, "second_chance": False})
    checked.pop(HALF_DONE, None)
    assert checked == in_jupyter

    fresh, _, _ = merge_notebooks(notebook_of(cells), notebook_of(lesson.released))
    assert set(written(bench, lesson)) <= set(texts_of(fresh["cells"]))
    nbformat.validate(from_dict(copy.deepcopy(fresh)))
    after = passing(fresh["cells"], lesson)
    assert {grade_id: after[grade_id] for grade_id in promised} == promised
    again, _, _ = merge_notebooks(copy.deepcopy(fresh), notebook_of(lesson.released))
    assert texts_of(again["cells"]) == texts_of(fresh["cells"])

    end = at_the_end(bench, lesson)
    # Of a cell that ended half way, gather cannot know which half is there.
    if end.pop(HALF_DONE, None) is None:
        taken_out = gathered(bench, lesson)
        there = [name for name in end if end[name] != UNDEFINED]
        assert [taken_out[name] == PASSED for name in there] == [end[name] == PASSED for name in there]
