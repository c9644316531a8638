"""`course gather`: what it copies, what it prints, and what it does not change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from course_utils import gather
from course_utils.cells import imports, is_stub, names_bound, names_needed
from course_utils.errors import CourseError
from course_utils.sources import CodeCell, collect
from tests.house.conftest import Result
from tests.house.samples import code, graded, write

STUB = "def f():\n    # Write your answer here.\n    raise NotImplementedError"
RELEASED = "# Run `course gather`.\n# Write your answer here, in place of the next line.\nraise NotImplementedError"
RIGHT = "def sgd_step(w, grad, lr):\n    return w - lr * grad"
WRONG = "def sgd_step(w, grad, lr):\n    return w + lr * grad"


def answer(grade_id: str, source: str) -> dict[str, Any]:
    return code(source, grade_id=grade_id, solution=True, locked=False)


def gather_cell(*names: str) -> dict[str, Any]:
    cell = answer("gathered", RELEASED)
    cell["metadata"]["descent"] = {"gathers": list(names)}
    return cell


@pytest.fixture
def school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a course folder with two lessons, and a capstone that needs three functions."""
    folder = tmp_path / "notebooks"
    setup = code("import numpy as np", grade_id="imports")
    write(
        folder / "01_rates" / "01_rates.ipynb",
        setup,
        code("from math import cos as cosine, pi\nHALF = helper(1.0)"),
        code("def helper(x):\n    return x / 2"),
        answer("sgd_step", RIGHT),
        answer(
            "cosine_decay",
            "def cosine_decay(lr0, epoch, total, lr_min=0.0):\n"
            "    if total <= 0:\n"
            "        raise ValueError('total must be positive.')\n"
            "    share = min(epoch / total, 1)\n"
            "    return lr_min + (lr0 - lr_min) * HALF * (1 + cosine(np.pi * share))",
        ),
        graded("sgd_step_visible", "check('sgd_step', sgd_step)", 1),
    )
    write(folder / "03_dropout" / "03_dropout.ipynb", setup, answer("dropout_forward", STUB.replace("f()", "f(x)")))
    write(
        folder / "08_capstone" / "08_capstone.ipynb",
        setup,
        gather_cell("sgd_step", "cosine_decay", "dropout_forward", "adamw_step"),
        answer("train", "def train():\n    return 'mine'"),
        code("notes = 'mine too'"),
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COURSE_KEY", raising=False)
    return folder


def capstone(school: Path) -> Path:
    return school / "08_capstone" / "08_capstone.ipynb"


def sources(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]


def replace_in(path: Path, old: str, new: str) -> None:
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace(old, new)
    path.write_text(json.dumps(notebook))


def test_it_takes_the_functions_and_what_they_use(school: Path) -> None:
    found = gather.gather(capstone(school))
    names: dict[str, Any] = {}
    exec("import numpy as np", names)
    source = sources(capstone(school))[1]
    exec(source, names)
    assert names["sgd_step"](1.0, 2.0, 0.1) == pytest.approx(0.8)
    assert names["cosine_decay"](1.0, 5, 10) == pytest.approx(0.5)
    # Only the needed part of an import, and nothing that the capstone's own set-up imports.
    assert "from math import cos as cosine\n" in source
    assert "import numpy" not in source
    assert [(f.name, f.lesson, f.well) for f in found.functions] == [
        ("sgd_step", "01_rates", True),
        ("cosine_decay", "01_rates", True),
        ("dropout_forward", "", False),
        ("adamw_step", "", False),
    ]
    assert found.functions[2].says == "not written yet in 03_dropout"
    assert "no notebook has a cell for it" in found.functions[3].says
    assert not found.is_whole


def test_it_says_which_fails_its_published_check_and_takes_it_all_the_same(school: Path) -> None:
    replace_in(school / "01_rates" / "01_rates.ipynb", RIGHT, WRONG)
    first = gather.gather(capstone(school)).functions[0]
    assert not first.well
    assert first.says.startswith("fails its check: ")
    assert WRONG in sources(capstone(school))[1]


def test_nothing_else_changes_and_the_notebook_is_kept(school: Path) -> None:
    before = json.loads(capstone(school).read_text())
    text = capstone(school).read_text()
    found = gather.gather(capstone(school))
    after = json.loads(capstone(school).read_text())
    for place, (one, other) in enumerate(zip(before["cells"], after["cells"], strict=True)):
        assert (one == other) == (place != 1)
    assert Path(found.backup).read_text() == text
    assert sorted(path.name for path in capstone(school).parent.iterdir()) == [
        ".ipynb_checkpoints",
        "08_capstone.ipynb",
    ]


def test_again_it_updates_and_changes_nothing_if_nothing_is_new(school: Path) -> None:
    first = gather.gather(capstone(school))
    text = capstone(school).read_text()
    assert gather.gather(capstone(school)).backup == ""
    assert capstone(school).read_text() == text
    replace_in(school / "01_rates" / "01_rates.ipynb", RIGHT, RIGHT.replace("lr * grad", "grad * lr"))
    second = gather.gather(capstone(school))
    assert "grad * lr" in sources(capstone(school))[1]
    assert Path(second.backup).read_text() == text
    assert second.backup != first.backup


@pytest.mark.parametrize("gathered_before", [False, True])
def test_what_the_learner_wrote_into_the_cell_is_not_overwritten(school: Path, gathered_before: bool) -> None:
    if gathered_before:
        gather.gather(capstone(school))
        replace_in(capstone(school), "w - lr * grad", "w - 1.0 * lr * grad")
    else:
        replace_in(capstone(school), RELEASED, "def own():\n    return 1")
    text = capstone(school).read_text()
    with pytest.raises(CourseError, match="You have edited the gathered cell"):
        gather.gather(capstone(school))
    assert capstone(school).read_text() == text
    found = gather.gather(capstone(school), replace=True)
    assert Path(found.backup).read_text() == text


def test_a_function_that_never_ends_is_reported(school: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "TIMEOUT", 6)
    endless = "def sgd_step(w, grad, lr):\n    while True:\n        pass"
    replace_in(school / "01_rates" / "01_rates.ipynb", RIGHT, endless)
    found = gather.gather(capstone(school)).functions
    assert "did not finish within 6 s" in found[0].says
    assert "did not run" in found[1].says


def test_the_command_lists_what_is_there_and_what_is_not(school: Path, run: Callable[..., Result]) -> None:
    code, out, _ = run("gather")
    assert code == 1
    assert "passes its check" in out
    assert "not written yet in 03_dropout" in out
    assert "08_capstone.ipynb now contains 2 functions." in out
    code, out, _ = run("gather", "--json")
    assert code == 1
    assert json.loads(out)["whole"] is False


def test_a_notebook_without_such_a_cell_is_refused(school: Path, run: Callable[..., Result]) -> None:
    code, _, err = run("gather", "01")
    assert code == 2
    assert "no cell for gathered functions" in err


def test_a_name_that_no_cell_defines_is_reported() -> None:
    found = collect(["f"], [CodeCell("01_a", "def f():\n    return gone + len([])", "f")], {})
    assert found.problems == ["f uses 'gone', which no cell of 01_a defines."]


def test_two_helpers_of_one_name_are_reported() -> None:
    cells = [CodeCell(lesson, f"def help():\n    return {i}") for i, lesson in enumerate(("01_a", "02_b"))]
    cells += [
        CodeCell(cell.lesson, f"def {name}():\n    return help()", name) for name, cell in zip("fg", cells, strict=True)
    ]
    found = collect(["f", "g"], cells, {})
    assert found.problems == ["'help' has different definitions in 01_a and 02_b: rename one of them."]


def test_a_cell_that_lost_its_mark_is_found_by_what_it_defines() -> None:
    cells = [
        CodeCell("01_a", "f = 1"),
        CodeCell("01_a", "f = 2"),
        CodeCell("01_a", "g = (", "g"),
        CodeCell("01_a", "", "h"),
    ]
    found = collect(["f", "g", "h"], cells, {})
    assert found.source == "# From 01_a:\nf = 2"
    assert found.missing == {
        "g": "its cell is not valid Python in 01_a",
        "h": "its cell does not define it in 01_a",
    }


def test_functions_that_call_each_other_are_taken_once() -> None:
    cells = [
        CodeCell("01_a", "%matplotlib inline\ndef f():\n    return g", "f"),
        CodeCell("01_a", "@decorated\ndef g():\n    return f"),
        CodeCell("01_a", "def decorated(x):\n    return x\nunused = 1"),
    ]
    source = collect(["f"], cells, {}).source
    names: dict[str, Any] = {}
    exec(source, names)
    assert names["f"]() is names["g"]
    assert "unused" not in source
    assert source.count("def f()") == 1


def test_names_are_read_as_python_reads_them() -> None:
    source = "import a.b as c\nfrom d import e\nx = [y for y in z]\ndef f(p, q=w):\n    r = p\n    return r, s, x\n"
    assert names_bound(source) == {"c", "e", "x", "f"}
    assert names_needed(source) == ["s", "w", "z"]
    assert imports(source) == {"c": "import a.b as c", "e": "from d import e"}
    assert is_stub(STUB)
    assert not is_stub(RIGHT)
