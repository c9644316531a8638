"""Renders Python source code as highlighted lines of HTML."""

from __future__ import annotations

import functools

from markupsafe import Markup, escape

from course_grader.engine.rpc.clean_text import clean
from course_grader.sanitize.highlight import coloured

LONGEST = 20_000


@functools.lru_cache(maxsize=4096)
def code_lines(source: str) -> tuple[Markup, ...]:
    """Return the lines of source code, each as HTML. Very long code is truncated and not highlighted."""
    source = clean(source, LONGEST).strip("\n")
    if len(source) > LONGEST // 2:
        return tuple(escape(line) for line in source.split("\n"))
    return tuple(Markup(line) for line in coloured(source, "t-", lambda text: str(escape(text))).split("\n"))


def code(source: str) -> Markup:
    """Return source code as one block of HTML, for a `pre` element."""
    return Markup("\n").join(code_lines(source))
