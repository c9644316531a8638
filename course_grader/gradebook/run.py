"""Grades a class: reuses the results in the journal, grades the rest, and writes the results with `ResultStore`."""

from __future__ import annotations

import dataclasses
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
from course_grader.gradebook.assignment_record import AssignmentRecord, enter_assignment
from course_grader.gradebook.autograded_notebook import AutogradedNotebook, autograded_problem
from course_grader.gradebook.changes import Change, GradebookScore, change_of, gradebook_scores
from course_grader.gradebook.course import Course
from course_grader.gradebook.database import Database
from course_grader.gradebook.graded_submission import ProblemKind
from course_grader.gradebook.journal import Journal, StoredResult, key_of, versions
from course_grader.gradebook.lock import locked
from course_grader.gradebook.preview import copied
from course_grader.gradebook.privacy import make_file
from course_grader.gradebook.result_store import ResultStore
from course_grader.gradebook.task import (
    GradingBatch,
    RunSpec,
    WorkerRefused,
    WorkerResult,
    grade_batch,
    grader_failed,
    page_again,
    serialise,
)
from course_grader.gradebook.timestamps import SubmissionTimes
from course_grader.submissions import Found, Submission
from course_grader.submissions.times import TIMESTAMP
from course_utils.errors import CourseError, Exit


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
class GradingJob:
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
    """The result of a run. `entered`: whether the assignment was added to the gradebook. `submissions_written`: how
    many submissions were written to the gradebook. `waiting`: how many still need manual grading. `untimed`: if there
    is a due date, how many submissions have no reliable time; `marked_late`: how many of those the platform marks as
    late. `changes`: what changed for students who were graded before. `added`: the students added to the gradebook."""

    entered: bool = False
    submissions_written: int = 0
    waiting: int = 0
    untimed: int = 0
    marked_late: int = 0
    changes: list[Change] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


def grade_class(
    job: GradingJob,
    found: Found,
    cluster: Cluster,
    report: Callable[[ProgressEvent], None],
    summary: Summary | None = None,
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
        record, summary.entered = enter_assignment(course, database.gradebook, job.name, job.assignment)
        store = ResultStore(job.course, record, journal, database, job.preview)
        times = SubmissionTimes(journal, job.course.zone, rewrites=not job.preview)
        return _Run(job, cluster, report, store, times, database, summary, record).go(found)


class _Run:
    def __init__(
        self,
        job: GradingJob,
        cluster: Cluster,
        report: Callable[[ProgressEvent], None],
        store: ResultStore,
        times: SubmissionTimes,
        database: Database,
        summary: Summary,
        record: AssignmentRecord,
    ) -> None:
        self._job, self._cluster, self._report, self._store, self._times = job, cluster, report, store, times
        self._database, self._summary, self._assignment_record = database, summary, record
        self._exam = serialise(job.assignment, record)
        self._spec = RunSpec(job.assignment.digest, self._exam, job.isolation, versions())
        self._students = database.students()
        self._before = gradebook_scores(database.gradebook, job.name)

    def go(self, found: Found) -> Summary:
        for problem in found.problems:
            self._report(ProgressEvent(problem.name, problem=problem.sentence))
        known = [self._with_kept_notes(self._timed(one)) for one in found.submissions if self._is_known(one)]
        readable = [one for one in known if not self._is_unreadable(one)]
        try:
            self._grade([one for one in readable if not self._reuse(one)])
        finally:
            # Whatever ended the run: what was graded is written.
            try:
                self._store.flush()
            finally:
                self._summary.submissions_written, self._summary.added = self._store.rows_written, self._store.added
            self._compare()
        self._database.penalise(self._assignment_record, [one.student for one in readable])
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
        place = self._store.place("submitted", submission)
        return self._times.timed(submission, place, self._job.name, self._store.is_in_place(submission))

    def _is_known(self, submission: Submission) -> bool:
        if self._job.add_students or submission.student in self._students:
            return True
        self._report(_event(submission, problem=why_unknown(submission)))
        return False

    def _is_unreadable(self, submission: Submission) -> bool:
        """Return whether a submission has no usable notebook; if so, report it and note it in the journal."""
        if not submission.problem:
            return False
        self._store.note_unreadable(submission)
        self._report(_event(submission, problem=submission.problem))
        return True

    def _with_kept_notes(self, submission: Submission) -> Submission:
        """Return a submission with the notes of its first run.

        The copy in `submitted` does not contain what its zip said, for example that Canvas marks it as late. If there
        is a time beside the copy, the old notes are not needed.
        """
        if submission.submitted is not None or not self._store.is_in_place(submission):
            return submission
        before = self._store.entry(submission.student)
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
        stored = self._store.stored_result(key)
        if stored is None:
            return False
        if not self._store.is_recorded(submission, key):
            page = (
                page_again(content, stored.result, self._exam)
                if stored.result
                else autograded_problem(stored.problem, self._assignment_record)
            )
            self._store.write(submission, key, content, page)
        self._report(_event(submission, stored.result, stored.problem, reused=True))
        return True

    def _grade(self, left: Sequence[Submission]) -> None:
        if not left:
            return
        stream = Stream(self._cluster, grade_batch, _singles)
        owners = {one.student: one for one in left}
        # Use smaller batches for a small class, so that all workers have something to do.
        size = max(1, min(self._cluster.batch, len(left) // (4 * self._cluster.workers)))
        for batch, answer in stream.over(self._batches(left, size)):
            match answer:
                case WorkerRefused(sentence):
                    raise CourseError(sentence, Exit.ENVIRONMENT)
                case Exception():
                    self._record([grader_failed(name, _fault(answer)) for name in batch.contents], batch, owners)
                case results:
                    self._record(results, batch, owners)

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

    def _record(self, results: Sequence[WorkerResult], batch: GradingBatch, owners: dict[str, Submission]) -> None:
        """Note results in the journal, report them, and write them."""
        graded: list[tuple[Submission, str, StoredResult]] = []
        failures: list[tuple[Submission, str, str]] = []
        events: list[ProgressEvent] = []
        pages: list[tuple[Submission, str, bytes, AutogradedNotebook]] = []
        for one in results:
            submission, content = owners[one.name], batch.contents[one.name]
            result = None if one.result is None else Result.from_json(one.result)
            key = self._key(content)
            if one.problem_kind == ProblemKind.GRADER:
                failures.append((submission, key, one.problem))
            else:
                graded.append((submission, key, StoredResult(result, one.problem)))
                page = one.page or autograded_problem(one.problem, self._assignment_record)
                pages.append((submission, key, content, page))
            events.append(_event(submission, result, one.problem))
        self._store.note_results(graded, failures)
        for event in events:
            self._report(event)
        for each in pages:
            self._store.write(*each)

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


def why_unknown(submission: Submission) -> str:
    """Return why a submission is not graded if its student is not in the gradebook: the submission's own problem, or a
    sentence that says so."""
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
        yield GradingBatch(batch.spec, {name: content})
