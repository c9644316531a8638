"""Writes results in such an order that a run can be interrupted at any point.

A result goes into the journal first, then the notebook into `autograded`, then the row into the gradebook; last, the
journal notes that the row is there. The next run writes what is missing after an interruption.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from pathlib import Path

from course_grader.gradebook.assignment_record import AssignmentRecord
from course_grader.gradebook.autograded_notebook import AutogradedNotebook
from course_grader.gradebook.changes import gradebook_scores, unchanged_cells
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database, Row, shown_address
from course_grader.gradebook.folders import write_autograded, write_submitted
from course_grader.gradebook.graded_submission import ProblemKind
from course_grader.gradebook.journal import Journal, JournalEntry, StoredResult
from course_grader.submissions import Submission

# A transaction holds at most this many rows, or the rows of this many seconds.
MOST_ROWS, SECONDS = 64, 5.0


class ResultStore:
    """The journal, the folders and the gradebook of one assignment.

    `rows_written` counts the rows that were written to the gradebook, `added` has the students who were not in it
    before. With `preview`, no folder is written; journal and gradebook are then copies.
    """

    def __init__(
        self, course: Course, record: AssignmentRecord, journal: Journal, database: Database, preview: bool
    ) -> None:
        self._course, self._name, self._notebook = course, record.assignment, record.notebook
        self._record, self._journal, self._database, self._preview = record, journal, database, preview
        self._students = database.students()
        self._handed_in = database.handed_in(record.assignment)
        graded_by_hand = set(gradebook_scores(database.gradebook, record.assignment, by_hand=True))
        self._by_hand = graded_by_hand & journal.students_in_gradebook(record.assignment)
        self._submitted = course.folder("submitted", "", "").resolve()
        self._queue: list[tuple[JournalEntry, Row]] = []
        self._since = time.monotonic()
        self.rows_written = 0
        self.added: list[str] = []

    def entry(self, student: str) -> JournalEntry | None:
        """Return the journal's entry for a student, or None."""
        return self._journal.entry(self._name, student)

    def stored_result(self, key: str) -> StoredResult | None:
        """Return the stored result with a key, or None if there is none."""
        return self._journal.stored_result(key)

    def is_in_place(self, submission: Submission) -> bool:
        """Return whether a submission is already in nbgrader's folder of submissions."""
        place = submission.place
        return isinstance(place, Path) and place.resolve().is_relative_to(self._submitted)

    def place(self, step: str, submission: Submission) -> Path:
        """Return the path at which nbgrader keeps a student's notebook for a step, such as `submitted`."""
        return self._course.folder(step, submission.student, self._name) / f"{self._notebook}.ipynb"

    def note_unreadable(self, submission: Submission) -> None:
        """Note in the journal that a student's submission cannot be read. Notes nothing if the student is not in the
        gradebook, or has a graded submission: then this may be a stray file."""
        before = self.entry(submission.student)
        if submission.student in self._students and (before is None or not before.key):
            self._journal.add((), [self._failed(submission, "", submission.problem, ProblemKind.SUBMISSION)])

    def note_results(
        self,
        results: Iterable[tuple[Submission, str, StoredResult]],
        failures: Iterable[tuple[Submission, str, str]],
    ) -> None:
        """Note in the journal the results of submissions, each with its key, and the submissions on which the grader
        failed, each with its key and the reason. All or nothing is written."""
        stored, entries = [], []
        for submission, key, one in results:
            stored.append((key, one))
            entries.append(dataclasses.replace(self._whole_entry(submission, key), in_gradebook=""))
        entries += [self._failed(one, key, problem, ProblemKind.GRADER) for one, key, problem in failures]
        self._journal.add(stored, entries)

    def is_recorded(self, submission: Submission, key: str) -> bool:
        """Return whether the gradebook and the folders already have this result. If so, also store what else is new
        about the submission, such as its notes, in the journal."""
        before, entry = self.entry(submission.student), self._whole_entry(submission, key)
        files = self._origin(submission), self.place("autograded", submission)
        is_there = submission.student in self._handed_in and all(file.is_file() for file in files)
        if before is None or before.in_gradebook != entry.in_gradebook or not is_there:
            return False
        if entry != before:
            self._journal.add((), [entry])
        return True

    def write(self, submission: Submission, key: str, content: bytes, page: AutogradedNotebook) -> None:
        """Write the folders of a submission, and queue its row for the gradebook's next transaction."""
        student, when = submission.student, submission.submitted
        names = student, self._name, self._notebook
        unchanged = frozenset[str]()
        if student in self._by_hand:
            unchanged = unchanged_cells(self.place("autograded", submission), page.text)
        if not self._preview:
            if not self.is_in_place(submission):
                write_submitted(self._course, *names, content, when)
            write_autograded(self._course, *names, page.text, when)
        row = Row(student, when, page.scores, page.comments, unchanged)
        self._queue.append((self._whole_entry(submission, key), row))
        if len(self._queue) >= MOST_ROWS or time.monotonic() - self._since > SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the queued rows to the gradebook, and then note in the journal that they are there."""
        queue, self._queue = self._queue, []
        self._since = time.monotonic()
        if queue:
            self._database.write(self._record, [row for _, row in queue])
            self._journal.add((), [entry for entry, _ in queue])
            self.rows_written += len(queue)
            self.added += [row.student for _, row in queue if row.student not in self._students]

    def _origin(self, submission: Submission) -> Path:
        """Return where a submission is in nbgrader's folder of submissions, or will be."""
        if isinstance(submission.place, Path) and self.is_in_place(submission):
            return submission.place.absolute()
        return self.place("submitted", submission)

    def _failed(self, submission: Submission, key: str, problem: str, kind: ProblemKind) -> JournalEntry:
        entry = self._whole_entry(submission, key)
        return dataclasses.replace(entry, problem=problem, problem_kind=kind, in_gradebook="")

    def _whole_entry(self, submission: Submission, key: str) -> JournalEntry:
        """Return the journal's entry for a submission that the gradebook has."""
        when = submission.submitted.isoformat() if submission.submitted else ""
        # The journal is beside a gradebook that is a file, and may be moved with it.
        in_gradebook = f"{key} {when} {'' if self._course.database else shown_address(self._course)}"
        return JournalEntry(
            self._name,
            submission.student,
            self._origin(submission),
            submission.submitted,
            submission.notes,
            key,
            in_gradebook=in_gradebook,
            time_source=submission.time_source,
        )
