"""One grading at a time for a course: the second is told who holds the lock. The system lets go of it with its holder,
however that ends."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from course_utils.errors import CourseError, Exit


@contextmanager
def locked(place: Path) -> Iterator[None]:
    """Hold the lock file `place` during the block; CourseError where another process holds it."""
    with place.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CourseError(
                f"{_holder(file.read())} is grading this course: wait until that ends.", Exit.ENVIRONMENT
            ) from None
        file.truncate(0)
        since = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
        file.write(json.dumps({"process": os.getpid(), "machine": socket.gethostname(), "since": since}))
        file.flush()
        yield


def _holder(note: str) -> str:
    try:
        return "Process {process} on {machine}, at work since {since},".format(**json.loads(note))
    except (ValueError, KeyError, TypeError):
        return "Another process"
