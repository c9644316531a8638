"""`course grade` starts fast: no slow import that it does not need, and no unneeded process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema import Draft4Validator
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveCells
from traitlets.config import Config

from course_grader.cell_metadata import nbgrader_mark
from course_grader.commands import grading
from course_grader.gradebook.assignment_record import SaveCellsTogether, entering, schema_checked_once
from course_utils.errors import CourseError
from tests.gradebook.conftest import ENVIRONMENT, NAME, ROOT, School

GRAMMAR = "rfc3987_syntax"
# Writes a file if it is imported, in any process.
TRAP = """
import os, pathlib
pathlib.Path(os.environ["TRAP"], str(os.getpid())).touch()
raise ImportError
"""
# Imports that `course grade` does not need while it only lists, or only reuses known results.
NEEDLESS = {"alembic", "jupytext", "matplotlib", "rich.progress", "scipy", "sklearn", "torch"}
LOADED = """
import contextlib, sys
from course_utils.cli import main
with contextlib.suppress(SystemExit):
    main()
print(*sys.modules)
"""


@pytest.fixture
def trap(tmp_path: Path) -> dict[str, Any]:
    """Return an environment in which an import of the grammar writes a file to `tmp_path`/caught."""
    (tmp_path / "trap").mkdir()
    (tmp_path / "trap" / f"{GRAMMAR}.py").write_text(TRAP)
    (tmp_path / "caught").mkdir()
    path = f"{tmp_path / 'trap'}{os.pathsep}{ROOT}"
    return ENVIRONMENT | {"PYTHONPATH": path, "TRAP": str(tmp_path / "caught")}


@pytest.mark.needs("isolation")
def test_no_process_of_a_command_imports_the_grammar(school: School, tmp_path: Path, trap: dict[str, Any]) -> None:
    school.hand_in("ada", "right")
    # The second one starts a kernel.
    for words in (("grade", "submitted"), ("check", str(school.course.solution(NAME)))):
        command = [*school.command()[:-1], *words]
        done = subprocess.run(command, cwd=school.root, env=trap, capture_output=True, text=True)
        assert done.returncode in (0, 1), done.stderr
        assert list((tmp_path / "caught").iterdir()) == [], words
    # Unmodified nbgrader still imports it, which also shows that the trap works.
    subprocess.run([sys.executable, "-m", "nbgrader", "--version"], env=trap, capture_output=True, check=True)
    assert len(list((tmp_path / "caught").iterdir())) == 1


@pytest.mark.needs("isolation")
@pytest.mark.parametrize("words", [("submitted", "--dry-run"), ("submitted",)], ids=["dry-run", "nothing new"])
def test_only_what_is_needed_is_imported(school: School, words: tuple[str, ...]) -> None:
    school.hand_in("ada", "right")
    school.grade()
    command = [sys.executable, "-c", LOADED, "grade", *words]
    done = subprocess.run(command, **school.place, capture_output=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "course_grader.commands.grading" in loaded
    assert loaded & NEEDLESS == set()


def test_jupytext_is_read_without_its_parts_for_a_server() -> None:
    look = (
        "import sys\nfrom course_grader.authoring import build\n"
        "from course_grader.authoring.lesson_cells import percent_cells\n"
        "assert [cell.source for cell in percent_cells('# %%\\nx = 1\\n')] == ['x = 1']\n"
        "print([name for name, module in sys.modules.items() if 'contentsmanager' in name and module is not None])"
    )
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_the_first_line_comes_before_anything_that_takes_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(scheduler: str | None, workers: int | None) -> None:
        raise CourseError("It goes no further.")

    monkeypatch.setattr(grading, "_machines", fail)
    for as_json, said in ((False, "Reading submitted ...\n"), (True, "")):
        with pytest.raises(CourseError, match="no further"):
            grading.grade(Path("submitted"), as_json=as_json)
        assert capsys.readouterr().out == said


@pytest.mark.parametrize(
    "steps", [None, ["nbgrader.preprocessors.SaveCells", "nbgrader.preprocessors.ClearHiddenTests"]]
)
def test_what_enters_an_assignment_ends_with_its_cells_and_changes_no_configuration(steps: list[str] | None) -> None:
    config = Config({"GenerateAssignment": {"preprocessors": steps} if steps else {"create_assignment": True}})
    before = deepcopy(config)
    short = entering(config).GenerateAssignment.preprocessors
    assert short[-1] is SaveCellsTogether
    assert len(short) == (1 if steps else 8)
    assert config == before


def test_a_schema_is_checked_once_and_still_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses invalid cells and schemas as jsonschema does, and is restored afterwards."""
    asked: list[Any] = []
    as_it_is = vars(Draft4Validator)["check_schema"]

    def counted(kind: type, schema: Any, *args: Any, **kwargs: Any) -> None:
        asked.append(schema)
        as_it_is.__get__(None, kind)(schema, *args, **kwargs)

    monkeypatch.setattr(Draft4Validator, "check_schema", classmethod(counted))
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}
    wrong = {**schema, "type": 3}
    with schema_checked_once():
        for _ in range(3):
            jsonschema.validate({}, schema)
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate([], schema)
            with pytest.raises(jsonschema.SchemaError):
                jsonschema.validate({}, wrong)
    assert asked == [schema, wrong, wrong, wrong]
    jsonschema.validate({}, schema)
    assert asked[-1] is schema


@pytest.mark.parametrize("kind", [SaveCells, SaveCellsTogether])
def test_an_assignment_enters_the_gradebook_whole_or_not_at_all(
    kind: type[SaveCells], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = f"sqlite:///{tmp_path}/gradebook.db"
    named = {"notebook": "ps1", "assignment": "ps1", "db_url": book}
    cells = [new_code_cell("1", metadata={"nbgrader": nbgrader_mark("test", f"test_{n}", 1)}) for n in range(3)]
    for cell in cells:
        cell.metadata.nbgrader["checksum"] = "-"
    with Gradebook(book) as before:
        before.add_assignment("ps1")
    original = Gradebook.update_or_create_source_cell

    def fail_at_the_last(self: Gradebook, name: str, *args: object, **info: object) -> object:
        if name == "test_2":
            raise KeyboardInterrupt
        return original(self, name, *args, **info)

    monkeypatch.setattr(Gradebook, "update_or_create_source_cell", fail_at_the_last)
    with pytest.raises(KeyboardInterrupt):
        kind().preprocess(new_notebook(cells=cells), {"nbgrader": named})
    with Gradebook(book) as after:
        left = after.find_assignment("ps1").notebooks
        # With nbgrader's own step, half of it is there.
        assert [len(one.source_cells) for one in left] == ([] if kind is SaveCellsTogether else [2])
    monkeypatch.undo()
    kind().preprocess(new_notebook(cells=cells), {"nbgrader": named})
    with Gradebook(book) as after:
        assert len(after.find_notebook("ps1", "ps1").source_cells) == 3
        assert after.find_assignment("ps1").max_score == 3


PARENT = """
import os, threading
from course_grader.cluster import local
{before}
with local(1, "json") as machines, machines.start() as pool:
    print(pool.submit(os.getppid).result() == os.getpid())
with local(1, "json") as machines:
    machines.start().shutdown()
    with machines.start() as pool:
        print(pool.submit(os.getppid).result() == os.getpid())
"""


@pytest.mark.parametrize(
    ("before", "forked"), [("", True), ("threading.Thread(target=threading.Event().wait, daemon=True).start()", False)]
)
def test_processes_are_forked_from_this_one_while_it_has_one_thread(before: str, forked: bool) -> None:
    command = [sys.executable, "-c", PARENT.format(before=before)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    # Later processes, which replace dead ones, are forked from a server: by then there are threads and open files.
    assert done.stdout.split() == [str(forked), "False"]


def test_a_forked_process_ends_with_the_command() -> None:
    program = (
        "import os\nfrom course_grader.cluster import local\n"
        "with local(1, 'json') as machines:\n"
        "    print(machines.start().submit(os.getpid).result(), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        worker = int(run.stdout.readline())
    for _ in range(1000):
        process = Path(f"/proc/{worker}/status")
        if not process.exists() or "zombie" in process.read_text():
            return
        time.sleep(0.01)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the process is still there")
