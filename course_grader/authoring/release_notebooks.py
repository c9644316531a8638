"""Makes the learner's notebooks from the teacher's, with nbgrader's converter and the course's configuration."""

from __future__ import annotations

import logging
from copy import deepcopy
from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config.loader import Config, PyFileConfigLoader


def course_config(root: Path) -> Config:
    """Return the configuration of `nbgrader_config.py`."""
    config: Config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    return config


def release_notebook(config: Config, folder: Path, assignment: str) -> None:
    """Convert `folder`/solutions/`assignment` to `folder`/notebooks/`assignment`, without the gradebook.

    Raises nbgrader's NbGraderException if the conversion fails; the log has the reason.
    """
    here = deepcopy(config)
    here.CourseDirectory.root = str(folder)
    here.CourseDirectory.assignment_id = assignment
    # A course.toml beside the configuration may have changed these.
    here.CourseDirectory.source_directory, here.CourseDirectory.release_directory = "solutions", "notebooks"
    # The same as nbgrader's option --no-db, because the build needs no gradebook.
    here.GenerateAssignment.no_database = True
    here.SaveCells.enabled = False
    here.Exporter.optimistic_validation = True
    coursedir = CourseDirectory(config=here)
    converter = GenerateAssignment(coursedir=coursedir, config=here)
    converter.log = logging.getLogger("course_grader.release")
    converter.start()
