"""Every explorer with the references: its scenes, its recording, its place in a lesson."""

from __future__ import annotations

import base64
import functools
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from course_grader.authoring.lesson import read_lessons
from course_grader.authoring.recordings import explorers_of
from course_grader.authoring.reference import namespace
from course_utils.explorers import explore
from course_utils.explorers.catalogue import Explorer, explorers
from course_utils.explorers.recording import recorded
from course_utils.explorers.scene import Line, Panel, Scene, pixels_of
from course_utils.explorers.session import Answer, Session
from course_utils.explorers.still import Still, picture
from course_utils.explorers.widget import LivePanel
from course_utils.plots.style import COLORS

ROOT = Path(__file__).parents[2]
KNOWN = explorers()
LESSONS = read_lessons(ROOT)
LESSON_OF = {explorer.name: lesson for lesson in LESSONS for explorer in explorers_of(lesson)}


@pytest.fixture(params=sorted(KNOWN))
def explorer(request: pytest.FixtureRequest) -> Explorer:
    return KNOWN[request.param]


@functools.cache
def names_of(explorer: str) -> dict[str, Any]:
    return namespace(LESSON_OF[explorer])


def references(explorer: Explorer) -> tuple[Any, ...]:
    names = names_of(explorer.name)
    return tuple(names[name] for name in explorer.exercises)


def scenes(explorer: Explorer) -> list[dict[str, Any]]:
    recording = recorded(explorer.name)
    assert recording is not None
    return [recording["start"], *(scene for sweep in recording["sweeps"].values() for scene in sweep if scene)]


def test_it_is_once_in_its_lesson_with_its_exercises(explorer: Explorer) -> None:
    texts = [lesson.path.read_text(encoding="utf-8") for lesson in LESSONS]
    [(text, given)] = [
        (text, re.findall(r"\w+", found))
        for text in texts
        for found in re.findall(rf'explore\(\s*"{explorer.name}"([^)]*)\)', text)
    ]
    assert text == LESSON_OF[explorer.name].path.read_text(encoding="utf-8")
    gathered = {name for cell in LESSON_OF[explorer.name].of_kind("gather") for name in cell.gathers}
    if given:
        assert given == list(explorer.exercises)
    else:
        # The notebook's own functions, of which a learner need not have each.
        assert set(explorer.exercises) <= gathered


def test_each_lesson_has_one() -> None:
    # All but one that is still as `course new-lesson` wrote it.
    begun = {lesson.name for lesson in LESSONS if not all(name.endswith("_example") for name in lesson.answers)}
    assert begun == {lesson.name for lesson in LESSON_OF.values()}


def test_each_is_shown_in_a_lesson() -> None:
    # That a lesson of several exercises shows one is for the build to ask.
    assert set(LESSON_OF) == set(KNOWN)


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


def test_a_slider_says_its_number_whole(explorer: Explorer) -> None:
    for control in explorer.controls:
        numbers = [value for value in control.values if not isinstance(value, str)]
        if not control.labels and numbers:
            assert [float(label) for label in control.to_json()["labels"]] == numbers


def test_nothing_of_a_still_picture_is_cut_off(explorer: Explorer) -> None:
    png = picture(scenes(explorer)[0], "A sentence under it.")
    pixels = pixels_of(base64.b64encode(png).decode())[..., :3]
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


def test_a_function_that_fails_is_named_and_the_recording_plays(explorer: Explorer) -> None:
    def broken(*arguments: Any, **others: Any) -> Any:
        raise KeyError("velocity")

    answer = Session(explorer, (broken,) * len(explorer.exercises)).first()
    assert not answer.live
    assert "KeyError: 'velocity'" in answer.message
    assert answer.scene == scenes(explorer)[0]


def test_without_functions_it_takes_the_notebooks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from IPython.core import getipython

    def write(**names: Any) -> Answer:
        shown: list[Any] = []
        monkeypatch.setattr(getipython, "get_ipython", lambda: SimpleNamespace(user_ns=names))
        monkeypatch.setattr("IPython.display.display", shown.append)
        explore("line_error")
        return Session(KNOWN["line_error"], shown[0]._session.functions).first()

    answer = write()
    assert answer.message.startswith("This is a recording: mean_squared_error is not in this notebook.")
    assert answer.scene == scenes(KNOWN["line_error"])[0]
    assert write(mean_squared_error=names_of("line_error")["mean_squared_error"]).live


def test_a_panel_asks_for_the_parts_that_are_chosen_alone() -> None:
    panel = KNOWN["ablation"]
    lacking = {"batchnorm_forward", "sgd_step"}
    functions = [None if name in lacking else names_of("ablation")[name] for name in panel.exercises]
    session = Session(panel, functions)
    assert "batchnorm_forward is not in this notebook" in session.first().message
    assert session.at({"norm": 1}).live
    assert "sgd_step is not in this notebook" in session.at({"norm": 1, "step": 1}).message


def test_an_interrupted_panel_still_answers() -> None:
    def mean_squared_error(prediction: Any, target: Any) -> float:
        if interrupted:
            raise KeyboardInterrupt
        return float(np.mean((prediction - target) ** 2))

    interrupted = False
    panel = LivePanel(Session(KNOWN["line_error"], (mean_squared_error,)))
    interrupted = True
    panel.asked = {"number": 1, "positions": {"slope": 3}}
    assert panel.answered["number"] == 1
    assert panel.answered["live"]
    assert "was interrupted" in panel.answered["message"]


def test_what_cannot_be_drawn_is_reported() -> None:
    answer = Session(KNOWN["line_error"], [lambda prediction, target: "text"]).first()
    assert answer.message == (
        "This is a recording, since what your functions returned cannot be drawn: "
        "ValueError: could not convert string to float: 'text'"
    )


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


def test_numbers_of_a_scene_have_four_digits() -> None:
    draws = np.random.RandomState(0)
    signs, sizes = draws.choice([-1.0, 1.0], 4000), 10 ** draws.uniform(-18, 18, 4000)
    values = np.concatenate([signs * sizes, [0.0, -0.0, 9999.6, 1e-300, 1e300, 5e-324, 1.7e308]])
    written = _scene_of(values)
    for value, number in zip(values.tolist(), written, strict=True):
        assert number is not None
        assert number == pytest.approx(float(f"{value:.4g}"), rel=1e-3)
    # Written short, too: 0.1234, not 0.12340000000000001.
    assert all(float(f"{number:.4g}") == number for number in written[:-4])
    assert _scene_of(np.array([1.0, np.nan, np.inf])) == [1.0, None, None]


def _scene_of(values: Any) -> list[float | None]:
    line = Line(values, values)
    numbers: list[float | None] = Scene([Panel("", [line])]).to_json()["panels"][0]["marks"][0]["y"]
    return numbers
