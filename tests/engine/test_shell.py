"""The fast path for cells of definitions behaves like IPython."""

from __future__ import annotations

import builtins
import inspect
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import matplotlib
import pytest
from IPython.core.interactiveshell import InteractiveShell

from course_grader.engine.rpc.outputs import OutputLog
from course_grader.engine.worker.shell import WorkerShell, attach_log, new_shell, run_cell

CELLS = {
    "a function": "def f(x):\n    return x + 1\n",
    "a decorated class": "import functools\n@functools.total_ordering\nclass A:\n    __lt__ = __eq__ = None\n",
    "a comment below": "y = {1: 2}\n# and no more",
    "a closing bracket below": "y = [\n    1,\n]\n",
    "prints": "print('here')\ndef f():\n    pass\n",
    "an error before the end": "a = 1\n1 / 0\nb = 2\n",
    "an error in the middle of a definition": "def f():\n    return\ny = undefined\n",
    "an exit": "import sys\nsys.exit(3)\ny = 1\n",
    "a syntax error": "def f(:\n    pass\nz = 1\n",
    "an open bracket": "y = (1,\nz = 2\n",
    "a value at the end": "y = 1\ny + 1",
    "a text that looks like a definition": 'x = 3\n"""\ndef f():\n    pass"""',
    "a magic": "%xmode Plain\nx = 1\n",
    "a future": "from __future__ import annotations\ndef f(x: undefined):\n    return x\n",
    "a warning": "import warnings\nwarnings.warn('careful')\ny = 1\n",
    "a figure": "import matplotlib.pyplot as plt\nlines = plt.plot([1, 2])\n",
    "display": "display(3)\ny = 1\n",
    "its hook": "import sys\nsys.displayhook(5)\ny = 1\n",
    "its names": "import builtins\nprint(hasattr(builtins, 'get_ipython'))\ny = 1\n",
    "no newline at the end": "a = 1\ndef f():\n    return a",
}


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Restore what a shell changes in the process, for the tests that run after this one."""
    streams, backend = (sys.stdout, sys.stderr, sys.displayhook, sys.excepthook), matplotlib.get_backend()
    names, main = dict(vars(builtins)), sys.modules["__main__"]
    shells = {kind: kind._instance for kind in (WorkerShell, InteractiveShell)}
    yield
    sys.stdout, sys.stderr, sys.displayhook, sys.excepthook = streams
    matplotlib.use(backend)
    for name in vars(builtins).keys() - names.keys():
        delattr(builtins, name)
    vars(builtins).update(names)
    sys.modules["__main__"] = main
    for kind, shell in shells.items():
        kind._instance = shell


def shell_after(*cells: str, short: bool) -> tuple[WorkerShell, list[Any]]:
    """Run cells in a new shell, with the fast path if `short` or only with IPython's `run_cell`; return the shell, and
    for each cell whether it succeeded and its outputs."""
    shell, log = new_shell(), OutputLog(2**20, 2**20)
    attach_log(shell, log)
    run_cell(shell, "%matplotlib inline")
    shell.begin()
    log.take()
    outputs = []
    for cell in cells:
        went = run_cell(shell, cell) if short else bool(shell.run_cell(cell, store_history=True).success)  # type: ignore[no-untyped-call]
        outputs.append((went, log.take()))
    return shell, outputs


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_names_outputs_and_outcome_are_those_of_ipython(cell: str) -> None:
    with warnings.catch_warnings():
        ours, outputs = shell_after(cell, "after = 1\n# one more\n", short=True)
        theirs, expected = shell_after(cell, "after = 1\n# one more\n", short=False)
    assert [went for went, _ in outputs] == [went for went, _ in expected]
    assert [list(map(_plain, shown)) for _, shown in outputs] == [list(map(_plain, shown)) for _, shown in expected]
    assert _names(ours) == _names(theirs)
    assert ours.execution_count == theirs.execution_count
    assert ours.user_ns["In"] == theirs.user_ns["In"]


def _names(shell: WorkerShell) -> set[str]:
    # IPython's `_i...` names are the sources of earlier cells, for use at a prompt.
    return {name for name in shell.user_ns if not name.startswith("_i")}


def _plain(output: dict[str, Any]) -> Any:
    # The first frames of a traceback and the size of a picture may differ.
    kept = {key: output.get(key) for key in ("output_type", "name", "text", "ename", "evalue")}
    return kept | {"mimes": sorted(output.get("data", {})), "last": (output.get("traceback") or [""])[-1]}


@pytest.mark.parametrize(
    ("cell", "is_short"),
    [
        ("x = 1\n# a number\n", True),
        ("def f():\n    return 1\n", True),
        ("x = 1\nx\n", False),
        ("%pwd\nx = 1\n", False),
    ],
)
def test_the_fast_path_is_taken_if_possible(cell: str, is_short: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shell, _ = shell_after(short=True)
    calls: list[str] = []
    monkeypatch.setattr(WorkerShell, "run_cell", lambda self, source, **_: calls.append(source) or _Done())
    run_cell(shell, cell)
    assert calls == ([] if is_short else [cell])


class _Done:
    success = True


@pytest.mark.parametrize(
    "hook",
    [
        "ip.ast_transformers.append(__import__('ast').NodeTransformer())",
        "ip.input_transformers_post.append(lambda lines: [line.replace('1', '2') for line in lines])",
        "ip.input_transformers_cleanup.append(lambda lines: [line.replace('1', '2') for line in lines])",
        "ip.events.register('post_run_cell', lambda result: None)",
    ],
)
def test_hooks_of_a_submission_are_called(hook: str) -> None:
    shell, _ = shell_after("ip = get_ipython()\n" + hook + "\n", short=True)
    assert shell.run_definitions("x = 1\ny = 1\n") is None
    cells = f"ip = get_ipython()\n{hook}\n", "x = 1\ny = 1\n"
    ours, theirs = (shell_after(*cells, short=short)[0] for short in (True, False))
    assert ours.user_ns["x"] == theirs.user_ns["x"]


def test_the_source_of_a_function_is_available() -> None:
    source = "def f(x):\n    return x + 1\n"
    shell, _ = shell_after("a = 0\n# so much\n", source, short=True)
    assert inspect.getsource(shell.user_ns["f"]) == source


def test_an_error_is_formatted_once_and_the_module_of_its_cell_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback takes longer than most tests, and much longer if the files of all modules are searched for it."""
    shell = new_shell()
    log = OutputLog(2**20, 2**20)
    attach_log(shell, log)
    formatted: list[Any] = []
    as_it_is = shell.InteractiveTB.structured_traceback

    def structured(*args: Any, **kwargs: Any) -> Any:
        formatted.append(args)
        return as_it_is(*args, **kwargs)

    monkeypatch.setattr(shell.InteractiveTB, "structured_traceback", structured)
    assert not run_cell(shell, "def f():\n    return 1 / 0\nf()")
    assert [output["ename"] for output in log.take()] == ["ZeroDivisionError"]
    assert len(formatted) == 1
    cell = shell.user_ns["f"].__code__
    asked: list[Any] = []
    with monkeypatch.context() as patched:
        patched.setattr(inspect, "ismodule", asked.append)
        assert inspect.getmodule(cell) is sys.modules["__main__"]
    assert {id(one) for one in asked} == {id(cell)}
