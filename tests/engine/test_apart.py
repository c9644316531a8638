"""The mode apart: a test can capture what an answer prints, and the files of an assignment are there."""

from __future__ import annotations

import base64
import dataclasses
import io
import sys
import tempfile
import types
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from course_grader import Result, grade
from course_grader.engine.rpc import peer
from course_grader.engine.rpc.channel import WireError
from course_grader.engine.rpc.message import pack
from course_grader.engine.rpc.peer import MOST_PRINTED
from tests.engine.test_rpc import referee_with, table
from tests.engine.test_together import Cells, assignment, notebook, points

__all__ = ["table"]
SAY = ("answer", "def say(text, times=1):\n    for _ in range(times):\n        print(text)\n    return len(text)")
CAPTURE = "import io\nfrom contextlib import redirect_stdout\nwith redirect_stdout(io.StringIO()) as out:\n    {}\n"


def apart(cells: Cells, folder: Path, submitted: Cells | None = None, **changes: Any) -> Result:
    made = dataclasses.replace(assignment(cells, folder, **changes), mode="apart")
    return grade(dict(notebook(submitted or cells)), made)


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(
    "test",
    [
        CAPTURE.format("n = say('a\\0 é')") + "assert (n, out.getvalue()) == (4, 'a\\0 é\\n')",
        # In the order in which it is printed, on both sides.
        CAPTURE.format("print('x'); say('a', 2); print('y'); say('b')")
        + "assert out.getvalue().split() == ['x', 'a', 'a', 'y', 'b']",
        CAPTURE.format("both(lambda: print('x'))") + "assert out.getvalue().split() == ['before', 'x', 'after']",
        "import sys, io\nkept, sys.stdout = sys.stdout, io.StringIO()\ntry:\n    say('a')\n"
        "    text = sys.stdout.getvalue()\nfinally:\n    sys.stdout = kept\nassert text == 'a\\n'",
        "from unittest.mock import patch\nimport io\nwith patch('sys.stdout', new_callable=io.StringIO) as out:\n"
        "    say('a')\nassert out.getvalue() == 'a\\n'",
        "from IPython.utils.capture import capture_output\nwith capture_output() as out:\n    say('a')\n"
        "assert out.stdout == 'a\\n'",
        CAPTURE.format("say('a' * 100, 50_000)") + f"assert len(out.getvalue()) == {MOST_PRINTED}",
        CAPTURE.format("next(items)") + "assert out.getvalue() == 'item\\n'",
        # Text that no test captured does not appear in the output of a later call.
        "say('lost')\n" + CAPTURE.format("say('a')") + "assert out.getvalue() == 'a\\n'",
        CAPTURE.replace("stdout", "stderr").format("complain()") + "assert out.getvalue() == 'no\\n'",
    ],
)  # fmt: skip
def test_a_test_sees_what_an_answer_prints(test: str, tmp_path: Path) -> None:
    both = ("answer", "def both(f):\n    print('before')\n    f()\n    print('after')")
    more = ("answer", "import sys\ndef complain():\n    print('no', file=sys.stderr)")
    items = ("answer", "def made():\n    while True:\n        print('item')\n        yield 1\nitems = made()")
    assert apart([SAY, both, more, items, ("test", test)], tmp_path).cells[0].message == ""


@pytest.mark.needs("isolation")
def test_what_answers_print_reaches_neither_the_grader_nor_the_notebook(tmp_path: Path) -> None:
    cells = [SAY, ("test", "say('hm')")]
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        result = apart(cells, tmp_path, [*cells, ("code", "print('own')")])
    assert (out.getvalue(), err.getvalue()) == ("", "")
    assert [output["text"] for outputs in result.outputs.values() for output in outputs] == ["own\n"]


@pytest.mark.needs("isolation")
def test_an_answer_that_prints_something_else_is_judged(tmp_path: Path, judged: list[str]) -> None:
    cells = [SAY, ("test", CAPTURE.format("say('a')") + "assert out.getvalue() == 'a\\n'")]
    made = dataclasses.replace(assignment(cells, tmp_path), mode="apart")
    quiet, other = (("answer", SAY[1].replace("print(text)", text)) for text in ("pass", "print(text, end=' ')"))
    for first, count in ((SAY, 1), (quiet, 2), (other, 3), (SAY, 3), (quiet, 3), (other, 3)):
        assert points(grade(dict(notebook([first, cells[1]])), made)) == [2 if first is SAY else 0]
        assert len(judged) == count


@pytest.mark.parametrize(
    "parts", [[], [["stdout", 5]], [["stdin", "x"]], [["stdout"]], "x", None, [["__class__", "x"]]]
)
def test_printed_text_from_a_worker_is_not_trusted(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", printed := io.StringIO())
    with referee_with(pack(["printed", parts])) as referee, pytest.raises(WireError):
        referee.call(0, [], {})
    assert printed.getvalue() == ""


def test_a_worker_prints_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "MOST_PRINTED", 100)
    monkeypatch.setattr(sys, "stdout", printed := io.StringIO())
    with referee_with(pack(["printed", [["stdout", "x" * 70]] * 3])) as referee, pytest.raises(WireError):
        referee.call(0, [], {})
    assert len(printed.getvalue()) == 100


FILES = {
    "numbers.txt": b"3\n1\n",
    "data/more.txt": b"5\n",
    "helpers.py": b"K = 2\ndef close(a, b):\n    return abs(a - b) < K\n",
    "shapes/__init__.py": b"",
    "shapes/squares.py": b"from helpers import K\n",
}
PATH = "from pathlib import Path\nhere = Path('numbers.txt')\n"
READ = ("answer", "def read(path):\n    with open(path) as file:\n        return [int(line) for line in file]")


@pytest.mark.needs("isolation")
@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([("test", PATH + "assert read('numbers.txt') == [*map(int, here.read_text().split())]")], [2]),
        ([("test", "from pathlib import Path\nassert read(Path('data') / 'more.txt') == [5]")], [2]),
        ([("test", "import os\nassert sorted(os.listdir()) == ['data', 'helpers.py', 'numbers.txt', 'shapes']")], [2]),
        ([("code", "from helpers import close"), ("test", "assert close(read('numbers.txt')[0], 2)")], [2]),
        ([("code", "import shapes.squares as squares"), ("test", "assert squares.K == 2")], [2]),
        ([("setup", PATH + "lines = here.read_text().split()"), ("test", "assert lines == ['3', '1']")], [2]),
        ([("setup", "k = read('numbers.txt')"), ("answer", "def g():\n    return k"), ("test", "assert g()[0]")], [2]),
        # Each test finds the original files and modules.
        ([("test", "import helpers\nhelpers.K = 9"), ("test", "import helpers\nassert helpers.K == 2")], [2, 2]),
        ([("test", PATH + "Path('new').touch()"), ("test", PATH + "assert not Path('new').exists()")], [2, 2]),
        ([("test", PATH + "here.unlink()\nimport os\nos.chdir('/')"), ("test", PATH + "here.stat();")], [2, 2]),
    ],
)  # fmt: skip
def test_the_files_of_an_assignment_are_there(cells: Cells, expected: list[float], tmp_path: Path) -> None:
    files = {name: base64.b64encode(content).decode() for name, content in FILES.items()}
    assert points(apart([READ, *cells], tmp_path, files=files)) == expected


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("files", [{}, FILES])
def test_the_grader_is_left_as_it_was(files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A separate folder for temporary files, since other tests make some at the same time.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sys.modules["shapes"] = other = types.ModuleType("shapes")
    try:
        before = Path.cwd(), sys.path[:], set(sys.modules), set(tmp_path.glob("grading-*"))
        kept = {name: base64.b64encode(content).decode() for name, content in files.items()}
        test = (
            "import os, sys\nfound = os.getcwd()\nsys.path.append('x')\nopen('left', 'w').close()\nassert False, found"
        )
        if files:
            test = "import helpers, shapes.squares\n" + test
        [cell] = apart([READ, ("test", test)], tmp_path, files=kept).cells
        folder = Path(cell.message.removeprefix("AssertionError: "))
        assert folder.parent == tmp_path
        assert folder.name.startswith("grading-")
        assert not folder.exists()
        after = Path.cwd(), sys.path[:], set(sys.modules), set(tmp_path.glob("grading-*"))
        assert after == before
        assert sys.modules["shapes"] is other
    finally:
        del sys.modules["shapes"]


@pytest.mark.needs("isolation")
def test_a_path_from_a_submission_leads_to_no_file_of_the_grader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gradebook.db").write_text("marks")
    monkeypatch.chdir(tmp_path)
    answer = "from pathlib import Path\ndef f():\n    return {}"
    test = ("test", "f().unlink(missing_ok=True)\nf().write_text('mine')")
    for path in ("Path('gradebook.db')", "Path('../gradebook.db')", f"Path({str(tmp_path / 'gradebook.db')!r})"):
        apart([("answer", answer.format(path)), test], tmp_path)
        assert (tmp_path / "gradebook.db").read_text() == "marks"
