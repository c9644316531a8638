"""The times of submissions inside `nbgrader autograde` and the formgrader's button.

`nbgrader_config.py` names `ReadTimes` in `c.Autograde.exporter_class`: the exporter is what nbgrader makes before it
looks at the first submission.
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
    """Reads notebooks as `AnyState` does, once the timestamp.txt of each submission is one that nbgrader reads right.

    A student whose time is refused is graded, and the time in the gradebook, of an earlier submission, is taken out.
    """

    timezone = Unicode("", help="The zone of times that name none; course.toml sets it.").tag(config=True)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]
        if isinstance(self.parent, Autograde):
            self._settle(self.parent)

    def _settle(self, converter: Autograde) -> None:
        courses = converter.coursedir
        pattern = converter._format_source("(?P<assignment>.*)", "(?P<student>.*)", escape=True)
        refused: list[tuple[str, str]] = []
        with ExitStack() as stack:
            journal = self._journal(journal_of(courses.db_url, Path(courses.root)), stack)
            stamps = SubmissionTimes(journal, zone_named(self.timezone))
            for folder, notebooks in list(converter.assignments.items()):
                if not (found := re.match(pattern, folder)):
                    continue
                try:
                    time = stamps.settle(Path(min(notebooks)), found["assignment"], found["student"])
                except (OSError, CourseError) as error:
                    # Graded with a time that nbgrader misreads, a student could lose points.
                    self.log.error("%s is not graded, since its timestamp.txt cannot be rewritten: %s", folder, error)
                    del converter.assignments[folder]
                    continue
                if time.problem:
                    self.log.warning("%s: %s", folder, time.problem)
                    refused.append((found["assignment"], found["student"]))
        _forget(refused, courses.db_url, courses.course_id)

    def _journal(self, path: Path, stack: ExitStack) -> Journal:
        """Open the journal, or an empty one: that of a colleague may be closed to this user."""
        try:
            return stack.enter_context(Journal(path))
        except (OSError, CourseError) as error:
            self.log.warning("What a timestamp.txt was before it is rewritten cannot be kept: %s", error)
            aside = stack.enter_context(TemporaryDirectory())
            return stack.enter_context(Journal(Path(aside) / path.name))


def _forget(refused: list[tuple[str, str]], db_url: str, course_id: str) -> None:
    """Take the times of earlier submissions out of the gradebook."""
    if not refused:
        return
    with Gradebook(db_url, course_id) as database:
        for assignment, student in refused:
            try:
                database.find_submission(assignment, student).timestamp = None
            except MissingEntry:
                continue
        database.db.commit()
