"""The notebooks as the course ships them, and a learner's own copies of them."""

from __future__ import annotations

from pathlib import Path

from course_utils import notebooks
from course_utils.errors import CourseError
from course_utils.files import write_atomic

PACKAGE = Path(__file__).parent
# In an installed package the notebooks stand inside it, in a clone of the course beside it.
SHIPPED_FOLDERS = (PACKAGE / "shelf", PACKAGE.parent / "notebooks")
# Where a learner works who opens the lab in a clone: git leaves this folder alone.
OWN = "my-notebooks"


def shipped_folder() -> Path:
    """Return the folder of the notebooks as shipped; CourseError where this installation has none."""
    for folder in SHIPPED_FOLDERS:
        if notebooks.lessons_in(folder):
            return folder
    raise CourseError("This installation holds no notebooks. Install the course again, or work in a clone of it.")


def is_shipped_folder(folder: Path) -> bool:
    """Tell whether a folder holds the notebooks as shipped, which are not for writing in."""
    return any(folder.resolve() == one.resolve() for one in SHIPPED_FOLDERS)


def start(folder: Path) -> list[str]:
    """Copy the course's notebooks into a folder, and return the names of the lessons that are new there.

    What stands there already stays as it is.
    """
    laid = []
    for lesson in notebooks.lessons_in(shipped_folder()):
        place = folder / lesson.stem / lesson.name
        if not place.exists():
            write_atomic(place, lesson.read_text(encoding="utf-8"))
            laid.append(lesson.stem)
    return laid
