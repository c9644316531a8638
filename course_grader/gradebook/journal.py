"""Stores the results of a course in a file beside the gradebook, so that nothing is graded twice.

A result is reused only for the same bytes of the submission, the same assignment with the same fingerprints in its
hidden key, the same code of grader and course, and the same isolation. Entries are written atomically, so that a run
can be killed at any time.
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
class JournalEntry:
    """A submission in the journal. `key`: the key of its result. `problem`: why this run could not grade it; another
    run may. `in_gradebook`: identifies what was written to the gradebook, empty if nothing was. `time_source`: where
    its time comes from, empty in entries of older versions. `problem_kind`: whether the submission or the grader is at
    fault."""

    assignment: str
    student: str
    notebook: Path
    submitted: datetime | None
    notes: tuple[str, ...]
    key: str
    problem: str = ""
    in_gradebook: str = ""
    time_source: str = ""
    problem_kind: ProblemKind = ProblemKind.NONE


@dataclass(frozen=True)
class Stamp:
    """A timestamp.txt that nbgrader would misread. `given`: its original content. `written`: its content after it was
    rewritten for nbgrader, empty if the file was removed. `notebook`: the digest of the notebook that it belongs to."""

    notebook: str
    given: bytes
    written: bytes


@dataclass(frozen=True)
class StoredResult:
    """A result, or a sentence that says why a submission with these bytes cannot have one."""

    result: Result | None
    problem: str = ""


class Journal:
    """The journal of a course, open until `close`, or as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises CourseError if it is not a journal or cannot be opened."""
        self.path = path
        # Private, because messages may reveal hidden tests.
        path.touch(mode=0o600)
        with self._readable_errors():
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

    def stored_result(self, key: str) -> StoredResult | None:
        """Return the stored result with a key, or None if there is none."""
        with self._readable_errors():
            row = self._database.execute("SELECT result, problem FROM result WHERE key = ?", (key,)).fetchone()
        return None if row is None else _stored_result(*row)

    def entry(self, assignment: str, student: str) -> JournalEntry | None:
        """Return the entry of a student's submission, or None if there is none."""
        with self._readable_errors():
            query = "SELECT * FROM submission WHERE assignment = ? AND student = ?"
            row = self._database.execute(query, (assignment, student)).fetchone()
        return None if row is None else _entry(row)

    def students_in_gradebook(self, assignment: str) -> set[str]:
        """Return the students whose submissions were completely written to the gradebook."""
        with self._readable_errors():
            query = "SELECT student FROM submission WHERE assignment = ? AND booked != ''"
            return {student for (student,) in self._database.execute(query, (assignment,))}

    def add(self, results: Iterable[tuple[str, StoredResult]], entries: Iterable[JournalEntry]) -> None:
        """Store results by their keys, and entries of submissions, in one transaction."""
        rows = [(key, _packed(stored.result), stored.problem) for key, stored in results]
        with self._transaction():
            self._database.executemany("INSERT OR REPLACE INTO result VALUES (?, ?, ?)", rows)
            self._database.executemany(
                "INSERT OR REPLACE INTO submission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", map(_row, entries)
            )

    def stamp(self, assignment: str, student: str) -> Stamp | None:
        """Return the record of a student's rewritten timestamp.txt, or None if it was not rewritten."""
        query = "SELECT notebook, given, written FROM stamp WHERE assignment = ? AND student = ?"
        with self._readable_errors():
            row = self._database.execute(query, (assignment, student)).fetchone()
        return None if row is None else Stamp(*row)

    def add_stamp(self, assignment: str, student: str, stamp: Stamp) -> None:
        """Store the original content of a student's timestamp.txt before it is rewritten."""
        row = assignment, student, stamp.notebook, stamp.given, stamp.written
        with self._readable_errors():
            self._database.execute("INSERT OR REPLACE INTO stamp VALUES (?, ?, ?, ?, ?)", row)

    def graded(self, assignment: str, students: Collection[str] | None = None) -> Iterator[GradedSubmission]:
        """Yield every submission of an assignment, in the order of the students, with its result or problem.

        students: those in the gradebook. A submission that was written to the gradebook is skipped if its student is
        not among them, because the teacher must have removed this student.
        """
        query = """
            SELECT submission.*, result.result, result.problem FROM submission LEFT JOIN result USING (key)
            WHERE assignment = ? ORDER BY student"""
        with self._readable_errors():
            for *row, result, problem in self._database.execute(query, (assignment,)):
                entry = _entry(row)
                if students is not None and entry.in_gradebook and entry.student not in students:
                    continue
                stored = _stored_result(result, problem or "")
                yield GradedSubmission(
                    entry.student,
                    entry.notebook,
                    entry.submitted,
                    None if entry.problem else stored.result,
                    entry.problem or stored.problem,
                    entry.notes,
                    entry.time_source,
                    entry.problem_kind if entry.problem else _kind_of(stored.problem),
                )

    def assignments(self) -> list[str]:
        """Return the names of the assignments with submissions."""
        with self._readable_errors():
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
        with self._readable_errors():
            try:
                # Inside `try`, because an interruption right after it would leave the transaction open.
                self._database.execute("BEGIN IMMEDIATE")
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise CourseError(
                f"The results in {self.path} cannot be read or written ({error}). Everything written so far is kept: "
                "fix this and run the command again.",
                Exit.ENVIRONMENT,
            ) from error


def key_of(content: bytes, digest: str, isolation: str) -> str:
    """Return the key of a submission's result. `digest`: the digest of the assignment.

    The code of the probes is not part of it. The assignment's hidden key contains the fingerprints of the probes that
    it uses, so that after a change to a probe, only the assignments with this probe are graded again.
    """
    parts = (hashlib.sha256(content).hexdigest(), digest, *_grading_versions(), isolation)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@cache
def versions() -> tuple[str, str]:
    """Return digests of the code of the engine and of course_utils. Version numbers do not change with every edit."""
    return _digest(_ENGINE), _digest(_UTILS)


@cache
def _grading_versions() -> tuple[str, str]:
    return _digest(_ENGINE), _digest(_UTILS, _UTILS / "checks" / "probes")


def _digest(package: Path, without: Path | None = None) -> str:
    """Return a digest of the code of a package, without one of its folders."""
    total = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        if without and path.is_relative_to(without):
            continue
        total.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def _packed(result: Result | None) -> bytes | None:
    return None if result is None else zlib.compress(json.dumps(result.to_json()).encode())


def _stored_result(packed: bytes | None, problem: str) -> StoredResult:
    return StoredResult(None if packed is None else Result.from_json(json.loads(zlib.decompress(packed))), problem)


def _kind_of(problem: str) -> ProblemKind:
    """Return the kind of a problem that these bytes have each time they are graded."""
    return ProblemKind.SUBMISSION if problem else ProblemKind.NONE


def _row(entry: JournalEntry) -> tuple[str | None, ...]:
    submitted = entry.submitted.isoformat() if entry.submitted else None
    rest = entry.key, entry.problem, entry.in_gradebook, entry.time_source, entry.problem_kind
    return entry.assignment, entry.student, str(entry.notebook), submitted, json.dumps(entry.notes), *rest


def _entry(row: Iterable[str]) -> JournalEntry:
    assignment, student, notebook, submitted, notes, key, problem, in_gradebook, time_source, kind = row
    return JournalEntry(
        assignment,
        student,
        Path(notebook),
        datetime.fromisoformat(submitted) if submitted else None,
        tuple(json.loads(notes)),
        key,
        problem,
        in_gradebook,
        time_source,
        ProblemKind(kind),
    )
