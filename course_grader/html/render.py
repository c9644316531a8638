"""Renders self-contained HTML pages: template, style and script in one file, with a strict Content-Security-Policy.

The policy allows only the page's own style and script, each by its hash, and images inside the page, so the page sends
no requests. Templates escape all values (Jinja's autoescape), except for `Markup` that the sanitizer made.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from course_utils.text import plural

PACKAGE = "course_grader.html"


def render(template: str, script: str = "", **values: Any) -> str:
    """Return a template's page with these values. `script`: the name of a script in the folder of the templates."""
    own = {"style": Markup(_asset("page.css")), "script": Markup(_asset(script)) if script else ""}
    return _environment().get_template(template).render(policy=_policy(script), **own, **values)


def data_island(data: Any) -> Markup:
    """Return data as JSON for use inside a script element: nothing in it can close the element."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


@functools.cache
def _environment() -> Environment:
    loader = PackageLoader(PACKAGE, "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = number
    environment.filters["ticks"] = ticks
    environment.filters["counted"] = lambda value, what: plural(round(value, 2), what)
    return environment


@functools.cache
def _policy(script: str) -> str:
    scripts = f"script-src {_hash(_asset(script))}; " if script else ""
    style = f"style-src {_hash(_asset('page.css'))}"
    return f"default-src 'none'; {scripts}{style}; img-src data:; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@functools.cache
def _asset(name: str) -> str:
    return (files(PACKAGE) / "templates" / name).read_text(encoding="utf-8")


def ticks(text: str) -> Markup:
    """Return the text, escaped, with the parts between backticks as `code` elements."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))


def number(value: float, digits: int = 2) -> str:
    """Return a number with at most `digits` decimal places: 3, 2.5, 0.67."""
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
