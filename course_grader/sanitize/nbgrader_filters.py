"""Markdown, code, outputs and HTML of a submission as nbgrader's pages show them: nothing acts, nothing takes long.

nbgrader's formgrader and its feedback put a student's markdown on the page as it is, and with it any script: it would
run in the teacher's browser, with the teacher's rights. And some text would keep the server busy for minutes.
`nbgrader_config.py` puts these in the place of nbconvert's filters of the same names.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Mapping
from typing import Any

import nh3
from jinja2 import pass_context
from nbconvert.filters import ansi2html

from course_grader.sanitize.highlight import coloured
from course_grader.sanitize.markdown import LONGEST, MATH, is_slow, rendered

TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}
# What colours code.
ATTRIBUTES = nh3.ALLOWED_ATTRIBUTES | {tag: {"class"} for tag in ("code", "div", "pre", "span")}
# Commands of MathJax that make links, styles or attributes of elements.
ACTING = re.compile(r"\\(?=(?:href|url|style|class|cssId|data|htmlData|mmlToken|require|unicode)\b)")
COLOURED = re.compile(r'<span class="\w+">[^<]*+</span>')
# Characters of text on one page; each dollar, which may begin a formula, counts as many more.
MOST_ON_PAGE, FORMULA = 1_000_000, 100
LONGEST_COLOURED, MOST_ESCAPES = 20_000, 1000
ROOM = "course_room"
PLAIN = "This is shown as it was written: to lay it out would take too long."
LEFT_OUT = "This page has no room for more of this notebook. Open the notebook itself to see what is here."


@pass_context
def markdown_on_page(context: Mapping[str, Any], source: str) -> str:
    """Return markdown as HTML in which nothing can act, as long as the page has room for it."""
    # The browser lays formulas out.
    cost = len(source) + FORMULA * source.count("$")
    return markdown2html(source) if _has_room(context, cost) else _said(LEFT_OUT)


@pass_context
def code_on_page(context: Mapping[str, Any], source: str, **options: Any) -> str:
    """Return code as HTML, as long as the page has room for it; with colours where it is short."""
    if not _has_room(context, len(source)):
        return _said(LEFT_OUT)
    is_short = len(source) <= LONGEST_COLOURED
    shown = coloured(source, "", entities.escape) if is_short else entities.escape(source)
    return f'<div class="highlight hl-ipython3"><pre>{shown}\n</pre></div>\n'


@pass_context
def output_on_page(context: Mapping[str, Any], text: str) -> str:
    """Return what a cell printed as HTML, as long as the page has room for it."""
    text = str(text)
    if not _has_room(context, len(text)):
        return _said(LEFT_OUT)
    # The engine's outputs have no escape sequences, and nbconvert's filter takes quadratic time on many.
    return entities.escape(text) if text.count("\x1b") > MOST_ESCAPES else str(ansi2html(text))


def markdown2html(source: str) -> str:
    """Return markdown as HTML in which nothing can act; formulas stay for MathJax."""
    made = rendered(source)
    if made is None:
        return f"{_said(PLAIN)}<pre>{entities.escape(source)}</pre>"
    return ACTING.sub(r"\\text ", MATH.sub(_formula, _sanitized(made)))


def strip_files_prefix(text: str) -> str:
    """Return the text as it is. nbconvert's filter takes quadratic time, to change addresses that no page has left."""
    return text


def clean_html(html: str | bytes) -> str:
    """Return HTML in which nothing can act or load."""
    text = html.decode(errors="replace") if isinstance(html, bytes) else str(html)
    own = COLOURED.sub("", text)
    if len(own) > LONGEST or is_slow(own, own):
        return f"{_said(PLAIN)}<pre>{entities.escape(text)}</pre>"
    return ACTING.sub(r"\\text ", _sanitized(text))


def _sanitized(html: str) -> str:
    return nh3.clean(html, tags=set(TAGS), attributes=ATTRIBUTES, url_schemes={"http", "https", "mailto"})


def _has_room(context: Mapping[str, Any], size: int) -> bool:
    """Take this number of characters from what the page may show, and return whether that many were left."""
    resources = context.get("resources")
    # Each page has resources of its own.
    if not isinstance(resources, dict):
        return size <= MOST_ON_PAGE
    left = resources.setdefault(ROOM, MOST_ON_PAGE)
    if size > left:
        return False
    resources[ROOM] = left - size
    return True


def _formula(found: re.Match[str]) -> str:
    dollars = "$" if found[1] == "inline" else "$$"
    return f"{dollars}{found[2]}{dollars}"


def _said(sentence: str) -> str:
    return f"<p><em>{sentence}</em></p>"
