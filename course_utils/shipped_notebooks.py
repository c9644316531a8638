"""The notebooks that the course ships, and a learner's own copies of them."""

from __future__ import annotations

from pathlib import Path

from course_utils import notebooks
from course_utils.errors import CourseError
from course_utils.files import write_atomic

PACKAGE = Path(__file__).parent
# An installed package contains the notebooks; in a clone of the course they are next to the package.
SHIPPED_FOLDERS = (PACKAGE / "bundled_notebooks", PACKAGE.parent / "notebooks")
# The folder for a learner who runs `course lab` in a clone; git ignores it.
OWN = "my-notebooks"


def shipped_folder() -> Path:
    """Return the folder of the shipped notebooks. Raises CourseError if this installation has none."""
    for folder in SHIPPED_FOLDERS:
        if notebooks.lessons_in(folder):
            return folder
    raise CourseError("This installation contains no notebooks. Install the course again, or work in a clone of it.")


def is_shipped_folder(folder: Path) -> bool:
    """Return whether a folder is that of the shipped notebooks, which learners should not edit."""
    return any(folder.resolve() == one.resolve() for one in SHIPPED_FOLDERS)


def start(folder: Path) -> list[str]:
    """Copy the course's notebooks into a folder, and return the names of the lessons that were copied.

    A notebook that is already there stays as it is.
    """
    copied = []
    for lesson in notebooks.lessons_in(shipped_folder()):
        place = folder / lesson.stem / lesson.name
        if not place.exists():
            write_atomic(place, lesson.read_text(encoding="utf-8"))
            copied.append(lesson.stem)
    return copied
