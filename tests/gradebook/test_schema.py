"""The course creates the same gradebook as nbgrader, but without running the program alembic."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from nbgrader import api
from nbgrader.api import Gradebook
from nbgrader.dbutil import ALEMBIC_DIR

from course_grader.gradebook.schema import ensure_schema, newest


def dumped(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return sorted(database.iterdump())


def test_a_new_gradebook_is_nbgraders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Gradebook(f"sqlite:///{tmp_path}/stock.db", "descent").close()

    def refuse() -> str:
        raise AssertionError("alembic was asked")

    monkeypatch.setattr(api, "get_alembic_version", refuse)
    ours = f"sqlite:///{tmp_path}/ours.db"
    assert ensure_schema(ours)
    Gradebook(ours, "descent").close()
    assert dumped(tmp_path / "ours.db") == dumped(tmp_path / "stock.db")
    assert ensure_schema(ours)


def test_one_of_another_schema_is_not_touched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gradebook.db"
    ensure_schema(url)
    with closing(sqlite3.connect(tmp_path / "gradebook.db")) as database:
        database.executescript("UPDATE alembic_version SET version_num = '282d30a0218e'")
    before = dumped(tmp_path / "gradebook.db")
    assert not ensure_schema(url)
    assert dumped(tmp_path / "gradebook.db") == before


REVISION = '''"""{name}"""
from alembic import op
{revision}
def upgrade():
    pass
'''


@pytest.mark.parametrize(
    "revision",
    [
        "revision = 'new'\ndown_revision = {before!r}\n",
        "revision: str = 'new'\ndown_revision: str | None = {before!r}\n",
        # Only alembic itself can read these.
        "name = 'new'\nrevision = name\ndown_revision = {before!r}\n",
        "revision = 'new'\ndown_revision = ({before!r},)\n",
    ],
)
def test_the_newest_schema_is_alembics(tmp_path: Path, revision: str) -> None:
    before = ScriptDirectory(ALEMBIC_DIR).get_current_head()
    assert newest() == before
    shutil.copytree(ALEMBIC_DIR, tmp_path / "alembic")
    text = REVISION.format(name="new", revision=revision.format(before=before))
    (tmp_path / "alembic" / "versions" / "new.py").write_text(text)
    assert newest(tmp_path / "alembic") == "new"
