"""The page on the architecture: the files that it lists, and the picture of the engine's rooms."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any
from xml.etree import ElementTree

import grimp
import pytest

from tests.engine.conftest import Exam, exam  # noqa: F401

ROOT = Path(__file__).parents[2]
ENGINE = "course_grader.engine"
# These import nothing of the engine; every room may import them.
LEAVES = {"limits", "memory_limit", "result"}
ENTRANCES = {"choose_mode", "grading", "modes", "preprocessors"}
# A trace of the grader's own process does not see these.
ELSEWHERE = ("engine/sandbox/zygote.py", "engine/sandbox/privileges.py", "engine/worker/")
GRADES_ONE = ("engine/", "course_utils/checks/")


def listed() -> list[str]:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.split("## From a file to a score")[1].split("\n\nWhat is not in the list")[0]
    return re.findall(r"^\| `([\w/]+\.py)` \|", table, re.MULTILINE)


def place_of(name: str) -> Path:
    return ROOT / name if name.startswith("course_utils/") else ROOT / "course_grader" / name


def test_the_list_of_files_is_short_and_each_is_there() -> None:
    names = listed()
    assert 25 <= len(names) <= 35
    assert len(set(names)) == len(names)
    assert [name for name in names if not place_of(name).is_file()] == []


@pytest.mark.needs("isolation")
def test_a_submission_passes_the_files_that_the_page_lists(exam: Exam) -> None:  # noqa: F811
    from course_grader import grade

    passed: set[str] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        passed.add(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        grade(exam.right, exam.assignment)
    finally:
        sys.setprofile(None)
    expected = [name for name in listed() if name.startswith(GRADES_ONE) and not name.startswith(ELSEWHERE)]
    assert len(expected) > 12
    assert [name for name in expected if str(place_of(name)) not in passed] == []


def drawn() -> set[tuple[str, str]]:
    picture = ElementTree.parse(ROOT / "docs" / "pictures" / "rooms.svg")
    arrows = [path for path in picture.iter("{http://www.w3.org/2000/svg}path") if "data-from" in path.attrib]
    return {(path.attrib["data-from"], path.attrib["data-to"]) for path in arrows}


def room_of(module: str) -> str:
    name = module.removeprefix(f"{ENGINE}.").split(".")[0]
    return "entrances" if name in ENTRANCES else name


def test_the_picture_shows_the_imports_between_the_rooms() -> None:
    graph = grimp.build_graph("course_grader", "course_utils", cache_dir=None)
    modules = {module for module in graph.modules if module.startswith(f"{ENGINE}.")}
    pairs = {
        (room_of(module), room_of(taken))
        for module in modules
        for taken in graph.find_modules_directly_imported_by(module) & modules
    }
    assert not [pair for pair in pairs if pair[0] in LEAVES]
    assert {pair for pair in pairs if pair[0] != pair[1] and pair[1] not in LEAVES} == drawn()
