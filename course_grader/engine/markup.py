"""Markdown and HTML of a submission as nbgrader's pages show them: without scripts, styles, pictures from elsewhere.

nbgrader's formgrader and its feedback put a student's markdown on the page as it is, and with it any script: it would
run in the teacher's browser, with the teacher's rights. `nbgrader_config.py` puts these in the place of nbconvert's
filters of the same names.
"""

from __future__ import annotations

import re

import nh3
from nbconvert.filters import markdown2html as rendered

TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}
# What colours code.
ATTRIBUTES = nh3.ALLOWED_ATTRIBUTES | {tag: {"class"} for tag in ("code", "div", "pre", "span")}
# Commands of MathJax that make links, styles or attributes of elements.
ACTING = re.compile(r"\\(?=(?:href|url|style|class|cssId|data|htmlData|mmlToken|require|unicode)\b)")


def markdown2html(source: str) -> str:
    """Return markdown as HTML in which nothing can act; formulas stay for MathJax."""
    return clean_html(rendered(source))


def clean_html(html: str | bytes) -> str:
    """Return HTML in which nothing can act or load."""
    text = html.decode(errors="replace") if isinstance(html, bytes) else str(html)
    cleaned = nh3.clean(text, tags=set(TAGS), attributes=ATTRIBUTES, url_schemes={"http", "https", "mailto"})
    return ACTING.sub(r"\\text ", cleaned)
