"""A failed test fits on a screen, and says where two large values differ."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import failures

ROOT = Path(__file__).parents[2]
ATOMS = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
TREES = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner) | st.frozensets(ATOMS),
)


@dataclass
class Sample:
    """Something with parts of its own."""

    name: str
    numbers: Any


@given(TREES, TREES)
def test_a_difference_is_found_whenever_there_is_one(left: Any, right: Any) -> None:
    assert (failures.first_difference(left, right) is None) == (left == right)
    assert failures.first_difference(left, left) is None


LONG = "word " * 100


@pytest.mark.parametrize(
    ("left", "right", "path"),
    [
        ({"a": [1, 2]}, {"a": [1, 3]}, "['a'][1]"),
        ({"a": 1}, {}, "['a']"),
        ([1], [1, 2], "[1]"),
        (Sample("x", [1]), Sample("x", [2]), ".numbers[0]"),
        (Sample("x", np.arange(3)), Sample("x", np.array([0, 1, 9])), ".numbers[2]"),
        (Sample("x", np.arange(3)), Sample("x", np.arange(4)), ".numbers"),
        ({1, 2}, {1}, " (a set)"),
        (f"{LONG}\n{LONG}x", f"{LONG}\n{LONG}y", "line 2, character 1001"),
        ([LONG], [LONG.replace("word", "work", 1)], "[0] line 1, character 3"),
    ],
)
def test_the_place_is_named(left: Any, right: Any, path: str) -> None:
    found = failures.first_difference(left, right)
    assert found is not None
    assert found.path == path
    assert found.left != found.right


def test_small_values_are_shown_by_pytest_itself() -> None:
    assert failures.explain([1, 2], [1, 3]) is None


FAILING = """
import sys

LINES = [f"line {i} of a long text" for i in range(4000)]


def test_two_texts():
    print("\\n".join(LINES))
    assert "\\n".join(LINES) == "\\n".join([*LINES[:2000], "another line", *LINES[2001:]])


def test_two_dicts():
    assert dict.fromkeys(range(5000), LINES[:9]) == {**dict.fromkeys(range(5000), LINES[:9]), 77: []}


def test_a_list():
    assert not LINES


def test_deep():
    def deeper(n):
        assert n, "\\n".join(LINES)
        deeper(n - 1)

    deeper(60)
"""


def test_what_is_printed_of_a_failure_fits_on_a_screen(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_failing.py").write_text(FAILING)
    # In CI, pytest itself would print everything.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir", str(tmp_path), "-c", str(ROOT / "pyproject.toml"), str(tmp_path)],
        cwd=ROOT, env=os.environ | {"CI": "true"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    _, *parts = re.split(r"^_{3,} test_\w+ _{3,}$", done.stdout.split("short test summary")[0], flags=re.MULTILINE)
    assert len(parts) == 4, done.stdout + done.stderr
    assert max(len(part.split("\n")) for part in parts) <= 40
    assert max(len(line) for line in done.stdout.split("\n")) <= failures.WIDE + 100
    assert "line 2001, character" in parts[0]
    assert "which differ first at [77]" in parts[1]
    assert "lines left out: -vv shows them" in parts[3]
    assert len(done.stdout) < 20_000
