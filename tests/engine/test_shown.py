"""A teacher sees only text and pictures of a submission, without active content."""

from __future__ import annotations

import base64
import io
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from PIL import Image

from course_grader.engine.rpc.channel import WireError
from course_grader.engine.rpc.outputs import MOST_LINES, MOST_OUTPUTS, read_outputs
from course_grader.sanitize.markdown import is_slow
from course_grader.sanitize.nbgrader_filters import clean_html, markdown2html
from course_grader.sanitize.page_content import picture_address, safe_html, safe_markdown
from tests.engine.conftest import Exam, outcomes

# Each has active content for a browser; `kept` is the text that must remain.
ACTING = {
    "a script": ("<script>hack()</script>kept", "kept"),
    "a handler": ("<b onclick='hack()'>kept</b>", "<b>kept</b>"),
    "a picture's error": ("<img src=x onerror=hack()> kept", "kept"),
    "a link to a script": ("<a href='javascript:hack()'>kept</a>", "kept"),
    "a link to a script, encoded": ("<a href='&#106;avascript:hack()'>kept</a>", "kept"),
    "a page in a page": ("<iframe srcdoc='<script>hack()</script>'></iframe>kept", "kept"),
    "a drawing": ("<svg><script>hack()</script><g onload=hack()></g></svg>kept", "kept"),
    "a formula that is a link": (r"$\href{javascript:hack()}{kept}$ \require{html}", "kept"),
    "a style": ("<style>body{display:none}</style><p style='position:fixed'>kept</p>", "<p>kept</p>"),
    "a form": ("<form action='//evil.example'><input name=token></form>kept", "kept"),
    "a name that JavaScript finds": ("<a id=submission_id name=base_url>kept</a>", "kept"),
    "half an element": ("kept <img src=x onerror=hack() ", "kept"),
}


@pytest.mark.parametrize(("text", "kept"), ACTING.values(), ids=ACTING)
@pytest.mark.parametrize("shown", [clean_html, markdown2html])
def test_nothing_that_acts_is_left(shown: Any, text: str, kept: str) -> None:
    left = shown(text)
    assert kept in left
    for part in (
        "<script",
        "<img",
        "<iframe",
        "<svg",
        "<style",
        "<form",
        "<input",
        "style=",
        "id=",
        'href="j',
        r"\href{",
    ):
        assert part not in left.lower()
    assert "onclick=" not in left or "&lt;" in left


# What can neither act nor load.
HARMLESS = "a abbr b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li ol p pre"
HARMLESS += " s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var"


class Tags(HTMLParser):
    """The tags and attributes of a page, as a reader that shares nothing with the sanitizer sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)


@pytest.mark.parametrize(("text", "kept"), ACTING.values(), ids=ACTING)
@pytest.mark.parametrize("shown", [safe_html, safe_markdown])
def test_nothing_that_acts_is_left_on_a_page_of_feedback(shown: Any, text: str, kept: str) -> None:
    left = shown(text)
    assert kept in left
    found = Tags(left)
    assert found.tags <= set(HARMLESS.split())
    assert found.attributes <= {("class", "tex"), ("rel", "noopener noreferrer nofollow")}


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("https://example.org/a", True),
        ("http://example.org", True),
        ("javascript:hack()", False),
        ("//evil.example", False),
        ("data:text/html,hack", False),
        ("file:///etc/passwd", False),
        ("../grades", False),
        ("mailto:a@example.org", False),
    ],
)
def test_a_link_of_a_submission_leads_to_the_web_or_nowhere(address: str, stays: bool) -> None:
    for left in (safe_html(f'<a href="{address}">kept</a>'), safe_markdown(f"[kept]({address})")):
        assert "kept" in left
        assert (("href", address) in Tags(left).attributes) == stays
        assert ("href" in dict(Tags(left).attributes)) == stays


def drawn(size: tuple[int, int], kind: str = "PNG") -> str:
    file = io.BytesIO()
    Image.new("1", size).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def test_a_picture_is_shown_if_it_is_one_and_no_larger_than_a_browser_takes() -> None:
    small = drawn((2, 2))
    assert picture_address("image/png", small) == f"data:image/png;base64,{small}"
    assert picture_address("image/png", drawn((8000, 6000))) == ""
    assert picture_address("image/jpeg", small) == ""
    assert picture_address("image/svg+xml", small) == ""
    assert picture_address("image/png", drawn((2, 2), "GIF")) == ""
    assert picture_address("image/png", '"><script>hack()</script>') == ""


@pytest.mark.parametrize("text", ["[kept](javascript:hack())", "![x](data:text/html,hack)", "<javascript:hack()>"])
def test_links_of_markdown_lead_nowhere(text: str) -> None:
    assert 'href="javascript' not in markdown2html(text)
    assert "src=" not in markdown2html(text)


def test_markdown_keeps_what_a_student_means() -> None:
    text = (
        "# A title\n\n*one* `two < 3` $x<y$ [a link](https://example.org)\n\n| a |\n|---|\n| b |\n\n```python\nf()\n```"
    )
    html = markdown2html(text)
    for part in ("<h1", "<em>one</em>", "two &lt; 3", "$x&lt;y$", 'href="https://example.org"', "<td>b</td>", "<pre>"):
        assert part in html, part
    assert clean_html(b"<p>a</p>") == "<p>a</p>"


@pytest.mark.needs("isolation")
def test_the_engine_passes_on_only_text_and_pictures(exam: Exam) -> None:
    source = """
import matplotlib.pyplot as plt
from IPython.display import HTML, SVG, Javascript, Latex, Markdown, display
def sgd_step(w, grad, lr):
    return w - lr * grad
display(HTML("<script>hack()</script>"), Markdown("<b>x</b>"), Javascript("hack()"), Latex("hack"))
display({"text/html": "hack", "application/javascript": "hack", "text/plain": "the text",
         "image/svg+xml": "<svg onload=hack()>", "image/png": '"><script>hack()</script>'}, raw=True,
        metadata={"text/html": {"isolated": "hack"}})
display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><script>hack()</script></svg>"))
plt.plot([1, 2]); plt.show()
"""
    result = exam.grade(exam.changed({"sgd_step": source}))
    assert set(outcomes(result).values()) == {"passed"}
    text = json.dumps(list(result.outputs.values()))
    assert "hack" not in text
    assert "the text" in text
    kinds = {mime for outputs in result.outputs.values() for output in outputs for mime in output.get("data", {})}
    assert kinds == {"text/plain", "image/png"}


def lists(count: int) -> bytes:
    return b"[" + b"[]," * count + b"1]"


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[" * 10**5, b"{}", b"7", "[]", None, lists(3 * 10**6), lists(MOST_OUTPUTS), b'["\xff"]']
)
def test_outputs_that_are_none_are_refused(data: Any) -> None:
    with pytest.raises(WireError):
        read_outputs(data, 10**8)


# Without the possessive pattern, each takes minutes to days in one step that cannot be interrupted.
@pytest.mark.parametrize("tail", ["!", "= !", "=\n" + " " * 10**6 + "!"], ids=["bad", "padded", "blanks"])
def test_a_picture_of_blanks_is_left_out_at_once(tail: str) -> None:
    output = {"output_type": "display_data", "data": {"image/png": " " * 10**6 + tail}, "metadata": {}}
    data = json.dumps([output]).encode()
    assert read_outputs(data, 10**8) == [{"output_type": "display_data", "data": {}, "metadata": {}}]


def test_of_a_traceback_without_end_the_last_lines_are_kept() -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": "x" * 10**7}
    (found,) = read_outputs(json.dumps([error]).encode(), 10**8)
    assert found["traceback"] == ["x"] * MOST_LINES


def test_outputs_that_are_damaged_cost_themselves() -> None:
    good = {"output_type": "stream", "name": "elsewhere", "text": "kept"}
    damaged = [
        5, None, [], {}, {"output_type": "stream"}, {"output_type": "error", "ename": 1, "evalue": "", "traceback": []},
        {"output_type": "display_data", "data": 3}, {"output_type": "stream", "name": "stdout", "text": ["x"]},
        {"output_type": "display_data", "data": {"image/png": 5}}, {"output_type": "error", "traceback": 7},
    ]  # fmt: skip
    found = read_outputs(json.dumps([*damaged, good]).encode(), 10**6)
    assert found == [{"output_type": "stream", "name": "stdout", "text": "kept"}]
    strange = read_outputs(json.dumps([{"output_type": {}, "data": {"x": 1}, "metadata": {"hack": 1}}]).encode(), 10**6)
    assert strange == [{"output_type": "display_data", "data": {}, "metadata": {}}]


@pytest.mark.parametrize(("elements", "slow"), [(50, False), (150, True)])
def test_html_that_is_nested_deeply_is_not_given_to_the_sanitizer(elements: int, slow: bool) -> None:
    html = "<div>" * elements + "</div>" * elements
    assert is_slow(html, html) == slow
