"""What came from a submission, made fit for a page: an allow list of elements, no attribute that could act or load.

A script never runs: markdown and HTML go through nh3 (html5ever's parser, ammonia's allow list), text is escaped, a
picture is shown only as PNG or JPEG, after a look at its header. SVG is not shown: such a file can hold a program.
"""

from __future__ import annotations

import base64
import binascii
import functools
import io
import warnings

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from mdit_py_plugins.dollarmath import dollarmath_plugin
from PIL import Image

from course_grader.engine.text import clean

LONGEST = 50_000
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
    """Return HTML of a submission with what is harmless in it: no scripts, styles, pictures, forms, ids or handlers."""
    return Markup(_cleaner.clean(_readable(text)))


@functools.lru_cache(maxsize=512)
def safe_markdown(text: str) -> Markup:
    """Return markdown as harmless HTML; formulas stand as their TeX."""
    return Markup(_cleaner.clean(_markdown().render(_readable(text))))


def safe_text(text: str, limit: int = LONGEST) -> str:
    """Return text without control and invisible characters, cut at `limit`; the template escapes it."""
    return clean(text, limit)


def picture(mime: str, data: str) -> Markup:
    """Return a picture as an address for `img`, or "" where it is none that can be shown."""
    if mime not in PICTURES:
        return Markup()
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Reads the header alone: no pixel is decoded here.
            with Image.open(io.BytesIO(content), formats=[PICTURES[mime]]) as image:
                width, height = image.size
    except (binascii.Error, ValueError, OSError, SyntaxError, Image.DecompressionBombError):
        return Markup()
    if width * height > MOST_PIXELS:
        return Markup()
    # Base64 has no character that a page could take amiss; to escape megabytes of it would cost more than the rest.
    return Markup(f"data:{mime};base64,{base64.b64encode(content).decode()}")


def _readable(text: str) -> str:
    return clean(text, LONGEST)


@functools.cache
def _markdown() -> MarkdownIt:
    def tex(content: str, options: object) -> str:
        return f'<code class="tex">{escape(content.strip())}</code>'

    # Rules that fetch or show pictures are off: a picture in markdown is an address elsewhere, or an attachment.
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).disable("image")
    return reader.use(dollarmath_plugin, allow_blank_lines=False, renderer=tex)
