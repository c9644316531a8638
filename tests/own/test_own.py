"""A teacher's own assignments get the scores that stock nbgrader gives them, by either command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.own.build import own_assignments
from tests.own.comparing import differences, points
from tests.own.course import Scores
from tests.own.ours import COMMANDS
from tests.own.stock import can_run, stock_scores

ROOT = Path(__file__).parents[2]
EVERY = own_assignments()
# Two processes share the work.
HALVES = {half: sorted(EVERY)[half::2] for half in (0, 1)}
# Which mode each assignment gets by evidence, so that a loss of strength is seen.
APART = tomllib.loads(Path(__file__).with_name("modes.toml").read_text(encoding="utf-8"))["apart"]
EXPECTED = tomllib.loads(Path(__file__).with_name("differences.toml").read_text(encoding="utf-8")).get("difference", [])
# nbgrader is slow, so that only these are graded with it again; all with OWN_STOCK=all.
AGAIN = sorted(EVERY) if os.environ.get("OWN_STOCK") == "all" else ["locked_middle_fails", "partial_edges"]


@pytest.fixture(scope="module")
def graded(half: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file with our scores of one half of all assignments, beside which are the modes."""
    target = tmp_path_factory.mktemp("own") / "ours.json"
    run("tests.own.ours", str(target), *(name for name in HALVES[half] if can_run(EVERY[name])))
    return target


@pytest.fixture(scope="module")
def ours(graded: Path) -> dict[str, dict[str, Scores]]:
    """Return our scores by command and assignment."""
    found: dict[str, dict[str, Scores]] = json.loads(graded.read_text(encoding="utf-8"))
    return found


def run(module: str, *arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def expected(name: str, command: str) -> dict[str, list[dict[str, Any]]]:
    """Return the differences by design of an assignment, by student."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in EXPECTED:
        if each["assignment"] == name and command in each.get("commands", COMMANDS):
            for student in each["students"]:
                found.setdefault(student, []).append(each)
    return found


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("half", "name"), [(half, name) for half, names in HALVES.items() for name in names], scope="module"
)
def test_the_scores_are_those_of_stock_nbgrader(name: str, command: str, ours: dict[str, dict[str, Scores]]) -> None:
    own = EVERY[name]
    if not can_run(own):
        pytest.skip(f"{name} needs {', '.join(own.needs)}")
    stock, found = stock_scores(own), ours[command][name]
    assert stock.keys() == own.submissions.keys()
    by_design = expected(name, command)
    said = {student: list(differences(stock[student], found.get(student, "not graded"))) for student in stock}
    differing = {student: lines for student, lines in said.items() if lines and student not in by_design}
    assert not differing
    # A difference by design that is none any more is struck off the list.
    assert {student for student in by_design if not said[student]} == set()


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("half", HALVES, scope="module")
def test_each_assignment_gets_the_mode_that_is_expected(half: int, graded: Path) -> None:
    """The strong mode where it gives nbgrader's scores, and nowhere else."""
    modes: dict[str, str] = json.loads(graded.with_suffix(".modes.json").read_text(encoding="utf-8"))
    mine = [EVERY[name] for name in HALVES[half] if can_run(EVERY[name])]
    expected = {f"{own.name}/{stem}": "together" for own in mine for stem in own.notebooks}
    assert set(APART) <= {f"{own.name}/{stem}" for own in EVERY.values() for stem in own.notebooks}
    assert modes == expected | {name: "apart" for name in APART if name in expected}


@pytest.mark.parametrize("name", AGAIN)
def test_stock_nbgrader_still_gives_the_scores_that_are_remembered(name: str, tmp_path: Path) -> None:
    target = tmp_path / "stock.json"
    if not can_run(EVERY[name]):
        pytest.skip(f"{name} needs {', '.join(EVERY[name].needs)}")
    run("tests.own.stock", "--into", str(target), name)
    assert json.loads(target.read_text(encoding="utf-8"))[name]["scores"] == stock_scores(EVERY[name])


def test_there_are_two_assignments_of_each_kind() -> None:
    kinds = Counter(own.kind for own in EVERY.values())
    assert len(EVERY) >= 60
    assert {kind for kind, count in kinds.items() if count < 2} == set()


@pytest.mark.parametrize("name", EVERY)
def test_an_assignment_distinguishes_right_wrong_and_blank(name: str) -> None:
    """An assignment that gives every answer the same is no example."""
    stock = stock_scores(EVERY[name])
    right = stock["right"]
    assert not isinstance(right, str)
    full = {cell: grade[1] for cells in right.values() for cell, grade in cells.items() if len(grade) == 2}
    assert {cell: grade[0] for cells in right.values() for cell, grade in cells.items() if len(grade) == 2} == full
    assert points(stock["blank"]) < points(right)
    assert len({points(found) for found in stock.values()}) > 1
    assert len(stock) > 2
