"""The guide as a list of blocks, and its commands as they are run."""

from __future__ import annotations

import os
import re
import shlex
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEACHING = ROOT / "docs" / "teaching.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: the heading that it stands under, its kind, its text."""

    heading: str
    kind: str
    text: str


def blocks(path: Path = TEACHING) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    text = path.read_text(encoding="utf-8")
    outside = FENCE.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
    for block in FENCE.finditer(text):
        headings = [heading[1] for heading in HEADING.finditer(outside) if heading.start() < block.start()]
        yield Block(headings[-1], block[1], block[2])


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each line that calls `course`."""
    for line in text.splitlines():
        if line.startswith("course "):
            yield shlex.split(line, comments=True)[1:]


def run(folder: Path, words: list[str]) -> tuple[int, str]:
    """Run `course` with these words in a folder; return its exit code and what it printed.

    The process is forked, so that what all commands import is imported once.
    """
    output = folder.parent / "output.txt"
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _be_course(folder, words, output)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, output.read_text(encoding="utf-8")


def _be_course(folder: Path, words: list[str], output: Path) -> None:
    """Be the command, and end with its exit code."""
    code: int | str | None = 99
    try:
        file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(file, stream)
        # pytest has put its own in their place.
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        os.chdir(folder)
        sys.argv = ["course", *words]
        from course_utils.cli import main

        main()
        code = 0
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)
