"""The gradebook on a PostgreSQL server, which the test starts."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from course_utils.errors import CourseError
from tests.gradebook.conftest import NAME, POINTS, School
from tests.tools import postgresql_programs

pytestmark = pytest.mark.needs("isolation", "PostgreSQL")


def programs(folder: Path) -> Path:
    """Return the server's programs; copy them into `folder` if another user could not reach those in the wheel."""
    found = postgresql_programs()
    assert found
    if os.geteuid() != 0 or all(parent.stat().st_mode & 1 for parent in found.parents):
        return found
    return Path(shutil.copytree(found.parent, folder / "server")) / found.name


@pytest.fixture
def server() -> Iterator[str]:
    """Yield the address of a new database, on a socket in a new folder."""
    # PostgreSQL refuses to run as root; pytest's folders belong to root, and their paths are too long for a socket.
    nobody = pwd.getpwnam("nobody")
    as_user: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if as_user:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    data, own = folder / "data", programs(folder)
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, **as_user}
    initdb = [own / "initdb", "--pgdata", data, "--auth", "trust", "--username", "teacher", "--no-sync"]
    subprocess.run([*initdb, "--encoding", "UTF8", "--locale", "C"], check=True, **quiet)
    control = [own / "pg_ctl", "--pgdata", data, "--silent", "--wait"]
    options = f"-k {folder} -c listen_addresses= -c fsync=off"
    subprocess.run([*control, "--log", folder / "log", "--options", options, "start"], check=True, **quiet)
    try:
        yield f"postgresql://teacher:secret@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "--mode", "immediate", "stop"], check=True, **quiet)
        shutil.rmtree(folder)


def test_a_class_is_graded_into_postgresql(school: School, server: str) -> None:
    ours = server.replace("postgresql:", "postgresql+psycopg:")
    school.hand_in("ada", "right", "2026-10-01 12:00:00 UTC")
    school.hand_in("Bob O'Brien 🦉")
    school.hand_in("eve", "sum")
    tally, told = school.grade(db=server)
    assert tally.entered
    assert sorted(tally.added) == sorted(told) == ["Bob O'Brien 🦉", "ada", "eve"]
    assert school.scores(ours) == {"ada": 3.0, "Bob O'Brien 🦉": 0.0, "eve": 0.0}
    # A gradebook in a file has the same content.
    assert school.grade()[0].submissions_written == 3
    assert school.rows() == school.rows(ours)
    with Gradebook(ours, "descent") as book:
        book.find_grade("mean_squared_error_hidden", NAME, NAME, "eve").manual_score = 1.0
        book.db.commit()
    school.hand_in("eve", "right")
    assert not school.grade(db=server)[1]["eve"].reused
    grade = school.rows(ours)["eve"]["grades"]["mean_squared_error_hidden"]
    assert grade == (2.0, 1.0, True, 1.0, POINTS["mean_squared_error_hidden"])
    assert "secret" not in school.course.journal.read_text(errors="ignore").split("postgresql")[1][:100]


def test_a_server_that_is_not_there(school: School) -> None:
    school.hand_in("ada")
    with pytest.raises(CourseError) as told:
        school.grade(db="postgresql://teacher:secret@127.0.0.1:1/grades")
    assert "secret" not in str(told.value)
    assert "127.0.0.1" in str(told.value)
