"""Checks the schema of an existing gradebook, and creates new gradebooks with the installed nbgrader's schema.

Whenever nbgrader creates a gradebook, it runs the program `alembic` to get the name of its newest schema, which takes
as long as grading a small class. This module reads that name from alembic's files.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from nbgrader.api import Base
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import Connection, create_engine, inspect, text

# The lines in alembic's files with the name of a revision, and of the one before it.
NAMED = re.compile(r"^(down_revision|revision)\b[^=\n]*=\s*(.+)$", re.MULTILINE)


def ensure_schema(db_url: str) -> bool:
    """Return whether a gradebook has the installed nbgrader's schema. In an empty database, create it first."""
    engine = create_engine(db_url)
    try:
        with engine.begin() as connection:
            tables = inspect(connection).get_table_names()
            if not tables:
                _make(connection)
                return True
            query = "SELECT version_num FROM alembic_version"
            return "alembic_version" in tables and connection.execute(text(query)).scalar() == newest()
    finally:
        engine.dispose()


def _make(connection: Connection) -> None:
    """Create the same tables as `Gradebook`, so that it finds a complete gradebook and does not run alembic.

    The schema's name is written first. If this is interrupted later, `Gradebook` adds the missing tables.
    """
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);"))
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:newest)"), {"newest": newest()})
    Base.metadata.create_all(connection)


def newest(folder: Path = Path(ALEMBIC_DIR)) -> str:
    """Return the name of the newest schema in alembic's folder: the revision that no other revision is based on."""
    revisions = [dict(NAMED.findall(file.read_text(encoding="utf-8"))) for file in (folder / "versions").glob("*.py")]
    try:
        before = {ast.literal_eval(revision["down_revision"]) for revision in revisions}
        [last] = {ast.literal_eval(revision["revision"]) for revision in revisions} - before
    except (KeyError, TypeError, ValueError, SyntaxError):
        # The files have another format: alembic itself can read it, but is slow to import.
        from alembic.script import ScriptDirectory

        last = ScriptDirectory(str(folder)).get_current_head()
    return str(last)
