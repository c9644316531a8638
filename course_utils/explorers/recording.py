"""Recorded scenes. An explorer shows them while the learner's function does not exist yet, and if no kernel is running.

A recording contains the start scene, and for each control one scene per position, with the other controls at their
start values.
"""

from __future__ import annotations

import functools
import json
import warnings
from importlib import resources
from itertools import zip_longest
from typing import Any

import numpy as np

from course_utils.explorers.catalogue import Explorer

Recording = dict[str, Any]
# Replaces a mark that is the same as in the start scene, so that a background is stored only once.
SAME = {"mark": "same"}


def record(explorer: Explorer, functions: tuple[Any, ...]) -> Recording:
    """Return the recording of an explorer with these functions."""
    start = explorer.start()

    def scene(**moved: Any) -> dict[str, Any]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return explorer.make(*functions, **start | moved).to_json()

    first = scene()
    sweeps = {
        control.name: [
            None if value == control.start else _without_repeats(first, scene(**{control.name: value}))
            for value in control.values
        ]
        for control in explorer.controls
    }
    return {"start": first, "sweeps": sweeps}


def _without_repeats(first: dict[str, Any], scene: dict[str, Any]) -> dict[str, Any]:
    """Return the scene, with SAME in place of each mark that the first scene has in the same position."""
    panels = []
    for i, panel in enumerate(scene["panels"]):
        known = first["panels"][i]["marks"] if i < len(first["panels"]) else []
        marks = [
            SAME if mark == one else mark for mark, one in zip_longest(panel["marks"], known[: len(panel["marks"])])
        ]
        panels.append(panel | {"marks": marks})
    return scene | {"panels": panels}


@functools.cache
def recorded(name: str) -> Recording | None:
    """Return the recording of an explorer that ships with the course, or None before the first build."""
    file = resources.files("course_utils.explorers") / "recordings" / f"{name}.json"
    if not file.is_file():
        return None
    recording: Recording = json.loads(file.read_text(encoding="utf-8"))
    return recording
