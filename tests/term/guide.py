"""Reads the guide's code blocks, and runs the commands in them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEACHING = ROOT / "docs" / "teaching.md"
# In a list, a block is indented.
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its heading, kind and text."""

    heading: str
    kind: str
    text: str


def blocks(path: Path = TEACHING) -> Iterator[Block]:
    """Yield the fenced blocks of a page, in order."""
    text = path.read_text(encoding="utf-8")
    outside = FENCE.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
    for block in FENCE.finditer(text):
        headings = [heading[1] for heading in HEADING.finditer(outside) if heading.start() < block.start()]
        yield Block(headings[-1], block[1], textwrap.dedent(block[2]))


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each line that calls `course`."""
    for line in text.splitlines():
        if line.startswith("course "):
            yield shlex.split(line, comments=True)[1:]


def run(folder: Path, words: list[str]) -> tuple[int, str]:
    """Run `course` with these words in a folder; return its exit code and what it printed."""
    program = [sys.executable, "-P", "-c", "from course_utils.cli import main; main()"]
    done = subprocess.run([*program, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout
