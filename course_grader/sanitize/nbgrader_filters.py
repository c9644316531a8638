"""Filters for nbgrader's pages: safe and fast HTML from a submission's markdown, code, outputs and HTML.

nbgrader's formgrader and feedback put a student's markdown on the page unsanitized. A script in it would run in the
teacher's browser, with the teacher's rights, and some text would keep the server busy for minutes.
`nbgrader_config.py` replaces nbconvert's filters of the same names by these.
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
# Highlighted code needs `class`.
ATTRIBUTES = nh3.ALLOWED_ATTRIBUTES | {tag: {"class"} for tag in ("code", "div", "pre", "span")}
# MathJax commands that make links, styles or HTML attributes.
ACTING = re.compile(r"\\(?=(?:href|url|style|class|cssId|data|htmlData|mmlToken|require|unicode)\b)")
COLOURED = re.compile(r'<span class="\w+">[^<]*+</span>')
# Characters of text on one page. Each dollar sign counts as FORMULA characters, since it may begin a formula.
MOST_ON_PAGE, FORMULA = 1_000_000, 100
LONGEST_COLOURED, MOST_ESCAPES = 20_000, 1000
ROOM = "course_room"
PLAIN = "This is shown as it was written: rendering it would take too long."
LEFT_OUT = "This page has no room for more of this notebook. Open the notebook itself to see this cell."


@pass_context
def markdown_on_page(context: Mapping[str, Any], source: str) -> str:
    """Return markdown as HTML without active content, or LEFT_OUT if the page has no room for it."""
    # Formulas are rendered in the browser, which must not become slow either.
    cost = len(source) + FORMULA * source.count("$")
    return markdown2html(source) if _has_room(context, cost) else _notice(LEFT_OUT)


@pass_context
def code_on_page(context: Mapping[str, Any], source: str, **options: Any) -> str:
    """Return code as HTML, highlighted if it is short, or LEFT_OUT if the page has no room for it."""
    if not _has_room(context, len(source)):
        return _notice(LEFT_OUT)
    is_short = len(source) <= LONGEST_COLOURED
    shown = coloured(source, "", entities.escape) if is_short else entities.escape(source)
    return f'<div class="highlight hl-ipython3"><pre>{shown}\n</pre></div>\n'


@pass_context
def output_on_page(context: Mapping[str, Any], text: str) -> str:
    """Return a cell's text output as HTML, or LEFT_OUT if the page has no room for it."""
    text = str(text)
    if not _has_room(context, len(text)):
        return _notice(LEFT_OUT)
    # The engine's outputs have no escape sequences, and nbconvert's filter takes quadratic time if there are many.
    return entities.escape(text) if text.count("\x1b") > MOST_ESCAPES else str(ansi2html(text))


def markdown2html(source: str) -> str:
    """Return markdown as HTML without active content; formulas stay as TeX for MathJax."""
    html = rendered(source)
    if html is None:
        return f"{_notice(PLAIN)}<pre>{entities.escape(source)}</pre>"
    return ACTING.sub(r"\\text ", MATH.sub(_formula, _sanitized(html)))


def strip_files_prefix(text: str) -> str:
    """Return the text unchanged. nbconvert's filter takes quadratic time to change addresses that the sanitizer has
    already removed."""
    return text


def clean_html(html: str | bytes) -> str:
    """Return HTML without active content; nothing in it loads anything."""
    text = html.decode(errors="replace") if isinstance(html, bytes) else str(html)
    written = COLOURED.sub("", text)
    if len(written) > LONGEST or is_slow(written, written):
        return f"{_notice(PLAIN)}<pre>{entities.escape(text)}</pre>"
    return ACTING.sub(r"\\text ", _sanitized(text))


def _sanitized(html: str) -> str:
    return nh3.clean(html, tags=set(TAGS), attributes=ATTRIBUTES, url_schemes={"http", "https", "mailto"})


def _has_room(context: Mapping[str, Any], size: int) -> bool:
    """Subtract `size` characters from the page's budget; return False, and subtract nothing, if it has fewer left."""
    resources = context.get("resources")
    # Each page has its own resources.
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


def _notice(sentence: str) -> str:
    return f"<p><em>{sentence}</em></p>"
