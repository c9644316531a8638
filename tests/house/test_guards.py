"""The list of guards names code that is there once and tests that exist; its program sees what no test notices."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# Folders and files of which at least one guard is taken out.
PLACES = ("rpc", "judging", "worker", "notebook", "sandbox")


def program() -> Any:
    spec = importlib.util.spec_from_file_location("guards_program", ROOT / ".ci" / "guards.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A named tuple looks for its module.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


guards = program()
GUARDS = guards.guards()


def test_every_room_of_the_engine_and_the_pages_have_guards() -> None:
    assert len(GUARDS) >= 30
    files = [guard.file for guard in GUARDS]
    for place in (*(f"course_grader/engine/{name}/" for name in PLACES), "course_grader/sanitize/"):
        assert any(file.startswith(place) for file in files), place


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.id)
def test_a_guard_is_there_once_and_so_are_its_tests(guard: Any) -> None:
    text = (ROOT / guard.file).read_text(encoding="utf-8")
    without = guard.removed_from(text)
    assert ast.dump(compile(without, guard.file, "exec", ast.PyCF_ONLY_AST)) != ast.dump(ast.parse(text))
    assert 1 <= len(guard.tests) <= 2
    for test in guard.tests:
        functions = ast.parse((ROOT / test.split("::")[0]).read_text(encoding="utf-8")).body
        assert guards.name_of(test) in [one.name for one in functions if isinstance(one, ast.FunctionDef)], test


def test_a_guard_that_is_not_there_once_is_a_sentence() -> None:
    guard = guards.Guard("a", "a.py", "if x:", "if True:", [])
    for text in ("", "if x: pass\nif x: pass"):
        with pytest.raises(ValueError, match=r"a: its code occurs \d times in a\.py, not once"):
            guard.removed_from(text)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project of one guarded function, with a test that notices the guard and one that does not."""
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser): parser.addoption('--no-skips', action='store_true')\n"
    )
    (tmp_path / "limits.py").write_text("def taken(n):\n    if n > 9:\n        raise ValueError\n    return n\n")
    (tmp_path / "test_limits.py").write_text(
        "import pytest\nfrom limits import taken\n"
        "def test_small(): assert taken(1) == 1\n"
        "def test_large():\n    with pytest.raises(ValueError): taken(10)\n"
        "def test_broken(): assert False\n"
        "@pytest.fixture\ndef broken(): assert taken(10)\n"
        "def test_unused(broken): pass\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("test", "code", "said"),
    [
        ("test_large", 0, "[1/1] most: caught\n1 of 1 caught\n"),
        ("test_small", 1, "[1/1] most: NOT caught"),
        # What fails anyway, or does not run, shows nothing.
        ("test_broken", 1, "Its test does not pass with the guard in place either."),
        ("test_unused", 1, "Its test does not pass with the guard in place either."),
        ("test_gone", 1, "Its test does not pass with the guard in place either."),
    ],
)
def test_a_guard_that_no_test_notices_is_named(
    place: Path, test: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (place / "limits.py").read_text()
    guard = guards.Guard("most", "limits.py", "n > 9", "False", [f"test_limits.py::{test}"])
    assert guards.check([guard], place) == code
    assert said in capsys.readouterr().out
    assert (place / "limits.py").read_text() == before


def test_an_unknown_name_is_refused_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert guards.main(["no-such-guard"]) == 2
    assert capsys.readouterr().err.startswith("No guard is named no-such-guard. They are in tests/guards.toml.")
