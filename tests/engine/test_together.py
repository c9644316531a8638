"""The mode together: a notebook and its tests in one namespace, as in nbgrader; and attacks on them."""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_grader import Assignment, Result, grade
from course_grader.cell_metadata import nbgrader_mark
from course_grader.engine.judging.together import score_of
from course_grader.engine.limits import Limits
from course_grader.engine.rpc.message import unpack
from tests.engine.conftest import PATCH, raised

# The kind of each cell ("code", or a kind of nbgrader_mark) and its source. Each test has two points.
Cells = Sequence[tuple[str, str]]
LIMITS = Limits(cell_seconds=8, again_seconds=4)
IDENTITY = ("answer", "def f(x):\n    return x")
pytestmark = pytest.mark.needs("isolation")


def notebook(cells: Cells) -> Any:
    """Return a notebook for Python with these cells."""
    made = [
        new_code_cell(source, metadata={} if kind == "code" else {"nbgrader": nbgrader_mark(kind, f"{kind}{place}", 2)})
        for place, (kind, source) in enumerate(cells)
    ]
    return new_notebook(
        cells=made, metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    )


def assignment(cells: Cells, folder: Path, **changes: Any) -> Assignment:
    """Return the assignment of a teacher's notebook, in the mode together."""
    place = folder / "source.ipynb"
    nbformat.write(notebook(cells), place)
    return dataclasses.replace(Assignment.from_notebook(place, None, LIMITS), mode="together", **changes)


def graded(cells: Cells, folder: Path, submitted: Cells | None = None, **changes: Any) -> Result:
    """Grade the submitted cells, by default the teacher's own."""
    return grade(dict(notebook(submitted or cells)), assignment(cells, folder, **changes))


def points(result: Result) -> list[float]:
    return [cell.points for cell in result.cells]


# A code cell, a test cell after it, and the points that stock nbgrader gives.
@pytest.mark.parametrize(
    ("before", "test", "expected"),
    [
        ("x = 3", "assert x == 3", 2),
        ("", "assert False", 0),
        ("", "0.5", 0.5),
        ("", "-1", 2),
        ("", "'0.5'", 2),
        ("", "True", 2),
        ("", "None", 2),
        ("", "0", 0),
        ("", "print(0.5)", 2),
        ("", "import sys; print('x', file=sys.stderr)", 0),
        ("", "import warnings; warnings.warn('x')", 0),
        ("1 + 1", "assert _ == 2 and list(Out.values()) == [2] and In[1] == '1 + 1'", 2),
        ("", "import asyncio\nawait asyncio.sleep(0)", 2),
        (
            "import asyncio\nc = asyncio.sleep(0)",
            "try:\n    asyncio.run(c)\nexcept RuntimeError:\n    c.close()\n    ran = False\nassert not ran",
            2,
        ),
        (
            "import asyncio\nn = 0\nasync def go():\n    global n\n    n = 1\ntask = asyncio.create_task(go())",
            "assert n == 1",
            2,
        ),
        ("", "import pytest\nwith pytest.raises(NotImplementedError):\n    input('?')", 2),
        (
            "import builtins\nbuiltins.input = lambda prompt: '7'",
            "try:\n    input()\nexcept NotImplementedError:\n    asked = False\nassert not asked",
            2,
        ),
        ("input = lambda prompt: '7'", "assert input('?') == '7'", 2),
        (
            "import dataclasses\n@dataclasses.dataclass\nclass P:\n    a: int",
            "import pickle\nassert pickle.loads(pickle.dumps(P(1))) == P(1)",
            2,
        ),
        ("def g():\n    return 1", "import inspect\nassert 'return 1' in inspect.getsource(g)", 2),
        ("", "assert __name__ == '__main__'", 2),
        ("%%capture out\nprint('so')", "assert out.stdout == 'so\\n'", 2),
        ("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1]);", "assert plt.get_backend()", 2),
        ("%%writefile helper.py\nx = 5", "import helper\nassert helper.x == 5", 2),
        ("import sys\nsys.exit()", "assert True", 2),
        ("", "import sys; sys.exit()", 0),
        ("", "display(3)\n0.5", 0.5),
        ("", "from IPython.display import clear_output\nimport sys\nprint('x', file=sys.stderr)\nclear_output()", 2),
        ("for i in range(3000):\n    display(i)", "0.5", 0.5),
        ("", "for i in range(3000):\n    display(i)\nassert False", 0),
        ("", "print('x' * 10**6)\n0.5", 0.5),
        ("from math import *", "assert pi > 3", 2),
        ("", "class Silent:\n    def _ipython_display_(self): pass\nSilent()", 2),
    ],
)  # fmt: skip
def test_a_test_gets_the_points_that_nbgrader_gives_it(before: str, test: str, expected: float, tmp_path: Path) -> None:
    assert points(graded([("code", before), IDENTITY, ("test", test)], tmp_path)) == [expected]


def test_more_than_all_points_is_a_fault_of_the_test(tmp_path: Path) -> None:
    """nbgrader itself aborts the grading of the submission."""
    [cell] = graded([IDENTITY, ("test", "3")], tmp_path).cells
    assert (cell.outcome, cell.points) == ("error", 0)
    assert "partial credit cannot be greater" in cell.message
    assert "no fault of yours" in cell.student_message


def test_a_test_with_the_teachers_text_runs_whatever_was_handed_in(tmp_path: Path) -> None:
    cells = [IDENTITY, ("test", "assert f(2) == 3"), ("test", "assert f(2) == 2")]
    assert points(graded(cells, tmp_path, [cells[0], ("test", "pass")])) == [0, 2]


@pytest.mark.parametrize("ending", ["import os; os._exit(0)", "import ctypes; ctypes.string_at(0)", "while True: pass"])
def test_an_answer_that_ends_its_process_costs_its_exercise_alone(ending: str, tmp_path: Path) -> None:
    tests = [("test", "assert f(1) == 1"), ("test", "assert g(1) == 1")]
    cells = [IDENTITY, ("answer", "def g(x):\n    return x"), *tests, ("code", "h = g"), ("test", "assert h(2) == 2")]
    bad = ("answer", f"def f(x):\n    {ending}")
    limits = dataclasses.replace(LIMITS, cell_seconds=2, again_seconds=1)
    result = graded(cells, tmp_path, [bad, *cells[1:]], limits=limits)
    assert points(result) == [0, 2, 2]
    assert result.cells[0].outcome == "stopped"


def test_a_cell_that_is_stopped_keeps_what_it_has_defined(tmp_path: Path) -> None:
    """As nbclient does, which interrupts the kernel."""
    cells = [IDENTITY, ("test", "assert f(1) == 1")]
    limits = dataclasses.replace(LIMITS, cell_seconds=1)
    assert points(
        graded(cells, tmp_path, [("answer", IDENTITY[1] + "\nwhile True: pass"), cells[1]], limits=limits)
    ) == [2]


def test_a_cell_after_which_no_cell_finishes_is_left_out(tmp_path: Path) -> None:
    cells = [IDENTITY, ("test", "assert f(1) == 1"), ("answer", ""), ("test", "assert f(2) == 2")]
    spoiling = "import os\nget_ipython().events.register('pre_run_cell', lambda info: os._exit(1))"
    assert points(graded(cells, tmp_path, [*cells[:2], ("answer", spoiling), cells[3]])) == [2, 2]


def test_files_beside_the_notebook_are_a_private_copy(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "n.csv").write_text("1")
    (tmp_path / "helper.py").write_text("def twice(x): return 2 * x")
    change = "open('data/n.csv', 'a').write('2')"
    cells = [
        ("code", change),
        IDENTITY,
        ("test", "import helper\nassert helper.twice(int(open('data/n.csv').read())) == 24"),
    ]
    place = tmp_path / "source.ipynb"
    nbformat.write(notebook(cells), place)
    made = Assignment.from_notebook(place, None, LIMITS, files=tmp_path)
    made = Assignment.from_json(dataclasses.replace(made, mode="together").to_json())
    for _ in range(2):
        assert points(grade(dict(notebook(cells)), made)) == [2]
    assert (tmp_path / "data" / "n.csv").read_text() == "1"


def test_a_cell_that_nbclient_skips_does_not_run_unless_it_is_a_test(tmp_path: Path) -> None:
    cells = [IDENTITY, ("code", "f = None"), ("test", "assert f(1) == 2")]
    made = assignment(cells, tmp_path)
    handed_in = notebook(cells)
    for cell in handed_in.cells[1:]:
        cell.metadata["tags"] = ["skip-execution"]
    [found] = grade(dict(handed_in), made).cells
    assert found.message == "AssertionError"
    handed_in.cells[1].metadata["tags"] = 3
    [found] = grade(dict(handed_in), made).cells
    assert found.message.startswith("TypeError")


# Known attacks of submissions on tests that run in the same process.
ATTACKS = {
    "replaced assertion": "import numpy.testing\npatch(numpy.testing, assert_allclose=lambda *a, **k: None)",
    "replaced in numpy": "import numpy as np\nyes = lambda *a, **k: True\npatch(np, allclose=yes, isclose=yes)",
    "replaced built-in": "import builtins\npatch(builtins, abs=lambda x: 0, all=lambda x: True)",
    "replaced module": "import sys, types\nfake = types.ModuleType('numpy.testing')\n"
    "fake.assert_allclose = lambda *a, **k: None\nsys.modules['numpy.testing'] = fake",
    "assert taken out": "import ast\nclass Out(ast.NodeTransformer):\n"
    "    def visit_Assert(self, node): return ast.Pass()\n"
    "get_ipython().ast_transformers.append(Out())",
    "source replaced": "get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])",
    "errors swallowed": "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)",
    "errors not shown": "patch(get_ipython(), showtraceback=lambda *a, **k: None)",
    "log replaced": "from course_grader.engine.rpc.outputs import OutputLog\n"
    "patch(get_ipython(), kept=OutputLog(0, 0))",
    "outcome replaced": "from IPython.core.interactiveshell import ExecutionResult\n"
    "patch(ExecutionResult, success=property(lambda self: True))\n"
    "patch(get_ipython(), showtraceback=lambda *a, **k: None)",
    "cells not run": "patch(get_ipython(), run_cell=lambda *a, **k: type('R', (), {'success': True})())",
    "process ended": "import os\ndef f(x): os._exit(0)",
    "trace": "import sys\nsys.settrace(lambda frame, event, arg: None)",
    "value displayed": "import sys\ndef f(x):\n    sys.displayhook(2)\n    return x",
}  # fmt: skip
TESTS = [
    ("test", "import numpy as np\nfrom numpy.testing import assert_allclose\nassert_allclose(f(1), 3)"),
    ("test", "assert np.allclose(f(1), 3)"),
    ("test", "assert all(abs(f(x) - 3) < 1e-6 for x in (1, 2))"),
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_known_attack_on_the_tests_scores_nothing(attack: str, tmp_path: Path) -> None:
    cells = [("answer", "def f(x):\n    return 3"), *TESTS]
    wrong = f"def f(x):\n    return x\n{PATCH}"
    assert points(graded(cells, tmp_path)) == [2, 2, 2]
    result = graded(cells, tmp_path, [("answer", wrong + ATTACKS[attack]), *TESTS])
    assert points(result) == [0, 0, 0]
    assert raised(result) == []


def test_a_reply_that_was_sent_before_the_test_is_refused(tmp_path: Path, heard: list[bytes]) -> None:
    """A submission does not know the nonce that the reply to the next cell must contain."""
    forged = """
def f(x):
    return x
import os, stat, struct
from course_grader.engine.rpc.message import pack
message = pack(["done", b"0" * 16, b"[]", True])
for fd in range(3, 64):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, struct.pack("<I", len(message)) + message)
    except OSError: pass
"""
    cells = [("answer", "def f(x):\n    return 3"), *TESTS]
    assert points(graded(cells, tmp_path, [("answer", forged), *TESTS])) == [0, 0, 0]
    assert ["done", b"0" * 16, b"[]", True] in map(unpack, heard)


REACHING = """
import os, socket, subprocess
def attempt(action):
    try:
        return repr(action())
    except BaseException:
        return "no"
attempts = [
    lambda: open({source!r}).read(),
    lambda: os.listdir({folder!r}),
    lambda: open("/etc/passwd").read(),
    lambda: socket.create_connection(("127.0.0.1", {port}), 2),
    lambda: os.fork(),
    lambda: subprocess.run(["true"]),
    lambda: os.kill(os.getppid() or {pid}, 0),
    lambda: open("/proc/{pid}/environ").read(),
    lambda: os.environ["COURSE_KEY"],
    lambda: open("left.txt").read() + open(os.path.expanduser("~/left.txt")).read(),
    lambda: open("data.csv").read().index("changed"),
]
print([attempt(one) for one in attempts])
for name in ("left.txt", os.path.expanduser("~/left.txt"), "data.csv"):
    with open(name, "a") as file: file.write("changed")
def f(x): return x
"""


def test_nothing_reaches_beyond_the_submissions_own_assignment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_KEY", str(tmp_path / "course.key"))
    (tmp_path / "data.csv").write_text("1")
    cells = [IDENTITY, ("test", "assert f(1) == 1")]
    place = tmp_path / "source.ipynb"
    nbformat.write(notebook(cells), place)
    made = dataclasses.replace(Assignment.from_notebook(place, None, LIMITS, files=tmp_path), mode="together")
    with socket.create_server(("127.0.0.1", 0)) as server:
        places = {"source": str(place), "folder": str(tmp_path), "port": server.getsockname()[1], "pid": os.getpid()}
        handed_in = dict(notebook([("answer", REACHING.format(**places)), cells[1]]))
        for _ in range(2):
            result = grade(handed_in, made)
            assert result.outputs[0][-1].get("text", result.outputs[0]) == f"{['no'] * 11}\n"
            assert points(result) == [2]


def test_what_the_teachers_cells_replace_stays_replaced(tmp_path: Path) -> None:
    double = "import builtins, numpy as np\nbuiltins.sorted = lambda x: [7]\nnp.allclose = lambda a, b: 'mine'"
    cells = [("setup", double), IDENTITY, ("test", "assert sorted([1]) == [7] and np.allclose(1, 2) == 'mine'")]
    assert points(graded(cells, tmp_path)) == [2]


def test_a_test_is_not_there_before_it_runs(tmp_path: Path) -> None:
    looking = """
def f(x):
    return x
import gc
word, found = "_".join(["SECRET", "VALUE"]), 0
for one in gc.get_objects():
    if isinstance(one, (list, dict, tuple)):
        items = list(one.values() if isinstance(one, dict) else one)
        found += any(isinstance(item, str) and item is not word and word in item for item in items)
print(found)
"""
    cells = [IDENTITY, ("test", "SECRET_VALUE = f(1)")]
    result = graded(cells, tmp_path, [("answer", looking), cells[1]])
    assert result.outputs[0][-1]["text"] == "0\n"


def test_hidden_tests_that_fail_are_for_the_teacher_alone(tmp_path: Path) -> None:
    hidden = "### BEGIN HIDDEN TESTS\nassert f(17) == 18, 'the secret is 18'\n### END HIDDEN TESTS"
    [cell] = graded([IDENTITY, ("test", hidden)], tmp_path).cells
    assert "18" not in cell.student_message
    assert "18" in cell.message


def test_a_fault_of_the_test_is_never_the_students(tmp_path: Path) -> None:
    result = graded([IDENTITY, ("test", "assert g(1)")], tmp_path, faults={"test1": "NameError"})
    [cell] = result.cells
    assert (cell.outcome, cell.points) == ("error", 0)
    assert "no fault of yours" in cell.student_message
    # nbgrader's own feedback shows it, too.
    assert "no fault of yours" in cell.outputs[0]["text"]
    assert score_of(nbgrader_mark("test", "test1", 2), cell.outputs) == 0


def test_the_result_says_the_mode(tmp_path: Path) -> None:
    result = graded([IDENTITY, ("test", "0.5")], tmp_path)
    assert result.mode == "together"
    assert Result.from_json(result.to_json()) == result


def test_a_value_that_an_answer_displays_gives_no_partial_credit(tmp_path: Path) -> None:
    cells = [IDENTITY, ("test", "int(f(1) == 1)")]
    displayed = ("answer", "import sys\ndef f(x):\n    sys.displayhook(2)\n    return 0")
    assert points(graded(cells, tmp_path, [displayed, cells[1]])) == [0]


def test_a_fault_is_no_students_in_the_mode_apart_either(tmp_path: Path) -> None:
    made = dataclasses.replace(assignment([IDENTITY, ("test", "assert f(1) == 2")], tmp_path), mode="apart")
    made = dataclasses.replace(made, faults={"test1": "AssertionError"})
    [cell] = grade(dict(notebook([IDENTITY])), made).cells
    assert (cell.outcome, cell.points) == ("error", 0)
    assert "no fault of yours" in cell.student_message


def test_what_a_package_imports_at_first_use_is_imported_once_and_not_in_each_submission(tmp_path: Path) -> None:
    """torch imports for two seconds when the first optimizer is made."""
    pytest.importorskip("torch")
    cells = [("code", "import torch"), ("test", "import sys\nassert 'torch._dynamo' in sys.modules")]
    assert points(graded(cells, tmp_path)) == [2]
