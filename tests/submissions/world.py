"""Makes the submissions of a class in every layout, together with the true owner of each file.

The tests compare results with this list of owners, which is not derived from any name.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course_grader.submissions import Found, KnownNames
from course_grader.submissions.archives import Member

NAME = "00_start_here"
LAYOUTS = ("nbgrader", "folders", "flat", "canvas", "moodle", "moodle-flat")
# A platform's zip contains only files that the platform named.
ZIP_TIME = (2026, 10, 1, 12, 0, 0)


def notebook(text: str) -> str:
    """Return a notebook with this text, so that notebooks differ."""
    return json.dumps({"cells": [], "metadata": {"by": text}, "nbformat": 4, "nbformat_minor": 5})


@dataclass(frozen=True)
class Person:
    """A student: id, full name, and number on the platform."""

    id: str
    first: str
    last: str
    number: int

    @property
    def full(self) -> str:
        return f"{self.first} {self.last}"


@dataclass
class World:
    """The submitted files: the content of each path, and its owner."""

    layout: str
    people: Sequence[Person]
    wrapping: str = ""
    files: dict[str, str] = field(default_factory=dict)
    owners: dict[str, Person] = field(default_factory=dict)
    counting: dict[str, str] = field(default_factory=dict)

    @property
    def known(self) -> KnownNames:
        return KnownNames.of(
            (one.id, str(one.number), {one.first + one.last, one.last + one.first}) for one in self.people
        )

    def path(self, person: Person, own: str, number: int = 1) -> str:
        """Return the path at which a student's file is stored; platforms without folders flatten it."""
        flat = own.replace("/", "_")
        match self.layout:
            case "nbgrader":
                path = f"{person.id}/{NAME}/{own}"
            case "folders":
                path = f"{person.id}/{own}"
            case "canvas":
                name = f"{person.last}{person.first}".lower().replace(" ", "")
                path = f"{name}_{person.number}_{990000 + 10 * person.number + number}_{flat}"
            case "moodle":
                path = f"{person.full}_{person.number}_assignsubmission_file_/{own}"
            case "moodle-flat":
                path = f"{person.full}_{person.number}_assignsubmission_file_{flat}"
            case _:
                path = f"{person.id}_{flat}"
        return self.wrapping + path

    def hand_in(self, person: Person, own: str, text: str, number: int = 1, counts: bool = False) -> None:
        """Add a file of a student under the student's path."""
        path = self.path(person, own, number)
        self.files[path], self.owners[path] = text, person
        if counts:
            self.counting[person.id] = text

    def write(self, place: Path) -> Path:
        """Write a zip if the name ends in .zip, else a folder."""
        if place.suffix == ".zip":
            with zipfile.ZipFile(place, "w") as archive:
                for name, text in self.files.items():
                    archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), text)
            return place
        place.mkdir()
        for name, text in self.files.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            os.utime(path, (10**9, 10**9))
        return place


def path_of(place: Path, root: Path) -> str:
    return place.relative_to(root).as_posix()


def accounted(found: Found, root: Path) -> dict[str, int]:
    """Return how often each path of an input is reported: as a submission, as a problem, or as left out."""
    counts: dict[str, int] = {}
    named = [one.place.name if isinstance(one.place, Member) else path_of(one.place, root) for one in found.submissions]
    named += [problem.name for problem in found.problems]
    named += [name for left in found.left_out for name in left.files]
    for name in named:
        counts[name] = counts.get(name, 0) + 1
    return counts
