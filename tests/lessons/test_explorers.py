"""Every explorer with the references: its scenes, its recording, its place in a lesson."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_grader.authoring.lesson import read_lessons
from course_grader.authoring.reference import namespace
from course_utils.explorers.catalogue import Explorer, explorers
from course_utils.explorers.recording import recorded
from course_utils.explorers.scene import pixels_of
from course_utils.explorers.session import Session
from course_utils.explorers.still import Still
from course_utils.plots.style import COLORS

ROOT = Path(__file__).parents[2]
KNOWN = explorers()
LESSONS = {name: lesson for lesson in read_lessons(ROOT) for name in lesson.answers}


@pytest.fixture(params=sorted(KNOWN))
def explorer(request: pytest.FixtureRequest) -> Explorer:
    return KNOWN[request.param]


@functools.cache
def names_of(lesson: str) -> dict[str, Any]:
    return namespace(next(one for one in LESSONS.values() if one.name == lesson))


def references(explorer: Explorer) -> tuple[Any, ...]:
    names = names_of(LESSONS[explorer.exercises[0]].name)
    return tuple(names[name] for name in explorer.exercises)


def scenes(explorer: Explorer) -> list[dict[str, Any]]:
    recording = recorded(explorer.name)
    assert recording is not None
    return [recording["start"], *(scene for sweep in recording["sweeps"].values() for scene in sweep if scene)]


def test_it_stands_once_in_its_lesson_with_its_exercises(explorer: Explorer) -> None:
    calls = [
        (lesson.name, re.split(r"[\s,]+", found.strip(" ,\n")))
        for lesson in {id(one): one for one in LESSONS.values()}.values()
        for found in re.findall(rf'explore\(\s*"{explorer.name}",([^)]*)\)', lesson.path.read_text(encoding="utf-8"))
    ]
    assert [names for _, names in calls] == [list(explorer.exercises)]
    assert calls[0][0] == LESSONS[explorer.exercises[0]].name


def test_each_lesson_has_one() -> None:
    with_one = {LESSONS[explorer.exercises[0]].name for explorer in KNOWN.values()}
    assert {lesson.name for lesson in LESSONS.values()} - with_one <= {"08_capstone"}


def test_the_references_give_the_recorded_scene_and_a_slider_another(explorer: Explorer) -> None:
    session = Session(explorer, references(explorer))
    first = session.first()
    assert first.live
    assert first.message == ""
    for control in explorer.controls:
        start = control.values.index(control.start)
        moved = [session.at({control.name: i}) for i in range(len(control.values)) if i != start]
        assert any(other.scene != first.scene for other in moved), control.name


def test_every_mark_can_be_drawn(explorer: Explorer) -> None:
    for scene in scenes(explorer):
        assert scene["note"]
        for panel in scene["panels"]:
            assert panel["title"]
            assert all(panel[axis]["label"] for axis in "xy" if axis in panel)
            for mark in panel["marks"]:
                assert mark["mark"] == "same" or drawable(mark, panel), (panel["title"], mark["mark"])
    text = json.dumps(recorded(explorer.name))
    assert len(text) < 400_000


def drawable(mark: dict[str, Any], panel: dict[str, Any]) -> bool:
    match mark["mark"]:
        case "pixels":
            return pixels_of(mark["png"]).size > 0
        case "contours":
            return len(mark["lines"]) > 0
        case "bars":
            return len(mark["edges"]) == len(mark["heights"]) + 1
        case _:
            seen = [value for value in mark["y"] if value is not None]
            positive = panel["y"]["scale"] != "log" or min(seen) > 0
            return len(mark["x"]) == len(mark["y"]) and len(seen) > 0 and positive and mark["color"] < len(COLORS)


def test_without_a_function_the_recording_plays_and_says_so(explorer: Explorer) -> None:
    def stub(*arguments: Any, **others: Any) -> Any:
        raise NotImplementedError

    answer = Session(explorer, (stub,) * len(explorer.exercises)).first()
    assert not answer.live
    assert answer.message.startswith("This is a recording: once ")
    assert answer.scene == scenes(explorer)[0]
    bundle = Still(answer)._repr_mimebundle_()
    assert bundle["image/png"]
    assert "This is a recording" in bundle["text/plain"]


def test_a_function_that_fails_is_named_and_the_recording_plays(explorer: Explorer) -> None:
    def broken(*arguments: Any, **others: Any) -> Any:
        raise KeyError("velocity")

    answer = Session(explorer, (broken,) * len(explorer.exercises)).first()
    assert not answer.live
    assert "KeyError: 'velocity'" in answer.message
    assert answer.scene == scenes(explorer)[0]


def test_positions_from_the_browser_are_checked(explorer: Explorer) -> None:
    name = explorer.controls[0].name
    assert explorer.values_at({name: 0, "unknown": 3})[name] == explorer.controls[0].values[0]
    for position in (-1, len(explorer.controls[0].values), "1", None, 0.5):
        with pytest.raises(ValueError, match="has no position"):
            explorer.values_at({name: position})


def test_colours_are_those_of_the_figures() -> None:
    script = (ROOT / "course_utils" / "explorers" / "show" / "explorer.js").read_text(encoding="utf-8")
    found = re.search(r"const COLORS = (\[.*?\]);", script)
    assert found is not None
    # Black follows the page's ink, for dark pages.
    assert json.loads(found[1].replace("currentColor", "#000000")) == list(COLORS)


def test_numbers_of_a_scene_are_finite_or_none() -> None:
    scene = KNOWN["line_error"].make(lambda prediction, target: np.nan, **KNOWN["line_error"].start()).to_json()
    assert "NaN" not in json.dumps(scene)
