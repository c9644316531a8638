"""A lock that allows one grading run per course at a time, and says who holds it. The operating system releases it when
its holder ends, for whatever reason."""

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
    """Hold the lock file `place` during the block. Raises CourseError if another process holds it."""
    with place.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CourseError(
                f"{_holder(file.read())} is grading this course. Wait until it finishes.", Exit.ENVIRONMENT
            ) from None
        file.truncate(0)
        since = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
        file.write(json.dumps({"process": os.getpid(), "machine": socket.gethostname(), "since": since}))
        file.flush()
        yield


def _holder(note: str) -> str:
    try:
        return "Process {process} on {machine}, running since {since},".format(**json.loads(note))
    except (ValueError, KeyError, TypeError):
        return "Another process"
