"""The schema of nbgrader's gradebook: which one the installed nbgrader has, and a new gradebook with it.

nbgrader asks the program `alembic` for the name of its newest schema whenever it makes a gradebook, which takes as long
as grading a small class. Here that name is read from the same files.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from nbgrader.api import Base
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import Connection, create_engine, inspect, text

# How alembic's template names a revision, and the one before it.
NAMED = re.compile(r"^(down_revision|revision)\b[^=\n]*=\s*(.+)$", re.MULTILINE)


def ensure_schema(db_url: str) -> bool:
    """Return whether a gradebook has the installed nbgrader's schema; an empty one gets it."""
    engine = create_engine(db_url)
    try:
        with engine.begin() as connection:
            tables = inspect(connection).get_table_names()
            if not tables:
                _make(connection)
                return True
            found = "SELECT version_num FROM alembic_version"
            return "alembic_version" in tables and connection.execute(text(found)).scalar() == newest()
    finally:
        engine.dispose()


def _make(connection: Connection) -> None:
    """Make the tables as `Gradebook` makes them, so that it finds a gradebook and does not ask alembic.

    The name comes first: `Gradebook` adds the tables that are missing if this is interrupted.
    """
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);"))
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:newest)"), {"newest": newest()})
    Base.metadata.create_all(connection)


def newest(folder: Path = Path(ALEMBIC_DIR)) -> str:
    """Return the name of the newest schema that a folder of alembic's leads to: no other one is built on it."""
    found = [dict(NAMED.findall(file.read_text(encoding="utf-8"))) for file in (folder / "versions").glob("*.py")]
    try:
        before = {ast.literal_eval(one["down_revision"]) for one in found}
        [last] = {ast.literal_eval(one["revision"]) for one in found} - before
    except (KeyError, TypeError, ValueError, SyntaxError):
        # Written in another way: alembic itself can read it, and takes a while to import.
        from alembic.script import ScriptDirectory

        last = ScriptDirectory(str(folder)).get_current_head()
    return str(last)
