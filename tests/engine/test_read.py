"""Notebooks in any state: a damaged file is reported in a sentence, and misplaced cells are still graded."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from course_grader import Assignment, Result, grade
from course_grader.engine.notebook.assignment import TeacherCell
from course_grader.engine.notebook.dependencies import reads
from course_grader.engine.notebook.plan import RunCell, plan
from course_grader.engine.notebook.read import LARGEST_FILE, Unreadable, read_submission
from tests.engine.conftest import LIMITS, Exam, grade_id_of, outcomes

Cells = list[dict[str, Any]]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


UNREADABLE = {
    "an empty file": (b"", "is empty"),
    "blanks": (b"  \n", "is empty"),
    "no JSON": (b"not a notebook", "is text, but not a notebook"),
    "half of a notebook": (b'{"cells": [{"cell_type": "code", "sou', "incomplete: .*, and hand it in again."),
    "a web page": (b"<!DOCTYPE html><title>Sign in</title>", "is a web page, saved in place of the notebook. Download"),
    "a Git LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "Git LFS pointer"),
    "JSON nested 100,000 deep": (b"[" * 100_000, "nested too deeply"),
    "not UTF-8": ('{"cells": ["é"]}'.encode("latin-1"), "not UTF-8"),
    "UTF-16": ('{"cells": []}'.encode("utf-16"), "text in UTF-16"),
    "a list": (b"[]", "not a notebook"),
    "no cells": (b'{"metadata": {}}', "no cells"),
    "ten million lists": (b'{"cells": [' + b"[]," * 10**7 + b"1]}", "more parts than any notebook"),
    "a million and a half lists": (b'{"cells": [' + b"[]," * 1_500_000 + b"1]}", "more parts than any notebook"),
    "ten million numbers": (b'{"cells": [' + b"0," * 10**7 + b"1]}", "more parts than any notebook"),
    "too many cells": (b'{"cells": [' + b",".join([b"{}"] * 5001) + b"]}", "5001 cells"),
}


@pytest.mark.parametrize(("content", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_notebook_is_reported_in_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words) as caught:
        read_submission(written(tmp_path / "a.ipynb", content))
    assert str(caught.value).endswith(".")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.ipynb"
    with large.open("wb") as file:
        file.truncate(4 * LARGEST_FILE)
    with pytest.raises(Unreadable, match="Clear the outputs"):
        read_submission(large)


def test_a_link_a_folder_and_a_pipe_are_no_submissions(tmp_path: Path, exam: Exam) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(exam.solutions)
    for name, words in {"pipe": "regular", "link": "cannot be opened", ".": "regular", "none": "cannot be"}.items():
        with pytest.raises(Unreadable, match=words):
            read_submission(tmp_path / name)


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("cell", [None, 5, {}, {"cell_type": "code"}, {"cell_type": "code", "source": [1]}])
def test_a_damaged_cell_is_left_out_and_reported(exam: Exam, cell: Any) -> None:
    result = exam.grade(exam.right | {"cells": [cell, *exam.right["cells"]]})
    assert result.score == result.max_score
    assert result.notes == ("Cell 1 is damaged and was left out.",)


def as_format_3(notebook: dict[str, Any]) -> dict[str, Any]:
    cells = [{"cell_type": "heading", "source": "A", "level": 1}]
    cells += [
        {"cell_type": "code", "input": cell["source"], "metadata": cell["metadata"]} for cell in notebook["cells"]
    ]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


FORMATS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "3": as_format_3,
    "4.0": lambda notebook: notebook | {"nbformat_minor": 0},
    "one of the future": lambda notebook: notebook | {"nbformat": 9, "surprise": {}},
    "none": lambda notebook: {"cells": notebook["cells"]},
    "another kernel": lambda notebook: notebook | {"metadata": {"kernelspec": {"language": "R", "name": "ir"}}},
    "strange metadata": lambda notebook: notebook | {"metadata": [1]},
}


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("change", FORMATS.values(), ids=FORMATS)
def test_a_notebook_of_another_format_is_graded(exam: Exam, tmp_path: Path, change: Any) -> None:
    text = json.dumps(change(exam.right))
    result = grade(written(tmp_path / "a.ipynb", b"\xef\xbb\xbf" + text.encode()), exam.assignment)
    assert result.score == result.max_score


def index(cells: Cells, grade_id: str) -> int:
    return next(place for place, cell in enumerate(cells) if grade_id_of(cell) == grade_id)


def without_tests(cells: Cells) -> Cells:
    return [cell for cell in cells if not grade_id_of(cell).endswith(("_visible", "_hidden", "_arguments"))]


def without_marks(cells: Cells) -> Cells:
    return [cell | {"metadata": {}, "id": f"cell-{place}"} for place, cell in enumerate(cells)]


def with_copy_behind(cells: Cells) -> Cells:
    wrong = cells[index(cells, "sgd_step")] | {"source": "def sgd_step(w, grad, lr):\n    return w"}
    return [*cells, wrong]


def with_copy_before(cells: Cells) -> Cells:
    wrong = cells[index(cells, "with_warmup")] | {"source": "def with_warmup(*a):\n    return 1"}
    return [wrong, *cells]


def retyped(cells: Cells) -> Cells:
    return [cell | {"cell_type": "markdown" if grade_id_of(cell) else cell["cell_type"]} for cell in cells]


def locked_cells_edited(cells: Cells) -> Cells:
    return [
        cell | {"source": "raise SystemExit"} if cell["metadata"].get("nbgrader", {}).get("locked") else cell
        for cell in cells
    ]


def tampered_marks(cells: Cells) -> Cells:
    cells = copy.deepcopy(cells)
    for cell in cells:
        cell["metadata"]["nbgrader"] |= {"points": 1000, "grade": not cell["metadata"]["nbgrader"]["grade"]}
    return cells


CELLS: dict[str, Callable[[Cells], Cells]] = {
    "test cells deleted": without_tests,
    "set-up deleted": lambda cells: cells[1:],
    "answers behind all tests": lambda cells: sorted(cells, key=lambda cell: not grade_id_of(cell).endswith("_hidden")),
    "reversed": lambda cells: cells[::-1],
    "metadata stripped": without_marks,
    "a wrong copy behind": with_copy_behind,
    "a wrong copy before": with_copy_before,
    "test cells copied": lambda cells: [*cells, *cells[2:5]],
    "retyped": retyped,
    "locked cells edited": locked_cells_edited,
    "marks tampered with": tampered_marks,
    "a foreign mark": lambda cells: [*cells, cells[0] | {"metadata": {"nbgrader": {"grade_id": ["x"]}}}],
}


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("change", CELLS.values(), ids=CELLS)
def test_cells_out_of_order_cost_no_honest_point(exam: Exam, change: Callable[[Cells], Cells]) -> None:
    honest = exam.grade(exam.right)
    result = exam.grade(exam.right | {"cells": change(exam.right["cells"])})
    assert set(outcomes(result).values()) == {"passed"}
    assert (result.score, result.max_score) == (honest.max_score, honest.max_score)


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("change", CELLS.values(), ids=CELLS)
def test_cells_out_of_order_earn_nothing(exam: Exam, change: Callable[[Cells], Cells]) -> None:
    result = exam.grade(exam.released | {"cells": change(exam.released["cells"])})
    assert result.score == 0


def test_thousands_of_copies_are_looked_through_at_once(exam: Exam) -> None:
    cells = exam.right["cells"]
    wrong = cells[index(cells, "sgd_step")] | {"source": "sgd_step = None"}
    found = plan(read_submission({"cells": [*cells, *[wrong] * 4900]}).cells, exam.assignment)
    runs = [step for step in found.steps if isinstance(step, RunCell) and step.names == ("sgd_step",)]
    assert len(runs) == 4901


@pytest.mark.needs("isolation")
def test_copies_and_missing_answers_are_reported(exam: Exam) -> None:
    cells = with_copy_behind(exam.right["cells"])
    assert exam.grade(exam.right | {"cells": cells}).notes == (
        "There are 2 cells with the grade_id 'sgd_step'. All of them ran, in the notebook's order. If a name is "
        "defined more than once, each test uses the last definition above it.",
        f"Cell {len(cells)} defines 'sgd_step' below its tests. A test uses only the cells above it.",
    )
    del cells[-1], cells[index(cells, "exponential_decay")]
    result = exam.grade(exam.right | {"cells": cells})
    assert "exponential_decay" in result.notes[0]
    assert outcomes(result) == dict.fromkeys(outcomes(result), "passed") | {"exponential_decay": "missing"}


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (None, "There is no 'sgd_step': the cell that defines it is not in the notebook."),
        ("# later", "There is no 'sgd_step': its cell does not define it."),
        (
            "def sgd_step(w:\n    return w",
            "There is no 'sgd_step': its cell ended in SyntaxError: '(' was never closed (line 1).",
        ),
        ("x = 1\nraise KeyError", "There is no 'sgd_step': its cell ended in KeyError."),
        (
            "1 / 0\ndef sgd_step(w): ...",
            "There is no 'sgd_step': its cell ended in ZeroDivisionError: division by zero.",
        ),
        ("while True: pass", "There is no 'sgd_step': when its cell ran, it took too long and was stopped."),
        (
            "import os\nos._exit(3)",
            "There is no 'sgd_step': when its cell ran, Python was ended (exit code 3).",
        ),
    ],
)
def test_the_message_for_a_missing_name_says_what_happened_to_its_cell(
    exam: Exam, source: str | None, sentence: str
) -> None:
    notebook = exam.changed({} if source is None else {"sgd_step": source})
    if source is None:
        del notebook["cells"][index(notebook["cells"], "sgd_step")]
    result = exam.grade(notebook, cell_seconds=2.0)
    messages = {exercise.name: exercise.message for exercise in result.exercises}
    assert messages["sgd_step"] == sentence


@pytest.mark.needs("isolation")
def test_a_test_uses_the_cells_above_it_as_in_jupyter(exam: Exam) -> None:
    again = {"cell_type": "code", "id": "x", "metadata": {}, "source": "def sgd_step(*a):\n    return 0"}
    behind = exam.grade(exam.right | {"cells": [*exam.right["cells"], again]})
    assert outcomes(behind)["sgd_step"] == "passed"
    cells = list(exam.right["cells"])
    cells.insert(index(cells, "sgd_step") + 1, again)
    assert outcomes(exam.grade(exam.right | {"cells": cells}))["sgd_step"] == "failed"


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(
    ("use", "runs"),
    [
        ("", False),
        ("# offset", False),
        ("two_offsets[0]", True),
        ("offset", True),
        ("eval('off' + 'set') if 'offset' else 0", True),
        ("[offset for offset in (1, 2)]", False),
        ("offset = 1; offset", False),
        ("global offset; offset += 1", True),
        ("global offset; del offset; offset = 0", True),
        ("(lambda x: [x + offset for x in (1,)])(1)", True),
        ("import sys; sys._getframe().f_globals['offset']", True),
    ],
)
def test_a_cell_of_the_teacher_runs_if_something_needs_it(exam: Exam, use: str, runs: bool) -> None:
    sources = ["offset = 0.0\nprint('RAN')", "two_offsets = [offset, offset]"]
    teacher = tuple(
        TeacherCell("code", f"free-{i}", source=one, names=(one.split()[0],)) for i, one in enumerate(sources)
    )
    assignment = dataclasses.replace(exam.assignment, cells=teacher + exam.assignment.cells)
    free = [{"cell_type": "code", "id": "", "metadata": {}, "source": one} for one in sources]
    answer = f"def sgd_step(w, grad, lr):\n    {use}\n    return w - lr * grad"
    changed = exam.changed({"sgd_step": answer})
    result = grade(changed | {"cells": [*free, *changed["cells"]]}, assignment)
    assert outcomes(result)["sgd_step"] == "passed"
    assert ("RAN" in str(result.outputs)) == runs


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("size, last = 54, 0.5\nx = sum(f(i, last) for i in range(size))", {"f", "range", "sum"}),
        ("last = 1\nx = [[last * i for i in range(last)] for j in {last for k in rows}]", {"range", "rows"}),
        ("x = [last for i in 'ab']\nlast = 1", {"last"}),
        ("if c:\n    last = 1\nx = [last for i in 'ab']", {"c", "last"}),
        # Its items may be taken later, when the name has another value.
        ("last = 1\nx = (last for i in 'ab')", {"last"}),
        ("def sum(x): return x\nlast = 1\nx = sum(last for i in 'ab')", {"last"}),
        ("last = 1\nx = [lambda: last + i for i in 'ab']", {"last"}),
        ("def f(t):\n    t *= 2\n    del t", set()),
        ("def f():\n    global t\n    t *= 2", {"t"}),
        ("class A:\n    t += 1", {"t"}),
        ("total = 0\nfor i in rows:\n    total += i", {"rows"}),
        ("total += 1", {"total"}),
        ("try:\n    del total\nfinally: pass", {"total"}),
    ],
)
def test_the_names_that_a_cell_reads_of_the_notebook(cell: str, names: set[str]) -> None:
    assert reads(cell) == names


STEP = "def sgd_step(w, grad, lr):\n    return w - lr * grad + {}\n"
# Cells of the teacher, and an answer that is right only if they ran before it.
NEEDED = {
    "a sign that Python reads as another": (["\u03bc = 0.0"], "%matplotlib inline\n" + STEP.format("\u00b5")),
    "an accent of its own, beside a magic": (["m̂ = 0.0"], "%matplotlib inline\n" + STEP.format("m̂")),
    "a timed cell": (["zero = 0.0"], "%%time\n" + STEP.format("zero")),
    "a function under a condition": (["if True:\n    def zero(): return 0.0"], STEP.format("zero()")),
    "an import that may fail": (["try: import math as m\nexcept ImportError: pass"], STEP.format("m.log(1)")),
    "all that a module has": (["from math import *"], STEP.format("log(1)")),
    "a name that a function sets": (["def f():\n    global zero\n    zero = 0.0\nf()"], STEP.format("zero")),
    "a name in a pattern": (["match [0.0]:\n    case [zero, *rest]: pass"], STEP.format("zero")),
    "an entry that is set": (["box = {'zero': 1.0}", "box['zero'] = 0.0"], STEP.format("box['zero']")),
    "an attribute that is set": (["class Box: zero = 1.0", "Box.zero = 0.0"], STEP.format("Box.zero")),
    "a list that grows": (["box = []", "box.append(0.0)"], STEP.format("box[0]")),
    "a name that is deleted": (["z = 1.0", "del z"], "try: z\nexcept NameError: z = 0.0\n" + STEP.format("z")),
    "names that are listed": (["zero = 0.0"], "names = dir()\n" + STEP.format("0.0 if 'zero' in names else 1.0")),
    "what a class reads": (["zero = 0.0"], "class Box:\n    zero = zero\n" + STEP.format("Box.zero")),
    "an annotation that is read": (
        ["class Table: pass"],
        "from __future__ import annotations\nimport functools\n@functools.singledispatch\ndef f(x): return 0\n"
        "@f.register\ndef _(x: Table): return 1\n" + STEP.format("f(1)"),
    ),
}


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(("sources", "answer"), NEEDED.values(), ids=NEEDED)
def test_an_answer_has_what_the_whole_notebook_would_give_it(
    exam: Exam, tmp_path: Path, sources: list[str], answer: str
) -> None:
    result = exam_with(exam, tmp_path, sources, exam.changed({"sgd_step": answer})["cells"], before="sgd_step")
    assert outcomes(result)["sgd_step"] == "passed"


def exam_with(exam: Exam, folder: Path, sources: list[str], cells: Cells, before: str) -> Result:
    """Grade the cells, with unmarked cells of the teacher before the cell `before`."""

    def with_free(cells: Cells) -> Cells:
        free = [{"cell_type": "code", "id": "", "metadata": {}, "source": one} for one in sources]
        place = index(cells, before)
        return [*cells[:place], *free, *cells[place:]]

    solution = json.loads(exam.solutions.read_text())
    (folder / "exam.ipynb").write_text(json.dumps(solution | {"cells": with_free(solution["cells"])}))
    assignment = Assignment.from_notebook(folder / "exam.ipynb", exam.key, LIMITS)
    return grade(exam.right | {"cells": with_free(cells)}, assignment)


def test_a_source_that_python_reads_for_hours_is_not_read_here(exam: Exam) -> None:
    # For each field of an f-string, the parser of Python 3.11 scans the whole rest of it.
    cell = {"cell_type": "code", "id": "x", "metadata": {}, "source": f"f'{'{1}' * 10**6}'"}
    many = [cell | {"source": f"f'{'{1}' * 3000}'  # {place}"} for place in range(300)]
    for more in ([cell], many):
        found = plan([*exam.right["cells"], *more], exam.assignment).steps
        assert len(found) == len(plan(exam.right["cells"], exam.assignment).steps) + len(more)


@pytest.mark.needs("isolation")
def test_a_cell_that_the_student_changed_runs(exam: Exam) -> None:
    teacher = TeacherCell("code", "free", source="offset = 0.0", names=("offset",))
    assignment = dataclasses.replace(exam.assignment, cells=(teacher, *exam.assignment.cells))
    changed = {"cell_type": "code", "id": "free", "metadata": {}, "source": "offset = 1.0; print('RAN')"}
    result = grade(exam.right | {"cells": [changed, *exam.right["cells"]]}, assignment)
    assert "RAN" in str(result.outputs)
