"""A submission cannot act in the reader's browser: no script runs, and the page sends no request."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page

from course_grader.feedback.write_pages import feedback_page
from tests.browser.lab import browser_page
from tests.feedback.conftest import Class
from tests.feedback.hostile import HTML, RAN, cells

NOWHERE = "http://127.0.0.1:9"
ACTING = (
    "a:not([href^=http])[href]",
    "a[href]:not([rel~=noopener])",
    "[style]",
    "[id]",
    "[onerror]",
    "[onload]",
    "[onmouseover]",
    "[ontoggle]",
    "[onfocus]",
    "[autofocus]",
)
# Events that a reader's mouse and keyboard could trigger.
TOUCH = """() => { for (const one of document.querySelectorAll("body *"))
  for (const name of ["mouseover", "focus", "toggle", "error", "load", "click"]) one.dispatchEvent(new Event(name)) }"""
NAME = f'<img src=x onerror="{RAN}">'
ANSWER = f'''def mean_squared_error(prediction, target):
    """</pre><script>{RAN}</script>"""
    raise ValueError("</dd><script>{RAN}</script>")
'''


@pytest.fixture(scope="module")
def hostile(course: Class) -> str:
    notebook = course.notebook(ANSWER, cells())
    notebook["metadata"]["kernelspec"]["language"] = f"<script>{RAN}</script>"
    return feedback_page(course.graded(NAME, notebook), course.teacher_notebook)


@pytest.mark.needs("isolation")
@pytest.mark.needs("browser")
def test_no_script_runs_and_nothing_is_left_for_the_policy_to_stop(hostile: str, tmp_path: Path) -> None:
    assert "&lt;img src=x onerror" in hostile, "the name is shown, as text"
    with browser_page() as page:
        refused = _open(page, hostile, tmp_path / "page.html")
        page.evaluate(TOUCH)
        assert page.evaluate("window.ran") is None
        assert page.locator("script, style, iframe, object, embed, form, base, link, svg").count() == 1
        assert page.locator(f"body :is({', '.join(ACTING)})").count() == 0
        assert page.locator(".cell").count() > 30
        assert page.locator("header h1").is_visible()
        assert refused == []


@pytest.mark.needs("isolation")
@pytest.mark.needs("browser")
def test_the_policy_stops_what_a_sanitizer_might_miss(hostile: str, tmp_path: Path) -> None:
    # Only the sanitizer prevents a refresh; no policy does.
    raw = "".join(html for html in HTML[:-4] if "refresh" not in html)
    dirty = hostile.replace("<footer>", f"{raw}<footer>")
    open_to_all = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", dirty)
    with listener() as (address, seen), browser_page() as page:
        refused = _open(page, dirty.replace(NOWHERE, address), tmp_path / "page.html")
        page.evaluate(TOUCH)
        # A request that the page has started would arrive in this time.
        page.wait_for_timeout(500)
        assert page.evaluate("window.ran") is None
        assert seen == []
        assert refused, "the page tried"

        _open(page, open_to_all.replace(NOWHERE, address), tmp_path / "page.html")
        page.wait_for_function("window.ran === 1")
        until = time.monotonic() + 60
        while not seen and time.monotonic() < until:
            page.wait_for_timeout(50)
        assert seen, "without the policy, the same page acts"


def _open(page: Page, text: str, place: Path) -> list[str]:
    """Open a page; return its network requests, and what the policy blocked."""
    place.write_text(text)
    refused: list[str] = []
    page.on("request", lambda request: refused.append(request.url) if request.url.startswith("http") else None)
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(place.as_uri())
    return refused


@contextmanager
def listener() -> Iterator[tuple[str, list[str]]]:
    """Listen on a port of this machine; yield the address and a list of the requested paths."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
