"""Render markdown as HTML in linear time. The result is not sanitized yet.

Markdown parsers written in Python take quadratic time on some text: 50,000 spaces between two letters keep nbconvert's
parser busy for a minute. pyromark (pulldown-cmark) takes linear time. The sanitizer that runs after it (nh3) takes
quadratic time if elements are nested deeply or a formatting element is never closed; that text is not rendered.
"""

from __future__ import annotations

import re

import pyromark

LONGEST = 50_000
OPTIONS = pyromark.Options.ENABLE_TABLES | pyromark.Options.ENABLE_STRIKETHROUGH | pyromark.Options.ENABLE_MATH
# Quotes and lists are nested at most as deeply as the prefix of a line is long.
DEEP = re.compile(r"^[ \t>*+.)\-\d]{400}", re.MULTILINE)
# Elements that HTML cannot nest in themselves, or that are empty, do not add to the depth.
OPENING = re.compile(r"<(?!(?:br|hr|li|p|td|th|tr|wbr)\b)[A-Za-z]", re.IGNORECASE)
# An upper bound on the work of the sanitizer: opening tags times all tags.
MOST_NESTED = 20_000
MATH = re.compile(r'<span class="math math-(inline|display)">([^<]*+)</span>')
PICTURE = re.compile(r'<img src="([^"<>]*+)" alt="([^"<>]*+)"')
# What begins or ends a formula, an environment, a code block or a paragraph. An escaped mark matches first, and is
# ignored.
MARK = re.compile(
    r"\\(?P<what>begin|end)\{(?P<name>[A-Za-z]+\*?)\}|\\[\\$]|\$\$?|\n[ \t]*+\n|^ {0,3}(?P<fence>```|~~~)", re.MULTILINE
)


def rendered(source: str) -> str | None:
    """Return markdown as HTML, or None if rendering and sanitizing it would take too long.

    Formulas become `<span class="math math-inline">` or `math-display` with their TeX; an image becomes a link to it.
    """
    if len(source) > LONGEST or DEEP.search(source):
        return None
    html = pyromark.html(_with_marked_environments(source), options=OPTIONS)
    if is_slow(source, html):
        return None
    return PICTURE.sub(r'<a href="\1">\2</a><img alt="\2"', html)


def is_slow(written: str, html: str) -> bool:
    """Return whether the sanitizer would take long for `html`. `written` contains the tags that a student wrote, which
    may be unbalanced; the other tags of `html` come from the renderer and are balanced."""
    return len(OPENING.findall(written)) * html.count("<") > MOST_NESTED


def _with_marked_environments(source: str) -> str:
    """Put each LaTeX environment between double dollars, so that markdown leaves its content alone. Environments in a
    formula or a code block stay as they are."""
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
    """Return for each mark that begins an environment the position where the environment ends; 0 for other marks."""
    nearest: dict[str, int] = {}
    ends: list[int] = []
    for mark in reversed(marks):
        if mark["what"] == "end":
            nearest[mark["name"]] = mark.end()
        ends.append(nearest.get(mark["name"], 0) if mark["what"] == "begin" else 0)
    return ends[::-1]
