"""Commands as a terminal starts them, each in a process of its own, without the seconds that imports take.

A process that has imported the libraries waits, and each command is a fork of it: with arguments, a folder, an
environment and an output of its own. Of this project it has imported only how a command starts and ends fast, so that
each command still imports the rest itself.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import runpy
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from course_utils.quick_start import leave_last, run_and_leave, skip_unused_grammar
from tests import kernels

ROOT = Path(__file__).parents[1]
# What `nbgrader` and `course` import that takes long.
LIBRARIES = (
    "numpy.random", "nbgrader.apps.nbgraderapp", "nbgrader.converters", "nbgrader.api", "nbconvert", "alembic",
    "typer.rich_utils", "pydantic", "concurrent.futures.process",
)  # fmt: skip
COURSE = "course_utils"


def nbgrader(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `nbgrader` with these words in a folder."""
    return _run("nbgrader", words, folder, env)


def course(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `course` with these words in a folder."""
    return _run(COURSE, words, folder, env)


def _run(
    module: str, words: Sequence[str], folder: Path, env: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    # Files, not pipes: a process that a command leaves behind, and that has them open, holds up nobody.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        wire = _server()
        request = {"module": module, "words": list(words), "cwd": str(folder), "env": dict(env or environment())}
        socket.send_fds(wire, [json.dumps(request).encode() + b"\n"], [out.fileno(), err.fileno()])
        code = int(wire.makefile("rb").readline())
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess([module, *words], code, _text(out.read()), _text(err.read()))


def _text(data: bytes) -> str:
    return data.decode().replace("\r\n", "\n")


def environment() -> dict[str, str]:
    """Return the environment of a command: this project can be imported, and the programs beside Python are found."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return dict(os.environ, PATH=path, PYTHONPATH=str(ROOT))


@functools.cache
def _server() -> socket.socket:
    # Tests that make an environment of their own from this one have it too.
    os.environ[kernels.ADDRESS] = kernels.address()
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", str(Path(__file__)), str(theirs.fileno())]
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment(), stdin=subprocess.DEVNULL)
    theirs.close()
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


def serve(wire: socket.socket) -> None:
    """Fork for each request; return in the child, which is to be the command, and end with the other side."""
    skip_unused_grammar()
    for name in LIBRARIES:
        import_module(name)
    leave_out_what_no_test_needs()
    kernels.fork_kernels(lambda: os.environ.get(kernels.ADDRESS, ""))
    import_module("nbgrader.api").get_alembic_version()
    # A fork that looked for garbage among all this would copy it.
    gc.freeze()
    while True:
        data, files = b"", list[int]()
        while not data.endswith(b"\n"):
            part, more, _, _ = socket.recv_fds(wire, 1 << 20, 2)
            if not part:
                sys.exit()
            data, files = data + part, files + more
        child = os.fork()
        if not child:
            wire.close()
            become(json.loads(data), files)
            return
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        wire.send(b"%d\n" % os.waitstatus_to_exitcode(status))


def leave_out_what_no_test_needs() -> None:
    """Make nbgrader faster in this process. What it finds and writes stays the same."""
    ask_alembic_once()
    never_wait_for_the_disk()
    check_each_schema_once()
    compile_each_statement_once()


def ask_alembic_once() -> None:
    """Make nbgrader remember the name of its newest schema, for which it starts a program at each new gradebook."""
    from nbgrader import api

    api.get_alembic_version = functools.cache(api.get_alembic_version)


def never_wait_for_the_disk() -> None:
    """Let SQLite leave it to the system when a gradebook reaches the disk: a thousand cells are as many waits, and no
    test cuts the power."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def leave_it_to_the_system(connection: object, record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")


def check_each_schema_once() -> None:
    """Let jsonschema check a schema the first time alone: nbgrader asks for it with each cell that it validates."""
    from jsonschema import Draft4Validator

    as_it_is, checked = Draft4Validator.check_schema, dict[int, Any]()

    def check_schema(schema: Any, *args: Any, **kwargs: Any) -> None:
        if checked.get(id(schema)) is not schema:
            as_it_is(schema, *args, **kwargs)
            checked[id(schema)] = schema

    Draft4Validator.check_schema = check_schema


def compile_each_statement_once() -> None:
    """Let all gradebooks in SQLite share the statements that SQLAlchemy compiled: each has an engine of its own, which
    would compile the same statements again."""
    from nbgrader import api

    as_it_is, first = api.create_engine, list[Any]()

    def create_engine(*args: Any, **kwargs: Any) -> Any:
        engine = as_it_is(*args, **kwargs)
        if engine.dialect.name == "sqlite":
            first.append(engine)
            engine.dialect, engine._compiled_cache = first[0].dialect, first[0]._compiled_cache
            del first[1:]
        return engine

    api.create_engine = create_engine


def become(request: Mapping[str, str], files: Sequence[int]) -> None:
    """Give this process the folder, environment, arguments and output of a command."""
    for target, file in enumerate(files, 1):
        os.dup2(file, target)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])  # type: ignore[arg-type]
    sys.argv = [request["module"], *request["words"]]
    sys.path[:0] = [*request["env"].get("PYTHONPATH", "").split(os.pathsep)]  # type: ignore[attr-defined]


def main() -> None:
    # Before the libraries register exit functions, which a command then still runs.
    leave_last()
    serve(socket.socket(fileno=int(sys.argv[1])))
    run_and_leave(lambda: runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True))


if __name__ == "__main__":
    main()
