"""Corrects submission times when `nbgrader autograde`, or the formgrader's button, grades.

`nbgrader_config.py` sets `c.Autograde.exporter_class` to `ReadTimes`, because nbgrader creates the exporter before it
reads the first submission.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from traitlets import Unicode

from course_grader.engine.preprocessors import AnyState
from course_grader.gradebook.course import journal_of, zone_named
from course_grader.gradebook.journal import Journal
from course_grader.gradebook.timestamps import SubmissionTimes
from course_utils.errors import CourseError


class ReadTimes(AnyState):
    """Reads notebooks as `AnyState` does, but first rewrites each timestamp.txt that nbgrader would misread.

    A submission whose timestamp.txt has no valid time is graded without a time, and the time of an earlier submission
    is removed from the gradebook.
    """

    timezone = Unicode("", help="Time zone of times that do not name one; course.toml sets it.").tag(config=True)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]
        if isinstance(self.parent, Autograde):
            self._rewrite_times(self.parent)

    def _rewrite_times(self, converter: Autograde) -> None:
        courses = converter.coursedir
        pattern = converter._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True)
        refused: list[tuple[str, str]] = []
        with ExitStack() as stack:
            journal = self._journal(journal_of(courses.db_url, Path(courses.root)), stack)
            stamps = SubmissionTimes(journal, zone_named(self.timezone))
            for folder, notebooks in list(converter.assignments.items()):
                if not (names := re.match(pattern, folder)):
                    continue
                try:
                    time = stamps.read_and_normalise(Path(min(notebooks)), names["assignment"], names["student"])
                except (OSError, CourseError) as error:
                    # With a time that nbgrader misreads, a student could lose points.
                    self.log.error("%s is not graded: its timestamp.txt cannot be rewritten: %s", folder, error)
                    del converter.assignments[folder]
                    continue
                if time.problem:
                    self.log.warning("%s: %s", folder, time.problem)
                    refused.append((names["assignment"], names["student"]))
        _remove_times(refused, courses.db_url, courses.course_id)

    def _journal(self, path: Path, stack: ExitStack) -> Journal:
        """Open the journal, or an empty temporary one if this user cannot open it."""
        try:
            return stack.enter_context(Journal(path))
        except (OSError, CourseError) as error:
            self.log.warning("The original content of a rewritten timestamp.txt cannot be saved: %s", error)
            folder = stack.enter_context(TemporaryDirectory())
            return stack.enter_context(Journal(Path(folder) / path.name))


def _remove_times(refused: list[tuple[str, str]], db_url: str, course_id: str) -> None:
    """Remove the times of earlier submissions from the gradebook."""
    if not refused:
        return
    with Gradebook(db_url, course_id) as database:
        for assignment, student in refused:
            try:
                database.find_submission(assignment, student).timestamp = None
            except MissingEntry:
                continue
        database.db.commit()
