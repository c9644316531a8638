"""Makes a temporary copy of gradebook and journal, into which a preview writes."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from nbgrader.api import Base, Gradebook
from sqlalchemy import create_engine, delete, insert, select

from course_grader.gradebook.course import Course
from course_grader.gradebook.schema import ensure_schema

ROWS = 1000


@contextmanager
def copied(course: Course) -> Iterator[Course]:
    """Yield the course with a temporary copy of its gradebook and journal; its folders are the real ones."""
    with tempfile.TemporaryDirectory(prefix="course-preview-") as folder:
        file = Path(folder) / "gradebook.db"
        copy = replace(course, db_url=f"sqlite:///{file}")
        if course.database is None:
            copy_tables(course.db_url, copy.db_url, course.directory.course_id)
        else:
            _copy_file(course.database, file)
        _copy_file(course.journal, copy.journal)
        yield copy


def copy_tables(source: str, target: str, course_id: str) -> None:
    """Copy nbgrader's tables from a server into a new file."""
    ensure_schema(target)
    Gradebook(target, course_id).close()
    old, new = create_engine(source), create_engine(target)
    try:
        with old.connect() as reading, new.begin() as writing:
            for table in reversed(Base.metadata.sorted_tables):
                writing.execute(delete(table))
            for table in Base.metadata.sorted_tables:
                for rows in reading.execute(select(table)).mappings().partitions(ROWS):
                    writing.execute(insert(table), [dict(row) for row in rows])
    finally:
        old.dispose()
        new.dispose()


def _copy_file(source: Path, target: Path) -> None:
    """Copy a SQLite database, if there is one, in the state of a single moment."""
    if not source.is_file():
        return
    try:
        address = f"{source.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.DatabaseError:
        # The code that opens the copy then reports what is wrong with the file.
        shutil.copyfile(source, target)
    target.chmod(0o600)
