"""Markdown as HTML, in time that grows with its length and no faster.

Readers of markdown that are written in Python take quadratic time on some text, such as 50,000 blanks between two
letters, which keeps nbconvert's busy for a minute. pyromark's (pulldown-cmark) takes linear time. What comes after it,
the sanitizer (nh3), takes quadratic time where elements are nested deeply or a style of text is never closed; such text
is not laid out.

What is returned is not sanitized yet.
"""

from __future__ import annotations

import re

import pyromark

LONGEST = 50_000
OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_MATH
# The nesting of quotes and lists is no deeper than what is before the text of a line is long.
DEEP = re.compile(r"^[ \t>*+.)\-\d]{400}", re.MULTILINE)
# Elements that HTML does not nest in one another, or that are empty, add nothing to the depth.
OPENING = re.compile(r"<(?!(?:br|hr|li|p|td|th|tr|wbr)\b)[A-Za-z]", re.IGNORECASE)
# How often an element may be inside another, at most.
MOST_NESTED = 20_000
MATH = re.compile(r'<span class="math math-(inline|display)">([^<]*+)</span>')
PICTURE = re.compile(r'<img src="([^"<>]*+)" alt="([^"<>]*+)"')
# What begins or ends a formula, an environment, a block of code, or a paragraph; what is escaped is none of these.
MARK = re.compile(
    r"\\(?P<what>begin|end)\{(?P<name>[A-Za-z]+\*?)\}|\\[\\$]|\$\$?|\n[ \t]*+\n|^ {0,3}(?P<fence>```|~~~)", re.MULTILINE
)


def rendered(source: str) -> str | None:
    """Return markdown as HTML, or None where it would take too long to show it so.

    Formulas are `<span class="math math-inline">` or `math-display` with their TeX; a picture is a link to it.
    """
    if len(source) > LONGEST or DEEP.search(source):
        return None
    html = pyromark.html(_with_marked_environments(source), options=OPTIONS)
    if is_slow(source, html):
        return None
    return PICTURE.sub(r'<a href="\1">\2</a><img alt="\2"', html)


def is_slow(written: str, html: str) -> bool:
    """Return whether the sanitizer would take more than a moment for `html`, in which a stranger wrote the tags that
    are in `written`; other tags are balanced."""
    return len(OPENING.findall(written)) * html.count("<") > MOST_NESTED


def _with_marked_environments(source: str) -> str:
    """Put each LaTeX environment between dollars, since markdown would change what is in it; not one that is between
    dollars already, or in a block of code."""
    if r"\begin{" not in source:
        return source
    found = list(MARK.finditer(source))
    ends = _ends(found)
    parts, at, within = list[str](), 0, ""
    for mark, end in zip(found, ends, strict=True):
        text = mark[0]
        if mark.start() < at:
            continue
        if text[0] in "$\n" or mark["fence"]:
            kind = "fence" if mark["fence"] else "" if text[0] == "\n" else text
            # A blank line ends a formula, and only a fence ends a block of code.
            if within != "fence" or kind == "fence":
                within = "" if within else kind
        elif end and not within:
            parts += (source[at : mark.start()], "$$", source[mark.start() : end], "$$")
            at = end
    return "".join((*parts, source[at:]))


def _ends(marks: list[re.Match[str]]) -> list[int]:
    """Return for each mark that begins an environment where that ends, and 0 for others."""
    nearest: dict[str, int] = {}
    ends: list[int] = []
    for mark in reversed(marks):
        if mark["what"] == "end":
            nearest[mark["name"]] = mark.end()
        ends.append(nearest.get(mark["name"], 0) if mark["what"] == "begin" else 0)
    return ends[::-1]
