"""Make content of a submission safe for a page: only allowed elements, and no attribute that can act or load.

No script runs. Markdown and HTML go through nh3 (html5ever's parser, ammonia's allow list), and text is escaped. Only
PNG and JPEG pictures are shown, after their header was checked; SVG is not, since it can contain a program. Text on
which a parser or the sanitizer would take quadratic time is shown as it was written.
"""

from __future__ import annotations

import base64
import binascii
import functools
import io
import re
import warnings

import nh3
from markupsafe import Markup
from PIL import Image

from course_grader.engine.rpc.clean_text import clean
from course_grader.sanitize.markdown import LONGEST, MATH, is_slow, rendered

MOST_PIXELS = 40_000_000
PICTURES = {"image/png": "PNG", "image/jpeg": "JPEG"}
WORDS = "a abbr b br code del em i ins kbd s samp small span strong sub sup u var"
BLOCKS = "blockquote dd details div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre summary ul"
TABLES = "caption table tbody td tfoot th thead tr"
TAGS = {*WORDS.split(), *BLOCKS.split(), *TABLES.split()}
DROPPED = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "textarea", "select"}
ATTRIBUTES = {"a": {"href"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}}

_cleaner = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags=DROPPED,
    attributes=ATTRIBUTES,
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    allowed_classes={"code": {"tex"}},
)


def safe_html(text: str) -> Markup:
    """Return HTML of a submission without scripts, styles, pictures, forms, ids and event handlers."""
    html = _readable(text)
    return _as_written(html) if is_slow(html, html) else Markup(_cleaner.clean(html))


@functools.lru_cache(maxsize=512)
def safe_markdown(text: str) -> Markup:
    """Return markdown as harmless HTML; formulas are shown as TeX source."""
    source = _readable(text)
    html = rendered(source)
    if html is None:
        return _as_written(source)
    return Markup(_cleaner.clean(MATH.sub(_tex, html)))


def safe_text(text: str, limit: int = LONGEST) -> str:
    """Return text without control and invisible characters, cut at `limit`; the template escapes it."""
    return clean(text, limit)


def picture_address(mime: str, data: str) -> Markup:
    """Return a base64 picture as a `data:` address for `img`, or "" if it is not a PNG or JPEG that can be shown."""
    if mime not in PICTURES:
        return Markup()
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # This reads only the header; no pixel is decoded.
            with Image.open(io.BytesIO(content), formats=[PICTURES[mime]]) as image:
                width, height = image.size
    except (binascii.Error, ValueError, OSError, SyntaxError, Image.DecompressionBombError):
        return Markup()
    if width * height > MOST_PIXELS:
        return Markup()
    # Base64 has no character that HTML must escape, and escaping megabytes of it would take longer than all the rest.
    return Markup(f"data:{mime};base64,{base64.b64encode(content).decode()}")


def _readable(text: str) -> str:
    # The cut text with its mark " [...]" is not longer than LONGEST, so it is rendered.
    return clean(text, LONGEST - 10)


def _as_written(text: str) -> Markup:
    return Markup("<pre>{}</pre>").format(text)


def _tex(found: re.Match[str]) -> str:
    return f'<code class="tex">{found[2].strip()}</code>'
