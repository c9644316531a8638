"""Makes copies of the learner's notebooks for Google Colab, with a first cell that installs the course.

The notebooks that are released and graded do not have that cell, so nbgrader and the engine never see it.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from course_utils import notebooks
from course_utils.files import write_atomic

# Tagged as an experiment, so that grading does not run it if a learner submits this copy.
CELL = {"cell_type": "code", "execution_count": None, "id": "colab-install", "metadata": {"tags": ["experiment"]}}
SOURCE = """\
# This cell installs the course in Colab. If it is already installed, the cell does nothing.
import importlib.util

if importlib.util.find_spec("course_utils") is None:
    %pip install --quiet "descent-course @ git+{repository}" anywidget"""


def with_installation(notebook: dict[str, Any], repository: str) -> dict[str, Any]:
    """Return a copy of a notebook (format 4) with a first cell that installs the course from the URL `repository`."""
    fresh = copy.deepcopy(notebook)
    fresh["cells"].insert(0, copy.deepcopy(CELL) | {"outputs": [], "source": SOURCE.format(repository=repository)})
    return fresh


def write_copies(released: Path, out: Path, repository: str) -> list[Path]:
    """Write the copy of each lesson's notebook in `released` to `out`/NAME.ipynb, and return the paths.

    Raises CourseError if a notebook cannot be read.
    """
    written = []
    for path in notebooks.lessons_in(released):
        place = out / path.name
        write_atomic(
            place, json.dumps(with_installation(notebooks.read(path), repository), indent=1, ensure_ascii=False) + "\n"
        )
        written.append(place)
    return written
