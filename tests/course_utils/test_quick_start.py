"""A command that leaves at once ends as Python would have ended it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

COMMAND = """
import atexit, os, sys, tempfile, threading, time, weakref
from course_utils.quick_start import run_and_leave

class Kept:
    def __del__(self, write=os.write):
        write(1, b"freed\\n")

kept = Kept()
"""
ENDS = {
    "it returns": "print('done')",
    "an exit code": "print('done'); sys.exit(3)",
    "no exit code": "sys.exit()",
    "a sentence": "sys.exit('Name a folder.')",
    "an error": "raise ValueError('a number is missing')",
    "an exit function": "atexit.register(print, 'last words')",
    "a finalizer": "weakref.finalize(Kept, print, 'last words')",
    "a thread that goes on": "threading.Thread(target=lambda: (time.sleep(0.2), print('later'))).start()",
    "what is printed without a newline": "print('done', end=''); print('said', end='', file=sys.stderr)",
    "an interruption": "raise KeyboardInterrupt",
}


def run(source: str, how: str) -> subprocess.CompletedProcess[str]:
    command = f"{COMMAND}\ndef main():\n{textwrap.indent(source, '    ')}\n{how}\n"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, timeout=60, env=buffered)


@pytest.mark.parametrize("source", ENDS.values(), ids=ENDS)
def test_it_ends_as_python_would_have_ended_it(source: str) -> None:
    ended, left = run(source, "main()"), run(source, "run_and_leave(main)")
    assert left.returncode == ended.returncode
    assert left.stdout.replace("freed\n", "") == ended.stdout.replace("freed\n", "")
    assert left.stderr.splitlines()[-1:] == ended.stderr.splitlines()[-1:]


def test_what_was_imported_is_not_freed() -> None:
    assert "freed" in run("pass", "main()").stdout
    assert "freed" not in run("pass", "run_and_leave(main)").stdout


def test_a_pipe_that_is_closed_changes_nothing() -> None:
    left = run("os.close(1); os.open(os.devnull, os.O_RDONLY); print('done'); sys.exit(3)", "run_and_leave(main)")
    assert left.returncode == 3
    assert not left.stderr
