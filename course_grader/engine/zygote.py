"""The zygote: a process with NumPy, matplotlib, IPython and the course imported, forked for each submission.

It waits for requests on a socket. Each brings two more sockets: the wire to the referee, which the worker gets, and the
leash, which the keeper holds. The keeper is the worker's parent: when the worker ends, it tells on the leash how; when
the leash is let go, it ends the worker and with it everything in the worker's process namespace.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from matplotlib import font_manager

from course_grader.engine import confine, seccomp
from course_grader.engine.outputs import OutputLog
from course_grader.engine.shell import WorkerShell, attach, new_shell, run_cell
from course_grader.engine.worker import serve

NOBODY = 65_534
# The worker's exit code where it could not be confined: then it has run nothing of the submission.
UNCONFINED = 97
# As Python's own, with room for what a usual submission leaves before the first look.
COLLECT_AT = 20_000, 10, 10


def main(control: int, level: str, set_up: Sequence[str]) -> None:
    """Serve requests on the socket `control` until the grader is gone. `set_up` are the teacher's set-up cells."""
    end = socket.socket(fileno=control)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if level == "namespaces":
        if os.geteuid() == 0:
            confine.become(NOBODY)
        confine.set_dumpable(False)
    shell = prepared_shell(set_up)
    end.send(b"ready")
    while True:
        request, descriptors, _, _ = socket.recv_fds(end, 4096, 2)
        if not request:
            os._exit(0)
        wire, leash = descriptors
        if os.fork() == 0:
            end.close()
            _keep(shell, wire, leash, level, json.loads(request))
        os.close(wire)
        os.close(leash)
        _reap()


def prepared_shell(set_up: Sequence[str]) -> WorkerShell:
    """Return a shell in which the teacher's set-up cells have run, and everything was tried once that a submission is
    likely to need."""
    shell = new_shell()
    streams = sys.stdout, sys.stderr
    attach(shell, OutputLog(2**20, 2**20))
    run_cell(shell, "import matplotlib.pyplot as plt\nplt.plot([1, 2], label='$x$')\nplt.legend()\nplt.show()")
    run_cell(shell, "1/0")
    shell.reset()  # type: ignore[no-untyped-call]
    shell.execution_count = 1
    for source in set_up:
        run_cell(shell, source)
    sys.stdout, sys.stderr = streams
    # Every fork empties this cache of matplotlib's (it holds open files); once is enough.
    font_manager._get_font.cache_clear()  # type: ignore[attr-defined]
    # Objects that exist now are never collected, so that a fork does not copy their pages; others are looked at seldom.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AT)
    confine.use_large_pages()
    return shell


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _keep(shell: WorkerShell, wire: int, leash: int, level: str, limits: dict[str, Any]) -> None:
    """Start the worker and see it to its end. Never returns."""
    folder = None
    status = -1
    try:
        if level == "namespaces":
            confine.enter_namespaces(limits["files"], os.environ["HOME"])
        else:
            folder = tempfile.mkdtemp(prefix="grading-")
        private = confine.FIRST_PRIVATE_ID + os.getpid() % confine.PRIVATE_IDS
        if folder and level == "user":
            os.chown(folder, private, private)
        worker = os.fork()
        if worker == 0:
            _work(shell, wire, level, limits, folder or os.environ["HOME"], private)
        os.close(wire)
        status = _wait(worker, leash)
    except BaseException as error:
        os.write(leash, f"failed: {type(error).__name__}: {error}".encode())
        os._exit(1)
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.write(leash, f"ended: {os.waitstatus_to_exitcode(status)}".encode())
    os._exit(0)


def _wait(worker: int, leash: int) -> int:
    """Wait until the worker ends, or the leash is let go and the worker is ended; return its status."""
    watched = os.pidfd_open(worker)
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.register(leash, select.POLLIN)
    if watched not in dict(poll.poll()):
        os.kill(worker, signal.SIGKILL)
    return os.waitpid(worker, 0)[1]


def _work(shell: WorkerShell, wire: int, level: str, limits: dict[str, Any], folder: str, private: int) -> None:
    """Be the worker: confined, then at the referee's service. Never returns."""
    code = UNCONFINED
    try:
        confine.die_with_parent()
        os.setsid()
        confine.close_all_but(wire)
        os.chdir(folder)
        os.environ.update(HOME=folder, TMPDIR=folder)
        tempfile.tempdir = folder
        if level == "user":
            confine.become(private)
        confine.set_limits(limits["memory"], limits["files"], limits["threads"], int(limits["total_seconds"]) + 1)
        if level != "none":
            confine.drop_capabilities()
            seccomp.load()
        code = 0
        signal.signal(signal.SIGINT, signal.default_int_handler)
        time.tzset()
        serve(shell, socket.socket(fileno=wire), limits)
    finally:
        os._exit(code)
