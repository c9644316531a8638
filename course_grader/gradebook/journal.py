"""The results of a course, in a file beside the gradebook: what was graded once is not graded again.

A result belongs to the bytes of the submission, the assignment's content with the stamps of its hidden key, the code of
grader and course, and the isolation. Every entry is written whole or not at all, so that a run can be killed at any
time.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from types import TracebackType

import course_utils
from course_grader import engine
from course_grader.engine.result import Result
from course_grader.gradebook.graded_submission import GradedSubmission, ProblemKind
from course_utils.errors import CourseError, Exit

_ENGINE, _UTILS = (Path(next(iter(package.__path__))) for package in (engine, course_utils))
FORMAT = 3
# How the sentence on a fault of the grader's begins in a journal of format 2.
GRADER_PROBLEMS = ("The grader itself failed", "The process that graded it ended")
TABLES = """
CREATE TABLE IF NOT EXISTS result (key TEXT PRIMARY KEY, result BLOB, problem TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS submission (
    assignment TEXT NOT NULL, student TEXT NOT NULL, notebook TEXT NOT NULL, submitted TEXT, notes TEXT NOT NULL,
    key TEXT NOT NULL, problem TEXT NOT NULL, booked TEXT NOT NULL,
    time_source TEXT NOT NULL DEFAULT '', problem_kind TEXT NOT NULL DEFAULT '', PRIMARY KEY (assignment, student)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stamp (
    assignment TEXT NOT NULL, student TEXT NOT NULL, notebook TEXT NOT NULL, given BLOB NOT NULL, written BLOB NOT NULL,
    PRIMARY KEY (assignment, student)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Entry:
    """What the journal holds of a submission. `booked` is what the gradebook was given, empty where nothing was;
    `problem` a sentence that holds for this run alone; `time_source` where its time comes from, empty in entries of
    older versions; `problem_kind` whose fault the problem is."""

    assignment: str
    student: str
    notebook: Path
    submitted: datetime | None
    notes: tuple[str, ...]
    key: str
    problem: str = ""
    booked: str = ""
    time_source: str = ""
    problem_kind: ProblemKind = ProblemKind.NONE


@dataclass(frozen=True)
class Stamp:
    """A timestamp.txt that nbgrader would misread: `given` as it was, `written` as it was rewritten for nbgrader, empty
    if it was taken away. It belongs to the notebook with the digest `notebook`, and to no other."""

    notebook: str
    given: bytes
    written: bytes


@dataclass(frozen=True)
class Verdict:
    """A result, or the sentence why these bytes can have none."""

    result: Result | None
    problem: str = ""


class Journal:
    """The journal of a course, open until `close`, or as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; CourseError where it is something else or cannot be opened."""
        self.path = path
        # Messages may tell of hidden tests.
        path.touch(mode=0o600)
        with self._telling():
            self._database = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._database.executescript(TABLES)
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version > FORMAT:
                raise CourseError(f"{path} was written by another version of the course: move it away and grade again.")
            self._add_missing_columns()
            self._database.execute(f"PRAGMA user_version = {FORMAT}")

    def _add_missing_columns(self) -> None:
        """Bring a table of an older version to the present form."""
        columns = [column[1] for column in self._database.execute("PRAGMA table_info(submission)")]
        for name in ("time_source", "problem_kind"):
            if name not in columns:
                self._database.execute(f"ALTER TABLE submission ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
        if "problem_kind" not in columns:
            self._database.executemany(
                "UPDATE submission SET problem_kind = ? WHERE problem LIKE ?",
                [(ProblemKind.GRADER, f"{begin}%") for begin in GRADER_PROBLEMS],
            )

    def verdict(self, key: str) -> Verdict | None:
        """Return what grading found under a key, or None where it was never graded."""
        with self._telling():
            row = self._database.execute("SELECT result, problem FROM result WHERE key = ?", (key,)).fetchone()
        return None if row is None else _verdict(*row)

    def entry(self, assignment: str, student: str) -> Entry | None:
        """Return what is known of a student's submission."""
        with self._telling():
            query = "SELECT * FROM submission WHERE assignment = ? AND student = ?"
            row = self._database.execute(query, (assignment, student)).fetchone()
        return None if row is None else _entry(row)

    def booked(self, assignment: str) -> set[str]:
        """Return the students whose submissions the gradebook was given whole."""
        with self._telling():
            query = "SELECT student FROM submission WHERE assignment = ? AND booked != ''"
            return {student for (student,) in self._database.execute(query, (assignment,))}

    def add(self, verdicts: Iterable[tuple[str, Verdict]], entries: Iterable[Entry]) -> None:
        """Note verdicts by their keys, and submissions; all of them or none."""
        rows = [(key, _packed(verdict.result), verdict.problem) for key, verdict in verdicts]
        with self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO result VALUES (?, ?, ?)", rows)
            self._database.executemany(
                "INSERT OR REPLACE INTO submission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_row, entries)
            )

    def stamp(self, assignment: str, student: str) -> Stamp | None:
        """Return what is known of a student's timestamp.txt, or None if it is as nbgrader wants it."""
        query = "SELECT notebook, given, written FROM stamp WHERE assignment = ? AND student = ?"
        with self._telling():
            row = self._database.execute(query, (assignment, student)).fetchone()
        return None if row is None else Stamp(*row)

    def add_stamp(self, assignment: str, student: str, stamp: Stamp) -> None:
        """Note what a student's timestamp.txt was before it is rewritten."""
        row = assignment, student, stamp.notebook, stamp.given, stamp.written
        with self._telling():
            self._database.execute("INSERT OR REPLACE INTO stamp VALUES (?, ?, ?, ?, ?)", row)

    def graded(self, assignment: str, students: Collection[str] | None = None) -> Iterator[GradedSubmission]:
        """Yield every submission of an assignment with its result or why there is none, by student.

        students: those of the gradebook. Who was entered there and is not among them any more was taken out by hand.
        """
        query = """
            SELECT submission.*, result.result, result.problem FROM submission LEFT JOIN result USING (key)
            WHERE assignment = ? ORDER BY student"""
        with self._telling():
            for *row, result, problem in self._database.execute(query, (assignment,)):
                entry = _entry(row)
                if students is not None and entry.booked and entry.student not in students:
                    continue
                verdict = _verdict(result, problem or "")
                yield GradedSubmission(
                    entry.student,
                    entry.notebook,
                    entry.submitted,
                    None if entry.problem else verdict.result,
                    entry.problem or verdict.problem,
                    entry.notes,
                    entry.time_source,
                    entry.problem_kind if entry.problem else _kind_of(verdict.problem),
                )

    def assignments(self) -> list[str]:
        """Return the names of the assignments of which there are submissions."""
        with self._telling():
            rows = self._database.execute("SELECT DISTINCT assignment FROM submission ORDER BY assignment")
            return [name for (name,) in rows]

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._telling():
            try:
                # Inside: an interruption just after it would leave a transaction open.
                self._database.execute("BEGIN IMMEDIATE")
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise CourseError(
                f"The results in {self.path} cannot be read or written ({error}). What was written is kept: fix "
                "that and run the command again.",
                Exit.ENVIRONMENT,
            ) from error


def key_of(content: bytes, digest: str, isolation: str) -> str:
    """Return under which key the result of a submission stands; `digest` stands for the assignment.

    The probes are left out: the stamps in the assignment's hidden key tell of those that it asks, so that after a
    fix of a probe only its own assignment is graded again.
    """
    parts = (hashlib.sha256(content).hexdigest(), digest, *_judging(), isolation)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def versions() -> tuple[str, str]:
    """Return what stands for the code of the engine and of course_utils: digests, since an edit changes no number."""
    return _digest(_ENGINE), _digest(_UTILS)


@cache
def _judging() -> tuple[str, str]:
    return _digest(_ENGINE), _digest(_UTILS, _UTILS / "checks" / "probes")


def _digest(package: Path, beside: Path | None = None) -> str:
    """Return a digest of the code of a package, beside a folder of it."""
    total = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        if beside and path.is_relative_to(beside):
            continue
        total.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def _packed(result: Result | None) -> bytes | None:
    return None if result is None else zlib.compress(json.dumps(result.to_json()).encode())


def _verdict(packed: bytes | None, problem: str) -> Verdict:
    return Verdict(None if packed is None else Result.from_json(json.loads(zlib.decompress(packed))), problem)


def _kind_of(problem: str) -> ProblemKind:
    """Return the kind of a problem that these bytes have each time they are graded."""
    return ProblemKind.SUBMISSION if problem else ProblemKind.NONE


def _row(entry: Entry) -> tuple[str | None, ...]:
    submitted = entry.submitted.isoformat() if entry.submitted else None
    told = entry.key, entry.problem, entry.booked, entry.time_source, entry.problem_kind
    return entry.assignment, entry.student, str(entry.notebook), submitted, json.dumps(entry.notes), *told


def _entry(row: Iterable[str]) -> Entry:
    assignment, student, notebook, submitted, notes, key, problem, booked, time_source, kind = row
    return Entry(
        assignment,
        student,
        Path(notebook),
        datetime.fromisoformat(submitted) if submitted else None,
        tuple(json.loads(notes)),
        key,
        problem,
        booked,
        time_source,
        ProblemKind(kind),
    )
