"""Grades a class: reuses known results, grades the rest, and writes journal, folders and gradebook.

A run can be stopped at any point because of the order of its steps: a result is first written to the journal, then the
notebook to `autograded`, then the rows to the gradebook, and then the journal records that they are there. The next run
continues from there.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from course_grader.cluster import Cluster, Stream, WorkerDied
from course_grader.engine.notebook.assignment import Assignment
from course_grader.engine.notebook.read import LARGEST_FILE, Unreadable
from course_grader.engine.result import Result
from course_grader.engine.sandbox.levels import Level
from course_grader.gradebook.assignment_record import AssignmentRecord, enter
from course_grader.gradebook.autograded_notebook import AutogradedNotebook, autograded_problem
from course_grader.gradebook.changes import Change, GradebookScore, change_of, gradebook_scores, unchanged_cells
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database, Row, shown
from course_grader.gradebook.folders import write_autograded, write_submitted
from course_grader.gradebook.journal import Entry, Journal, Verdict, key_of, versions
from course_grader.gradebook.lock import locked
from course_grader.gradebook.preview import copied
from course_grader.gradebook.privacy import make_file
from course_grader.gradebook.task import (
    GradingBatch,
    RunSpec,
    WorkerRefused,
    WorkerResult,
    grade_batch,
    page_again,
    serialise,
)
from course_grader.gradebook.timestamps import SubmissionTimes
from course_grader.submissions import Found, Submission
from course_grader.submissions.times import TIMESTAMP
from course_utils.errors import CourseError, Exit

# A transaction contains at most this many submissions, or the results of about this many seconds.
CHUNK, SECONDS = 64, 5.0


@dataclass(frozen=True)
class ProgressEvent:
    """The outcome of one submission, as a run reports it. `reused`: the result is from an earlier run. `time_source`:
    where the time or the lateness comes from."""

    student: str
    submitted: datetime | None = None
    result: Result | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()
    reused: bool = False
    time_source: str = ""


@dataclass(frozen=True)
class Job:
    """What to grade, and how. `add_students`: whether students who are not in the gradebook are added to it. `preview`:
    grade and report what would change, but write nothing."""

    course: Course
    name: str
    assignment: Assignment
    isolation: Level = "namespaces"
    add_students: bool = True
    preview: bool = False


@dataclass
class Summary:
    """The result of a run. `entered`: whether the assignment was added to the gradebook. `booked`: how many submissions
    were written to the gradebook. `waiting`: how many still need manual grading. `untimed`: if there is a due date, how
    many submissions have no reliable time; `marked_late`: how many of those the platform marks as late. `changes`: what
    changed for students who were graded before. `added`: the students added to the gradebook."""

    entered: bool = False
    booked: int = 0
    waiting: int = 0
    untimed: int = 0
    marked_late: int = 0
    changes: list[Change] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


def grade_class(
    job: Job, found: Found, cluster: Cluster, report: Callable[[ProgressEvent], None], summary: Summary | None = None
) -> Summary:
    """Grade every submission that was found, and report each of them once.

    Raises CourseError if there is a problem with the course, its gradebook or this machine. Results that were already
    reported are kept, also if the run is interrupted.
    """
    with ExitStack() as stack:
        course = stack.enter_context(copied(job.course)) if job.preview else job.course
        lock = course.journal.with_suffix(".lock")
        # Both are made private first: a user who can open the lock file could block grading.
        for file in (lock, course.journal):
            make_file(course, file)
        stack.enter_context(locked(lock))
        journal = stack.enter_context(Journal(course.journal))
        database = stack.enter_context(Database(course))
        summary = summary or Summary()
        record, summary.entered = enter(course, database.gradebook, job.name, job.assignment)
        return _Run(job, cluster, report, journal, database, summary, record).go(found)


class _Run:
    def __init__(
        self,
        job: Job,
        cluster: Cluster,
        report: Callable[[ProgressEvent], None],
        journal: Journal,
        database: Database,
        summary: Summary,
        record: AssignmentRecord,
    ) -> None:
        self._job, self._cluster, self._report, self._journal, self._database = job, cluster, report, journal, database
        self._summary, self._record_of_assignment = summary, record
        self._exam = serialise(job.assignment, self._record_of_assignment)
        self._spec = RunSpec(job.assignment.digest, self._exam, job.isolation, versions())
        self._students = database.students()
        self._handed_in = database.handed_in(job.name)
        self._before = gradebook_scores(database.gradebook, job.name)
        self._by_hand = set(gradebook_scores(database.gradebook, job.name, by_hand=True)) & journal.booked(job.name)
        self._stamps = SubmissionTimes(journal, job.course.zone, rewrites=not job.preview)
        self._in_place = job.course.folder("submitted", "", "").resolve()
        self._queued: list[tuple[Entry, Row]] = []
        self._since = time.monotonic()

    def go(self, found: Found) -> Summary:
        for problem in found.problems:
            self._report(ProgressEvent(problem.name, problem=problem.sentence))
        known = [self._with_kept_notes(self._timed(one)) for one in found.submissions if self._is_known(one)]
        readable = [one for one in known if not self._is_unreadable(one)]
        try:
            self._grade([one for one in readable if not self._reuse(one)])
        finally:
            # Write the results so far to the gradebook, whatever ended the run.
            self._flush()
            self._compare()
        self._database.penalise(self._record_of_assignment, [one.student for one in readable])
        self._compare()
        self._summary.waiting = self._database.waiting(self._job.name)
        if self._database.due(self._job.name) is not None:
            untimed = [one for one in readable if one.submitted is None]
            self._summary.untimed = len(untimed)
            self._summary.marked_late = sum(one.late for one in untimed)
        return self._summary

    def _compare(self) -> None:
        """Put into the summary what changed so far for students who were graded before."""
        after, assignment = gradebook_scores(self._database.gradebook, self._job.name), self._job.assignment
        nothing = GradebookScore({})
        pairs = ((student, before, after.get(student, nothing)) for student, before in sorted(self._before.items()))
        changes = (change_of(student, before, now, assignment) for student, before, now in pairs)
        self._summary.changes = [change for change in changes if change]

    def _timed(self, submission: Submission) -> Submission:
        """Return a submission with the time that is stored in nbgrader's folder of submissions."""
        place = self._folder("submitted", submission)
        return self._stamps.timed(submission, place, self._job.name, self._is_in_place(submission))

    def _is_known(self, submission: Submission) -> bool:
        if self._job.add_students or submission.student in self._students:
            return True
        self._report(_event(submission, problem=stranger(submission)))
        return False

    def _is_unreadable(self, submission: Submission) -> bool:
        """Return whether a submission has no usable notebook, and report it.

        The journal records it only for a student in the gradebook without an earlier result; otherwise the file may
        have nothing to do with the course.
        """
        if not submission.problem:
            return False
        before = self._journal.entry(self._job.name, submission.student)
        if submission.student in self._students and (before is None or not before.key):
            entry = self._entry(submission, "")
            self._journal.add((), [dataclasses.replace(entry, problem=submission.problem, booked="")])
        self._report(_event(submission, problem=submission.problem))
        return True

    def _with_kept_notes(self, submission: Submission) -> Submission:
        """Return a submission with the notes of its first run.

        The copy in `submitted` does not contain what its zip said, for example that Canvas marks it as late. If there
        is a time beside the copy, the old notes are not needed.
        """
        if submission.submitted is not None or not self._is_in_place(submission):
            return submission
        before = self._journal.entry(self._job.name, submission.student)
        kept = [note for note in (before.notes if before else ()) if not note.startswith(TIMESTAMP)]
        notes = (*kept, *submission.notes)
        return dataclasses.replace(submission, notes=tuple(dict.fromkeys(notes)))

    def _reuse(self, submission: Submission) -> bool:
        """Use a submission's result from the journal; return False if there is none and it has to be graded.

        Also returns True if the file cannot be read, which it reports.
        """
        content = self._read(submission)
        if content is None:
            return True
        key = self._key(content)
        verdict = self._journal.verdict(key)
        if verdict is None:
            return False
        before = self._journal.entry(self._job.name, submission.student)
        entry = self._entry(submission, key)
        if before and before.booked == entry.booked and self._is_recorded(submission):
            if entry != before:
                self._journal.add((), [entry])
        else:
            page = (
                page_again(content, verdict.result, self._exam)
                if verdict.result
                else autograded_problem(verdict.problem, self._record_of_assignment)
            )
            self._queue(submission, content, entry, page)
        self._report(_event(submission, verdict.result, verdict.problem, reused=True))
        return True

    def _grade(self, left: Sequence[Submission]) -> None:
        if not left:
            return
        stream = Stream(self._cluster, grade_batch, _singles)
        owners = {one.student: one for one in left}
        # Use smaller batches for a small class, so that all workers have something to do.
        size = max(1, min(self._cluster.batch, len(left) // (4 * self._cluster.workers)))
        for batch, came in stream.over(self._batches(left, size)):
            match came:
                case WorkerRefused(sentence):
                    raise CourseError(sentence, Exit.ENVIRONMENT)
                case Exception():
                    self._record([WorkerResult(name, problem=_fault(came)) for name in batch.contents], batch, owners)
                case answers:
                    self._record(answers, batch, owners)

    def _batches(self, left: Sequence[Submission], size: int) -> Iterator[GradingBatch]:
        """Yield batches. Each is read only when it is needed, so that only the batches in flight are in memory."""
        batch = GradingBatch(self._spec)
        for submission in left:
            content = self._read(submission)
            if content is not None:
                batch.contents[submission.student] = content
            if len(batch.contents) == size or sum(map(len, batch.contents.values())) > LARGEST_FILE // 4:
                yield batch
                batch = GradingBatch(self._spec)
        if batch.contents:
            yield batch

    def _record(self, answers: Sequence[WorkerResult], batch: GradingBatch, owners: dict[str, Submission]) -> None:
        """Write results to the journal, report them, and queue them for the gradebook."""
        verdicts, entries, told = [], [], []
        pages: list[tuple[Submission, bytes, Entry, AutogradedNotebook]] = []
        for answer in answers:
            submission, content = owners[answer.name], batch.contents[answer.name]
            result = None if answer.result is None else Result.from_json(answer.result)
            entry = self._entry(submission, self._key(content))
            if answer.result is None and not answer.lasting:
                entries.append(dataclasses.replace(entry, problem=answer.problem, booked=""))
            else:
                verdicts.append((entry.key, Verdict(result, answer.problem)))
                entries.append(dataclasses.replace(entry, booked=""))
                page = answer.page or autograded_problem(answer.problem, self._record_of_assignment)
                pages.append((submission, content, entry, page))
            told.append(_event(submission, result, answer.problem))
        self._journal.add(verdicts, entries)
        for one in told:
            self._report(one)
        for each in pages:
            self._queue(*each)

    def _queue(self, submission: Submission, content: bytes, entry: Entry, page: AutogradedNotebook) -> None:
        """Write a submission's files, and queue its row for the gradebook's next transaction."""
        course, student, when = self._job.course, submission.student, submission.submitted
        names = student, self._job.name, self._record_of_assignment.notebook
        unchanged = frozenset[str]()
        if student in self._by_hand:
            unchanged = unchanged_cells(self._folder("autograded", submission), page.text)
        if not self._job.preview:
            if not self._is_in_place(submission):
                write_submitted(course, *names, content, when)
            write_autograded(course, *names, page.text, when)
        self._queued.append((entry, Row(student, when, page.scores, page.comments, unchanged)))
        if len(self._queued) >= CHUNK or time.monotonic() - self._since > SECONDS:
            self._flush()

    def _flush(self) -> None:
        """Write the queued rows to the gradebook."""
        kept, self._queued = self._queued, []
        self._since = time.monotonic()
        if not kept:
            return
        self._database.write(self._record_of_assignment, [row for _, row in kept])
        self._journal.add((), [entry for entry, _ in kept])
        self._summary.booked += len(kept)
        self._summary.added += [row.student for _, row in kept if row.student not in self._students]

    def _is_in_place(self, submission: Submission) -> bool:
        """Return whether a submission is already in nbgrader's folder of submissions."""
        place = submission.place
        return isinstance(place, Path) and place.resolve().is_relative_to(self._in_place)

    def _place(self, submission: Submission) -> Path:
        """Return the path that a submission has, or will have, in nbgrader's folder of submissions."""
        if isinstance(submission.place, Path) and self._is_in_place(submission):
            return submission.place.absolute()
        return self._folder("submitted", submission)

    def _folder(self, step: str, submission: Submission) -> Path:
        return (
            self._job.course.folder(step, submission.student, self._job.name)
            / f"{self._record_of_assignment.notebook}.ipynb"
        )

    def _is_recorded(self, submission: Submission) -> bool:
        """Return whether a submission is still in the gradebook and in the folders."""
        files = self._place(submission), self._folder("autograded", submission)
        return submission.student in self._handed_in and all(file.is_file() for file in files)

    def _entry(self, submission: Submission, key: str) -> Entry:
        """Return the journal's entry for a submission after it was written to the gradebook."""
        when = submission.submitted.isoformat() if submission.submitted else ""
        place, course = self._place(submission), self._job.course
        # A gradebook that is a file is beside the journal, and both may be moved, so its path is not stored.
        booked = f"{key} {when} {'' if course.database else shown(course)}"
        return Entry(
            self._job.name,
            submission.student,
            place,
            submission.submitted,
            submission.notes,
            key,
            booked=booked,
            time_source=submission.time_source,
        )

    def _key(self, content: bytes) -> str:
        return key_of(content, self._spec.digest, self._spec.isolation)

    def _read(self, submission: Submission) -> bytes | None:
        """Return the bytes of a submission; if it cannot be read, report why and return None."""
        try:
            if isinstance(submission.place, Path):
                with submission.place.open("rb") as file:
                    # One byte more than the limit, so that the grader reports that the file is too large.
                    return file.read(LARGEST_FILE + 1)
            return submission.content()
        except (OSError, Unreadable) as error:
            problem = str(error) if isinstance(error, Unreadable) else f"The file cannot be read ({error.strerror})."
            self._report(_event(submission, problem=problem))
            return None


def stranger(submission: Submission) -> str:
    """Return why a submission is not graded whose student is not in the gradebook: its problem, or exactly this."""
    closest = f" Closest in the roster: {', '.join(submission.closest)}." if submission.closest else ""
    return submission.problem or (
        f"This student is not in the gradebook.{closest} Correct the name, add the student with `course roster`, or "
        "choose --unknown-students add."
    )


def _event(
    submission: Submission, result: Result | None = None, problem: str = "", reused: bool = False
) -> ProgressEvent:
    when, source = submission.submitted, submission.time_source
    return ProgressEvent(submission.student, when, result, problem, submission.notes, reused, source)


def _fault(error: Exception) -> str:
    if isinstance(error, WorkerDied):
        return "The grading process died on this submission. Look at the notebook before you grade it again."
    return f"The grader itself failed on it ({type(error).__name__}: {error})."


def _singles(batch: GradingBatch) -> Iterator[GradingBatch]:
    for name, content in batch.contents.items():
        yield GradingBatch(batch.order, {name: content})
